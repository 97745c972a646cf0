"""A real Mosquitto for benches, on the loopback address alone, where anybody may say anything; it keeps nothing.

`python -m anju.bench.broker PROGRAM CONFIG` runs it as a child that ends with us, however we end.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
from asyncio.subprocess import Process
from contextlib import suppress
from pathlib import Path
from types import FrameType

from anju.service import lifeline
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.simulator.host import spawned
from anju.simulator.premises import free_port

HOST = "127.0.0.1"
_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
"""Where it lies, though a user's PATH may not say so."""
_READY_S, _LOOK_AGAIN_S = 60.0, 0.02


def program() -> str:
    """Where Mosquitto is; ServiceError: nowhere."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_FOLDERS))
    found = shutil.which("mosquitto", path=path)
    if found is None:
        raise ServiceError(
            _("Mosquitto is not installed: it is the MQTT broker that this measures with."),
            _("Nothing was started."),
            _("Install it (Debian: apt-get install mosquitto), then type the command again."),
        )
    return found


class Broker:
    """One broker; what it knows is gone once it has stopped."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port(socket.SOCK_STREAM)
        self._program = program()
        self._config, self._log = folder / "mosquitto.conf", folder / "mosquitto.log"
        self._config.write_text(
            f"listener {self.port} {HOST}\n"
            f"user {getpass.getuser()}\n"
            "allow_anonymous true\n"
            "persistence false\n"
            "set_tcp_nodelay true\n"
            "max_queued_messages 0\n",
            encoding="utf-8",
        )
        self._process: Process | None = None
        self._lifeline = -1

    async def start(self) -> None:
        """Start it with nothing in its memory, and wait until it listens. ServiceError with its last words if it does not."""
        theirs, self._lifeline = os.pipe()
        try:
            command = ("anju.bench.broker", self._program, str(self._config))
            self._process = await spawned(command, self._log, os.environ, theirs)
        finally:
            os.close(theirs)
        with suppress(TimeoutError):
            async with asyncio.timeout(_READY_S):
                while self._process.returncode is None:
                    with suppress(OSError):
                        _reader, writer = await asyncio.open_connection(HOST, self.port)
                        writer.close()
                        return
                    await asyncio.sleep(_LOOK_AGAIN_S)
        said = self._log.read_text(encoding="utf-8", errors="replace")[-500:].strip()
        raise ServiceError(
            _("Mosquitto does not run. Its last words: %(said)s") % {"said": said},
            _("Nothing was measured."),
            _("See that the one that is installed starts, then type the command again."),
        )

    async def stop(self) -> None:
        """Kill it: nothing is said, and nothing kept."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _main(command: list[str], config: str) -> int:
    signal.signal(signal.SIGTERM, _leave)
    with subprocess.Popen([*command, "-c", config]) as child:
        lifeline.watch(child.kill)
        try:
            return child.wait()
        finally:
            child.kill()


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:2], sys.argv[2]))
