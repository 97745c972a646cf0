"""`anju verify evidence` as somebody types it who has a journal and public keys, and trusts nothing else."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import anyio
import pytest

from anju.wire.evidence import Witnessed
from anju.wire.table import Code
from unit.cli.conftest import Anju
from unit.concentrator.harness import BUTTON, bench
from unit.wire.signatory import Signatory, body_of, extras_of

ANNA = Signatory(1)


async def _filled(folder: Path) -> None:
    """A journal with two presses of one node, each signed for."""
    async with bench(folder) as room:
        node = await room.pair(ANNA.device, ANNA.public_key)
        before = bytes(32)
        for _press in range(2):
            await room.verdict(node, node.press())
            event = Witnessed(1, node.counter, Code.PANIC, BUTTON, room.clock.unix_s)
            told = ANNA.testimony([event], before, (*node.address, 1))
            await room.verdict(node, node.frame(body_of(told), extras_of(told)))
            before = told.digest
            room.clock.advance(60)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """It."""
    anyio.run(_filled, tmp_path)
    return tmp_path / "journal.db"


def verify(anju: Anju, journal: Path, *more: str, status: int = 0) -> dict[str, Any]:
    """What it found, as one object."""
    run = anju("verify", "evidence", "--journal", str(journal), "--json", *more)
    assert run.code == status, run.err
    found: dict[str, Any] = json.loads(run.out)
    return found


def change(journal: Path, old: str, new: str) -> None:
    """As somebody with write access to the file would."""
    with sqlite3.connect(journal) as connection:
        done = connection.execute(
            "UPDATE event SET report = replace(report, ?, ?) WHERE report LIKE ?", (old, new, f"%{old}%")
        )
        assert done.rowcount


def test_a_whole_journal_is_found_whole(anju: Anju, journal: Path) -> None:
    found = verify(anju, journal)
    assert found == {"statements": 2, "devices": 1, "events": 2, "alarms": 2, "signed": 2, "faults": []}
    run = anju("verify", "evidence", "--journal", str(journal))
    assert run.out == "2 statements by 1 devices; 2 of 2 alarms signed for; faults: 0\n"


def test_a_changed_alarm_is_found(anju: Anju, journal: Path) -> None:
    change(journal, '"witnessed":{"code":3', '"witnessed":{"code":1')
    found = verify(anju, journal, status=1)
    assert [fault["fault"] for fault in found["faults"]] == ["changed", "changed"]
    run = anju("verify", "evidence", "--journal", str(journal))
    assert run.code == 1
    assert "changed after it was signed for" in run.out


def test_a_removed_alarm_is_found(anju: Anju, journal: Path) -> None:
    with sqlite3.connect(journal) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("DELETE FROM event WHERE seq = 1")
    assert [fault["fault"] for fault in verify(anju, journal, status=1)["faults"]] == ["missing"]


def test_only_keys_that_are_named_are_trusted(anju: Anju, journal: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys.txt"
    keys.write_text(f"\n{ANNA.device} {ANNA.public_key.hex()}\n")
    assert not verify(anju, journal, "--keys", str(keys))["faults"]
    other = Signatory(2)
    keys.write_text(f"{other.device} {other.public_key.hex()}\n")
    assert {fault["fault"] for fault in verify(anju, journal, "--keys", str(keys), status=1)["faults"]} == {"untrusted"}


@pytest.mark.parametrize("line", ["D", "D key", f"{ANNA.device} {'00' * 32}", f"{ANNA.device} zz", "a b c"])
def test_a_file_of_keys_that_is_none_is_told_by_its_line(anju: Anju, journal: Path, tmp_path: Path, line: str) -> None:
    keys = tmp_path / "keys.txt"
    keys.write_text(f"{ANNA.device} {ANNA.public_key.hex()}\n{line}\n")
    run = anju("verify", "evidence", "--journal", str(journal), "--keys", str(keys))
    assert run.code == 1
    assert run.err.splitlines()[0].endswith(f"Line 2 of {keys} is no device id with its public key.")
    assert "Nothing was checked." in run.err


def test_what_is_no_journal_is_said(anju: Anju, tmp_path: Path) -> None:
    nothing, noise = tmp_path / "nothing.db", tmp_path / "noise.db"
    noise.write_bytes(b"not a database at all, but long enough to look like one" * 20)
    for file, words in ((nothing, "There is no file"), (noise, "cannot be read as a journal")):
        run = anju("verify", "evidence", "--journal", str(file))
        assert run.code == 1
        assert words in run.err
        assert "Nothing was checked." in run.err


def test_a_row_that_holds_no_report_is_named(anju: Anju, journal: Path) -> None:
    with sqlite3.connect(journal) as connection:
        connection.execute("UPDATE event SET report = '{}' WHERE seq = 3")
    run = anju("verify", "evidence", "--journal", str(journal))
    assert run.code == 1
    assert "Row 3" in run.err


def test_a_journal_elsewhere_is_none_of_the_duty_room(anju: Anju, journal: Path) -> None:
    assert anju("verify", "evidence", "--journal", str(journal), "--duty-room").code == 2
