"""TEST of a household: what its zones do is tried and not raised, a press that is held is real, and it ends by itself."""

from pathlib import Path

import pytest

from anju.concentrator.asked import household_of
from anju.concentrator.core.panel.on_test import MOST_S, SURE_AFTER_MS
from anju.concentrator.core.panel.signals import Action
from anju.concentrator.panel_requests import PanelRequests
from anju.service.errors import ServiceError
from anju.uplink.reports import Lane, PanelMode, Report, ZoneKind
from anju.wire.messages import Ack
from anju.wire.table import TIME_UNKNOWN, Code, Flag, Verdict
from unit.concentrator.harness import BUTTON, CASE, HOUSEHOLD, Bench, FarNode, HandClock, bench

pytestmark = pytest.mark.anyio
NEIGHBOUR = "3-2-0502"
HALF_HOUR_S = 1800


def desk_of(rooms: Bench) -> PanelRequests:
    return PanelRequests(rooms.journal, lambda request: household_of(request, rooms.keyring.households), rooms.clock)


async def on_test(rooms: Bench, lasts_s: int = HALF_HOUR_S, household: str = HOUSEHOLD) -> None:
    """Put a household on TEST, and let so much time pass that every node's clock says so."""
    await desk_of(rooms).handlers["test"]({"household": household, "lasts_s": lasts_s}, "Li Na")
    rooms.clock.advance(SURE_AFTER_MS / 1000)


async def off_test(rooms: Bench) -> None:
    await desk_of(rooms).handlers["test_end"]({"household": HOUSEHOLD}, "Li Na")


async def newest(rooms: Bench, node: FarNode, *frames: bytes) -> list[Report]:
    """The reports that frames led to, and of a TEST that has ended meanwhile."""
    before = rooms.journal.building.last_seq
    await rooms.receive(node, *frames)
    return [report for report in rooms.reports()[before:] if report.kind not in ("siren_ended", "trouble")]


def raised(report: Report) -> bool:
    return report.is_alarm and not report.test and report.lane is Lane.PANIC


def raised_at_all(report: Report) -> bool:
    return report.is_alarm and not report.test


class TestEntered:
    """By a person, for a time; leaving it is reported too."""

    async def test_entering_and_leaving_say_who_and_until_when(self, rooms: Bench) -> None:
        await rooms.enrol()
        begun_ms = rooms.clock.now.wall_ms
        await on_test(rooms, 600)
        await off_test(rooms)
        started, ended = rooms.reports()
        assert (started.kind, started.person, started.household) == ("test_started", "Li Na", HOUSEHOLD)
        assert (ended.kind, ended.person, ended.household) == ("test_ended", "Li Na", HOUSEHOLD)
        assert started.panel is not None
        assert ended.panel is not None
        assert (started.panel.test_until_ms, ended.panel.test_until_ms) == (begun_ms + 600_000, None)

    async def test_it_is_shown_with_its_end(self, rooms: Bench) -> None:
        await rooms.enrol()
        desk = desk_of(rooms)
        await on_test(rooms, 600)
        shown = await desk.handlers["show"]({"household": HOUSEHOLD}, "anybody")
        assert (shown["test"]["left_s"], shown["test"]["person"]) == (597, "Li Na")
        rooms.clock.advance(600)
        assert "test" not in await desk.handlers["show"]({"household": HOUSEHOLD}, "anybody")

    @pytest.mark.parametrize("lasts_s", [0, -1, 59, MOST_S + 1, True, "600", 1e9, None])
    async def test_for_no_time_and_for_ever_it_is_refused(self, rooms: Bench, lasts_s: object) -> None:
        await rooms.enrol()
        with pytest.raises(ServiceError, match="from 1 min to 8 h"):
            await desk_of(rooms).handlers["test"]({"household": HOUSEHOLD, "lasts_s": lasts_s}, "Li Na")
        assert rooms.reports() == []

    async def test_it_lasts_for_half_an_hour_if_nobody_says_how_long(self, rooms: Bench) -> None:
        await rooms.enrol()
        shown = await desk_of(rooms).handlers["test"]({"household": HOUSEHOLD}, "Li Na")
        assert shown["test"]["left_s"] == HALF_HOUR_S

    async def test_what_is_not_on_test_cannot_leave_it(self, rooms: Bench) -> None:
        await rooms.enrol()
        with pytest.raises(ServiceError, match="not on TEST"):
            await off_test(rooms)
        with pytest.raises(ServiceError, match="No node is enrolled"):
            await on_test(rooms, household=NEIGHBOUR)

    async def test_a_node_cannot_put_its_household_on_test(self, rooms: Bench) -> None:
        node = await rooms.enrol()
        (report,) = await newest(rooms, node, node.press(flags=Flag.ACK_REQUESTED | Flag.URGENT | Flag.TEST))
        assert raised(report)
        assert not report.test


class TestTried:
    """What zones do on TEST."""

    @pytest.mark.parametrize(
        ("code", "zone", "kind"),
        [
            (Code.PANIC, BUTTON, "hold_up_alarm"),
            (Code.TAMPERED, CASE, "tamper_alarm"),
            (Code.TAMPER_RESTORED, CASE, "tamper_restored"),
            (Code.OPENED, 0, "intrusion_alarm"),
            (Code.CLOSED, 0, "closed"),
        ],
    )
    async def test_it_is_reported_as_a_test_and_latches_nothing(
        self, rooms: Bench, code: Code, zone: int, kind: str
    ) -> None:
        node = await rooms.enrol()
        await rooms.arm(PanelMode.AWAY)
        await on_test(rooms)
        (report,) = await newest(rooms, node, node.event(code, zone))
        assert (report.kind, report.lane, report.test, report.is_alarm) == (kind, Lane.ROUTINE, True, False)
        assert not rooms.journal.building.panels[HOUSEHOLD].latched

    async def test_latches_from_before_stay(self, rooms: Bench) -> None:
        node = await rooms.enrol()
        await rooms.receive(node, node.press())
        await on_test(rooms)
        await rooms.receive(node, node.press(), node.event(Code.TAMPERED, CASE))
        await off_test(rooms)
        assert rooms.journal.building.panels[HOUSEHOLD].latched == {ZoneKind.HOLD_UP}

    async def test_a_neighbour_is_not_on_test(self, rooms: Bench) -> None:
        await rooms.enrol()
        neighbour = await rooms.enrol(NEIGHBOUR)
        await on_test(rooms)
        (report,) = await newest(rooms, neighbour, neighbour.press())
        assert raised(report)

    @pytest.mark.parametrize("code", [Code.LEAVING, 77])
    async def test_what_is_no_trial_of_a_zone_is_meant(self, rooms: Bench, code: int) -> None:
        """Somebody takes the node away; or a newer node says something urgent that nobody here understands."""
        node = await rooms.enrol()
        await on_test(rooms)
        frame = node.event(code, BUTTON, flags=Flag.ACK_REQUESTED | Flag.URGENT)
        (report,) = await newest(rooms, node, frame)
        assert (report.is_alarm, report.test) == (True, False)


class TestAnAnswer:
    """The ACK of a press says whether it was a TEST; so the resident is told what is true."""

    async def flags(self, rooms: Bench, node: FarNode, frame: bytes) -> int:
        (ack,) = await rooms.acks(node, frame)
        return ack.flags

    async def test_it_says_test_of_what_was_one_and_of_nothing_else(self, rooms: Bench) -> None:
        node = await rooms.enrol()
        assert await self.flags(rooms, node, node.press()) == 0
        await on_test(rooms)
        assert await self.flags(rooms, node, node.press()) == Flag.TEST
        assert await self.flags(rooms, node, node.event(Code.HELD, BUTTON)) == 0
        assert await self.flags(rooms, node, node.heartbeat()) == 0
        assert await self.flags(rooms, node, node.hello()) == 0
        await off_test(rooms)
        assert await self.flags(rooms, node, node.press()) == 0

    async def test_it_says_the_same_each_time_it_is_asked_for(self, rooms: Bench, tmp_path: Path) -> None:
        node = await rooms.enrol()
        before = node.press()
        assert await self.flags(rooms, node, before) == 0
        await on_test(rooms)
        tried = node.press()
        assert await self.flags(rooms, node, tried) == Flag.TEST
        again = node.event(Code.PANIC, BUTTON, event_id=node.counter)  # sealed anew, with its old name
        assert await self.flags(rooms, node, again) == Flag.TEST
        assert await self.flags(rooms, node, before) == 0
        await off_test(rooms)
        for frame, flag in ((tried, Flag.TEST), (again, Flag.TEST), (before, 0)):
            (ack,) = await rooms.acks(node, frame)
            assert (ack.verdict, ack.flags) == (Verdict.DUPLICATE, flag)

    async def test_in_one_commit_each_press_has_its_own(self, rooms: Bench) -> None:
        node = await rooms.enrol()
        await on_test(rooms)
        press = node.press()
        messages = await rooms.receive(node, press, press, node.event(Code.HELD, BUTTON))
        assert [message.body.flags for message in messages if isinstance(message.body, Ack)] == [
            Flag.TEST,
            Flag.TEST,
            0,
        ]


class TestHeld:
    """A button that is held for 3 s is a hold-up, on TEST as well (invariant I4)."""

    async def test_on_test_it_is_a_hold_up_that_latches(self, rooms: Bench) -> None:
        node = await rooms.enrol()
        await on_test(rooms)
        tried, held = await newest(rooms, node, node.press(), node.event(Code.HELD, BUTTON))
        assert tried.test
        assert raised(held)
        assert rooms.journal.building.panels[HOUSEHOLD].latched == {ZoneKind.HOLD_UP}

    async def test_elsewhere_it_joins_the_press_and_is_no_second_alarm(self, rooms: Bench) -> None:
        node = await rooms.enrol()
        (pressed,) = await newest(rooms, node, node.press())
        rooms.clock.advance(3)
        (held,) = await newest(rooms, node, node.event(Code.HELD, BUTTON))
        assert raised(pressed)
        assert (held.kind, held.lane, held.test, held.is_alarm) == ("hold_up_held", Lane.ROUTINE, False, False)
        assert held.zone == pressed.zone

    async def test_a_press_that_was_tried_and_is_still_held_after_the_end_is_a_hold_up(self, rooms: Bench) -> None:
        """Whatever is latched from before."""
        node = await rooms.enrol()
        await rooms.receive(node, node.press())
        await on_test(rooms, 60)
        rooms.clock.advance(55)
        (tried,) = await newest(rooms, node, node.press())
        rooms.clock.advance(5)
        (_, held) = await newest(rooms, node, node.event(Code.HELD, BUTTON))
        assert tried.test
        assert raised(held)

    async def test_a_press_that_was_tried_is_not_taken_for_the_real_one_before_it(self, rooms: Bench) -> None:
        node = await rooms.enrol()
        await rooms.receive(node, node.press())
        await on_test(rooms)
        await rooms.receive(node, node.press())
        rooms.clock.advance(3)
        await off_test(rooms)
        (held,) = await newest(rooms, node, node.event(Code.HELD, BUTTON))
        assert raised(held)

    async def test_a_press_just_before_test_that_is_still_held_in_it_is_one(self, rooms: Bench) -> None:
        node = await rooms.enrol()
        (pressed,) = await newest(rooms, node, node.press())
        await on_test(rooms)
        (held,) = await newest(rooms, node, node.event(Code.HELD, BUTTON))
        assert raised(pressed)
        assert raised(held)

    async def test_one_whose_press_has_not_arrived_is_a_hold_up_by_itself(self, rooms: Bench) -> None:
        node = await rooms.enrol()
        press = node.press()
        rooms.clock.advance(3)
        (held,) = await newest(rooms, node, node.event(Code.HELD, BUTTON))
        (pressed,) = await newest(rooms, node, press)
        assert raised(held)
        assert raised(pressed)

    async def test_another_buttons_press_is_not_its_own(self, rooms: Bench) -> None:
        node, other = await rooms.enrol(), await rooms.enrol()
        await rooms.receive(other, other.press())
        (held,) = await newest(rooms, node, node.event(Code.HELD, BUTTON))
        assert raised(held)

    async def test_an_older_press_is_not_its_own(self, rooms: Bench) -> None:
        node = await rooms.enrol()
        await rooms.receive(node, node.press())
        rooms.clock.advance(60)
        (held,) = await newest(rooms, node, node.event(Code.HELD, BUTTON))
        assert raised(held)

    async def test_a_node_without_a_clock_joins_its_press_too(self, rooms: Bench) -> None:
        node = await rooms.enrol()
        await rooms.receive(node, node.press(time_s=TIME_UNKNOWN))
        (held,) = await newest(rooms, node, node.event(Code.HELD, BUTTON, time_s=TIME_UNKNOWN))
        assert held.kind == "hold_up_held"

    async def test_one_that_is_late_keeps_its_rank(self, rooms: Bench) -> None:
        node = await rooms.enrol()
        await on_test(rooms, 60)
        held = node.event(Code.HELD, BUTTON)
        rooms.clock.advance(7200)
        report = (await newest(rooms, node, held))[-1]
        assert raised(report)
        assert report.delayed


class TestItsOwnTime:
    """An event counts as a TEST if the household was on TEST when it happened, as the node's clock tells it."""

    @pytest.fixture
    async def node(self, rooms: Bench) -> FarNode:
        return await rooms.enrol()

    async def test_one_from_before_is_meant_and_one_from_within_is_not(self, rooms: Bench, node: FarNode) -> None:
        before = node.press()
        rooms.clock.advance(600)
        await on_test(rooms)
        within, within_too = node.press(), node.press()
        rooms.clock.advance(600)
        assert [report.test for report in await newest(rooms, node, before, within)] == [False, True]
        await off_test(rooms)
        rooms.clock.advance(600)
        after = node.press()
        rooms.clock.advance(600)
        assert [report.test for report in await newest(rooms, node, within_too, after)] == [True, False]

    async def test_what_may_have_been_just_before_or_just_after_is_meant(self, rooms: Bench, node: FarNode) -> None:
        """A node's clock may be 3 s behind."""
        begun_s = rooms.clock.unix_s
        await on_test(rooms, 60)
        (early,) = await newest(rooms, node, node.press(time_s=begun_s - 1))
        assert raised(early)
        rooms.clock.advance(60)
        late, sure = node.press(time_s=begun_s + 57), node.press(time_s=begun_s + 56)
        reports = [report for report in await newest(rooms, node, late, sure) if report.node]
        assert [report.test for report in reports] == [False, True]

    @pytest.mark.parametrize("time_s", [TIME_UNKNOWN, 1, 0xFFFF_FFFF])
    async def test_a_doubtful_time_is_never_a_test(self, rooms: Bench, node: FarNode, time_s: int) -> None:
        await on_test(rooms)
        report = (await newest(rooms, node, node.press(time_s=time_s)))[0]
        assert raised(report)

    async def test_a_case_is_tried_if_its_node_was_heard_on_test_and_does_not_know_the_time(
        self, rooms: Bench, node: FarNode
    ) -> None:
        """A technician has changed the battery, and the node's first word was lost."""
        unknown = {"time_s": TIME_UNKNOWN, "flags": Flag.ACK_REQUESTED}
        await on_test(rooms)
        assert raised_at_all((await newest(rooms, node, node.event(Code.TAMPERED, CASE, **unknown)))[0])
        assert not raised_at_all((await newest(rooms, node, node.event(Code.TAMPERED, CASE, **unknown)))[0])
        await off_test(rooms)
        assert raised_at_all((await newest(rooms, node, node.event(Code.TAMPERED, CASE, **unknown)))[0])

    async def test_begun_anew_it_has_no_gap(self, rooms: Bench, node: FarNode) -> None:
        await on_test(rooms)
        rooms.clock.advance(60)
        press = node.press()
        await on_test(rooms)
        assert [report.test for report in await newest(rooms, node, press)] == [True]

    async def test_begun_anew_and_ended_at_once_leaves_as_much_out_at_its_end(
        self, rooms: Bench, node: FarNode
    ) -> None:
        await on_test(rooms)
        rooms.clock.advance(60)
        await desk_of(rooms).handlers["test"]({"household": HOUSEHOLD, "lasts_s": HALF_HOUR_S}, "Li Na")
        await off_test(rooms)
        behind, sure = (node.press(time_s=rooms.clock.unix_s - seconds) for seconds in (1, 4))
        assert [report.test for report in await newest(rooms, node, behind, sure)] == [False, True]


class TestItsEnd:
    """By itself, by either clock, over a restart; and it is reported."""

    async def test_once_its_time_is_over_a_press_is_real_whoever_has_looked(self, rooms: Bench) -> None:
        node = await rooms.enrol()
        await on_test(rooms, 60)
        rooms.clock.advance(57)
        ended, pressed = await newest(rooms, node, node.press())
        assert (ended.kind, ended.person) == ("test_ended", None)
        assert raised(pressed)
        assert pressed.panel is not None
        assert pressed.panel.test_until_ms is None

    async def test_over_a_restart_it_goes_on_and_ends_in_time(self, tmp_path: Path) -> None:
        clock = HandClock()
        async with bench(tmp_path, clock) as rooms:
            node = await rooms.enrol()
            await on_test(rooms, 600)
        clock.advance(300)
        async with bench(tmp_path, clock) as rooms:
            assert [report.test for report in await newest(rooms, node, node.press())] == [True]
        clock.advance(300)
        async with bench(tmp_path, clock) as rooms:
            ended, pressed = await newest(rooms, node, node.press())
            assert (ended.kind, raised(pressed)) == ("test_ended", True)

    @pytest.mark.parametrize("step_s", [3600, -3600])
    async def test_a_clock_that_steps_makes_it_no_longer(self, tmp_path: Path, step_s: int) -> None:
        clock = HandClock()
        async with bench(tmp_path, clock) as rooms:
            await rooms.enrol()
            await on_test(rooms, 600)
        clock.now = clock.now._replace(wall_ms=clock.now.wall_ms + step_s * 1000)
        async with bench(tmp_path, clock) as rooms:
            clock.advance(597)
            panel = rooms.journal.building.panels[HOUSEHOLD]
            assert panel.test is not None
            assert panel.test.left_s(clock.now) == 0

    async def test_a_start_of_the_machine_ends_it(self, tmp_path: Path) -> None:
        clock = HandClock()
        async with bench(tmp_path, clock) as rooms:
            node = await rooms.enrol()
            await on_test(rooms, 600)
        clock.now = clock.now._replace(monotonic_s=clock.now.monotonic_s + 1, boot="another")
        async with bench(tmp_path, clock) as rooms:
            ended, pressed = await newest(rooms, node, node.press())
            assert (ended.kind, raised(pressed)) == ("test_ended", True)

    async def test_a_time_that_comes_once_more_is_not_on_test_again(self, rooms: Bench) -> None:
        """The clock is set back after a TEST, and nodes go by that clock: at the same time of day a press is real."""
        node = await rooms.enrol()
        await on_test(rooms, 600)
        rooms.clock.advance(1200)
        await rooms.look()
        assert rooms.journal.building.panels[HOUSEHOLD].tests
        rooms.clock.now = rooms.clock.now._replace(wall_ms=rooms.clock.now.wall_ms - 900_000)
        (report,) = await newest(rooms, node, node.press())
        assert raised(report)

    @pytest.mark.parametrize("boot", ["", "another"])
    async def test_nor_if_the_clock_is_set_back_while_nothing_runs(self, tmp_path: Path, boot: str) -> None:
        clock = HandClock()
        async with bench(tmp_path, clock) as rooms:
            node = await rooms.enrol()
            await on_test(rooms, 600)
            clock.advance(1200)
            await rooms.look()
        clock.now = clock.now._replace(wall_ms=clock.now.wall_ms - 900_000, boot=boot or clock.now.boot)
        async with bench(tmp_path, clock) as rooms:
            assert any(raised(report) for report in await newest(rooms, node, node.press()))


async def test_only_a_persons_signal_begins_or_ends_it(rooms: Bench) -> None:
    """Arming, disarming and resets leave it as it is; so does everything that a node says."""
    node = await rooms.enrol()
    await on_test(rooms)
    test = rooms.journal.building.panels[HOUSEHOLD].test
    for action in set(Action) - {Action.TEST}:
        await rooms.ask(action)
    await rooms.receive(node, node.press(), node.hello(), node.event(Code.HELD, BUTTON), node.heartbeat())
    assert rooms.journal.building.panels[HOUSEHOLD].test == test
    await rooms.ask(Action.TEST, lasts_s=0)
    assert rooms.journal.building.panels[HOUSEHOLD].test is None
