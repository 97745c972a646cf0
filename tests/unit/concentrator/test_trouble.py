"""Trouble is told when it begins and when it is over, once each, and never becomes an alarm by itself (invariant I5)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from anju.concentrator.core.jamming import FAULTS_A_SECOND
from anju.concentrator.core.node_kinds import LITHIUM, LOST_S, SILENT_S
from anju.concentrator.core.panel.signals import Action
from anju.concentrator.core.panel.trouble import TROUBLE_ROWS, Fault
from anju.concentrator.core.places import Route
from anju.concentrator.core.premises import Chosen
from anju.concentrator.gauges import LinkGauge
from anju.concentrator.premises import Furnished
from anju.concentrator.watchman import Watchman
from anju.uplink.reports import ALARMS, LASTING, ArmWarning, Lane, PanelMode, Refusal, Report, ReportKind, TroubleKind
from anju.wire.messages import Status
from anju.wire.table import Code, Flag, Type
from unit.concentrator.harness import HOUSEHOLD, ZONES, Bench, FarNode, HandClock, bench

pytestmark = pytest.mark.anyio

T = TroubleKind


class FakeGauge:
    """Tells what a test says."""

    kinds = frozenset({T.LINK_DOWN, T.JAMMED, T.DESTINATION_DOWN, T.MAINS_DOWN, T.UPS_LOW})

    def __init__(self) -> None:
        self.stands: set[Fault] = set()

    def read(self, _now_s: float) -> set[Fault]:
        return set(self.stands)


class Watched:
    """Rooms with a watchman who looks when the test says so."""

    def __init__(self, rooms: Bench) -> None:
        self.rooms = rooms
        self.gauge = FakeGauge()
        self.watchman = Watchman(
            rooms.journal, lambda: rooms.keyring.links, rooms.supervision, [self.gauge], rooms.clock
        )
        rooms.reception._watch = self.watchman.heard

    async def passes(self, seconds: float) -> None:
        self.rooms.clock.advance(seconds)
        await self.watchman.look()

    def told(self) -> list[tuple[ReportKind, TroubleKind | None, Lane]]:
        """All troubles so far, and that they are over."""
        return [(one.kind, one.trouble, one.lane) for one in self.troubles()]

    def troubles(self) -> list[Report]:
        kinds = (ReportKind.TROUBLE, ReportKind.TROUBLE_RESTORED)
        return [report for report in self.rooms.reports() if report.kind in kinds]


@pytest.fixture
async def site(rooms: Bench) -> Watched:
    return Watched(rooms)


@pytest.fixture
async def node(rooms: Bench, site: Watched) -> AsyncIterator[FarNode]:
    node = await rooms.enrol()
    await rooms.receive(node, node.heartbeat())
    await site.passes(0)
    yield node
    assert not [report for report in rooms.reports() if report.kind in ALARMS]


BEGUN, OVER = ReportKind.TROUBLE, ReportKind.TROUBLE_RESTORED


async def test_a_silent_node_is_told_once_and_again_when_it_is_lost(site: Watched, node: FarNode) -> None:
    await site.passes(SILENT_S - 1)
    assert site.told() == []
    await site.passes(1)
    await site.passes(60)
    assert site.told() == [(BEGUN, T.NODE_SILENT, Lane.ROUTINE)]
    (trouble,) = site.troubles()
    assert (trouble.household, trouble.node and trouble.node.node) == (HOUSEHOLD, node.address.node)
    await site.passes(LOST_S)
    assert site.told()[1:] == [(BEGUN, T.NODE_LOST, Lane.ALARM)]


class Noisy:
    """A link that is up, and on which nothing but frames is heard."""

    name, is_open, faults = "udp", True, 0


@pytest.mark.parametrize(("whose", "jammed"), [("a neighbour's", False), ("nobody's", True)])
async def test_a_neighbours_nodes_are_no_jamming(rooms: Bench, tmp_path: Path, whose: str, jammed: bool) -> None:
    """The building next door has nodes of another network on the same frequency; a forger has none of their keys."""
    node = await rooms.enrol()
    next_door = tmp_path / "next door"
    next_door.mkdir()
    async with bench(next_door, rooms.clock) as others:
        neighbour = FarNode(await others.keyring.enrol(2, HOUSEHOLD, ZONES), rooms.clock, Route("udp", "radio"))
    gauge, found = LinkGauge([Noisy()], rooms.reception.refused), set[Fault]()
    for second in range(61):
        for _ in range(2 * FAULTS_A_SECOND):
            frame = neighbour.heartbeat() if whose == "a neighbour's" else node.heartbeat()[:-1] + b"?"
            await rooms.receive_by(Route("udp", "radio"), node, frame)
        found = gauge.read(second)
    assert (Fault(T.JAMMED, "udp") in found) is jammed


class TestRestarts:
    """What was silence before a restart is so after it: else nobody would ever be told where restarts are frequent."""

    clock: HandClock
    folder: Path

    @pytest.fixture(autouse=True)
    def _begin(self, tmp_path: Path) -> None:
        self.clock, self.folder = HandClock(), tmp_path

    async def runs(self, seconds: int, *, speaks: bool = False, down: bool = False) -> list[TroubleKind | None]:
        """The concentrator runs for so long, looking once a minute; the troubles that begin."""
        async with bench(self.folder, self.clock) as rooms:
            site = Watched(rooms)
            if not rooms.keyring.links:
                self.node = await rooms.enrol()
            site.gauge.stands = {Fault(T.LINK_DOWN, self.node.route.link)} if down else set()
            before = len(site.told())
            if speaks:
                await rooms.receive(self.node, self.node.heartbeat())
            await site.passes(0)
            for _ in range(seconds // 60):
                await site.passes(60)
            return [kind for told, kind, _ in site.told()[before:] if told is BEGUN]

    async def test_however_frequent_a_node_is_silent_and_lost_in_time(self) -> None:
        await self.runs(600, speaks=True)
        told: dict[int, list[TroubleKind | None]] = {}
        for minute in range(10, 200, 10):
            self.clock.advance(5)
            if found := await self.runs(600):
                told[minute] = found
        assert told == {10: [T.NODE_SILENT], 110: [T.NODE_LOST]}

    async def test_even_where_it_never_runs_for_long(self) -> None:
        await self.runs(60, speaks=True)
        told: list[TroubleKind | None] = []
        for _ in range(60):
            self.clock.advance(60)
            told += await self.runs(60)
        assert told == [T.NODE_SILENT, T.NODE_LOST]

    @pytest.mark.parametrize("down_s", [600, 86_400, 20 * 365 * 86_400])
    async def test_what_it_missed_while_it_was_down_is_not_its_nodes_silence(self, down_s: int) -> None:
        await self.runs(15 * 60, speaks=True)
        self.clock.advance(down_s)
        assert await self.runs(SILENT_S - 60) == []
        assert await self.runs(120) == [], "another start is none"
        assert await self.runs(180) == [T.NODE_SILENT]

    async def test_who_was_silent_when_it_stopped_is_lost_in_its_time(self) -> None:
        assert await self.runs(3600, speaks=True) == [T.NODE_SILENT]
        self.clock.advance(86_400)
        assert await self.runs(SILENT_S - 120) == [], "it may have come back meanwhile"
        assert await self.runs(60) == []
        assert await self.runs(60) == [T.NODE_LOST]

    @pytest.mark.parametrize("step_s", [-86_400, -60])
    async def test_a_clock_that_was_set_back_meanwhile_calls_nobody_silent(self, step_s: int) -> None:
        await self.runs(15 * 60, speaks=True)
        self.clock.now = self.clock.now._replace(wall_ms=self.clock.now.wall_ms + step_s * 1000, boot="another")
        assert await self.runs(SILENT_S - 60) == []

    async def test_a_link_that_was_down_is_no_silence_after_a_restart_either(self) -> None:
        await self.runs(60, speaks=True)
        assert await self.runs(7200, down=True) == [T.LINK_DOWN]
        assert await self.runs(60) == []
        assert await self.runs(SILENT_S - 180) == []

    async def test_one_that_was_never_heard_has_its_time_from_the_start(self) -> None:
        await self.runs(600)
        assert await self.runs(SILENT_S - 60) == []


async def test_nobody_waits_for_what_people_carry_with_them(site: Watched, rooms: Bench, node: FarNode) -> None:
    await rooms.receive(node, node.hello(build=b"0.1.0 esp32c3_fob"))
    await site.passes(LOST_S)
    assert site.told() == []


async def test_it_is_over_with_the_first_word(site: Watched, node: FarNode) -> None:
    await site.passes(LOST_S)
    await site.rooms.receive(node, node.heartbeat())
    await site.rooms.receive(node, node.heartbeat())
    over = [(OVER, T.NODE_SILENT, Lane.ROUTINE), (OVER, T.NODE_LOST, Lane.ROUTINE)]
    assert site.told()[2:] == over
    await site.passes(SILENT_S)
    assert site.told()[4:] == [(BEGUN, T.NODE_SILENT, Lane.ROUTINE)]


async def test_a_node_that_vanishes_while_armed_goes_before_the_routine(site: Watched, node: FarNode) -> None:
    await site.rooms.arm(PanelMode.AWAY)
    await site.passes(SILENT_S)
    assert site.told() == [(BEGUN, T.NODE_SILENT, Lane.ALARM)]


async def test_an_estate_may_take_that_for_tampering(rooms: Bench) -> None:
    rooms.journal.building.premises = Furnished(rooms.keyring, rooms.supervision, Chosen(silence_is_tamper=True))
    site = Watched(rooms)
    node = await rooms.enrol()
    await rooms.receive(node, node.heartbeat())
    await site.passes(SILENT_S)
    assert "tamper_alarm" not in rooms.kinds(), "nobody is away"
    await rooms.receive(node, node.heartbeat())
    await rooms.arm(PanelMode.AWAY)
    await site.passes(SILENT_S)
    (alarm,) = (report for report in rooms.reports() if report.kind is ReportKind.TAMPER_ALARM)
    assert (alarm.rule, alarm.node and alarm.node.node) == ("vanished while armed", node.address.node)


async def test_a_line_that_is_down_explains_the_silence_of_its_nodes(site: Watched, node: FarNode) -> None:
    down = Fault(T.LINK_DOWN, node.route.link)
    site.gauge.stands = {down}
    await site.passes(SILENT_S)
    await site.passes(LOST_S)
    assert site.told() == [(BEGUN, T.LINK_DOWN, Lane.ALARM)]
    assert site.troubles()[0].subject == node.route.link
    site.gauge.stands = set()
    await site.passes(1)
    await site.passes(SILENT_S - 1)
    assert site.told()[1:] == [(OVER, T.LINK_DOWN, Lane.ROUTINE)]
    await site.passes(1)
    assert site.told()[2:] == [(BEGUN, T.NODE_SILENT, Lane.ROUTINE)], "the line is back, and the node is not"


async def test_whoever_is_unpaired_is_not_missed(site: Watched, node: FarNode) -> None:
    await site.passes(SILENT_S)
    await site.rooms.keyring.end([link.id for link in site.rooms.keyring.links], [])
    await site.passes(LOST_S)
    assert site.told()[1:] == [(OVER, T.NODE_SILENT, Lane.ROUTINE)]


async def test_what_stands_is_not_told_again_after_a_restart(tmp_path: Path) -> None:
    clock = HandClock()
    down = Fault(T.DESTINATION_DOWN, "duty_room")
    async with bench(tmp_path, clock) as rooms:
        site = Watched(rooms)
        node = await rooms.enrol()
        await rooms.receive(node, node.heartbeat())
        await site.passes(0)
        site.gauge.stands = {down}
        await site.passes(SILENT_S)
    async with bench(tmp_path, clock) as rooms:
        site = Watched(rooms)
        site.gauge.stands = {down}
        await site.passes(1)
        assert [kind for kind, *_ in site.told()] == [BEGUN, BEGUN]
        await rooms.receive(node, node.heartbeat())
        site.gauge.stands = set()
        await site.passes(1)
        assert site.told()[2:] == [(OVER, T.NODE_SILENT, Lane.ROUTINE), (OVER, T.DESTINATION_DOWN, Lane.ROUTINE)]


async def test_what_could_not_be_written_is_told_later(site: Watched, node: FarNode) -> None:
    with site.rooms.disk.refuses(), pytest.raises(Exception, match="could not be written"):
        await site.passes(SILENT_S)
    await site.passes(1)
    assert site.told() == [(BEGUN, T.NODE_SILENT, Lane.ROUTINE)]


def heartbeat(site: Watched, node: FarNode, mv: int) -> bytes:
    now_s = site.rooms.clock.unix_s
    return node.frame(Status(Type.HEARTBEAT, Flag.ACK_REQUESTED, now_s, 0, 0, 0, 0, mv // 20, -128, 0, 0))


async def test_a_battery_that_goes_flat_is_told_once_with_the_days_it_has(site: Watched, node: FarNode) -> None:
    await site.rooms.receive(node, node.hello(build=b"0.1.0 esp32c3_door"))
    for day in range(12):
        await site.rooms.receive(node, heartbeat(site, node, 2820 - 20 * day))
        site.rooms.clock.advance(86_400)
    (trouble,) = (one for one in site.troubles() if one.trouble is T.BATTERY_LOW)
    assert trouble.forecast_days == (LITHIUM.low_mv - LITHIUM.empty_mv) // 20
    await site.rooms.receive(node, heartbeat(site, node, 3000))
    assert [one.kind for one in site.troubles() if one.trouble is T.BATTERY_LOW] == [BEGUN, OVER]


class TestArming:
    """Whoever arms is told of zones that can't be relied upon."""

    async def test_a_silent_zone_and_one_in_trouble_are_named(self, site: Watched, node: FarNode) -> None:
        await site.passes(20 * 60 + 1)
        site.gauge.stands = {Fault(T.JAMMED, node.route.link)}
        await site.passes(1)
        assert await site.rooms.ask(Action.ARM) is Refusal.NOT_READY
        refused = site.rooms.reports()[-1]
        assert refused.kind is ReportKind.ARM_REFUSED
        named = {(one.zone.name, one.what) for one in refused.warnings or ()}
        doubts = (ArmWarning.SILENT, ArmWarning.TROUBLED)
        assert named == {(zone, doubt) for zone in ("front-door", "bedside", "case") for doubt in doubts}
        assert site.rooms.journal.building.panels[HOUSEHOLD].mode is PanelMode.OFF

    async def test_an_open_zone_is_named_and_left_out_if_somebody_arms_anyway(
        self, site: Watched, node: FarNode
    ) -> None:
        await site.rooms.receive(node, node.event(Code.OPENED, levels=1))
        assert await site.rooms.ask(Action.ARM, mode=PanelMode.HOME) is Refusal.NOT_READY
        assert await site.rooms.ask(Action.ARM, mode=PanelMode.HOME, anyway=True) is None
        armed = site.rooms.reports()[-1]
        assert [(one.zone.name, one.what) for one in armed.warnings or ()] == [("front-door", ArmWarning.OPEN)]
        assert armed.panel is not None
        assert armed.panel.bypassed == ("front-door",)


def test_what_lasts_is_the_same_to_the_estate() -> None:
    assert {row.kind for row in TROUBLE_ROWS if row.lasts} == LASTING
