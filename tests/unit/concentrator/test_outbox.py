"""Rows go queued, sent, received. A duty room that is down is tried again when it is due, whatever is started meanwhile."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from anju.concentrator.core.ports import Attempt
from anju.concentrator.destinations import duty_room
from anju.concentrator.destinations.duty_room import BESIDE_ALARMS, DutyRoom
from anju.ledger import LedgerError
from anju.uplink.reports import MOST_ROWS, Lane, ReportKind
from anju.wire.table import Code
from unit.concentrator.harness import DESTINATION, HOUSEHOLD, Bench, HandClock, bench, running, until
from unit.concentrator.line import FakeLine

pytestmark = pytest.mark.anyio
LONG_S = 3600.0


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A first pause that no test waits out."""
    for name in ("FIRST_RETRY_S", "LAST_PAUSE_S"):
        monkeypatch.setattr(duty_room, name, LONG_S)
    monkeypatch.setattr(duty_room, "LAST_RETRY_S", 0.01)


def upwards(rooms: Bench, line: FakeLine) -> DutyRoom:
    return DutyRoom("3", line, rooms.journal, rooms.downlink.accept, lambda: rooms.downlink.last_command)


async def journalled(rooms: Bench, lane: Lane = Lane.ROUTINE, count: int = 1, household: str = HOUSEHOLD) -> None:
    async with rooms.journal.change() as draft:
        for _ in range(count):
            draft.record(ReportKind.OPENED, lane, household=household)


def counted(rooms: Bench) -> tuple[int, int]:
    """Rows that are owed, and those of them that were sent."""
    totals = rooms.journal.totals()
    return totals["outbox"], totals["sent"]


async def fail_once(rooms: Bench, line: FakeLine) -> None:
    line.is_down = True
    async with running(upwards(rooms, line).forward()):
        await until(lambda: rooms.journal.postponed(DESTINATION).failures)
    line.is_down = False


async def settles() -> None:
    """Let everything happen that waits for nothing."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_a_row_is_queued_then_sent_then_received(rooms: Bench) -> None:
    line = FakeLine()
    await journalled(rooms, count=2)
    assert counted(rooms) == (2, 0)
    await fail_once(rooms, line)
    await journalled(rooms)
    assert counted(rooms) == (3, 2)
    async with running(upwards(rooms, line).forward(), upwards(rooms, line).listen()):
        await journalled(rooms, Lane.PANIC)
        await until(lambda: counted(rooms) == (0, 0))
    assert line.order == [1, 2, 3, 4]
    assert [row[4] for row in rooms.rows()["outbox"]] == [1, 1, 1, 1]


async def test_that_a_row_was_sent_is_no_receipt_after_a_restart(tmp_path: Path) -> None:
    clock, line = HandClock(), FakeLine()
    async with bench(tmp_path, clock) as rooms:
        await journalled(rooms)
        line.loses = True
        async with running(upwards(rooms, line).forward()):
            await until(lambda: counted(rooms) == (1, 1))
    line.loses = False
    async with bench(tmp_path, clock) as rooms:
        assert counted(rooms) == (1, 1)
        await journalled(rooms, Lane.ALARM)
        async with running(upwards(rooms, line).forward()):
            await until(lambda: counted(rooms) == (0, 0))
    assert line.order == [1, 2]


async def test_a_start_does_not_bring_the_next_try_on(tmp_path: Path) -> None:
    clock, line = HandClock(), FakeLine()
    async with bench(tmp_path, clock) as rooms:
        await journalled(rooms)
        await fail_once(rooms, line)
    clock.advance(600)
    async with bench(tmp_path, clock) as rooms:
        assert rooms.journal.postponed(DESTINATION) == Attempt(1, LONG_S - 600)
        line.asked.clear()
        again = upwards(rooms, line)
        async with running(again.forward()):
            await settles()
            async with running(again.listen()):
                await until(lambda: counted(rooms) == (0, 0))
        assert line.asked[:2] == ["poll", "batch"]
        assert rooms.journal.postponed(DESTINATION) == Attempt(0, 0)


async def test_what_was_due_while_the_service_was_down_is_tried_at_once(tmp_path: Path) -> None:
    clock, line = HandClock(), FakeLine()
    async with bench(tmp_path, clock) as rooms:
        await journalled(rooms)
        await fail_once(rooms, line)
    clock.advance(LONG_S)
    async with bench(tmp_path, clock) as rooms, running(upwards(rooms, line).forward()):
        await until(lambda: counted(rooms) == (0, 0))


async def test_a_clock_that_was_put_back_puts_nothing_off_for_longer_than_a_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, line = HandClock(), FakeLine()
    async with bench(tmp_path, clock) as rooms:
        await journalled(rooms)
        await fail_once(rooms, line)
    clock.now = clock.now._replace(wall_ms=clock.now.wall_ms - 10 * 365 * 86_400_000)
    monkeypatch.setattr(duty_room, "LAST_PAUSE_S", 0.01)
    async with bench(tmp_path, clock) as rooms, running(upwards(rooms, line).forward()):
        await until(lambda: counted(rooms) == (0, 0))


async def test_an_alarm_does_not_wait_for_what_can(rooms: Bench) -> None:
    line = FakeLine()
    await journalled(rooms)
    await fail_once(rooms, line)
    async with running(upwards(rooms, line).forward()):
        await settles()
        await journalled(rooms, Lane.ALARM, household="3-2-0502")
        await until(lambda: counted(rooms) == (0, 0))
    assert line.order == [2, 1]


async def test_a_duty_room_that_is_back_is_sent_what_waits(rooms: Bench) -> None:
    line = FakeLine()
    line.is_down = True
    await journalled(rooms)
    again = upwards(rooms, line)
    async with running(again.forward(), again.listen()):
        await until(lambda: rooms.journal.postponed(DESTINATION).failures)
        line.is_down = False
        await until(lambda: counted(rooms) == (0, 0))


async def test_one_batch_is_on_its_way_at_a_time_and_a_panic_is_in_the_next(rooms: Bench) -> None:
    line = FakeLine()
    await journalled(rooms, count=3 * MOST_ROWS)
    gate = asyncio.Event()
    ask = line.ask

    async def slow(method: str, path: str, within_s: float, content: bytes = b"") -> bytes:
        answer = await ask(method, path, within_s, content)
        await gate.wait()
        return answer

    line.ask = slow  # type: ignore[method-assign]  # the same, but later
    async with running(upwards(rooms, line).forward()):
        await until(lambda: counted(rooms) == (3 * MOST_ROWS, MOST_ROWS))
        await journalled(rooms, Lane.PANIC, household="3-2-0502")
        await settles()
        assert len(line.batches) == 1
        gate.set()
        await until(lambda: counted(rooms) == (0, 0))
    with_it = MOST_ROWS + BESIDE_ALARMS
    assert [batch[0] for batch in line.batches] == [1, 3 * MOST_ROWS + 1, with_it, MOST_ROWS + with_it]
    assert [len(batch) for batch in line.batches[:3]] == [MOST_ROWS, BESIDE_ALARMS, MOST_ROWS]


async def test_many_alarms_fill_a_batch(rooms: Bench) -> None:
    line = FakeLine()
    await journalled(rooms, count=2)
    for _ in range(BESIDE_ALARMS):
        await journalled(rooms, Lane.ALARM, count=2, household="3-2-0502")
    async with running(upwards(rooms, line).forward()):
        await until(lambda: counted(rooms) == (0, 0))
    assert [len(batch) for batch in line.batches] == [2 * BESIDE_ALARMS, 2]


async def test_a_disk_that_takes_no_note_keeps_no_alarm_back(rooms: Bench) -> None:
    line = FakeLine()
    await journalled(rooms, Lane.PANIC)
    with rooms.disk.refuses():
        async with running(upwards(rooms, line).forward()):
            await until(lambda: line.order == [1])
    assert counted(rooms) == (1, 0)


async def test_a_full_disk_takes_nothing_and_what_is_owed_stays(rooms: Bench) -> None:
    line, node = FakeLine(), await rooms.enrol()
    await rooms.receive(node, node.press())
    rooms.sent.clear()
    frames = [node.event(Code.OPENED) for _ in range(64)]
    with rooms.disk.full():
        await rooms.receive(node, *frames)
        assert rooms.sent == []
        with suppress(LedgerError):
            await rooms.journal.cut(rooms.clock.now.wall_ms + 1, 0)
        assert counted(rooms)[0] == 1
    await rooms.receive(node, *frames)
    assert len(rooms.sent) == 64
    async with running(upwards(rooms, line).forward()):
        await until(lambda: counted(rooms) == (0, 0))
    assert line.order == list(range(1, len(rooms.rows()["outbox"]) + 1))
