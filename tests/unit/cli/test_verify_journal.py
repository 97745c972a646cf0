"""`anju verify journal` as somebody types it who has a file and a public key, and trusts nothing else."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import anyio
import pytest

from anju.concentrator.core.draft import Draft
from anju.dutyroom.store import Store
from anju.ledger import journal_key
from anju.ledger.head import JournalKey
from anju.service import settings
from anju.uplink.reports import Batch, Lane, Report, ReportKind, Row
from unit.cli.conftest import Anju
from unit.concentrator.harness import DESTINATION, HOUSEHOLD, bench
from unit.concentrator.site import new_site


def _record(draft: Draft) -> None:
    for kind in (ReportKind.OPENED, ReportKind.CLOSED, ReportKind.OPENED, ReportKind.CLOSED):
        draft.record(kind, Lane.ROUTINE, household=HOUSEHOLD)


async def _filled(folder: Path) -> None:
    """A site whose journal has four rows, of which the duty room has three, and a receipt was given for two."""
    site = settings.load(folder)
    async with bench(folder) as rooms:
        async with rooms.journal.change() as draft:
            _record(draft)
        journal_key.save_public(folder, (await rooms.keyring.journal_key()).public)
        owed = rooms.journal.owed(DESTINATION, 3)
        rows = tuple(Row(report=Report.model_validate_json(row.report), sha256=row.sha256) for row in owed)
        store = Store.open(site.dutyroom_db)
        await store.receive(Batch(concentrator="3", journal_id=rooms.journal.journal_id, rows=rows), 1)
        await store.close()
        await rooms.journal.settle(DESTINATION, [1, 2], [])


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """It."""
    new_site(tmp_path / "site", 7010)
    anyio.run(_filled, tmp_path / "site")
    return tmp_path / "site"


def found(anju: Anju, *how: object, status: int = 0) -> dict[str, Any]:
    run = anju("verify", "journal", "--json", *how)
    assert run.code == status, run.err
    told: dict[str, Any] = json.loads(run.out)
    return told


def changed(file: Path, statement: str) -> None:
    """As somebody with write access would."""
    with sqlite3.connect(file) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        assert connection.execute(statement).rowcount > 0
    connection.close()


def test_a_sites_journal_is_found_whole_and_left_as_it_is(anju: Anju, site: Path) -> None:
    before = (site / "journal.db").read_bytes()
    assert found(anju, "--site", site) == {"rows": 4, "last": 4, "cut_at": 0, "faults": []}
    assert anju("verify", "journal", "--site", site).out == "4 rows, the last one is 4; faults: 0\n"
    assert (site / "journal.db").read_bytes() == before


def test_a_changed_row_is_named_with_what_to_do(anju: Anju, site: Path) -> None:
    changed(site / "journal.db", "UPDATE event SET report = replace(report, 'opened', 'closed') WHERE seq = 3")
    run = anju("verify", "journal", "--site", site)
    assert run.code == 1
    assert "3     was changed" in run.out
    assert "4 rows, the last one is 4; faults: 1" in run.out
    assert "Keep a copy of the file as it is." in run.err
    (fault,) = found(anju, "--site", site, status=1)["faults"]
    assert fault == {"seq": 3, "fault": "changed", "last": None, "other": None}


def test_a_copy_elsewhere_is_checked_with_a_key_that_is_named(anju: Anju, site: Path, tmp_path: Path) -> None:
    copy, key = tmp_path / "copy.db", tmp_path / "key.pub"
    (site / "journal.db").rename(copy)
    (site / "journal-key.pub").rename(key)
    run = anju("verify", "journal", "--journal", copy)
    assert (run.code, "Nothing was checked." in run.err) == (1, True)
    assert found(anju, "--journal", copy, "--key", key)["faults"] == []
    key.write_text(JournalKey.new().public.hex())
    assert [fault["fault"] for fault in found(anju, "--journal", copy, "--key", key, status=1)["faults"]] == ["head"]
    assert "See first that it is the key" in anju("verify", "journal", "--journal", copy, "--key", key).err


def test_what_the_duty_room_holds_is_compared_with_the_journal(anju: Anju, site: Path) -> None:
    whole = found(anju, "--site", site, "--duty-room")
    assert (whole["reports"], whole["compared"], whole["faults"]) == (3, 3, [])
    assert "3 reports, 3 of them compared" in anju("verify", "journal", "--site", site, "--duty-room").out
    changed(site / "dutyroom.db", "DELETE FROM reports WHERE seq >= 2")  # from the end: no link tells
    (fault,) = found(anju, "--site", site, "--duty-room", status=1)["faults"]
    assert (fault["fault"], fault["seq"]) == ("missing", 2)
    run = anju("verify", "journal", "--site", site, "--duty-room")
    assert run.code == 1
    assert "its concentrator has a receipt for it" in run.out


@pytest.mark.parametrize("text", ["", "00", "zz" * 32, "🔑"])
def test_what_is_no_key_is_said(anju: Anju, site: Path, tmp_path: Path, text: str) -> None:
    key = tmp_path / "key.pub"
    key.write_text(text)
    run = anju("verify", "journal", "--site", site, "--key", key)
    assert (run.code, "cannot be used" in run.err, "Nothing was checked." in run.err) == (1, True, True)


def test_what_is_no_journal_is_said(anju: Anju, site: Path) -> None:
    (site / "journal.db").write_bytes(b"noise " * 1000)
    run = anju("verify", "journal", "--site", site)
    assert (run.code, "cannot be read to its end" in run.err) == (1, True)
    (site / "journal.db").unlink()
    assert "There is no file" in anju("verify", "journal", "--site", site).err


def test_used_wrongly(anju: Anju, site: Path) -> None:
    assert anju("verify", "journal", "--duty-room", "--key", site / "journal-key.pub").code == 2
