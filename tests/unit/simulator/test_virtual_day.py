"""A day on a virtual clock: no burglar is missed and none made up, a seed is a day, and the verdict would see it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from anju.concentrator.core.panel import events
from anju.concentrator.core.panel.signals import Decision
from anju.concentrator.core.panel.state import PanelState
from anju.simulator.virtual import stories, stories_of_trouble, story, telling
from anju.simulator.virtual.building import Told
from anju.simulator.virtual.play import Outcome, play
from anju.simulator.virtual.stories import STORIES
from anju.simulator.virtual.story import must_alarm, must_trouble
from anju.simulator.virtual.verdict import Owed, judge, until_s
from anju.uplink.reports import Lane, NodeAddress, Report, ReportKind, TroubleKind, Zone, ZoneKind

pytestmark = pytest.mark.anyio
HOUSEHOLD = "1-1-0101"


async def day(flats: int, seed: int) -> Outcome:
    return await play(flats, seed, 0.02, lambda _share: None)


async def test_a_small_estate_misses_nothing_and_makes_nothing_up() -> None:
    outcome = await day(10, 1)
    assert (outcome.verdict.missed, outcome.verdict.invented) == ([], [])
    assert len(outcome.played) == len(STORIES), "every story is played"
    assert outcome.verdict.alarms > outcome.verdict.nuisance > 0
    assert {"swinger", "bypassed", "on test", "aborted", "cancelled"} <= outcome.verdict.suppressed.keys()


async def test_the_same_seed_is_the_same_day_and_another_is_another() -> None:
    first, again, other = await day(2, 5), await day(2, 5), await day(2, 6)
    assert first.as_json() == again.as_json()
    assert first.as_json() != other.as_json()


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(1, 11))
async def test_two_hundred_flats_miss_nothing_and_make_nothing_up(seed: int) -> None:
    outcome = await day(200, seed)
    assert (outcome.verdict.missed, outcome.verdict.invented) == ([], [])


async def test_a_panel_that_swallows_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "raise_alarm", lambda state, _row, _scene: state)
    monkeypatch.setattr(events, "_hold_up", lambda state, *_: Decision(state))
    missed = {wrong.what for wrong in (await day(3, 2)).verdict.missed}
    assert "hold-up" in missed


async def test_a_panel_that_cries_wolf_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_state: PanelState, _contact: object) -> bool:
        return False

    monkeypatch.setattr(events, "_has_swung", never)
    invented = (await day(3, 3)).verdict.invented
    assert any(wrong.what == "intrusion_alarm" for wrong in invented)


@pytest.mark.parametrize("module", [story, telling, stories, stories_of_trouble])
def test_stories_know_nothing_of_the_panel(module: object) -> None:
    """Else they would say what the tables say."""
    tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))  # type: ignore[attr-defined]  # a module
    known = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    ours = {name for name in known if name.startswith("anju.")}
    assert ours <= {"anju.service.i18n", *(name for name in ours if name.startswith("anju.simulator.virtual."))}


def alarm(at_s: float, zone: str = "window", household: str = HOUSEHOLD) -> Told:
    named = Zone(kind=ZoneKind.INSTANT, name=zone, number=0)
    report = Report(
        seq=1, kind=ReportKind.INTRUSION_ALARM, lane=Lane.ALARM, recorded_at_ms=1, household=household, zone=named
    )
    return Told(at_s, report)


def trouble(at_s: float, kind: ReportKind = ReportKind.TROUBLE) -> Told:
    node = NodeAddress(network=1, node=7)
    report = Report(
        seq=1,
        kind=kind,
        lane=Lane.ROUTINE,
        recorded_at_ms=1,
        household=HOUSEHOLD,
        trouble=TroubleKind.NODE_SILENT,
        node=node,
    )
    return Told(at_s, report)


def burglary() -> Owed:
    return Owed("a burglar", must_alarm("burglary", "window", 100), HOUSEHOLD, 100, 160)


@pytest.mark.parametrize(
    ("told", "missed", "invented"),
    [
        ([alarm(130)], 0, 0),
        ([], 1, 0),
        ([alarm(161)], 1, 1),
        ([alarm(99)], 1, 1),
        ([alarm(130), alarm(131)], 0, 1),
        ([alarm(130, zone="hall")], 1, 1),
        ([alarm(130, household="1-1-0102")], 1, 1),
    ],
)
def test_an_alarm_is_the_promised_one_by_household_kind_zone_and_time(
    told: list[Told], missed: int, invented: int
) -> None:
    verdict = judge(told, [burglary()], {})
    assert (len(verdict.missed), len(verdict.invented)) == (missed, invented)


@pytest.mark.parametrize(
    ("told", "missed"),
    [
        ([trouble(150)], 0),
        ([trouble(50)], 0),
        ([trouble(50), trouble(90, ReportKind.TROUBLE_RESTORED)], 1),
        ([trouble(161)], 1),
        ([], 1),
    ],
)
def test_a_trouble_that_stands_already_is_shown(told: list[Told], missed: int) -> None:
    owed = Owed("a node dies", must_trouble("silent", "door", 100, 60), HOUSEHOLD, 100, 160)
    assert len(judge(told, [owed], {7: "door"}).missed) == missed


def test_what_comes_late_is_counted_to_its_own_story() -> None:
    older, newer = burglary(), Owed("another", must_alarm("burglary", "window", 500), HOUSEHOLD, 500, 560)
    older.until_s = 900
    fresh, late = alarm(530)._replace(event_s=500.0), alarm(700)._replace(event_s=100.0)
    verdict = judge([fresh, late], [older, newer], {})
    assert (verdict.missed, verdict.invented) == ([], [])


def test_no_time_runs_while_nobody_can_hear() -> None:
    assert until_s(100, 60, []) == 160
    assert until_s(100, 60, [(10, 90), (170, 180)]) == 160
    assert until_s(100, 60, [(150, 1000)]) > 1060


def test_every_kind_of_promise_has_a_report_and_every_zone_a_node() -> None:
    import random

    from anju.simulator.virtual.flat import FURNITURE, NODE_OF
    from anju.simulator.virtual.verdict import ALARM_OF, TROUBLE_OF

    for teller in STORIES:
        for promise in teller(random.Random(1)).promises:
            assert promise.kind in (TROUBLE_OF if promise.is_trouble else ALARM_OF)
            assert promise.thing in ({"", *FURNITURE} if promise.is_trouble else {"", *NODE_OF})
