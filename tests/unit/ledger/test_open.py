"""Opening: private files, one process, and a clear message for every file that cannot be used."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from anju.ledger import Ledger, LedgerError

HOLDER = """
import sys
from pathlib import Path
from anju.ledger import Ledger
Ledger.open(Path(sys.argv[1]), Path(sys.argv[2]))
print("open", flush=True)
sys.stdin.read()
"""


def message(error: LedgerError) -> str:
    """The whole message, after a look that it has its three parts."""
    assert error.what
    assert error.unchanged
    assert error.next_step
    return str(error)


def modes(folder: Path) -> dict[str, int]:
    """Who may do what with the files of the database."""
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.glob("notes.db*")}


@pytest.mark.anyio
async def test_every_file_is_private_whatever_the_umask(open_ledger: Callable[[], Ledger], tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        ledger = open_ledger()
        await ledger.write(lambda connection: connection.execute("INSERT INTO note (text) VALUES ('x')").lastrowid)
    finally:
        os.umask(before)
    assert modes(tmp_path) == dict.fromkeys(("notes.db", "notes.db-wal", "notes.db-shm", "notes.db.lock"), 0o600)


@pytest.mark.anyio
async def test_a_file_that_others_may_read_is_made_private(open_ledger: Callable[[], Ledger], tmp_path: Path) -> None:
    (tmp_path / "notes.db").touch(0o644)
    open_ledger()
    assert stat.S_IMODE((tmp_path / "notes.db").stat().st_mode) == 0o600


@pytest.mark.anyio
async def test_one_ledger_at_a_time(open_ledger: Callable[[], Ledger]) -> None:
    first = open_ledger()
    with pytest.raises(LedgerError, match=f"process {os.getpid()}"):
        open_ledger()
    await first.close()
    open_ledger()


def test_one_process_at_a_time_until_it_dies(tmp_path: Path, schema: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "notes.db"), str(schema)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(LedgerError) as refused:
            Ledger.open(tmp_path / "notes.db", schema)
        assert f"process {holder.pid}" in message(refused.value)
        holder.kill()
        holder.wait()
        asyncio.run(Ledger.open(tmp_path / "notes.db", schema).close())


@pytest.mark.anyio
async def test_a_missing_folder(tmp_path: Path, schema: Path) -> None:
    with pytest.raises(LedgerError) as refused:
        Ledger.open(tmp_path / "absent" / "notes.db", schema)
    assert str(tmp_path / "absent") in message(refused.value)


@pytest.mark.anyio
async def test_a_folder_in_the_place_of_the_file(tmp_path: Path, schema: Path) -> None:
    (tmp_path / "notes.db").mkdir()
    with pytest.raises(LedgerError) as refused:
        Ledger.open(tmp_path / "notes.db", schema)
    assert "Is a directory" in message(refused.value)


@pytest.mark.anyio
async def test_a_file_that_is_no_database_is_left_alone(open_ledger: Callable[[], Ledger], tmp_path: Path) -> None:
    letter = b"Dear guard, the light in the stairwell is broken again.\n" * 50
    (tmp_path / "notes.db").write_bytes(letter)
    with pytest.raises(LedgerError) as refused:
        open_ledger()
    assert "not a database" in message(refused.value)
    assert (tmp_path / "notes.db").read_bytes() == letter
    (tmp_path / "notes.db").unlink()
    open_ledger()  # the lock was given back


@pytest.mark.anyio
async def test_a_damaged_database_is_reported_when_it_is_met(open_ledger: Callable[[], Ledger], tmp_path: Path) -> None:
    ledger = open_ledger()
    await ledger.write(lambda connection: connection.execute("INSERT INTO note (text) VALUES ('x')").lastrowid)
    await ledger.close()
    raw = bytearray((tmp_path / "notes.db").read_bytes())
    raw[4096:] = b"\xff" * (len(raw) - 4096)  # every page but the schema's
    (tmp_path / "notes.db").write_bytes(raw)
    again = open_ledger()
    with pytest.raises(LedgerError, match="malformed"):
        await again.write(lambda connection: connection.execute("INSERT INTO note (text) VALUES ('y')").lastrowid)


@pytest.mark.anyio
async def test_a_lock_by_a_foreign_program_is_waited_for(open_ledger: Callable[[], Ledger], tmp_path: Path) -> None:
    ledger = open_ledger()
    foreign = sqlite3.connect(tmp_path / "notes.db", isolation_level=None, check_same_thread=False)
    foreign.execute("BEGIN IMMEDIATE")

    def let_go(connection: sqlite3.Connection) -> int:
        return int(connection.execute("SELECT count(*) FROM note").fetchone()[0])

    waiting = asyncio.ensure_future(ledger.write(let_go))
    await asyncio.sleep(0)
    assert not waiting.done()
    foreign.execute("COMMIT")
    assert await waiting == 0
    foreign.close()
