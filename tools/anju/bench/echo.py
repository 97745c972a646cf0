"""`python -m anju.bench.echo FOLDER`: the least that a durable answer over UDP takes, in a process of its own.

Takes whatever datagrams have arrived, inserts them in one bare SQLite transaction (WAL, synchronous=FULL), sends each back.
Says its port on stdout, and ends when its standard input does.
"""

from __future__ import annotations

import selectors
import socket
import sqlite3
import sys
from contextlib import suppress
from pathlib import Path

_MOST_BYTES = 250


def serve(folder: Path) -> None:
    """Echo until the end of standard input."""
    store = sqlite3.connect(folder / "echo.db", isolation_level=None)
    store.execute("PRAGMA journal_mode = WAL").fetchone()
    store.execute("PRAGMA synchronous = FULL")
    store.execute("CREATE TABLE datagram (sender TEXT, content BLOB)")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link, selectors.DefaultSelector() as waiting:
        link.bind(("127.0.0.1", 0))
        link.setblocking(False)
        print(link.getsockname()[1], flush=True)
        waiting.register(link, selectors.EVENT_READ)
        waiting.register(sys.stdin, selectors.EVENT_READ)
        while all(key.fileobj is not sys.stdin for key, _events in waiting.select()):
            _answer(link, store)


def _answer(link: socket.socket, store: sqlite3.Connection) -> None:
    arrived = []
    with suppress(BlockingIOError):
        while True:
            arrived.append(link.recvfrom(_MOST_BYTES))
    store.execute("BEGIN IMMEDIATE")
    store.executemany("INSERT INTO datagram VALUES (?, ?)", [(str(sender), content) for content, sender in arrived])
    store.execute("COMMIT")
    for content, sender in arrived:
        link.sendto(content, sender)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
