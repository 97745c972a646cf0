"""A node that sleeps, on the emulated board: real deep sleep, waking by a pin or a timer, and memory that outlives it.

The paces that take minutes are shortened here; `tests/firmware/portable/test_node_sleeper.py` has them as they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from anju.bench.answering import Answering
from anju.bundle import stage
from anju.emulator.board import Board, Event, Pace
from anju.emulator.console import Lines
from anju.emulator.image import flash_image
from anju.wire import table
from emulated.slots import bundle, chip

pytestmark = pytest.mark.anyio
CONTACT, LID = "A0", "A1"
DEEP = 2
PATIENCE_S = 120
HURRY = """
from anju.node import sleeper
sleeper.Sleeper._awake_until_ms = 300
sleeper.FAST_MS, sleeper.SLOW_AFTER_MS, sleeper.SLOW_MS, sleeper.SLOWEST_MS = 1500, 8000, 600, 1200
sleeper.ATTEMPT_MS = 700
"""


class Bench:
    """A node that sleeps, what it says, and a concentrator that answers it."""

    def __init__(self, board: Board, peer: Answering) -> None:
        self.board = board
        self.peer = peer
        self.lines: list[str] = []
        self.events: list[Event] = []
        board.on_text = Lines(self.lines.append).feed
        board.on_event = self.events.append

    def said(self, words: str) -> int:
        """How many lines begin with this."""
        return sum(line.startswith(words) for line in self.lines)

    def slept(self) -> int:
        """How often it has fallen asleep."""
        return len([event for event in self.events if (event.what, event.value) == ("sleep", DEEP)])

    def woken(self) -> int:
        """How often it has begun anew after a sleep."""
        return len(
            [event for event in self.events if (event.what, event.value) == ("boot", table.ResetCause.DEEP_SLEEP)]
        )

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for something; what the node said explains why it did not come."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not true():
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise AssertionError(self.lines) from None

    async def asleep(self, count: int) -> None:
        """Wait until it has fallen asleep for the `count`-th time."""
        await self.until(lambda: self.slept() >= count)


@asynccontextmanager
async def _bench(
    image: Path, folder: Path, inputs: tuple[str, ...] = ("entry", "tamper"), more: str = ""
) -> AsyncIterator[Bench]:
    enrolled = folder / "enrolled"
    enrolled.mkdir()
    peer = Answering(folder / "line", enrolled, inputs)
    tree = stage("qemu_battery", folder / "bundle")
    with (tree / "board.py").open("a") as board:
        board.write(HURRY + more)
    async with _powered(image, folder, flash_image(tree, enrolled), peer) as bench:
        await bench.asleep(1)
        yield bench


@asynccontextmanager
async def _powered(image: Path, folder: Path, flash: bytes, peer: Answering) -> AsyncIterator[Bench]:
    (folder / "flash.bin").write_bytes(flash)
    bench = Bench(Board(image, folder, line=folder / "line", pace=Pace.REAL), peer)
    async with peer:
        await bench.board.start()
        try:
            yield bench
            assert not bench.said("Traceback"), bench.lines
            assert not peer.reused
        finally:
            await bench.board.stop()


async def _open_and_shut(bench: Bench, times: int) -> None:
    for number in range(times):
        before = bench.slept()
        await bench.board.drive(CONTACT, 1 - number % 2)
        await bench.until(lambda: bench.said("acked ") == number + 1)  # noqa: B023 (awaited at once)
        await bench.asleep(before + 1)


async def test_a_door_wakes_it_and_it_sleeps_once_it_was_heard(image: Path, tmp_path: Path) -> None:
    async with _bench(image, tmp_path) as bench:
        await _open_and_shut(bench, 6)
        codes = [line.split()[3] for line in bench.lines if line.startswith("event ")]
        assert codes == [str(int(code)) for code in (table.Code.OPENED, table.Code.CLOSED)] * 3
        assert len({hello.challenge for hello in bench.peer.hellos}) == 1, "one start; its hello may be sent twice"
        assert bench.said("ready ") == 1
        assert bench.said("awake 0") == 6


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_no_number_twice_over_two_hundred_wakes_and_no_block_burnt(image: Path, tmp_path: Path) -> None:
    async with _bench(image, tmp_path) as bench:
        await _open_and_shut(bench, 200)
        assert len({hello.challenge for hello in bench.peer.hellos}) == 1, "one start; its hello may be sent twice"
        assert max(bench.peer.counters) < 300


async def test_a_contact_that_moves_while_it_is_armed_is_heard(image: Path, tmp_path: Path) -> None:
    """The board holds between arming and looking once more; the door opens there, or opens and shuts."""
    hold = """
_arm = arm
def arm(terminals, level):
    _arm(terminals, level)
    print("armed", level)
    begin = time.ticks_ms()
    while time.ticks_diff(time.ticks_ms(), begin) < 300:
        pass
"""
    async with _bench(image, tmp_path, more=hold) as bench:
        for number, level in enumerate((1, 0, 1)):
            armed, slept = bench.said("armed "), bench.slept()
            await bench.board.drive(LID, 1 - number % 2)  # wakes it, so that it will arm once more
            await bench.until(lambda: bench.said("armed ") > armed)  # noqa: B023 (awaited at once)
            await bench.board.drive(CONTACT, level)
            await bench.until(lambda: bench.said("acked ") == 2 * number + 2)  # noqa: B023
            await bench.asleep(slept + 1)
        codes = {line.split()[3] for line in bench.lines if line.startswith("event ")}
        assert codes == {"1", "2", "4", "5"}


async def test_a_press_that_is_over_before_the_board_is_awake_is_heard(image: Path, tmp_path: Path) -> None:
    async with _bench(image, tmp_path, ("silent_any_press",)) as bench:
        for number in (1, 2, 3):
            slept, woken = bench.slept(), bench.woken()
            await bench.board.drive(CONTACT, 1)
            await bench.until(lambda: bench.woken() > woken)  # noqa: B023 (awaited at once)
            await bench.board.drive(CONTACT, 0)  # while it boots: QEMU's own reset would forget it
            await bench.until(lambda: bench.said("acked ") == number)  # noqa: B023 (awaited at once)
            await bench.asleep(slept + 1)
        assert bench.said("event ") == 3


async def test_a_touch_that_wakes_it_is_no_alarm_and_a_press_that_is_held_is_one(image: Path, tmp_path: Path) -> None:
    async with _bench(image, tmp_path, ("silent_hold_up",)) as bench:
        slept, woken = bench.slept(), bench.woken()
        await bench.board.drive(CONTACT, 1)
        await bench.until(lambda: bench.woken() > woken)
        await bench.board.drive(CONTACT, 0)
        await bench.asleep(slept + 1)
        assert not bench.said("event ")
        await bench.board.drive(CONTACT, 1)
        await bench.until(lambda: bench.said("acked ") == 2)
        assert [line.split()[3] for line in bench.lines if line.startswith("event ")] == ["3", "7"]
        assert not any(event.value for event in bench.events if event.what.startswith("gpioB"))


async def test_a_panic_that_nobody_answers_goes_on_in_its_sleep_until_somebody_does(
    image: Path, tmp_path: Path
) -> None:
    async with _bench(image, tmp_path, ("any_press", "tamper")) as bench:
        bench.peer.answers = lambda: False
        await bench.board.drive(CONTACT, 1)
        await bench.until(lambda: bench.said("event ") == 1)
        await bench.board.drive(CONTACT, 0)
        await bench.asleep(bench.slept() + 4)
        assert not bench.said("acked ")
        assert len(bench.peer.events) == 1
        bench.peer.answers = lambda: True
        await bench.until(lambda: bench.said("acked ") == 1)
        await bench.until(lambda: any(event.what == "gpioB0" and event.value for event in bench.events))
        assert len(bench.peer.events) == 1


async def test_a_heartbeat_wakes_it(image: Path, tmp_path: Path) -> None:
    async with _bench(image, tmp_path, more="HEARTBEAT_MS = 3000\n") as bench:
        counters = len(bench.peer.counters)
        await bench.asleep(5)
        assert len(bench.peer.counters) >= counters + 4
        assert bench.said("awake") >= 4
        assert not bench.said("event ")


async def test_a_power_cut_in_its_sleep_loses_no_event_and_no_number(image: Path, tmp_path: Path) -> None:
    async with _bench(image, tmp_path) as bench:
        bench.peer.answers = lambda: False
        slept = bench.slept()
        await bench.board.drive(CONTACT, 1)
        await bench.until(lambda: len(bench.peer.events) == 1)
        (opened,) = bench.peer.events
        await bench.asleep(slept + 1)
        highest = max(bench.peer.counters)
        await bench.board.cut_power()
        bench.peer.events.clear()
        bench.peer.answers = lambda: True
        await bench.board.start()
        await bench.until(lambda: bench.said(f"acked {opened}") == 1)
        assert opened in bench.peer.events
        assert bench.peer.hellos[-1].reset_cause == table.ResetCause.POWER_ON
        assert min(counter for counter in bench.peer.counters if counter > highest) >= 1024


async def test_a_reset_in_its_sleep_starts_from_the_store(image: Path, tmp_path: Path) -> None:
    async with _bench(image, tmp_path) as bench:
        await _open_and_shut(bench, 2)
        highest = max(bench.peer.counters)
        first = bench.peer.hellos[-1].challenge
        await bench.board.press_reset()
        await bench.until(lambda: bench.peer.hellos[-1].challenge != first)
        # QEMU's board can't tell the button from the watchdog, which was started before the sleep.
        assert bench.peer.hellos[-1].reset_cause in {table.ResetCause.HARD, table.ResetCause.WATCHDOG}
        assert max(bench.peer.counters) >= 1024 > highest


async def test_a_new_image_is_confirmed_before_it_sleeps_and_may_then_wake_for_ever(
    image: Path, tmp_path: Path
) -> None:
    """Bytecode in a slot, as on a real board; a wake is no try."""
    enrolled = tmp_path / "enrolled"
    enrolled.mkdir()
    peer = Answering(tmp_path / "line", enrolled, ("entry",))
    peer.answers = lambda: False
    slot = bundle(tmp_path / "built", 1, board="qemu_battery")
    async with _powered(image, tmp_path, chip(tmp_path / "chip", {"a": slot}, more=[enrolled]), peer) as bench:
        await bench.until(lambda: bool(peer.hellos))
        assert not bench.said("confirmed")
        assert not bench.slept()
        peer.answers = lambda: True
        await bench.until(lambda: bench.said("confirmed slot a") == 1)
        await bench.asleep(1)
        for number in range(5):
            await bench.board.drive(CONTACT, 1 - number % 2)
            await bench.until(lambda: bench.said("acked ") == number + 1)  # noqa: B023 (awaited at once)
            await bench.asleep(number + 2)
        assert bench.said("boot: slot a: try") == 1
