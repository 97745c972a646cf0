"""Files of earlier releases, kept as SQL in `old/`, are brought up to date with all that they hold."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from anju.concentrator.journal_audit import verify
from anju.dutyroom.store import Store, held
from anju.uplink.reports import PanelMode
from unit.concentrator.harness import DESTINATION, HandClock, bench

OLD = Path(__file__).parent / "old"
pytestmark = pytest.mark.anyio


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with the three files as they were."""
    for dump in OLD.glob("*.sql"):
        with closing(sqlite3.connect(tmp_path / f"{dump.stem.partition('_')[0]}.db")) as file:
            file.executescript(dump.read_text("utf-8"))
    return tmp_path


async def test_a_journal_is_as_it_was_and_is_signed_from_now_on(site: Path) -> None:
    with closing(sqlite3.connect(site / "journal.db")) as file:
        (journal_id,) = file.execute("SELECT journal_id FROM journal").fetchone()
        before = file.execute("SELECT * FROM event").fetchall()
    async with bench(site, HandClock()) as rooms:
        assert rooms.journal.journal_id == journal_id
        assert rooms.rows()["event"] == before
        assert [row.seq for row in rooms.journal.owed(DESTINATION, 9)] == [5, 6, 7]
        assert rooms.journal.building.panels["3-2-0502"].mode is PanelMode.AWAY
        key = (await rooms.keyring.journal_key()).public
        assert verify(site / "journal.db", key).faults == []
        await rooms.arm(PanelMode.OFF, "3-2-0502")
        found = verify(site / "journal.db", key)
        assert (found.faults, found.last) == ([], rooms.journal.building.last_seq)
        assert found.last > len(before)


async def test_a_duty_rooms_reports_are_chained_from_now_on(site: Path) -> None:
    store = Store.open(site / "dutyroom.db")
    assert store.open_incidents()
    found = held.verify(site / "dutyroom.db")
    assert (found.reports, found.faults) == (4, [])
    await store.close()
