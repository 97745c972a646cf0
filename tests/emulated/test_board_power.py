"""The emulated board without the node's firmware: resets, sleep and power cuts, and what survives them."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from anju.emulator.board import Pace
from anju.emulator.image import flash_image, read_flash
from emulated.rig import Rig, powered

pytestmark = pytest.mark.anyio
POWER_ON, HARD, WATCHDOG, DEEP_SLEEP, SOFT = range(1, 6)
AWAKE, LIGHT, DEEP = range(3)
CAUSE = "import machine; print(machine.reset_cause())"


async def test_the_watchdog_resets_a_hung_program(rig: Rig) -> None:
    await rig.board.drive("C3", 1)
    await rig.wait_for("gpioC3", 1)
    await rig.run("import machine; machine.RTC().memory(b'kept')")
    await rig.begin("from machine import WDT\nWDT(timeout=200)\nwhile True: pass")
    await rig.wait_for("boot", WATCHDOG)
    left = await rig.run(
        "import machine; print(machine.reset_cause(), machine.RTC().memory(), machine.Pin('C3').value())"
    )
    assert left == f"{WATCHDOG} b'kept' 1\n"


async def test_a_fed_watchdog_stays_quiet_and_an_unfed_one_does_not(image: Path, tmp_path: Path) -> None:
    """In the board's own time: a busy machine's would starve the dog."""
    async with powered(image, tmp_path, Pace.LEAPING) as rig:
        await rig.begin(
            "from machine import Pin, WDT\n"
            "import time\n"
            "dog = WDT(timeout=200)\n"
            "for _ in range(20): time.sleep_ms(150); dog.feed()\n"
            "Pin('B0', Pin.OUT, value=1)\n"
            "time.sleep_ms(1000)"
        )
        await rig.wait_for("boot", WATCHDOG)
    [fed] = rig.told("gpioB0", 1)
    assert [event.value for event in rig.events if event.what == "boot"] == [POWER_ON, WATCHDOG]
    assert rig.events.index(fed) < rig.events.index(rig.told("boot", WATCHDOG)[0])
    assert fed.at_us > 3_000_000


async def test_each_reset_has_its_cause(rig: Rig) -> None:
    assert await rig.run(CAUSE) == f"{POWER_ON}\n"
    await rig.begin("import machine; machine.reset()")
    await rig.wait_for("boot", HARD)
    assert await rig.run(CAUSE) == f"{HARD}\n"
    await rig.begin("import machine; machine.soft_reset()")
    await rig.wait_for("boot", SOFT)
    assert await rig.run(CAUSE) == f"{SOFT}\n"
    await rig.board.press_reset()
    await rig.wait_for("boot", HARD, count=2)
    assert await rig.run(CAUSE) == f"{HARD}\n"


async def test_deep_sleep_ends_by_its_timer(rig: Rig) -> None:
    await rig.begin("import machine\nmachine.RTC().memory(b'42')\nmachine.deepsleep(300)")
    asleep, awake = await rig.wait_for("sleep", DEEP), await rig.wait_for("sleep", AWAKE)
    assert awake.at_us - asleep.at_us >= 299_000
    await rig.wait_for("boot", DEEP_SLEEP)
    told = await rig.run(
        "import machine; print(machine.wake_reason() == machine.TIMER_WAKE, machine.wake_pins(), machine.RTC().memory())"
    )
    assert told == "True () b'42'\n"


@pytest.mark.parametrize(("before", "trigger"), [(0, "IRQ_HIGH_LEVEL"), (1, "IRQ_LOW_LEVEL"), (0, "IRQ_RISING")])
async def test_deep_sleep_ends_by_a_pin(rig: Rig, before: int, trigger: str) -> None:
    await rig.board.drive("A1", before)
    await rig.begin(
        "import machine\n"
        "from machine import Pin\n"
        f"Pin('A1', Pin.IN).irq(trigger=Pin.{trigger}, wake=machine.DEEPSLEEP)\n"
        "machine.deepsleep()"
    )
    await rig.wait_for("sleep", DEEP)
    await rig.board.drive("A1", 1 - before)
    await rig.wait_for("boot", DEEP_SLEEP)
    told = await rig.run(
        "import machine; print(machine.wake_reason() == machine.PIN_WAKE, machine.wake_pins(), machine.Pin('A1').value())"
    )
    assert told == f"True (1,) {1 - before}\n"


async def test_light_sleep_goes_on_where_it_was(rig: Rig) -> None:
    await rig.begin(
        "import machine\n"
        "from machine import Pin\n"
        "Pin('A2', Pin.IN).irq(trigger=Pin.IRQ_RISING, wake=machine.SLEEP)\n"
        "machine.lightsleep(100)\n"
        "first = machine.wake_reason()\n"
        "machine.lightsleep()\n"
        "print(first == machine.TIMER_WAKE, machine.wake_reason() == machine.PIN_WAKE)"
    )
    await rig.wait_for("sleep", LIGHT, count=2)
    await rig.board.drive("A2", 1)
    assert await rig.finish() == "True True\n"


async def test_the_memory_of_the_clock_holds_two_kilobytes_and_refuses_more(rig: Rig) -> None:
    told = await rig.run(
        "import machine\n"
        "clock = machine.RTC()\n"
        "clock.memory(bytes(range(256)) * 8)\n"
        "try: clock.memory(bytes(2049))\n"
        "except ValueError: print('refused', clock.memory() == bytes(range(256)) * 8)"
    )
    assert told == "refused True\n"


async def test_a_power_cut_spares_the_flash_and_nothing_else(rig: Rig) -> None:
    await rig.run(
        "import machine\n"
        "machine.RTC().memory(b'gone')\n"
        "with open('kept', 'wb') as file: file.write(bytes(range(256)) * 40)"
    )
    await rig.board.cut_power()
    assert read_flash(rig.board.flash.read_bytes(), "kept") == bytes(range(256)) * 40
    await rig.start()
    left = await rig.run(
        "import machine\n"
        "print(machine.reset_cause(), machine.RTC().memory(), open('kept', 'rb').read() == bytes(range(256)) * 40)"
    )
    assert left == f"{POWER_ON} b'' True\n"


async def test_a_full_chip_says_so_and_can_be_used_again(image: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "big").write_bytes(bytes(240 * 4096))
    (tmp_path / "flash.bin").write_bytes(flash_image(tree))
    async with powered(image, tmp_path) as rig:
        told = await rig.run(
            "import os\n"
            "try:\n"
            "    with open('too_much', 'wb') as file:\n"
            "        for _ in range(20): file.write(bytes(4096))\n"
            "except OSError as error: print(error.errno)\n"
            "os.remove('big')\n"
            "os.remove('too_much')\n"
            "with open('small', 'w') as file: file.write('fits')\n"
            "print(os.listdir(), open('small').read())"
        )
    assert told == f"{errno.ENOSPC}\n['small'] fits\n"


async def test_flash_is_not_read_or_written_beyond_its_end(rig: Rig) -> None:
    assert (
        await rig.run(
            "import ast1030\n"
            "chip = ast1030.Flash()\n"
            "for block, offset in (255, 4081), (256, 0), (-1, 0), (0, 4096), (0, -1):\n"
            "    for call in chip.readblocks, chip.writeblocks:\n"
            "        try: call(block, bytearray(16), offset); print(block, offset)\n"
            "        except OSError: pass"
        )
        == ""
    )
