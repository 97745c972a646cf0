"""An import in a process of its own, killed where it touches the disk, or on a disk that takes no more. Prints what became of it.

usage: python importing.py FILE FOLDER AT_MS kills | full

The points are chosen from outside, by audit events of the interpreter and of SQLite: every file that is opened, made, removed or
renamed, and every transaction. One child process a point, until one lives through.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from anju.concentrator.core.moment import Moment
from anju.concentrator.identity import adopt, seal
from anju.service.errors import ServiceError

PASSPHRASE = "correct horse battery staple"
LIMITS = (0, 100, 4096, 16384, 20480, 40960)
"""Bytes that a file may have: where each of what is made stops being taken."""
_FILES = {"open", "os.mkdir", "os.rename", "os.remove", "os.listdir", "os.scandir", "shutil.rmtree", "os.chmod"}
_TRANSACTIONS = ("BEGIN", "COMMIT", "PRAGMA user_version")


def child(doing: Callable[[], None]) -> int:
    """Run it in a process of its own; how that ended: 0, 1 for a refusal, or minus the signal."""
    pid = os.fork()
    if pid == 0:
        try:
            doing()
        except ServiceError as error:
            print(json.dumps({"refused": str(error)}), flush=True)
            os._exit(1)
        except BaseException:  # noqa: BLE001  # the child must not go on as its parent
            traceback.print_exc()
            os._exit(2)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class Import:
    """One file, one place."""

    def __init__(self, file: Path, place: Path, at_ms: int) -> None:
        self.file, self.place = file, place
        self._at_ms = at_ms

    def run(self) -> None:
        """As `anju import-identity` does it."""
        adopt.adopt(self.file, self.place, lambda: PASSPHRASE, "li", lambda: Moment(self._at_ms, 0.0))

    def run_until(self, point: int) -> None:
        """Until it comes to the point of that number; then it is killed."""
        below, passed = str(self.place.parent), 0

        def reach(name: str) -> None:
            nonlocal passed
            passed += 1
            if passed == point:
                print(json.dumps({"point": name}), flush=True)
                os.kill(os.getpid(), signal.SIGKILL)

        def watch(event: str, arguments: tuple[Any, ...]) -> None:
            if event in _FILES and any(str(word).startswith(below) for word in arguments):
                reach(f"{event} {Path(str(arguments[0])).name}")

        def connect(*arguments: Any, **more: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connected(*arguments, **more)
            connection.set_trace_callback(lambda sql: reach(sql) if sql.startswith(_TRANSACTIONS) else None)
            return connection

        def fsync(descriptor: int) -> None:
            reach(f"fsync {Path(f'/proc/self/fd/{descriptor}').readlink().name}")
            synced(descriptor)

        connected, sqlite3.connect = sqlite3.connect, connect  # type: ignore[assignment]
        synced, os.fsync = os.fsync, fsync  # type: ignore[assignment]
        sys.addaudithook(watch)
        self.run()


def killed(one: Import) -> Iterator[dict[str, Any]]:
    """What there is after each kill, and whether another import makes it whole."""
    for point in range(1, 1000):
        status = child(lambda point=point: one.run_until(point))  # type: ignore[misc]
        yield {"status": status, "there": one.place.exists(), "files": names(one.place)}
        if status != -signal.SIGKILL:
            return
        if not one.place.exists():
            yield {"again": child(one.run)}
        yield {"whole": names(one.place), "beside": names(one.place.parent)}
        shutil.rmtree(one.place)


def full(one: Import) -> Iterator[dict[str, Any]]:
    """What there is where files can only be so long."""

    def limited(most: int) -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        one.run()

    for most in LIMITS:
        yield {"most": most, "status": child(lambda most=most: limited(most)), "beside": names(one.place.parent)}  # type: ignore[misc]


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


if __name__ == "__main__":
    seal.derive = cache(seal.derive)  # once for all children
    which = {"kills": killed, "full": full}[sys.argv[4]]
    importing = Import(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
    seal.derive(PASSPHRASE, importing.file.read_bytes()[12:28])
    for told in which(importing):
        print(json.dumps(told), flush=True)
