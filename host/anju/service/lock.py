"""One process at a time: an advisory lock on a small file that also says who holds it.

The file stays when the lock is released (unlinking it would let two processes hold two files of one name), and the kernel
releases the lock of a process that dies, however it dies.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

_POLL_S = 0.02


class Held(Exception):
    """Another process holds the lock; `pid` is its number, or None where the file does not say."""

    def __init__(self, pid: int | None) -> None:
        super().__init__(f"held by process {pid}")
        self.pid = pid


class FileLock:
    """A lock held by this process from construction until `release`."""

    def __init__(self, path: Path, wait_s: float = 0.0) -> None:
        """Take the lock, waiting up to `wait_s` for its holder to end; Held if it does not, OSError if the file can't be used."""
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + wait_s
        try:
            while not self._taken():
                if time.monotonic() >= deadline:
                    raise Held(self._holder())
                time.sleep(_POLL_S)
            with suppress(OSError):  # a full disk: the lock holds all the same, it only does not say whose it is
                os.ftruncate(self._fd, 0)
                os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)
        except BaseException:
            os.close(self._fd)
            raise

    def release(self) -> None:
        """Let the next process have it; a second call does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _taken(self) -> bool:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _holder(self) -> int | None:
        digits = os.pread(self._fd, 20, 0).strip()
        return int(digits) if digits.isdigit() else None
