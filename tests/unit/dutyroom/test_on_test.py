"""What a household on TEST reports is shown as that: no incident, and everybody sees who is on TEST and what was tried."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from anju.dutyroom.core.change import What
from anju.dutyroom.core.on_test import OnTest
from anju.dutyroom.desk import Desk
from anju.dutyroom.store import Store, reports_held
from anju.uplink.reports import (
    NodeAddress,
    PanelMode,
    PanelView,
    Report,
    ReportKind,
    WalkedZone,
    WalkTest,
    ZoneKind,
)
from unit.dutyroom.conftest import HandClock
from unit.dutyroom.reports import (
    BEDSIDE,
    CASE,
    DISARMED,
    FRONT_DOOR,
    HOUSEHOLD,
    NEIGHBOUR,
    NOW_MS,
    OTHER_JOURNAL,
    batch,
    press,
    report,
)

pytestmark = pytest.mark.anyio
UNTIL_MS = NOW_MS + 1_800_000
ON_TEST = PanelView(mode=PanelMode.OFF, latched=(), test_until_ms=UNTIL_MS)
TRIED = [
    press(2, test=True, panel=ON_TEST),
    report(3, ReportKind.INTRUSION_ALARM, zone=FRONT_DOOR, test=True, panel=ON_TEST),
    report(4, ReportKind.TAMPER_ALARM, zone=CASE, test=True, panel=ON_TEST),
]


def begun(seq: int = 1, household: str = HOUSEHOLD) -> Report:
    return report(seq, ReportKind.TEST_STARTED, household, node=1, panel=ON_TEST, person="Li Na")


def ended(seq: int, household: str = HOUSEHOLD) -> Report:
    return report(seq, ReportKind.TEST_ENDED, household, node=1, panel=DISARMED)


def walked(seq: int, *zones: WalkedZone) -> Report:
    return report(
        seq, ReportKind.WALK_TESTED, person="Li Na", panel=None, walk_test=WalkTest(begun_at_ms=NOW_MS, zones=zones)
    )


async def test_what_is_tried_opens_no_incident_and_is_kept(store: Store, path: Path) -> None:
    await store.receive(batch(begun(), *TRIED), NOW_MS)
    assert store.open_incidents() == {}
    assert [one.kind for _, _, one in reports_held(path)] == [ReportKind.TEST_STARTED, *(one.kind for one in TRIED)]


async def test_a_press_that_is_meant_opens_one_while_on_test(store: Store) -> None:
    await store.receive(batch(begun(), *TRIED, press(5, panel=ON_TEST)), NOW_MS)
    (incident,) = store.open_incidents().values()
    assert incident.presses == 1


async def test_what_is_tried_joins_no_incident_but_its_story(store: Store) -> None:
    await store.receive(batch(press(1), begun(5), press(6, test=True, panel=ON_TEST)), NOW_MS)
    story = store.story(1)
    assert story is not None
    assert story.incident.presses == 1
    assert [one.what for one in story.changes] == [What.ALARM, What.CONTEXT, What.CONTEXT]


async def test_the_story_begins_with_what_was_tried_before_it(store: Store) -> None:
    opened = report(8, ReportKind.OPENED, zone=FRONT_DOOR)
    neighbour = begun(9, NEIGHBOUR)
    await store.receive(batch(begun(), *TRIED, opened, neighbour, ended(10)), NOW_MS)
    await store.receive(batch(press(11)), NOW_MS + 1000)
    story = store.story(1)
    assert story is not None
    told = [one.report.seq for one in story.changes if one.report]
    assert told == [1, 2, 3, 4, 10, 11]


async def test_what_was_tried_the_day_before_is_not_told(store: Store) -> None:
    await store.receive(batch(begun(), *TRIED, ended(5)), NOW_MS)
    await store.receive(batch(press(6)), NOW_MS + 25 * 3_600_000)
    story = store.story(1)
    assert story is not None
    assert [one.report.seq for one in story.changes if one.report] == [6]


async def test_who_is_on_test_is_known_until_it_ends(store: Store) -> None:
    await store.receive(batch(begun(1, NEIGHBOUR), begun(2)), NOW_MS)
    both = [OnTest(HOUSEHOLD, UNTIL_MS), OnTest(NEIGHBOUR, UNTIL_MS)]
    assert store.on_test(NOW_MS) == both
    await store.receive(batch(report(3, ReportKind.OPENED, panel=ON_TEST), walked(4)), NOW_MS)
    assert store.on_test(UNTIL_MS - 1) == both
    assert store.on_test(UNTIL_MS) == []  # whether or not its concentrator says so
    await store.receive(batch(ended(5)), NOW_MS)
    assert store.on_test(NOW_MS) == both[1:]


async def test_a_concentrators_successor_takes_a_household_off_test(store: Store) -> None:
    await store.receive(batch(begun()), NOW_MS)
    await store.receive(batch(ended(1), journal_id=OTHER_JOURNAL), NOW_MS)
    assert store.on_test(NOW_MS) == []


async def test_the_top_strip_counts_them(client: httpx.AsyncClient, desk: Desk, clock: HandClock) -> None:
    assert "On TEST" not in (await client.get("/")).text
    await desk.receive(batch(begun(1, NEIGHBOUR), begun(2), begun(3, "3-2-0503")))
    text = (await client.get("/")).text
    assert "On TEST: 3" in text
    assert HOUSEHOLD in text
    clock.advance(1800)
    assert "On TEST" not in (await client.get("/")).text


async def test_the_incident_of_a_household_on_test_says_so(
    client: httpx.AsyncClient, desk: Desk, clock: HandClock
) -> None:
    await desk.receive(batch(begun(), press(2, panel=ON_TEST)))
    assert "on TEST until" in (await client.get("/")).text
    clock.advance(1800)
    assert "on TEST until" not in (await client.get("/")).text


@pytest.mark.parametrize(("is_ticked", "said"), [(True, "every zone works: 1"), (False, "missing: Bedside")])
async def test_the_story_tells_what_was_tried_and_found(
    client: httpx.AsyncClient, desk: Desk, *, is_ticked: bool, said: str
) -> None:
    zone = WalkedZone(
        kind=ZoneKind.HOLD_UP,
        name=BEDSIDE.name,
        node=NodeAddress(network=1, node=7),
        number=0,
        triggered_at_ms=NOW_MS if is_ticked else None,
    )
    held = report(6, ReportKind.HOLD_UP_HELD, zone=BEDSIDE)
    await desk.receive(batch(begun(), *TRIED, walked(5, zone), ended(7), press(8), held))
    text = (await client.get("/")).text
    for line in (
        "Put on TEST by Li Na",
        "TEST: Button pressed: Bedside",
        "TEST: Opened while armed: Front door",
        "Walk-test by Li Na",
        said,
        "TEST has ended by itself",
        "Button still pressed after 3 s: Bedside",
    ):
        assert line in text
