"""A walk-test: each zone is ticked as it is triggered and restored, whatever is interrupted, and it ends as a record."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from anju.concentrator.walk_test import room
from anju.plan.model import PlannedZone
from anju.service.errors import ServiceError
from anju.uplink.reports import ReportKind, ZoneKind
from anju.wire.messages import Status
from anju.wire.table import TIME_UNKNOWN, Action, Code, Flag, Type
from unit.concentrator.harness import BUTTON, CASE, DOOR, HOUSEHOLD, FarNode, HandClock, bench, until
from unit.concentrator.keys_kit import KEYPAD_ZONES, SIREN_ZONES
from unit.concentrator.walking import ME, Walking, walking

pytestmark = pytest.mark.anyio
NAMES = ["front-door", "bedside", "case"]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anju.concentrator.probing.PATIENCE_S", 0.2)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Walking]:
    async with walking(tmp_path) as opened:
        yield opened


@pytest.fixture
async def node(site: Walking) -> FarNode:
    made = await site.rooms.enrol()
    await site.happens(made, made.hello())
    return made


async def walk(site: Walking, node: FarNode) -> None:
    """Trigger all there is, and let all of it rest."""
    await site.happens(node, node.event(Code.OPENED, DOOR), node.event(Code.CLOSED, DOOR))
    await site.happens(node, node.press())
    await site.happens(node, node.event(Code.TAMPERED, CASE), node.event(Code.TAMPER_RESTORED, CASE))


async def test_it_puts_the_household_on_test_and_lists_its_zones(site: Walking, node: FarNode) -> None:
    shown = await site.begin()
    assert [(zone["name"], zone["kind"], zone["ticked"]) for zone in shown["zones"]] == [
        ("front-door", "entry", False),
        ("bedside", "hold_up", False),
        ("case", "tamper", False),
    ]
    assert (shown["left_s"], shown["sure_at_ms"]) == (1800, site.clock.now.wall_ms)
    (started,) = site.reported(ReportKind.TEST_STARTED)
    assert started.person == ME


async def test_a_zone_is_ticked_when_it_was_triggered_and_restored(site: Walking, node: FarNode) -> None:
    await site.begin()
    await site.happens(node, node.event(Code.CLOSED, DOOR))
    assert "restored_at_ms" not in (await site.zones())["front-door"]  # it was not open yet
    await site.happens(node, node.event(Code.OPENED, DOOR))
    door = (await site.zones())["front-door"]
    assert (door["triggered_at_ms"], door["ticked"]) == (site.clock.now.wall_ms, False)
    site.clock.advance(4)
    await site.happens(node, node.event(Code.CLOSED, DOOR))
    zones = await site.zones()
    assert zones["front-door"]["restored_at_ms"] - zones["front-door"]["triggered_at_ms"] == 4000
    assert [name for name, zone in zones.items() if zone["ticked"]] == ["front-door"]
    await site.happens(node, node.press())
    assert (await site.zones())["bedside"]["ticked"]


async def test_the_time_from_the_event_to_its_commit_is_measured(site: Walking, node: FarNode) -> None:
    await site.begin()
    press = node.press()
    site.clock.advance(1.25)
    with site.rooms.disk.slow():
        receiving = asyncio.ensure_future(site.happens(node, press))
        await until(lambda: site.rooms.disk.held)
        site.clock.advance(0.5)
    await receiving
    await until(lambda: site.rooms.journal.building.walks[HOUSEHOLD].test.zones[1].delay_ms)
    assert (await site.zones())["bedside"]["delay_ms"] == 1750


async def test_a_node_that_is_awake_has_its_round_trip_measured_once(site: Walking, node: FarNode) -> None:
    site.awake.append(node)
    await site.begin()
    await site.happens(node, node.press())
    await until(lambda: site.rooms.journal.building.walks[HOUSEHOLD].test.zones[1].round_trip_ms)
    zones = await site.zones()
    assert {zone["round_trip_ms"] for zone in zones.values()} == {20}
    sent = len(site.rooms.sent)
    await site.happens(node, node.event(Code.OPENED, DOOR))
    await until(lambda: site.rooms.journal.building.walks[HOUSEHOLD].test.zones[0].delay_ms is not None)
    assert len(site.rooms.sent) == sent + 1  # the acknowledgement


async def test_the_last_tick_ends_it_with_a_record(site: Walking, node: FarNode) -> None:
    site.awake.append(node)
    begun_ms = site.clock.now.wall_ms
    await site.begin()
    await walk(site, node)
    await until(lambda: site.reported(ReportKind.TEST_ENDED))
    (report,) = site.reported(ReportKind.WALK_TESTED)
    assert (report.household, report.person) == (HOUSEHOLD, ME)
    assert report.walk_test is not None
    assert report.walk_test.begun_at_ms == begun_ms
    assert [zone.name for zone in report.walk_test.zones] == NAMES
    assert report.walk_test.missing == ()
    assert all(zone.delay_ms is not None and zone.round_trip_ms for zone in report.walk_test.zones)
    assert site.rooms.journal.building.panels[HOUSEHOLD].test is None
    assert await site.zones() == {}
    (record,) = await site.records()
    assert (record["person"], record["missing"], record["household"]) == (ME, [], HOUSEHOLD)


async def test_a_person_may_end_it_and_what_is_missing_is_said(site: Walking, node: FarNode) -> None:
    await site.begin()
    await site.happens(node, node.press())
    await site.ask("walk_test_end")
    (record,) = await site.records()
    assert record["missing"] == ["front-door", "case"]
    (report,) = site.reported(ReportKind.TEST_ENDED)
    assert report.person == ME
    with pytest.raises(ServiceError, match="No walk-test is going on"):
        await site.ask("walk_test_end")


async def test_what_is_planned_and_not_there_is_missing(site: Walking, node: FarNode) -> None:
    site.planned = (
        PlannedZone(name="front-door", kind=ZoneKind.ENTRY),
        PlannedZone(name="window", kind=ZoneKind.ENTRY),
        PlannedZone(name="case", kind=ZoneKind.ENTRY),
    )
    await site.begin()
    zones = (await site.ask("walk_test_watch", wait_s=0))["zones"]
    absent = [(zone["name"], zone["kind"]) for zone in zones if "node" not in zone]
    assert absent == [("window", "entry"), ("case", "entry")]
    await walk(site, node)
    await site.ask("walk_test_end")
    assert (await site.records())[0]["missing"] == ["window", "case"]


async def test_taken_up_again_what_was_ticked_stays_so(tmp_path: Path) -> None:
    clock = HandClock()
    async with walking(tmp_path, clock) as site:
        node = await site.rooms.enrol()
        await site.begin()
        await site.happens(node, node.press())
    clock.advance(7200)
    async with walking(tmp_path, clock) as site:
        await until(lambda: site.reported(ReportKind.TEST_ENDED))
        shown = await site.begin()
        assert [zone["ticked"] for zone in shown["zones"]] == [False, True, False]
        assert shown["begun_at_ms"] < clock.now.wall_ms - 7_000_000
        await site.happens(node, node.event(Code.OPENED, DOOR), node.event(Code.CLOSED, DOOR))
        await site.happens(node, node.event(Code.TAMPERED, CASE), node.event(Code.TAMPER_RESTORED, CASE))
        await until(lambda: site.reported(ReportKind.WALK_TESTED))
        assert (await site.records())[0]["missing"] == []


async def test_one_that_was_left_for_a_day_is_recorded_and_another_begins(site: Walking, node: FarNode) -> None:
    await site.begin()
    await site.happens(node, node.press())
    site.clock.advance(25 * 3600)
    shown = await site.begin()
    assert [zone["ticked"] for zone in shown["zones"]] == [False, False, False]
    assert (await site.records())[0]["missing"] == ["front-door", "case"]


async def test_what_is_no_test_ticks_nothing(site: Walking, node: FarNode) -> None:
    before = node.event(Code.OPENED, DOOR)
    site.clock.advance(60)
    await site.begin(lasts_s=60)
    await site.happens(node, before, node.event(Code.CLOSED, DOOR, time_s=TIME_UNKNOWN))
    await site.happens(node, node.event(Code.HELD, BUTTON))
    site.clock.advance(60)
    await site.happens(node, node.press())
    assert not any("triggered_at_ms" in zone for zone in (await site.zones()).values())


async def test_zones_of_two_nodes_with_one_name_are_two(site: Walking, node: FarNode) -> None:
    other = await site.rooms.enrol()
    await site.begin()
    await site.happens(other, other.press())
    zones = (await site.ask("walk_test_watch", wait_s=0))["zones"]
    assert [zone["ticked"] for zone in zones if zone["name"] == "bedside"] == [False, True]


async def test_whoever_watches_is_told_as_soon_as_something_changes(site: Walking, node: FarNode) -> None:
    seen = (await site.begin())["state"]
    watching = asyncio.ensure_future(site.ask("walk_test_watch", seen=seen))
    await asyncio.sleep(0)
    await site.happens(node, node.press())
    shown = await watching
    assert shown["state"] != seen
    assert shown["zones"][1]["ticked"]


async def test_a_test_ends_by_itself_though_nobody_says_anything(site: Walking, node: FarNode) -> None:
    await site.begin(lasts_s=60)
    site.clock.advance(60)
    await until(lambda: site.reported(ReportKind.TEST_ENDED))
    assert (await site.ask("walk_test_watch", wait_s=0))["left_s"] == 0


async def test_a_disk_that_fails_for_a_while_ends_it_later(
    site: Walking, node: FarNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_LOOK_S", 0.01)
    await site.begin(lasts_s=60)
    with site.rooms.disk.refuses():
        site.clock.advance(60)
        await until(lambda: site.rooms.disk.refused)
        assert not site.reported(ReportKind.TEST_ENDED)
    await until(lambda: site.reported(ReportKind.TEST_ENDED))


async def test_an_old_journal_is_taken_up(tmp_path: Path) -> None:
    """One from before there were walk-tests."""
    async with bench(tmp_path) as rooms:
        node = await rooms.enrol()
        await rooms.receive(node, node.press())
    with sqlite3.connect(tmp_path / "journal.db") as journal:
        later = (
            "walk_test",
            "record",
            "fault",
            "own_command",
            "schedule",
            "listening",
            "head",
            "cut",
            "attempt",
            "clock",
            "destination",
        )
        for table in later:
            journal.execute(f"DROP TABLE {table}")
        journal.execute("DROP INDEX outbox_of_row")
        for table, column in (("node", "battery"), ("node", "started"), ("outbox", "sent_at_ms")):
            journal.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        journal.execute("PRAGMA user_version = 2")
    journal.close()
    async with walking(tmp_path) as site:
        await site.begin()
        await site.happens(node, node.press())
        await site.ask("walk_test_end")
        assert len(await site.records()) == 1


async def test_a_keypad_is_ticked_by_a_key_and_a_siren_by_its_sound(site: Walking, node: FarNode) -> None:
    keypad, siren = [await site.rooms.enrol(zones=zones) for zones in (KEYPAD_ZONES, SIREN_ZONES)]
    await site.begin()
    body = Status(Type.REQUEST, Flag.ACK_REQUESTED, site.rooms.clock.unix_s, 1, Action.OFF, 1, 0, 0, -128, 0, 0)
    await site.happens(keypad, keypad.frame(body))
    site.walks.sounded(siren.address)
    await until(lambda: sum(zone.is_ticked for zone in site.rooms.journal.building.walks[HOUSEHOLD].test.zones) == 2)
    zones = await site.zones()
    assert {name for name, zone in zones.items() if zone["ticked"]} == {"Keypad in the hall", "Siren in the hall"}


async def test_a_node_that_cannot_be_asked_any_more_ends_nothing(
    site: Walking, node: FarNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.begin()
    monkeypatch.setattr(site.rooms.keyring, "can_answer", lambda _address: False)
    await site.happens(node, node.press())
    await until(lambda: site.rooms.journal.building.walks[HOUSEHOLD].test.zones[1].delay_ms is not None)
    assert await site.prober.probe(node.address) is None
    monkeypatch.undo()
    await walk(site, node)
    await until(lambda: HOUSEHOLD not in site.rooms.journal.building.walks)
