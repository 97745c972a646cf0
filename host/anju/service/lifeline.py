"""The lifeline: a pipe whose other end is in the supervisor; when the supervisor dies, however it dies, its services end.

A thread watches it, so that a service whose event loop hangs ends as well.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress

VARIABLE = "ANJU_LIFELINE_FD"
GRACE_S = 5.0
"""A service that was told to end and has not done so after this long is ended."""


def watch(on_end: Callable[[], object]) -> None:
    """Call `on_end`, in another thread, when the lifeline is cut, and end the process GRACE_S later.

    Does nothing where there is no lifeline.
    """
    number = os.environ.get(VARIABLE, "")
    if not number.isdigit():
        return
    fd = int(number)
    try:
        os.set_inheritable(fd, False)
    except OSError:
        return  # the variable is left over from another process: no such file is open here
    threading.Thread(target=_wait, args=(fd, on_end), name="lifeline", daemon=True).start()


def _wait(fd: int, on_end: Callable[[], object]) -> None:
    while os.read(fd, 64):
        pass
    with suppress(RuntimeError):  # the loop is closed already: the process is on its way out
        on_end()
    time.sleep(GRACE_S)
    os._exit(1)
