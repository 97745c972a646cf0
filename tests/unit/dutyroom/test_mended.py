"""A damaged file keeps no duty room from being one: it is set aside whole, what can be read goes on, and a trouble says so."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anju.dutyroom.core.change import What
from anju.dutyroom.core.incident import Act, Action, Cause, State
from anju.dutyroom.core.own_trouble import OwnTrouble, Seen
from anju.dutyroom.core.request import Arrival, Handling
from anju.dutyroom.desk import Desk
from anju.dutyroom.store import Store, held, reports_held
from anju.dutyroom.store.mended import open_mended
from anju.ledger import LedgerError
from anju.uplink.receipts import RowVerdict
from anju.uplink.reports import ReportKind, TroubleKind, Witnessed
from unit.dutyroom.reports import HOUSEHOLD, NEIGHBOUR, NOW_MS, OTHER_JOURNAL, batch, press, report

pytestmark = pytest.mark.anyio
PAGE = 4096
LATER_MS = NOW_MS + 60_000
SILENT = report(70, ReportKind.TROUBLE, node=9, trouble=TroubleKind.NODE_SILENT)
OLD = [report(seq, ReportKind.OPENED) for seq in range(1, 61)]


async def lived(path: Path) -> None:
    """Sixty doors, one hold-up that was dealt with, one that somebody has seen, a silent node."""
    store = Store.open(path)
    await store.receive(batch(*OLD), NOW_MS)
    await store.receive(batch(press(61), press(62, NEIGHBOUR), SILENT), NOW_MS)
    person = (await store.sit_down(Arrival("Wang Qiang", "t" * 32, None, "test"), NOW_MS)).id
    steps = [(1, Act.ACKNOWLEDGE, None), (1, Act.CLOSE, Cause.FALSE_USER), (2, Act.ACKNOWLEDGE, None)]
    for number, (incident, act, cause) in enumerate(steps):
        await store.handle(Handling(incident, Action(act, person, NOW_MS, cause), f"key {number}", "test"))
    await store.close()


def overwritten(path: Path, page: int) -> bytes:
    """Noise in the place of a page, counted from 0; what the file is now."""
    raw = bytearray(path.read_bytes())
    raw[page * PAGE : (page + 1) * PAGE] = os.urandom(PAGE)
    path.write_bytes(raw)
    return bytes(raw)


@pytest.fixture
async def damaged(tmp_path: Path) -> Path:
    """The file, with noise in the place of one page of reports."""
    path = tmp_path / "dutyroom.db"
    await lived(path)
    overwritten(path, content(path).index(b'"opened"') // PAGE)
    return path


def content(path: Path) -> bytes:
    return path.read_bytes()


def asides(path: Path) -> list[Path]:
    return [file for file in path.parent.glob("*.damaged-*") if not file.name.endswith("-wal")]


async def test_a_whole_one_is_opened_as_it_is(tmp_path: Path) -> None:
    await lived(tmp_path / "dutyroom.db")
    before = [one[:2] for one in reports_held(tmp_path / "dutyroom.db")]
    await (await open_mended(tmp_path / "dutyroom.db", LATER_MS)).close()
    assert [one[:2] for one in reports_held(tmp_path / "dutyroom.db")] == before
    assert asides(tmp_path / "dutyroom.db") == []


async def test_while_the_file_is_looked_through_the_loop_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks for more time meanwhile; a file of some GB takes longer than any supervisor waits."""
    turned = threading.Event()

    def looked(*_of: object) -> None:
        assert turned.wait(30)

    monkeypatch.setattr("anju.ledger.damaged.fault", looked)
    asyncio.get_running_loop().call_later(0.01, turned.set)
    await (await open_mended(tmp_path / "dutyroom.db", LATER_MS)).close()


async def test_what_can_be_read_goes_on_and_the_damaged_file_stays(damaged: Path) -> None:
    raw = content(damaged)
    store = await open_mended(damaged, LATER_MS)
    (aside,) = asides(damaged)
    kept = {seq for _journal, seq, _report in reports_held(damaged)}
    incidents = store.open_incidents()
    troubles = store.troubles_since(NOW_MS, 10)
    await store.close()
    assert content(aside) == raw
    assert 40 < len(kept) < 63
    assert {61, 62, 70} <= kept
    assert [(one.id, one.household, one.state) for one in incidents.values()] == [(2, NEIGHBOUR, State.ACKNOWLEDGED)]
    own = [Seen.of(change.detail) for change in troubles if change.report is None]
    assert [(seen.trouble, seen.why) for seen in own if seen] == [(OwnTrouble.FILE_DAMAGED, aside.name)]
    assert [change.report.trouble for change in troubles if change.report] == [TroubleKind.NODE_SILENT]
    assert held.verify(damaged).faults == []


async def test_what_it_has_comes_again_as_known_and_what_it_lost_as_new(damaged: Path) -> None:
    store = await open_mended(damaged, LATER_MS)
    kept = {seq for _journal, seq, _report in reports_held(damaged)}
    receipt = await store.receive(batch(*OLD, press(61), press(62, NEIGHBOUR)), LATER_MS)
    assert {one.verdict for one in receipt.rows} == {RowVerdict.COMMITTED}
    assert len(list(reports_held(damaged))) == 63 > len(kept)
    assert set(store.open_incidents()) == {2}
    await store.close()


async def test_an_alarm_of_which_the_log_says_nothing_any_more_sounds_again(damaged: Path) -> None:
    with sqlite3.connect(damaged) as file:
        file.execute("PRAGMA writable_schema = ON")
        (root,) = file.execute("SELECT rootpage FROM sqlite_master WHERE name = 'log'").fetchone()
    file.close()
    overwritten(damaged, root - 1)
    store = await open_mended(damaged, LATER_MS)
    desk = Desk(store, lambda: LATER_MS, lambda: 0.0)
    assert {one.household for one in desk.queue()} == {HOUSEHOLD, NEIGHBOUR}
    assert desk.calls()
    await store.close()


async def test_an_event_that_is_told_again_afterwards_is_known(tmp_path: Path) -> None:
    """A concentrator was restored; its duty room's file is damaged before all has come again, and after."""
    path = tmp_path / "dutyroom.db"
    await lived(path)
    store = Store.open(path)
    event = Witnessed(code=2, epoch=1, first_counter=70_001, time_s=0, zone=0)
    other = event.model_copy(update={"first_counter": 70_009})
    held_down = [report(80 + n, ReportKind.HOLD_UP_HELD, witnessed=one) for n, one in enumerate((event, other))]
    await store.receive(batch(*held_down), NOW_MS)
    await store.receive(batch(press(90, witnessed=event), journal_id=OTHER_JOURNAL), NOW_MS)
    await store.close()
    overwritten(path, content(path).index(b'"opened"') // PAGE)
    store = await open_mended(path, LATER_MS)
    await store.receive(batch(press(91, witnessed=other), journal_id=OTHER_JOURNAL), LATER_MS)
    assert [one.household for one in store.open_incidents().values()] == [NEIGHBOUR]
    assert not {90, 91} & {seq for _journal, seq, _report in reports_held(path, once=True)}
    await store.close()


async def test_an_alarm_under_a_number_that_was_taken_stays_open(tmp_path: Path) -> None:
    path = tmp_path / "dutyroom.db"
    await lived(path)
    store = Store.open(path)
    await store.receive(batch(press(61, "3-2-0503")), NOW_MS)
    await store.close()
    overwritten(path, content(path).index(b'"opened"') // PAGE)
    store = await open_mended(path, LATER_MS)
    assert {one.household for one in store.open_incidents().values()} == {NEIGHBOUR, "3-2-0503"}
    assert store.verify() == store.newest()
    await store.close()


async def test_what_is_no_database_gives_way_to_an_empty_one(tmp_path: Path) -> None:
    path = tmp_path / "dutyroom.db"
    path.write_bytes(b"no database at all" * 1000)
    store = await open_mended(path, LATER_MS)
    await store.receive(batch(press(1)), LATER_MS)
    assert [change.what for change in store.changes_after(0, 10)] == [What.TROUBLE, What.ALARM]
    await store.close()
    assert asides(path)[0].read_bytes() == b"no database at all" * 1000


@settings(max_examples=25, deadline=None)
@given(pages=st.sets(st.integers(0, 30), min_size=1, max_size=6), seed=st.integers(0, 999))
async def test_whatever_is_damaged_it_starts_and_takes_alarms(
    tmp_path_factory: pytest.TempPathFactory, pages: set[int], seed: int
) -> None:
    path = tmp_path_factory.mktemp("any") / "dutyroom.db"
    await lived(path)
    chance, raw = random.Random(seed), bytearray(path.read_bytes())
    for page in pages:
        if page * PAGE < len(raw):
            raw[page * PAGE : (page + 1) * PAGE] = chance.randbytes(PAGE)
    path.write_bytes(raw)
    store = await open_mended(path, LATER_MS)
    try:
        await store.receive(batch(press(99)), LATER_MS)
        assert any(one.unseen for one in store.open_incidents().values())
    finally:
        await store.close()
        shutil.rmtree(path.parent)
    assert not list(path.parent.glob("*"))


async def test_a_file_that_turns_read_only_acknowledges_nothing(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "dutyroom.db")
    desk = Desk(store, lambda: LATER_MS, lambda: 0.0)
    await store.fill(lambda connection: connection.execute("PRAGMA query_only = ON").fetchall())
    with pytest.raises(LedgerError, match="readonly database"):
        await desk.receive(batch(press(1)))
    assert desk.is_faulty()
    assert desk.queue() == []
    await store.close()
    assert list(reports_held(tmp_path / "dutyroom.db")) == []
