"""The emulated board without the node's firmware: do pins, tones, timers and the clock do what `machine` and `time` say?"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from anju.emulator.board import Pace
from anju.emulator.repl import ProgramError
from emulated.rig import Rig, powered

pytestmark = pytest.mark.anyio


async def test_an_edge_interrupts_and_an_output_shows(rig: Rig) -> None:
    await rig.run(
        "from machine import Pin\n"
        "lamp = Pin('B0', Pin.OUT)\n"
        "pin = Pin('A0', Pin.IN)\n"
        "pin.irq(lambda p: lamp(p.value()))"
    )
    for level in (1, 0, 1):
        await rig.board.drive("A0", level)
        await rig.until(lambda level=level: rig.events[-1].what == "gpioB0" and rig.events[-1].value == level)  # type: ignore[misc]
        assert await rig.board.level("B0") == level
    assert [event.value for event in rig.told("gpioA0")] == [1, 0, 1]


async def test_only_the_wanted_edge_interrupts(rig: Rig) -> None:
    await rig.run(
        "from machine import Pin\n"
        "seen = []\n"
        "Pin('P5', Pin.IN).irq(lambda p: seen.append(p.irq().flags()), Pin.IRQ_FALLING)"
    )
    await rig.board.drive("P5", 1)
    await rig.wait_for("gpioP5", 1)
    assert await rig.run("print(seen)") == "[]\n"
    await rig.board.drive("P5", 0)
    await rig.wait_for("gpioP5", 0)
    assert await rig.run("print(seen == [Pin.IRQ_FALLING])") == "True\n"


async def test_edges_that_qemu_miscounts_are_still_seen(rig: Rig) -> None:
    """Two edges of a pin within one service leave QEMU's interrupt line up for good (gpio.c, GPIO_Handler)."""
    await rig.run("from machine import Pin\nseen = []\nPin('A0', Pin.IN).irq(lambda p: seen.append(p.value()))")
    await rig.board.freeze()
    for level in (1, 0, 1):
        await rig.board.drive("A0", level)
    await rig.board.thaw()
    await rig.wait_for("gpioA0", 1)
    await rig.run("seen.clear()")
    for level in (0, 1, 0):
        await rig.board.drive("A0", level)
        await rig.until(lambda level=level: rig.events[-1].value == level)  # type: ignore[misc]
        assert await rig.run("print(seen.pop())") == f"{level}\n"


async def test_a_tone_is_seen(rig: Rig) -> None:
    await rig.run("from machine import PWM, Pin\ntone = PWM(Pin('B3'), freq=2000, duty_u16=32768)")
    await rig.wait_for("pwmB3", 2000)
    assert await rig.board.level("B3") == 1
    await rig.run("tone.duty_u16(0)")
    await rig.wait_for("pwmB3", 0)
    assert await rig.board.level("B3") == 0


async def test_ctrl_c_stops_a_program(rig: Rig) -> None:
    await rig.begin("from machine import Pin\nPin('B0', Pin.OUT, value=1)\nwhile True: pass")
    await rig.wait_for("gpioB0", 1)
    rig.interrupt()
    with pytest.raises(ProgramError, match="KeyboardInterrupt"):
        await rig.finish()


# ---- Time, which leaps here: what is measured is the board's own and no wall's


async def test_sleeping_takes_as_long_as_it_says(image: Path, tmp_path: Path) -> None:
    async with powered(image, tmp_path, Pace.LEAPING) as rig:
        told = await rig.run(
            "import time\n"
            "from machine import Pin\n"
            "lamp = Pin('B0', Pin.OUT, value=1)\n"
            "begin = time.ticks_us()\n"
            "time.sleep_ms(90_000)\n"
            "lamp(0)\n"
            "time.sleep_us(700)\n"
            "lamp(1)\n"
            "print(time.ticks_diff(time.ticks_us(), begin) // 1000)"
        )
    first, second, third = [event.at_us for event in rig.events if event.what == "gpioB0"]
    assert told == "90000\n"
    assert 90_000_000 <= second - first < 90_001_000
    assert 700 <= third - second < 1000


async def test_a_timer_repeats_until_it_is_stopped(image: Path, tmp_path: Path) -> None:
    async with powered(image, tmp_path, Pace.LEAPING) as rig:
        await rig.run(
            "import time\n"
            "from machine import Pin, Timer\n"
            "lamp = Pin('B0', Pin.OUT)\n"
            "once = Timer(-1, mode=Timer.ONE_SHOT, period=20, callback=lambda _: lamp(1))\n"
            "time.sleep_ms(1000)\n"
            "often = Timer(-1, mode=Timer.PERIODIC, period=50, callback=lambda _: lamp(not lamp()))\n"
            "time.sleep_ms(525)\n"
            "often.deinit()\n"
            "time.sleep_ms(1000)"
        )
    at_us = [event.at_us for event in rig.events if event.what == "gpioB0"]
    assert len(at_us) == 11
    pauses = [later - earlier for earlier, later in pairwise(at_us[1:])]
    assert all(abs(pause - 50_000) < 1000 for pause in pauses), pauses


async def test_time_of_day_goes_on_over_a_reset(rig: Rig) -> None:
    await rig.run("import machine; machine.RTC().datetime((2026, 2, 28, 0, 23, 59, 58, 0))")
    await rig.begin("import machine; machine.reset()")
    await rig.wait_for("boot", 2)
    assert await rig.run("import time; print(time.localtime()[:4])") == "(2026, 2, 28, 23)\n"


SCENARIO = """
import os, time
from machine import Pin, UART
lamp = Pin('B0', Pin.OUT)
line = UART(1, 9600)
for _ in range(100):
    lamp(not lamp())
    time.sleep_ms(1000 + os.urandom(1)[0])
line.write(b'done')
line.flush()
Pin('B1', Pin.OUT, value=1)
"""


async def test_a_closed_scenario_repeats_to_the_microsecond(image: Path, tmp_path: Path) -> None:
    """Two minutes of waiting, which take no time, twice: the same record of the probe, by the same seed."""
    records = []
    async with powered(image, tmp_path, Pace.LEAPING, seed=42) as rig:
        await rig.run(f"with open('main.py', 'w') as file: file.write({SCENARIO!r})")
        for _ in range(2):
            await rig.board.stop()
            await rig.start()
            await rig.wait_for("gpioB1", 1)
            records.append(rig.events)
    assert len(records[0]) > 100
    assert records[0] == records[1]
