"""What can be read of a damaged database, and how it gives way to a new one: nothing of it is deleted."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from anju.ledger.beside import reading
from anju.ledger.errors import DamagedError, not_opened
from anju.service import private_file
from anju.service.lock import FileLock, Held

_AT_ONCE = 64

T = TypeVar("T")


class Aside(NamedTuple):
    """A damaged file that was set aside: what was wrong, its name now, and how much of it goes on."""

    reason: str
    name: str
    kept: int


def fault(path: Path, look: Callable[[sqlite3.Connection], object]) -> str | None:
    """What is wrong with a file, by SQLite's quick_check, then by `look`; None: nothing, or there is no file.

    A file of some GB takes minutes; whoever has a loop to turn asks in another thread.
    """
    if not path.exists() or not path.stat().st_size:
        return None
    try:
        with reading(path) as read:
            (found,) = read.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                return str(found)
            reason = look(read)
            return None if reason is None else str(reason)
    except sqlite3.OperationalError:
        return None  # busy, not to be opened, or of another format: for whoever opens it to say
    except (sqlite3.DatabaseError, ValueError) as error:
        return str(error)


async def opened(
    path: Path,
    now_ms: Callable[[], int],
    open_file: Callable[[Path], Awaitable[T]],
    refill: Callable[[Path], Awaitable[int]],
    look: Callable[[sqlite3.Connection], object] = lambda _read: None,
) -> T | Aside:
    """A file as `open_file` opens it; or, if it is damaged, what became of it: a new one lies in its place, closed, in which
    `refill` has put what could be read. LedgerError as from `open_file`, or if the disk does not take the new one.
    """
    reason = await asyncio.to_thread(fault, path, look)
    if reason is None:
        try:
            return await open_file(path)
        except DamagedError as error:
            reason = error.what
    try:
        lock = FileLock(path.with_name(path.name + ".lock"))
    except (Held, OSError):
        return await open_file(path)  # which says what is wrong
    try:
        made = beside(path)
        try:
            kept = await refill(made)
        finally:
            made.with_name(made.name + ".lock").unlink(missing_ok=True)
        aside = await asyncio.to_thread(set_aside, path, made, now_ms())
    finally:
        lock.release()
    return Aside(reason, aside.name, kept)


def whatever(read: sqlite3.Connection, columns: str, table: str, key: str) -> list[tuple[Any, ...]]:
    """Rows of a table, from both of its ends as far as it can be read."""
    rows: dict[Any, tuple[Any, ...]] = {}
    for order in ("ASC", "DESC"):
        by = ", ".join(f"{column} {order}" for column in key.split(", "))
        with suppress(sqlite3.Error):
            for row in read.execute(f"SELECT {key}, {columns} FROM {table} ORDER BY {by}"):  # noqa: S608  # names of ours
                count = len(key.split(", "))
                rows[row[:count]] = row[count:]
            break
    return list(rows.values())


def numbered(read: sqlite3.Connection, columns: str, table: str, key: str, last: int) -> Iterator[tuple[Any, ...]]:
    """Every row of a table that can be read, by its numbers from 1: many at once, and one by one where that fails."""
    within = f"SELECT {columns} FROM {table} WHERE {key} > ? AND {key} <= ? ORDER BY {key}"  # noqa: S608  # names of ours
    for start in range(0, last, _AT_ONCE):
        end = min(start + _AT_ONCE, last)
        try:
            found = read.execute(within, (start, end)).fetchall()
        except sqlite3.Error:
            found = []
            for number in range(start, end):
                with suppress(sqlite3.Error):
                    found += read.execute(within, (number, number + 1)).fetchall()
        yield from found


def set_aside(path: Path, successor: Path, now_ms: int) -> Path:
    """Let a new file take the place of a damaged one; where that lies now. LedgerError if the disk does not let us."""
    aside = _free(path, now_ms)
    try:
        with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as damaged:
            damaged.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # what was committed last goes with it
        os.link(path, aside)
        wal = path.with_name(path.name + "-wal")
        if wal.exists():
            os.link(wal, aside.with_name(aside.name + "-wal"))
        private_file.sync_folder(path.parent)
        for ending in ("-wal", "-shm"):  # they must never be taken for those of the new one
            path.with_name(path.name + ending).unlink(missing_ok=True)
        successor.replace(path)
        private_file.sync_folder(path.parent)
    except OSError as error:
        raise not_opened(path, error) from error
    return aside


def beside(path: Path) -> Path:
    """Where the new file is made; what a repair that was killed has left there is gone."""
    made = path.with_name(f".{path.name}.mended")
    for ending in ("", "-wal", "-shm"):
        made.with_name(made.name + ending).unlink(missing_ok=True)
    return made


def _free(path: Path, now_ms: int) -> Path:
    """A name that nobody has: in UTC, so that it is the same wherever somebody looks."""
    import datetime as dt

    when = dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC)
    name, number = f"{path.name}.damaged-{when:%Y%m%d-%H%M%S}", 1
    aside = path.with_name(name)
    while aside.exists():
        number += 1
        aside = path.with_name(f"{name}-{number}")
    return aside
