"""The command line in a terminal, with somebody who types when they are asked."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

IN_A_TERMINAL = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # where a passphrase is asked for
from anju.cli.entry import run
sys.exit(run(sys.argv[1:]))
"""


def typed(*lines: str, arguments: list[str]) -> tuple[int, str]:
    """Run `anju` in a terminal and type lines at it; its exit code and what the terminal showed."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", IN_A_TERMINAL, *arguments]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as process:
        os.close(theirs)
        shown = ""
        waiting = list(lines)
        while True:
            try:
                piece = os.read(ours, 4096).decode()
            except OSError:  # the other end is closed
                break
            shown += piece
            if waiting and shown.endswith(": "):
                os.write(ours, waiting.pop(0).encode() + b"\n")
        code = process.wait()
    os.close(ours)
    return code, shown
