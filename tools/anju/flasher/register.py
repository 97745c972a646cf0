"""The bench register: every board that this bench has met, and what became of the last run.

One SQLite file, 0600, written in whole transactions with full synchronisation: a crash leaves the state before or after.
"""

from __future__ import annotations

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
from anju.wire import label

_WAIT_S = 10.0


def provisional_name(unique_id: str) -> str:
    """D-7K3MQ for a board that has no key yet: made of its unique id (hexadecimal) as later of its public key."""
    return label.short_name(label.device_id(bytes.fromhex(unique_id)))


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


@dataclass(frozen=True, slots=True)
class Labelled:
    """What is known of a board's label."""

    unique_id: str
    device: str
    """All 13 symbols."""
    public_key: bytes
    board: str
    printed: str
    """UTC, ISO 8601; empty if never."""
    label: label.Label | None
    """None where the setup code was read at another bench."""


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
        now = _now()
        row: dict[str, str | int] = {
            "unique_id": unique_id,
            "device": self.name_of(unique_id),
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

    def name_of(self, unique_id: str) -> str:
        """What people call a board: of its key once it has one."""
        row = self._store.execute("SELECT device FROM label WHERE unique_id = ?", [unique_id]).fetchone()
        return label.short_name(row[0]) if row else provisional_name(unique_id)

    def is_labelled(self, unique_id: str) -> bool:
        """Whether the key of this board is known."""
        return self._store.execute("SELECT 1 FROM label WHERE unique_id = ?", [unique_id]).fetchone() is not None

    def keep_label(self, unique_id: str, public_key: bytes, code: bytes | None) -> None:
        """Keep what a board said about its label; without a code, one that is known for this key stays."""
        device = label.device_id(public_key)
        with closing(self._store.cursor()) as store:
            store.execute("BEGIN IMMEDIATE")
            store.execute(
                "INSERT INTO label (unique_id, device, public_key, code, made) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (unique_id) DO UPDATE SET device = excluded.device, public_key = excluded.public_key,"
                " code = CASE WHEN public_key = excluded.public_key THEN coalesce(excluded.code, code)"
                " ELSE excluded.code END,"
                " printed = CASE WHEN public_key = excluded.public_key AND (excluded.code IS NULL OR excluded.code = code)"
                " THEN printed ELSE '' END",
                [unique_id, device, public_key, code, _now()],
            )
            store.execute("UPDATE board SET device = ? WHERE unique_id = ?", [label.short_name(device), unique_id])
            store.execute("COMMIT")

    def labels(self) -> list[Labelled]:
        """The labels of all boards, in the order in which they were made."""
        rows = self._store.execute(
            "SELECT label.unique_id, label.device, public_key, coalesce(board, ''), printed, code FROM label"
            " LEFT JOIN board USING (unique_id) ORDER BY made, label.rowid"
        )
        return [
            Labelled(
                unique_id,
                device,
                public_key,
                board,
                printed,
                label.Label(device, label.SetupCode(code)) if code is not None else None,
            )
            for unique_id, device, public_key, board, printed, code in rows
        ]

    def printed(self, labelled: Iterable[Labelled]) -> None:
        """These are on paper now."""
        now = _now()
        with closing(self._store.cursor()) as store:
            store.execute("BEGIN IMMEDIATE")
            store.executemany(
                "UPDATE label SET printed = ? WHERE unique_id = ?", [[now, one.unique_id] for one in labelled]
            )
            store.execute("COMMIT")

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


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
