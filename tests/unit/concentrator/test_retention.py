"""What is old is cut off the journal, but nothing that is owed or needed; what is left stays verifiable from a signed cut."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anju.concentrator import journal_cut
from anju.concentrator.core.panel.signals import Action
from anju.concentrator.journal import reports_in
from anju.concentrator.journal_audit import cut_at, verify
from anju.concentrator.retention import Retention
from anju.ledger import LedgerError, evidence
from anju.ledger.audit import Fault, Findings
from anju.uplink.reports import Lane, Report, ReportKind, Survey
from anju.wire.evidence import Witnessed
from anju.wire.table import Code, Verdict
from unit.concentrator.harness import BUTTON, DESTINATION, HOUSEHOLD, Bench, HandClock, bench
from unit.wire.signatory import Signatory, body_of, extras_of

pytestmark = pytest.mark.anyio
DAY_S = 86_400
OTHER = "3-2-0502"
ANNA = Signatory(1)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """So few at a time that each test takes several."""
    monkeypatch.setattr(journal_cut, "AT_ONCE", 4)
    monkeypatch.setattr(journal_cut, "EVENTS_OF_A_NODE", 2)


async def opened(rooms: Bench, count: int, household: str = OTHER) -> None:
    """Rows of no node."""
    async with rooms.journal.change() as draft:
        for _ in range(count):
            draft.record(ReportKind.OPENED, Lane.ROUTINE, household=household)


async def received(rooms: Bench, but: Iterable[int] = (), conflicts: Iterable[int] = ()) -> None:
    """The duty room has given its receipts."""
    owed = {row.seq for row in rooms.journal.owed(DESTINATION, 500)}
    await rooms.journal.settle(DESTINATION, owed - set(but) - set(conflicts), conflicts)


async def kept_for(rooms: Bench, days: int = 30, events: int = 0) -> list[int]:
    """Rows that are there after what is due was cut off."""
    retention = Retention(rooms.journal, rooms.clock, days, events)
    while await retention.look():
        pass
    assert (await verified(rooms)).faults == []
    return [row[0] for row in rooms.rows()["event"]]


async def verified(rooms: Bench) -> Findings:
    return verify(rooms.folder / "journal.db", (await rooms.keyring.journal_key()).public)


async def test_what_is_older_than_its_days_goes_and_what_is_younger_stays(rooms: Bench) -> None:
    await opened(rooms, 9)
    rooms.clock.advance(29 * DAY_S)
    await opened(rooms, 3)
    await received(rooms)
    assert await kept_for(rooms) == list(range(1, 13))
    rooms.clock.advance(DAY_S + 1)
    assert await kept_for(rooms) == [10, 11, 12]
    assert rooms.journal.totals()["rows"] == 12


async def test_the_newest_stay_however_old(rooms: Bench) -> None:
    await opened(rooms, 12)
    await received(rooms)
    rooms.clock.advance(400 * DAY_S)
    assert await kept_for(rooms, events=7) == [6, 7, 8, 9, 10, 11, 12]


async def test_rows_that_stay_are_judged_anew_only_once_there_is_no_more_to_cut(
    rooms: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A press waits for one cut at most; rows that stay may be thousands, and would be judged in each."""
    await opened(rooms, 19)
    await received(rooms)
    rooms.clock.advance(31 * DAY_S)
    judged: list[int] = []

    def needed(_connection: object, seq: int, *_of: object) -> bool:
        judged.append(seq)
        return True

    monkeypatch.setattr(journal_cut, "_is_needed", needed)
    retention = Retention(rooms.journal, rooms.clock, 30, 0)
    each: list[int] = []
    more = True
    while more:
        judged.clear()
        more = await retention.look()
        each.append(len(judged))
    rows = len(rooms.rows()["event"])
    assert each == [journal_cut.AT_ONCE] * (rows // journal_cut.AT_ONCE) + [rows]


async def test_what_is_owed_stays_with_all_behind_it(rooms: Bench) -> None:
    await opened(rooms, 9)
    await received(rooms, but=[4])
    rooms.clock.advance(400 * DAY_S)
    assert await kept_for(rooms, events=1) == [4, 5, 6, 7, 8, 9]
    assert [row.seq for row in rooms.journal.owed(DESTINATION, 9)] == [4]
    await received(rooms)
    assert await kept_for(rooms, events=1) == [9]


async def test_a_row_in_conflict_stays(rooms: Bench) -> None:
    await opened(rooms, 9)
    await received(rooms, conflicts=[2])
    rooms.clock.advance(400 * DAY_S)
    assert await kept_for(rooms, events=1) == [2, 9]


async def test_an_alarm_stays_until_it_is_reset_and_can_be_answered(rooms: Bench) -> None:
    node = await rooms.enrol()
    await rooms.receive(node, node.press())
    async with rooms.journal.change() as draft:
        draft.record(ReportKind.CLOSED, Lane.ROUTINE, household=HOUSEHOLD)
    for _ in range(3):
        await rooms.receive(node, node.event(Code.OPENED))
    await opened(rooms, 9)
    await received(rooms)
    rooms.clock.advance(400 * DAY_S)
    assert await kept_for(rooms, events=1) == [1, 4, 5, 14]
    found = rooms.journal.report(1)
    assert found is not None
    assert found[0].kind is ReportKind.HOLD_UP_ALARM


async def test_a_nodes_newest_events_stay_known_so_that_none_counts_twice(rooms: Bench) -> None:
    node = await rooms.enrol()
    for _ in range(3):
        await rooms.receive(node, node.event(Code.OPENED))
    await opened(rooms, 5)
    await received(rooms)
    rooms.clock.advance(400 * DAY_S)
    assert await kept_for(rooms, events=1) == [2, 3, 8]
    again = node.frame(
        node.status(Code.OPENED, event_id=3)
    )  # sealed anew, as a node does that has heard no answer for long
    assert await rooms.verdict(node, again) == Verdict.DUPLICATE
    assert rooms.journal.totals() == {"rows": 8, "events": 3, "outbox": 0, "sent": 0}


async def test_the_last_record_of_each_kind_and_household_stays(rooms: Bench) -> None:
    async with rooms.journal.change() as draft:
        for household in (HOUSEHOLD, OTHER, HOUSEHOLD):
            draft.record(ReportKind.SURVEYED, Lane.ROUTINE, household=household, survey=Survey(nodes=()))
    await opened(rooms, 5)
    await received(rooms)
    rooms.clock.advance(400 * DAY_S)
    assert await kept_for(rooms, events=1) == [2, 3, 8]
    assert [report.seq for report in rooms.journal.records(ReportKind.SURVEYED, None, 9)] == [2, 3]


async def test_it_goes_on_after_a_restart(tmp_path: Path) -> None:
    clock = HandClock()
    async with bench(tmp_path, clock) as rooms:
        node = await rooms.enrol()
        for _ in range(4):
            await rooms.receive(node, node.event(Code.OPENED))
        await opened(rooms, 3)
        await received(rooms)
        clock.advance(400 * DAY_S)
        await kept_for(rooms, events=1)
        before = rooms.journal.totals()
    async with bench(tmp_path, clock) as rooms:
        assert rooms.journal.totals() == before == {"rows": 7, "events": 4, "outbox": 0, "sent": 0}
        await opened(rooms, 2)
        found = await verified(rooms)
        assert (found.faults, found.last, found.cut_at) == ([], 9, 6)


async def test_on_a_full_disk_nothing_is_cut_off(rooms: Bench) -> None:
    await opened(rooms, 9)
    await received(rooms)
    rooms.clock.advance(400 * DAY_S)
    before = rooms.rows()
    with rooms.disk.refuses(), pytest.raises(LedgerError):
        await Retention(rooms.journal, rooms.clock, 30, 1).look()
    assert rooms.rows() == before


class TestTampered:
    """Nobody else can cut off."""

    @pytest.fixture
    async def cut_off(self, tmp_path: Path) -> tuple[Path, bytes]:
        """Rows 2 and 9 to 12 of twelve are there."""
        async with bench(tmp_path) as rooms:
            await opened(rooms, 12)
            await received(rooms, conflicts=[2])
            rooms.clock.advance(400 * DAY_S)
            assert await kept_for(rooms, events=4) == [2, 9, 10, 11, 12]
            return tmp_path / "journal.db", (await rooms.keyring.journal_key()).public

    @pytest.mark.parametrize(
        ("statement", "seq", "fault"),
        [
            ("DELETE FROM event WHERE seq = 9", 9, Fault.REMOVED),
            ("DELETE FROM event WHERE seq = 2", 8, Fault.KEPT),
            ("UPDATE event SET seq = 3 WHERE seq = 2", 8, Fault.KEPT),
            ("UPDATE event SET chain = zeroblob(32) WHERE seq = 2", 8, Fault.KEPT),
            ("UPDATE event SET report = '{}' WHERE seq = 2", 2, Fault.CHANGED),
            ("UPDATE cut SET seq = 9", 9, Fault.CUT),
            ("UPDATE cut SET events = 1", 8, Fault.CUT),
            ("UPDATE cut SET link = zeroblob(32)", 8, Fault.CUT),
            ("UPDATE cut SET kept = zeroblob(32)", 8, Fault.CUT),
            ("UPDATE cut SET signature = zeroblob(64)", 8, Fault.CUT),
            ("DELETE FROM cut", 1, Fault.REMOVED),
        ],
    )
    async def test_it_is_found(self, cut_off: tuple[Path, bytes], statement: str, seq: int, fault: Fault) -> None:
        path, key = cut_off
        with closing(sqlite3.connect(path, isolation_level=None)) as file:
            assert file.execute(statement).rowcount == 1
        assert (seq, fault) in [finding[:2] for finding in verify(path, key).faults]


async def test_what_nodes_have_signed_of_the_rest_is_still_verified(tmp_path: Path) -> None:
    async with bench(tmp_path) as room:
        node = await room.pair(ANNA.device, ANNA.public_key)
        before = bytes(32)
        for _press in range(5):
            await room.receive(node, node.press())
            event = Witnessed(1, node.counter, Code.PANIC, BUTTON, room.clock.unix_s)
            told = ANNA.testimony([event], before, (*node.address, 1))
            await room.receive(node, node.frame(body_of(told), extras_of(told)))
            before = told.digest
        await room.ask(Action.RESET)
        await received(room)
        room.clock.advance(400 * DAY_S)
        await kept_for(room, events=4)
    path = tmp_path / "journal.db"
    found = evidence.check(reports_in(path), None, cut_at(path))
    assert (found.statements, found.faults) == (2, [])
    assert evidence.check(reports_in(path)).faults
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("PRAGMA foreign_keys = OFF")
        last = [report for report in reports_in(path) if report.witnessed][-1]
        file.execute("DELETE FROM event WHERE seq = ?", (last.seq,))
    assert [one.fault for one in evidence.check(reports_in(path), None, cut_at(path)).faults] == [
        evidence.Fault.MISSING
    ]


LIFE = st.lists(st.sampled_from(["rows", "day", "month", "receive", "cut"]), max_size=25)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(life=LIFE, events=st.integers(0, 6))
async def test_whatever_happens_nothing_goes_too_early(rooms: Bench, life: list[str], events: int) -> None:
    recorded: dict[int, int] = {
        row[0]: Report.model_validate_json(row[5]).recorded_at_ms for row in rooms.rows()["event"]
    }
    for step in life:
        match step:
            case "rows":
                await opened(rooms, 3)
                recorded |= dict.fromkeys(
                    range(rooms.journal.building.last_seq - 2, rooms.journal.building.last_seq + 1),
                    rooms.clock.now.wall_ms,
                )
            case "day" | "month":
                rooms.clock.advance(DAY_S if step == "day" else 30 * DAY_S)
            case "receive":
                owed = [row.seq for row in rooms.journal.owed(DESTINATION, 2)]
                await rooms.journal.settle(DESTINATION, owed, [])
            case _:
                owed = [row.seq for row in rooms.journal.owed(DESTINATION, 500)]
                kept = set(await kept_for(rooms, events=events))
                last = rooms.journal.building.last_seq
                due = rooms.clock.now.wall_ms - 30 * DAY_S * 1000
                must = {seq for seq, at_ms in recorded.items() if at_ms >= due or seq > last - events}
                assert kept >= must | set(owed)
                recorded = {seq: at_ms for seq, at_ms in recorded.items() if seq in kept}
