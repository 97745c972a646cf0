"""Migrations: in order, each whole or not at all, and never backwards."""

import sqlite3
from pathlib import Path

import pytest

from anju.ledger import Ledger, LedgerError

pytestmark = pytest.mark.anyio


def add_step(schema: Path, name: str, script: str) -> None:
    """Put another step into a schema folder."""
    (schema / name).write_text(script)


async def upgraded(path: Path, schema: Path) -> None:
    """Open a ledger and close it."""
    await Ledger.open(path, schema).close()


def query(path: Path, sql: str) -> list[tuple[object, ...]]:
    """Rows of a closed file."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


async def test_steps_are_applied_in_order_and_once(tmp_path: Path, schema: Path) -> None:
    path = tmp_path / "notes.db"
    await upgraded(path, schema)
    # Neither step could be applied before the other, or twice.
    add_step(schema, "0003_renamed.sql", "ALTER TABLE note RENAME COLUMN written TO at_ms;")
    add_step(schema, "0002_written.sql", "ALTER TABLE note ADD COLUMN written INTEGER;\n-- a comment at the end")
    await upgraded(path, schema)
    await upgraded(path, schema)
    assert query(path, "PRAGMA user_version") == [(3,)]
    assert [row[1] for row in query(path, "PRAGMA table_info(note)")] == ["id", "text", "at_ms"]


async def test_an_old_file_keeps_its_rows(tmp_path: Path, schema: Path) -> None:
    path = tmp_path / "notes.db"
    ledger = Ledger.open(path, schema)
    await ledger.write(lambda connection: connection.execute("INSERT INTO note (text) VALUES ('old')").lastrowid)
    await ledger.close()
    rebuild = """
        CREATE TABLE fresh (id INTEGER PRIMARY KEY, text TEXT NOT NULL, length INTEGER NOT NULL) STRICT;
        INSERT INTO fresh SELECT id, text, length(text) FROM note;
        DROP TABLE note;
        ALTER TABLE fresh RENAME TO note;
    """
    add_step(schema, "0002_length.sql", rebuild)
    await upgraded(path, schema)
    assert query(path, "SELECT * FROM note") == [(1, "old", 3)]


async def test_a_failing_step_changes_nothing(tmp_path: Path, schema: Path) -> None:
    path = tmp_path / "notes.db"
    add_step(schema, "0002_good.sql", "CREATE TABLE good (id INTEGER);")
    add_step(schema, "0003_bad.sql", "CREATE TABLE half (id INTEGER); INSERT INTO nowhere VALUES (1);")
    with pytest.raises(LedgerError, match=r"0003_bad\.sql"):
        await upgraded(path, schema)
    assert query(path, "PRAGMA user_version") == [(2,)]
    assert [name for (name,) in query(path, "SELECT name FROM sqlite_schema ORDER BY name")] == ["good", "note"]


async def test_a_step_that_leaves_orphans_is_undone(tmp_path: Path, schema: Path) -> None:
    path = tmp_path / "notes.db"
    add_step(
        schema,
        "0002_orphan.sql",
        "CREATE TABLE child (note INTEGER REFERENCES note (id)); INSERT INTO child VALUES (404);",
    )
    with pytest.raises(LedgerError, match="0002_orphan"):
        await upgraded(path, schema)
    assert query(path, "PRAGMA user_version") == [(1,)]


async def test_a_newer_file_is_refused_and_left_alone(tmp_path: Path, schema: Path) -> None:
    path = tmp_path / "notes.db"
    add_step(schema, "0002_more.sql", "CREATE TABLE more (id INTEGER);")
    await upgraded(path, schema)
    before = path.read_bytes()
    (schema / "0002_more.sql").unlink()
    with pytest.raises(LedgerError, match="newer release"):
        await upgraded(path, schema)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["0003_gap.sql", "0001_again.sql", "2_short.sql", "0002 space.sql"])
async def test_a_badly_numbered_step_is_a_fault_of_ours(tmp_path: Path, schema: Path, name: str) -> None:
    add_step(schema, name, "SELECT 1;")
    with pytest.raises(ValueError, match="schema step"):
        await upgraded(tmp_path / "notes.db", schema)
