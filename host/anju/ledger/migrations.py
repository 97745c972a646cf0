"""Brings a file from the format it has to the newest: `NNNN_name.sql`, in order, each in one transaction."""

from __future__ import annotations

import re
import sqlite3
from importlib.resources.abc import Traversable
from pathlib import Path

from anju.ledger import errors

_NAME = re.compile(r"(\d{4})_\w+\.sql")


def migrate(path: Path, connection: sqlite3.Connection, schema: Traversable) -> None:
    """Apply what the file lacks; LedgerError where it is newer than `schema` or a step fails."""
    steps = _steps(schema)
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(steps):
        raise errors.newer(path, version, len(steps))
    for number, step in enumerate(steps[version:], version + 1):
        try:
            _apply(connection, number, step.read_text(encoding="utf-8"))
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if errors.is_of_the_file(error):
                raise  # no fault of the step: whoever opens the file tells what is wrong with it
            raise errors.not_migrated(path, step.name, error) from error


def _steps(schema: Traversable) -> list[Traversable]:
    """The steps 1, 2, 3 … of a schema folder; ValueError (a fault of ours) for a gap or a strange name."""
    steps = sorted((file for file in schema.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    for number, step in enumerate(steps, 1):
        match = _NAME.fullmatch(step.name)
        if match is None or int(match[1]) != number:
            raise ValueError(f"schema step {number} is missing or badly named: found {step.name}")
    return steps


def _apply(connection: sqlite3.Connection, number: int, script: str) -> None:
    # Rebuilding a table needs foreign keys off (sqlite.org/lang_altertable.html, section 7), hence the check before the commit.
    connection.executescript(f"PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE; {script}\n; PRAGMA user_version = {number};")
    orphan = connection.execute("PRAGMA foreign_key_check").fetchone()
    if orphan is not None:
        raise sqlite3.IntegrityError(f"a row of {orphan[0]} names a row of {orphan[2]} that does not exist")
    connection.execute("COMMIT")
