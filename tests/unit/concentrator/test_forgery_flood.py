"""A flood of forgeries is one trouble a link and minute, and locks nobody out."""

import pytest

from anju.concentrator.core.places import Route
from anju.concentrator.reception import Arrival
from anju.uplink.reports import Report
from anju.wire.table import Verdict
from unit.concentrator.harness import Bench, FarNode

pytestmark = pytest.mark.anyio


def forgeries(node: FarNode, count: int) -> list[bytes]:
    """Frames that name a node and were made without its key."""
    genuine = int.from_bytes(node.heartbeat(), "big")
    return [(genuine ^ number).to_bytes(44, "big") for number in range(1, count + 1)]


def troubles(rooms: Bench) -> list[Report]:
    return [report for report in rooms.reports() if report.trouble == "forgery"]


async def test_a_flood_is_one_trouble_a_minute(rooms: Bench) -> None:
    node = await rooms.enrol()
    for _ in range(3):
        await rooms.receive(node, *forgeries(node, 100))
    assert len(troubles(rooms)) == 1
    rooms.clock.advance(59.9)
    await rooms.receive(node, *forgeries(node, 100))
    assert len(troubles(rooms)) == 1
    rooms.clock.advance(0.1)
    await rooms.receive(node, *forgeries(node, 100))
    assert len(troubles(rooms)) == 2
    assert rooms.reception.counts["tag"] == 500


async def test_the_trouble_names_no_household_because_none_is_certain(rooms: Bench) -> None:
    node = await rooms.enrol()
    await rooms.receive(node, *forgeries(node, 1))
    (trouble,) = troubles(rooms)
    assert (trouble.household, trouble.node) == (None, None)


async def test_each_link_has_its_own_trouble(rooms: Bench) -> None:
    node = await rooms.enrol()
    frames = forgeries(node, 10)
    for link in ("udp", "serial:/dev/ttyUSB0", "udp"):
        await rooms.reception.receive([Arrival(frame, Route(link, "peer")) for frame in frames])
    assert len(troubles(rooms)) == 2


async def test_changing_the_senders_address_makes_no_more_trouble(rooms: Bench) -> None:
    node = await rooms.enrol()
    frames = forgeries(node, 50)
    await rooms.reception.receive(
        [Arrival(frame, Route("udp", f"203.0.113.{at}:1")) for at, frame in enumerate(frames)]
    )
    assert len(troubles(rooms)) == 1


async def test_genuine_frames_are_answered_in_the_same_group(rooms: Bench) -> None:
    node, neighbour = await rooms.enrol(), await rooms.enrol("3-2-0502")
    flood = forgeries(node, 100)
    frames = [*flood[:50], node.press(), *flood[50:], neighbour.press()]
    await rooms.reception.receive([Arrival(frame, node.route) for frame in frames])
    assert rooms.kinds() == ["trouble", "hold_up_alarm", "hold_up_alarm"]
    assert len(rooms.sent) == 2


async def test_a_flood_under_a_nodes_name_does_not_lock_it_out(rooms: Bench) -> None:
    node = await rooms.enrol()
    for _ in range(10):
        await rooms.receive(node, *forgeries(node, 250))
    assert await rooms.verdict(node, node.press()) == Verdict.ACCEPTED


async def test_a_trouble_whose_commit_failed_is_raised_again(rooms: Bench) -> None:
    node = await rooms.enrol()
    with rooms.disk.refuses():
        await rooms.receive(node, *forgeries(node, 3))
    await rooms.receive(node, *forgeries(node, 3))
    assert len(troubles(rooms)) == 1
