"""Invariant I3: a replay changes no state. An honest retry is answered again; a second device under one identity is trouble."""

from copy import copy
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from anju.concentrator.core.freshness import WIDTH, Freshness, Window
from anju.concentrator.core.places import Address, Route
from anju.wire.table import Code, Verdict
from unit.concentrator.harness import BUTTON, Bench, HandClock, bench

pytestmark = pytest.mark.anyio


class Seen:
    """The window again, as a naive memory of everything: what protocol.md says in one sentence a case."""

    def __init__(self) -> None:
        self.tags: dict[int, bytes] = {}

    def judge(self, counter: int, tag: bytes) -> Freshness:
        highest = max(self.tags, default=0)
        if counter == 0 or counter <= highest - 32:
            return Freshness.REPLAY
        if counter in self.tags:
            return Freshness.DUPLICATE if self.tags[counter] == tag else Freshness.CLONE
        return Freshness.FRESH


@given(st.lists(st.tuples(st.integers(0, 100), st.sampled_from([b"a" * 16, b"b" * 16])), max_size=120))
@example([(WIDTH, b"a" * 16), (WIDTH * 2, b"a" * 16), (WIDTH, b"a" * 16), (WIDTH + 1, b"a" * 16)])
@example([(0xFFFF_FFFF, b"a" * 16), (0xFFFF_FFFF, b"a" * 16), (0xFFFF_FFE0, b"a" * 16), (0xFFFF_FFDF, b"a" * 16)])
def test_the_window_is_a_memory_of_the_last_32_counters(frames: list[tuple[int, bytes]]) -> None:
    window, seen = Window(), Seen()
    for counter, tag in frames:
        verdict = window.judge(counter, tag)
        assert verdict is seen.judge(counter, tag)
        if verdict is Freshness.FRESH:
            window = window.accept(counter, tag)
            seen.tags[counter] = tag


async def test_a_retry_is_acked_again_and_recorded_once(rooms: Bench) -> None:
    node = await rooms.enrol()
    frame = node.press()
    first = await rooms.receive(node, frame)
    before = rooms.rows()
    again = [await rooms.receive(node, frame) for _ in range(3)]
    acks = [*first, *(answer for (answer,) in again)]
    assert [ack.body.verdict for ack in acks] == [Verdict.ACCEPTED] + 3 * [Verdict.DUPLICATE]  # type: ignore[union-attr]
    counters = [ack.header.counter for ack in acks]
    assert counters == sorted(set(counters))  # each answer is a new frame: no nonce is used twice
    assert {ack.body.acked_counter for ack in acks} == {node.counter}  # type: ignore[union-attr]
    assert rooms.rows() == before
    assert len(rooms.reports()) == 1


async def test_a_frame_and_its_retry_in_one_group_are_one_event(rooms: Bench) -> None:
    node = await rooms.enrol()
    frame = node.press()
    acks = await rooms.acks(node, frame, frame, frame)
    assert [ack.verdict for ack in acks] == [Verdict.ACCEPTED, Verdict.DUPLICATE, Verdict.DUPLICATE]
    assert len(rooms.reports()) == 1


async def test_old_frames_change_nothing_and_get_no_answer(rooms: Bench) -> None:
    node = await rooms.enrol()
    recorded = [node.event(Code.PANIC, BUTTON, levels=2), node.event(Code.OPENED, levels=3)]
    await rooms.receive(node, *recorded)
    await rooms.receive(node, *(node.heartbeat() for _ in range(WIDTH)))
    before = rooms.rows()
    assert await rooms.receive(node, *recorded) == []
    assert rooms.reception.counts["replay"] == 2
    assert rooms.rows() == before
    assert rooms.levels(node) == 0


async def test_a_held_back_frame_is_news_once(rooms: Bench) -> None:
    """Somebody jams the air, keeps a frame and lets it go later: it is genuine, so it counts, once."""
    node = await rooms.enrol()
    held = node.press()
    await rooms.receive(node, *(node.heartbeat() for _ in range(WIDTH - 1)))
    assert await rooms.verdict(node, held) == Verdict.ACCEPTED
    assert await rooms.verdict(node, held) == Verdict.DUPLICATE
    assert rooms.kinds() == ["hold_up_alarm"]


async def test_a_replay_after_a_restart_changes_nothing(tmp_path: Path) -> None:
    clock = HandClock()
    async with bench(tmp_path, clock) as rooms:
        node = await rooms.enrol()
        old = node.press()
        await rooms.receive(node, old)
        await rooms.receive(node, *(node.heartbeat() for _ in range(WIDTH)))
        recent = node.event(Code.OPENED)
        await rooms.receive(node, recent)
        before = rooms.rows()
    async with bench(tmp_path, clock) as rooms:
        assert await rooms.verdict(node, old) is None
        assert await rooms.verdict(node, recent) == Verdict.DUPLICATE
        assert rooms.rows() == before


async def test_a_duplicate_from_elsewhere_does_not_move_the_route(rooms: Bench) -> None:
    """Whoever plays a recorded frame from another address gets its ack, and nothing else that is meant for the node."""
    node = await rooms.enrol()
    frame = node.press()
    await rooms.receive(node, frame)
    stranger = Route("udp", "203.0.113.9:666")
    await rooms.receive_by(stranger, node, frame)
    assert rooms.sent[-1][0] == stranger
    assert rooms.journal.building.nodes[Address(*node.address)].route == node.route


async def test_the_route_follows_the_newest_frame_only(rooms: Bench) -> None:
    node = await rooms.enrol()
    late = node.event(Code.OPENED)
    await rooms.receive_by(Route("serial:/dev/ttyUSB0", ""), node, node.heartbeat())
    await rooms.receive_by(Route("udp", "203.0.113.9:666"), node, late)
    assert rooms.journal.building.nodes[Address(*node.address)].route == Route("serial:/dev/ttyUSB0", "")


async def test_other_bytes_under_an_accepted_counter_are_a_clone(rooms: Bench) -> None:
    node = await rooms.enrol()
    await rooms.receive(node, node.event(Code.CLOSED, levels=0))
    assert await rooms.receive(node, node.frame(node.status(Code.OPENED, levels=1), counter=node.counter)) == []
    assert rooms.kinds() == ["closed", "trouble"]
    trouble = rooms.reports()[-1]
    assert trouble.trouble == "clone"
    assert trouble.household == node.household
    assert trouble.node is not None
    assert (trouble.node.network, trouble.node.node) == node.address
    assert rooms.levels(node) == 0


async def test_two_nodes_with_one_identity_are_found_out(rooms: Bench) -> None:
    """A copied node counts on its own, so the two meet under one counter; the alarm of neither is lost before that."""
    node = await rooms.enrol()
    copied = copy(node)
    await rooms.receive(node, node.event(Code.OPENED))
    assert await rooms.receive(copied, copied.press()) == []
    assert rooms.reception.counts["clone"] == 1
    assert rooms.kinds() == ["opened", "trouble"]
    assert await rooms.verdict(copied, copied.press()) == Verdict.ACCEPTED
    assert await rooms.receive(node, node.event(Code.CLOSED)) == []


async def test_a_clone_is_one_trouble_a_minute(rooms: Bench) -> None:
    node = await rooms.enrol()
    await rooms.receive(node, node.press())
    copies = [node.frame(node.status(Code.OPENED, levels=levels), counter=1) for levels in range(20)]
    await rooms.receive(node, *copies[:10])
    await rooms.receive(node, *copies[10:])
    assert rooms.kinds().count("trouble") == 1
    rooms.clock.advance(60)
    await rooms.receive(node, *copies)
    assert rooms.kinds().count("trouble") == 2
    assert rooms.reception.counts["clone"] == 40


class TestOneEvent:
    """An event has an id, the low half of its first counter; sealed again, it comes under other counters."""

    async def test_sealed_again_it_is_recorded_once(self, rooms: Bench) -> None:
        node = await rooms.enrol()
        press = node.status(Code.PANIC, BUTTON)
        assert await rooms.verdict(node, node.frame(press)) == Verdict.ACCEPTED
        for beats in (0, 15, 200, 5000):
            node.counter += beats
            assert await rooms.verdict(node, node.frame(press)) == Verdict.DUPLICATE
        assert rooms.kinds() == ["hold_up_alarm"]

    async def test_sealed_again_in_the_same_group_it_is_recorded_once(self, rooms: Bench) -> None:
        node = await rooms.enrol()
        press, before = node.status(Code.PANIC, BUTTON), rooms.disk.commits
        acks = await rooms.acks(node, node.frame(press), node.frame(press))
        assert [ack.verdict for ack in acks] == [Verdict.ACCEPTED, Verdict.DUPLICATE]
        assert rooms.kinds() == ["hold_up_alarm"]
        assert rooms.disk.commits == before + 1  # known before the journal's index has to say so

    async def test_it_is_remembered_over_thousands_of_others_and_a_restart(self, tmp_path: Path) -> None:
        clock = HandClock()
        async with bench(tmp_path, clock) as rooms:
            node = await rooms.enrol()
            first = node.status(Code.PANIC, BUTTON)
            await rooms.receive(node, node.frame(first))
            for _ in range(17):
                await rooms.receive(node, *(node.event(Code.OPENED) for _ in range(250)))
        async with bench(tmp_path, clock) as rooms:
            assert rooms.journal.totals()["events"] == 1 + 17 * 250
            assert await rooms.verdict(node, node.frame(first)) == Verdict.DUPLICATE

    @pytest.mark.parametrize("rounds", [1, 2, 7])
    async def test_another_one_with_the_same_id_is_news(self, rooms: Bench, rounds: int) -> None:
        """Ids come round every 65,536 counters, heartbeats included: a new alarm must not pass for the old one."""
        node = await rooms.enrol()
        await rooms.receive(node, node.press())
        node.counter += rounds * 0x10000 - 1
        press = node.press()
        assert await rooms.verdict(node, press) == Verdict.ACCEPTED
        assert [(report.event_id, report.counter) for report in rooms.reports()] == [(1, 1), (1, 1 + rounds * 0x10000)]

    async def test_of_two_nodes_with_the_same_id_are_two(self, rooms: Bench) -> None:
        one, other = await rooms.enrol(), await rooms.enrol()
        await rooms.receive(one, one.press())
        await rooms.receive(other, other.press())
        assert rooms.kinds() == 2 * ["hold_up_alarm"]
