"""Invariant I1: nothing is acknowledged before it is durable, and what failed to become so changes nothing."""

import asyncio
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from anju.concentrator.core import intake
from anju.concentrator.core.building import Building
from anju.concentrator.core.draft import Draft
from anju.concentrator.core.places import Address, Route
from anju.concentrator.reception import MOST_AT_ONCE, MOST_WAITING, Arrival
from anju.uplink.reports import ZoneKind
from anju.wire.table import Code, Verdict
from unit.concentrator.harness import HOUSEHOLD, Bench, Disk, FarNode, bench, crash_image, running, until

pytestmark = pytest.mark.anyio

FULL_GROUP = 64
"""Events that need more room than the pages of a new file have left."""


def arrivals(node: FarNode, *frames: bytes) -> list[Arrival]:
    return [Arrival(frame, node.route) for frame in frames]


async def test_an_ack_leaves_only_after_the_commit(rooms: Bench) -> None:
    node = await rooms.enrol()
    with rooms.disk.slow():
        receiving = asyncio.ensure_future(rooms.reception.receive(arrivals(node, node.press())))
        await until(lambda: rooms.disk.held)
        assert not rooms.sent
        assert rooms.journal.building == Building()
    await receiving
    assert [node.open(frame).body.type for _, frame in rooms.sent] == [4]
    assert rooms.kinds() == ["hold_up_alarm"]


async def test_whatever_was_acked_survives_a_kill_at_that_moment(rooms: Bench, tmp_path: Path) -> None:
    node = await rooms.enrol()
    images: list[Path] = []
    rooms.on_send = lambda: images.append(crash_image(tmp_path, tmp_path / f"killed-{len(images)}"))
    for code in (Code.PANIC, Code.OPENED, Code.TAMPERED):
        await rooms.receive(node, node.event(code))
    assert len(images) == 3
    for acked, image in enumerate(images, 1):
        async with bench(image) as after:
            assert after.reports() == rooms.reports()[:acked]


@pytest.mark.parametrize("fault", ["refuses", "full"])
async def test_a_failed_commit_acks_nothing_and_changes_nothing(rooms: Bench, fault: str) -> None:
    node = await rooms.enrol()
    before = rooms.rows()
    frames = [node.press(), *(node.event(Code.OPENED) for _ in range(FULL_GROUP - 1))]
    trouble: AbstractContextManager[None] = getattr(rooms.disk, fault)()
    with trouble:
        assert await rooms.receive(node, *frames) == []
    assert rooms.rows() == before
    assert rooms.journal.building == Building()
    assert rooms.reception.counts == {"not_acknowledged": FULL_GROUP}
    acks = await rooms.acks(node, *frames)  # the node tries again, byte for byte
    assert {ack.verdict for ack in acks} == {Verdict.ACCEPTED}
    assert len(rooms.reports()) == len(acks) == FULL_GROUP


async def test_a_failed_commit_leaves_earlier_state_alone(rooms: Bench) -> None:
    node = await rooms.enrol()
    await rooms.receive(node, node.event(Code.TAMPERED, levels=4))
    with rooms.disk.refuses():
        await rooms.receive(node, node.press(levels=6))
    assert rooms.levels(node) == 4
    assert rooms.journal.building.panels[HOUSEHOLD].latched == {ZoneKind.TAMPER}


async def test_a_failed_commit_is_no_gap_in_the_journal(rooms: Bench, tmp_path: Path) -> None:
    node = await rooms.enrol()
    for code in (Code.OPENED, Code.CLOSED):
        frame = node.event(code)
        with rooms.disk.refuses():
            await rooms.receive(node, frame)
        await rooms.receive(node, frame)
    async with bench(crash_image(tmp_path, tmp_path / "killed")) as after:
        assert [report.seq for report in after.reports()] == [1, 2]


@pytest.mark.parametrize("cancellations", [1, 2, 3])
async def test_a_cancelled_caller_leaves_no_half_truth(rooms: Bench, cancellations: int) -> None:
    node = await rooms.enrol()
    with rooms.disk.slow():
        receiving = asyncio.ensure_future(rooms.reception.receive(arrivals(node, node.press())))
        await until(lambda: rooms.disk.held)
        for _ in range(cancellations):
            receiving.cancel()
            await asyncio.sleep(0)
        assert not receiving.done()  # it is not known yet what will be the truth
    with pytest.raises(asyncio.CancelledError):
        await receiving
    assert not rooms.sent
    assert rooms.kinds() == ["hold_up_alarm"]
    assert rooms.journal.building.last_seq == 1
    assert await rooms.verdict(node, node.event(Code.OPENED)) == Verdict.ACCEPTED


async def test_a_cancelled_caller_ends_even_if_the_commit_fails(rooms: Bench) -> None:
    node = await rooms.enrol()
    with rooms.disk.refuses():
        with rooms.disk.slow():
            receiving = asyncio.ensure_future(rooms.reception.receive(arrivals(node, node.press())))
            await until(lambda: rooms.disk.held)
            receiving.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await receiving
    assert rooms.journal.building == Building()


async def test_a_frame_that_trips_over_a_fault_does_not_take_its_neighbours(
    rooms: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned, neighbour = await rooms.enrol(), await rooms.enrol("3-2-0502")
    take = intake.take

    def trip(draft: Draft, heard: intake.Heard, holds: intake.Recorded) -> Verdict | None:
        verdict = take(draft, heard, holds)
        if heard.address == Address(*poisoned.address):
            raise ZeroDivisionError
        return verdict

    monkeypatch.setattr(intake, "take", trip)
    poison = poisoned.press()
    frames = [neighbour.press(), poison, neighbour.event(Code.OPENED)]
    await rooms.reception.receive([Arrival(frame, neighbour.route) for frame in frames])
    assert {report.household for report in rooms.reports()} == {"3-2-0502"}
    assert len(rooms.sent) == len(rooms.reports()) == 2
    assert rooms.reception.counts["fault"] == 1
    monkeypatch.undo()
    assert await rooms.verdict(poisoned, poison) == Verdict.ACCEPTED  # nothing of it was believed


async def test_committed_but_not_answered_is_answered_at_the_next_try(rooms: Bench) -> None:
    """The keyring's disk fails, the journal's does not: the event is durable, and no frame goes without a counter."""
    node = await rooms.enrol()
    frame = node.press()
    with Disk(rooms.keyring._ledger).refuses():
        assert await rooms.receive(node, frame) == []
    assert rooms.kinds() == ["hold_up_alarm"]
    assert await rooms.verdict(node, frame) == Verdict.DUPLICATE
    assert rooms.kinds() == ["hold_up_alarm"]


async def test_frames_that_wait_share_one_commit(rooms: Bench) -> None:
    node = await rooms.enrol()
    before = rooms.disk.commits
    for _ in range(10):
        rooms.reception.arrive(node.event(Code.OPENED), node.route)
    async with running(rooms.reception.run()):
        await until(lambda: len(rooms.sent) == 10)
    assert rooms.disk.commits == before + 1


async def test_more_than_can_wait_is_dropped_counted_and_tried_again(rooms: Bench) -> None:
    node = await rooms.enrol()
    frame = node.press()
    for _ in range(MOST_WAITING):
        rooms.reception.arrive(b"noise", Route("udp", "203.0.113.9:1"))
    rooms.reception.arrive(frame, node.route)
    assert rooms.reception.counts["overload"] == 1
    async with running(rooms.reception.run()):
        await until(lambda: rooms.reception.counts["length"] == MOST_WAITING)
        assert not rooms.sent
        rooms.reception.arrive(frame, node.route)
        await until(lambda: rooms.sent)


async def test_no_frame_waits_for_more_than_one_group(rooms: Bench) -> None:
    """A group is bounded, so that the first of a crowd is not answered together with the last."""
    node = await rooms.enrol()
    for _ in range(MOST_AT_ONCE + 1):
        rooms.reception.arrive(b"noise" * 10, node.route)
    press = node.press()
    rooms.reception.arrive(press, node.route)
    async with running(rooms.reception.run()):
        await until(lambda: rooms.sent)
    assert rooms.reception.counts["header"] == MOST_AT_ONCE + 1
