"""Reads a database beside whoever writes it, from another process too: what is committed, and never more than that."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

BUSY_MS = 5000


def reader(path: Path, *, is_still: bool = False, any_thread: bool = False) -> sqlite3.Connection:
    """A connection that can only read; sqlite3.Error if there is none.

    `is_still`: nobody has it open, and nothing must be made beside it. `any_thread`: others may close it than who reads.
    """
    how = "mode=ro&immutable=1" if is_still else "mode=ro"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{how}", uri=True, isolation_level=None, check_same_thread=not any_thread
    )
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    return connection


@contextmanager
def reading(path: Path, *, is_still: bool = False) -> Iterator[sqlite3.Connection]:
    """The same for as long as it lasts."""
    with closing(reader(path, is_still=is_still)) as read:
        yield read
