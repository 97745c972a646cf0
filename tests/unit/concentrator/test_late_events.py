"""Events that arrive late, or from a node whose clock cannot be believed: judged by the arm state of their own time."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.concentrator.core.panel.signals import Action, Times
from anju.concentrator.core.panel.stays import KEPT, Stay, Stays
from anju.uplink.reports import PanelMode, Report
from anju.wire.table import TIME_UNKNOWN, Code
from unit.concentrator.harness import Bench, FarNode, HandClock, bench

pytestmark = pytest.mark.anyio

HOUR_S = 3600


async def opened_at(rooms: Bench, node: FarNode, time_s: int) -> Report:
    """The report of an opened door that says it happened at `time_s`."""
    before = rooms.journal.building.last_seq
    await rooms.receive(node, node.event(Code.OPENED, time_s=time_s))
    return rooms.reports()[before]


async def test_after_30_seconds_an_event_is_delayed(rooms: Bench) -> None:
    node, now_s = await rooms.enrol(), rooms.clock.unix_s
    for age_s, delayed in ((0, False), (30, False), (31, True), (HOUR_S, True)):
        report = await opened_at(rooms, node, now_s - age_s)
        assert (report.delayed, report.time_doubtful) == (delayed, False)
        assert report.event_at_ms == (now_s - age_s) * 1000
        assert report.recorded_at_ms == rooms.clock.now.wall_ms


async def test_a_delayed_hold_up_keeps_its_rank(rooms: Bench) -> None:
    node = await rooms.enrol()
    await rooms.receive(node, node.press(time_s=rooms.clock.unix_s - HOUR_S))
    (report,) = rooms.reports()
    assert (report.kind, report.lane, report.delayed) == ("hold_up_alarm", "panic", True)


async def test_it_is_judged_by_the_mode_of_its_own_time(rooms: Bench) -> None:
    node, start_s = await rooms.enrol(), rooms.clock.unix_s
    rooms.clock.advance(HOUR_S)
    await rooms.arm(PanelMode.AWAY)
    rooms.clock.advance(HOUR_S)
    await rooms.arm(PanelMode.OFF)
    rooms.clock.advance(HOUR_S)
    left_s, back_s = Times().exit_s, Times().exit_s + HOUR_S
    for age_s, kind, rule in (
        (-1, "opened", "as it should be"),
        (left_s - 1, "opened", "as it should be"),
        (back_s - 45, "alarm_aborted", "was a mistake, heard of late"),
        (back_s - 30, "opened", "was known in time"),
        (back_s, "opened", "as it should be"),
        (left_s + 1, "intrusion_alarm", "heard of too late"),
        (back_s - 61, "opened", "swinger"),
    ):
        report = await opened_at(rooms, node, start_s + HOUR_S + int(age_s))
        assert (report.kind, report.rule, report.delayed) == (kind, rule, True)


async def test_nobody_is_late_who_could_not_disarm_because_nothing_ran(tmp_path: Path) -> None:
    """Somebody comes home in a power cut of two minutes, and disarms as soon as there is a panel."""
    clock = HandClock()
    async with bench(tmp_path, clock) as rooms:
        node = await rooms.enrol()
        await rooms.arm(PanelMode.AWAY)
        clock.advance(600)
        await rooms.receive(node, node.heartbeat())
    clock.advance(5)
    opened = node.event(Code.OPENED)
    clock.advance(120)
    async with bench(tmp_path, clock) as rooms:
        clock.advance(2)
        await rooms.ask(Action.DISARM)
        await rooms.receive(node, opened)
        assert rooms.reports()[-1].rule == "was known in time"


async def test_the_abort_window_is_no_shorter_for_what_happened_while_nothing_ran(tmp_path: Path) -> None:
    """The same, and the panel hears of the door before somebody has disarmed."""
    clock = HandClock()
    async with bench(tmp_path, clock) as rooms:
        node = await rooms.enrol()
        await rooms.arm(PanelMode.AWAY)
        clock.advance(600)
        await rooms.receive(node, node.heartbeat())
    clock.advance(5)
    opened = node.event(Code.OPENED)
    clock.advance(120)
    async with bench(tmp_path, clock) as rooms:
        clock.advance(2)
        await rooms.receive(node, opened)
        assert rooms.reports()[-1].kind == "entry_started"
        await rooms.ask(Action.DISARM)
        assert rooms.reports()[-1].rule == "is known"


async def test_older_than_what_is_remembered_is_judged_by_the_strictest_mode(rooms: Bench) -> None:
    node, start_s = await rooms.enrol(), rooms.clock.unix_s
    for _ in range(KEPT // 2 + 1):
        rooms.clock.advance(HOUR_S)
        await rooms.arm(PanelMode.HOME)
        rooms.clock.advance(HOUR_S)
        await rooms.arm(PanelMode.OFF)
    assert (await opened_at(rooms, node, start_s)).kind == "intrusion_alarm"


class TestDoubtfulTime:
    """Unknown, ahead of ours, or from before there were nodes: the strictest mode since the node was last heard counts."""

    WRONG = (TIME_UNKNOWN, 1, 946_684_800, 0xFFFF_FFFF)
    """Unknown; 1970 (a clock that was never set); 2000 (one that counts from there); 2106."""

    @pytest.mark.parametrize("time_s", WRONG)
    async def test_it_is_said_and_no_time_is_reported(self, rooms: Bench, time_s: int) -> None:
        node = await rooms.enrol()
        report = await opened_at(rooms, node, time_s)
        assert (report.delayed, report.time_doubtful, report.event_at_ms) == (False, True, None)

    @pytest.mark.parametrize("time_s", WRONG)
    async def test_an_opened_door_of_an_armed_flat_is_an_alarm(self, rooms: Bench, time_s: int) -> None:
        node = await rooms.enrol()
        await rooms.arm(PanelMode.AWAY)
        assert (await opened_at(rooms, node, time_s)).kind == "entry_started"
        await rooms.comes_in_and_stays()
        assert rooms.kinds()[-1] == "intrusion_alarm"

    async def test_the_strictest_mode_since_the_node_was_heard_counts(self, rooms: Bench) -> None:
        node = await rooms.enrol()
        await rooms.receive(node, node.heartbeat())
        for mode in (PanelMode.AWAY, PanelMode.OFF):
            rooms.clock.advance(HOUR_S)
            await rooms.arm(mode)
        rooms.clock.advance(HOUR_S)
        assert (await opened_at(rooms, node, TIME_UNKNOWN)).kind == "intrusion_alarm"
        assert (await opened_at(rooms, node, TIME_UNKNOWN)).kind == "opened"  # heard just now, unarmed since

    async def test_a_clock_ahead_is_trouble(self, rooms: Bench) -> None:
        node, now_s = await rooms.enrol(), rooms.clock.unix_s
        await opened_at(rooms, node, now_s + 30)
        assert rooms.kinds() == ["opened"]
        report = await opened_at(rooms, node, now_s + 31)
        assert report.time_doubtful
        assert [(r.kind, r.trouble) for r in rooms.reports()[1:]] == [("opened", None), ("trouble", "node_clock")]

    async def test_an_unknown_time_is_no_trouble(self, rooms: Bench) -> None:
        node = await rooms.enrol()
        await opened_at(rooms, node, TIME_UNKNOWN)
        assert rooms.kinds() == ["opened"]

    @pytest.mark.parametrize("time_s", WRONG)
    async def test_a_hold_up_is_one(self, rooms: Bench, time_s: int) -> None:
        node = await rooms.enrol()
        await rooms.receive(node, node.press(time_s=time_s))
        assert (rooms.reports()[0].kind, rooms.reports()[0].lane) == ("hold_up_alarm", "panic")


class TestLevels:
    """Input levels come only from the highest counter: an event that arrives late must not undo them."""

    async def test_a_late_event_is_journalled_but_its_levels_are_not_believed(self, rooms: Bench) -> None:
        node = await rooms.enrol()
        late = node.event(Code.OPENED, levels=1)
        await rooms.receive(node, node.event(Code.CLOSED, levels=0))
        await rooms.receive(node, late)
        assert rooms.kinds() == ["closed", "opened"]
        assert rooms.levels(node) == 0

    async def test_a_heartbeat_mends_what_a_lost_event_would_have_told(self, rooms: Bench) -> None:
        node = await rooms.enrol()
        node.event(Code.OPENED, levels=1)
        await rooms.receive(node, node.heartbeat(levels=1))
        assert rooms.levels(node) == 1
        assert rooms.reports() == []


CHANGES = st.lists(st.tuples(st.integers(1, 100), st.sampled_from(PanelMode)), max_size=KEPT - 1)
STRICTNESS = [PanelMode.OFF, PanelMode.HOME, PanelMode.AWAY]


@given(CHANGES, st.integers(0, 2000))
def test_the_stay_at_a_time_and_the_strictest_since(changes: list[tuple[int, PanelMode]], at_ms: int) -> None:
    """Against a naive record of each millisecond."""
    stays, record = Stays(), [PanelMode.OFF]
    for wait_ms, mode in changes:
        record += [record[-1]] * (wait_ms - 1) + [mode]
        stays = stays.changed(Stay(len(record) - 1, mode))
    record += [record[-1]] * 2000
    assert stays.all[stays.at(at_ms)].mode is record[at_ms]
    assert stays.all[stays.strictest_since(at_ms)].mode is max(record[at_ms:], key=STRICTNESS.index)
