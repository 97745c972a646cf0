"""What a panel says again is acknowledged again and kept once, over restarts too; what only looks like it is no repetition."""

from __future__ import annotations

from pathlib import Path

import pytest

from anju.dutyroom.core.panels import REPEATED_WITHIN_MS
from anju.dutyroom.desk import Desk
from anju.dutyroom.panels.receiver import Outcome
from anju.dutyroom.store import Store
from anju.dutyroom.store.mended import open_mended
from unit.dutyroom.conftest import HandClock
from unit.dutyroom.panels import kit
from unit.dutyroom.panels.kit import KEY, PANIC, answered, message

pytestmark = pytest.mark.anyio
PAGE = 4096


def spoil(path: Path, of: bytes) -> None:
    """Noise in the place of the page that holds this."""
    raw = bytearray(path.read_bytes())
    page = raw.index(of) // PAGE * PAGE
    raw[page : page + PAGE] = bytes(byte ^ 0x5A for byte in raw[page : page + PAGE])
    path.write_bytes(raw)


async def test_its_answer_was_lost(desk: Desk, clock: HandClock) -> None:
    receiver = kit.receiver(desk, clock, a1A01=kit.account(key=KEY))
    for outcome in (Outcome.TAKEN, Outcome.REPEATED, Outcome.REPEATED):
        told = await receiver.judge(message(PANIC, 7, key=KEY, at=kit.now(clock)), "tcp", "?")
        assert (told.outcome, answered(told.answer, KEY)[:2]) == (outcome, ("ACK", "0007"))
        clock.advance(15)
    (incident,) = desk.queue()
    assert incident.presses == 1


async def test_over_a_restart_too(path: Path, clock: HandClock, anyio_backend: str) -> None:
    for outcome in (Outcome.TAKEN, Outcome.REPEATED):
        store = Store.open(path)
        desk = Desk(store, lambda: clock.wall_ms, lambda: clock.monotonic_s)
        assert (await kit.receiver(desk, clock).judge(message(PANIC, 7), "udp", "?")).outcome is outcome
        assert [one.presses for one in desk.queue()] == [1]
        await store.close()
        clock.advance(600)


async def test_over_a_damaged_file_too(path: Path, clock: HandClock, anyio_backend: str) -> None:
    """Whose other pages are noise; what was said before is in the new file."""
    store = Store.open(path)
    receiver = kit.receiver(Desk(store, lambda: clock.wall_ms, lambda: clock.monotonic_s), clock)
    for sequence in range(1, 50):
        await receiver.judge(message("|1401 01 003", sequence), "udp", "?")
    await receiver.judge(message(PANIC, 77), "udp", "?")
    await store.close()
    spoil(path, b"ADM-CID 1401")
    mended = await open_mended(path, clock.wall_ms)
    desk = Desk(mended, lambda: clock.wall_ms, lambda: clock.monotonic_s)
    assert [one.detail["trouble"] for one in desk.troubles()] == ["file_damaged"]
    assert (await kit.receiver(desk, clock).judge(message(PANIC, 77), "udp", "?")).outcome is Outcome.REPEATED
    assert (await kit.receiver(desk, clock).judge(message(PANIC, 78), "udp", "?")).outcome is Outcome.TAKEN
    assert [one.presses for one in desk.queue()] == [2]
    await mended.close()


async def test_over_both_ways_at_once(desk: Desk, clock: HandClock) -> None:
    receiver = kit.receiver(desk, clock)
    assert (await receiver.judge(message(PANIC, 7), "tcp", "?")).outcome is Outcome.TAKEN
    assert (await receiver.judge(message(PANIC, 7), "udp", "?")).outcome is Outcome.REPEATED


@pytest.mark.parametrize(
    "other",
    [
        message("|1120 01 007", 8),
        message("|1130 01 007", 7),
        message("|1120 01 006", 7),
        message("|1120 01 007", 7, way="R1L0"),
        message("|1120 01 007", 7, way="R0L1"),
        message("|1120 01 007", 7, of=kit.OTHER),
    ],
)
async def test_another_message_is_none(desk: Desk, clock: HandClock, other: bytes) -> None:
    receiver = kit.receiver(desk, clock, a1A01=kit.account(), a1A02=kit.account(household="3-2-0502"))
    await receiver.judge(message(PANIC, 7), "tcp", "?")
    assert (await receiver.judge(other, "tcp", "?")).outcome is Outcome.TAKEN


async def test_an_hour_later_it_is_said_anew(desk: Desk, clock: HandClock) -> None:
    """A panel that was switched off and on counts from 1 again: its second call for help is a call for help."""
    receiver = kit.receiver(desk, clock)
    await receiver.judge(message(PANIC, 1), "tcp", "?")
    clock.advance(REPEATED_WITHIN_MS / 1000 + 1)
    assert (await receiver.judge(message(PANIC, 1), "tcp", "?")).outcome is Outcome.TAKEN
    (incident,) = desk.queue()
    assert incident.presses == 2


async def test_a_panel_that_counts_from_1_again_is_heard_at_once(desk: Desk, clock: HandClock) -> None:
    receiver = kit.receiver(desk, clock)
    for content in (PANIC, "|1305 01 000", PANIC):
        assert (await receiver.judge(message(content, 1), "tcp", "?")).outcome is Outcome.TAKEN
    assert [one.presses for one in desk.queue()] == [2]


async def test_a_recorded_one_is_known_by_its_time_behind_others_too(desk: Desk, clock: HandClock) -> None:
    receiver = kit.receiver(desk, clock, a1A01=kit.account(key=KEY))
    recorded = message(PANIC, 7, key=KEY, at=kit.now(clock))
    await receiver.judge(recorded, "tcp", "?")
    await receiver.judge(message("|1130 01 001", 8, key=KEY, at=kit.now(clock)), "tcp", "?")
    clock.advance(30)
    assert (await receiver.judge(recorded, "tcp", "?")).outcome is Outcome.REPEATED
    clock.advance(30)
    assert (await receiver.judge(recorded, "tcp", "?")).outcome is Outcome.TIME
    assert sorted(one.presses for one in desk.queue()) == [1, 1]
