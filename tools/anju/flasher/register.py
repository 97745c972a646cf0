"""The bench register: every board that this bench has met, and what became of the last run.

One SQLite file, 0600, written in whole transactions with full synchronisation: a crash leaves the state before or after.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from anju.flasher.place import bench_folder
from anju.flasher.ports import Port
from anju.ledger import migrations

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's alphabet: without I, L, O and U, which are misread or make words."""
_ID_LETTERS = 5
_WAIT_S = 10.0


def device_id(unique_id: str) -> str:
    """The short name of a board, such as D-7K3MQ, from its unique id (hexadecimal).

    25 bits of a hash: among 5,800 boards two share a name with a probability of one half, so a name finds a board on the bench,
    and nothing is kept or trusted under it.
    """
    number = int.from_bytes(hashlib.sha256(bytes.fromhex(unique_id)).digest()[:4]) >> (32 - 5 * _ID_LETTERS)
    return "D-" + "".join(_LETTERS[number >> 5 * place & 31] for place in reversed(range(_ID_LETTERS)))


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of one board."""

    unique_id: str
    device: str
    board: str
    machine: str
    micropython: str
    version: str
    number: int
    slot: str
    usb_serial: str
    port: str
    first_seen: str
    last_seen: str
    flashed: str
    self_test: str


class Register:
    """`with Register() as register`: from one thread; several processes wait for one another."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or bench_folder() / "bench.sqlite"
        # Made first, so that it is never readable by others, not even for a moment.
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self._store = sqlite3.connect(self._path, timeout=_WAIT_S, isolation_level=None)
        self._store.execute("PRAGMA synchronous = FULL")
        migrations.migrate(self._path, self._store, files("anju.flasher") / "schema")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._store.close()

    def met(self, port: Port, unique_id: str, told: Mapping[str, str | int], *, flashed: bool = False) -> None:
        """Remember a board and where it was; `told` are columns of the table `board` that became known."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        row: dict[str, str | int] = {
            "unique_id": unique_id,
            "device": device_id(unique_id),
            "usb_serial": port.usb_serial,
            "port": port.url,
            "first_seen": now,
            "last_seen": now,
            **told,
        }
        if flashed:
            row["flashed"] = now
        names = ", ".join(row)
        fresh = ", ".join(f"{name} = excluded.{name}" for name in row if name not in ("unique_id", "first_seen"))
        places = ", ".join("?" * len(row))
        self._store.execute(
            f"INSERT INTO board ({names}) VALUES ({places}) ON CONFLICT (unique_id) DO UPDATE SET {fresh}",  # noqa: S608
            list(row.values()),
        )

    def at(self, port: Port) -> Known | None:
        """The board that was last seen at this port: by its USB serial, else by its name."""
        column, value = ("usb_serial", port.usb_serial) if port.usb_serial else ("port", port.url)
        return self._one(f"WHERE {column} = ? ORDER BY last_seen DESC, rowid DESC LIMIT 1", value)

    def board(self, unique_id: str) -> Known | None:
        """What is remembered of a board."""
        return self._one("WHERE unique_id = ?", unique_id)

    def begin_run(self, options: dict[str, Any], ports: Iterable[Port]) -> None:
        """A run over these ports begins; until `ended` says otherwise, each counts as failed, even if the power goes."""
        with closing(self._store.cursor()) as store:
            store.execute("BEGIN IMMEDIATE")
            store.execute("DELETE FROM run")
            store.execute("DELETE FROM failed")
            store.execute("INSERT INTO run (options) VALUES (?)", [json.dumps(options)])
            store.executemany("INSERT INTO failed (selector) VALUES (?)", [[port.selector] for port in ports])
            store.execute("COMMIT")

    def succeeded(self, port: Port) -> None:
        """This port need not be tried again."""
        self._store.execute("DELETE FROM failed WHERE selector = ?", [port.selector])

    def last_run(self) -> tuple[dict[str, Any], list[str]]:
        """Options of the last run, and what to type for each port that failed in it; nothing if there was none."""
        row = self._store.execute("SELECT options FROM run").fetchone()
        told = [selector for (selector,) in self._store.execute("SELECT selector FROM failed ORDER BY rowid")]
        return (json.loads(row[0]) if row else {}), told

    def _one(self, condition: str, value: str) -> Known | None:
        columns = ", ".join(Known.__dataclass_fields__)
        row = self._store.execute(f"SELECT {columns} FROM board {condition}", [value]).fetchone()  # noqa: S608
        return Known(*row) if row else None
