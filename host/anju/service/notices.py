"""What the services tell their supervisor over sd_notify: one datagram socket, the sender known by the kernel's word."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from pathlib import Path

from anju.service import notify

_CREDENTIALS = struct.Struct("iII")  # pid, uid, gid: unix(7)


class Notices:
    """Receives notices and hands each to `tell(pid, assignments)`."""

    def __init__(self, path: Path, tell: Callable[[int, dict[str, str]], None]) -> None:
        self._path = path
        self._tell = tell
        path.unlink(missing_ok=True)  # left by a supervisor that was killed; ours is the only one, by its lock
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.bind(str(path))
        path.chmod(0o600)
        asyncio.get_running_loop().add_reader(self._socket, self.receive)

    def receive(self) -> None:
        """Take every notice that has arrived."""
        while True:
            try:
                data, ancillary, _flags, _sender = self._socket.recvmsg(
                    notify.MOST_BYTES, socket.CMSG_SPACE(_CREDENTIALS.size)
                )
            except BlockingIOError:
                return
            for level, kind, value in ancillary:
                if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
                    self._tell(_CREDENTIALS.unpack(value)[0], notify.decode(data))

    def close(self) -> None:
        """Hear no more."""
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        self._path.unlink(missing_ok=True)
