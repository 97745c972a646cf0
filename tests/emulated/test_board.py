"""The emulated board itself (boards/qemu_ast1030), without the node's firmware: does the hardware do what `machine` says?"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from emulated.machine import UNIQUE_ID, Machine, until

POWER_ON, HARD, WATCHDOG, DEEP_SLEEP, SOFT = range(1, 6)
AWAKE, LIGHT, DEEP = range(3)
CAUSE = "import machine; print(machine.reset_cause())"

# Building MicroPython and starting a machine for each test takes minutes on a machine that has never done it.
pytestmark = pytest.mark.long


@pytest.fixture
def board(image: Path, tmp_path: Path) -> Iterator[Machine]:
    """A fresh board, switched on."""
    with Machine(image, tmp_path) as machine:
        yield machine


# ---- Pins


def test_an_edge_interrupts_and_an_output_shows(board: Machine) -> None:
    board.console.run(
        "from machine import Pin\n"
        "seen = []\n"
        "pin = Pin('A0', Pin.IN)\n"
        "pin.irq(lambda p: seen.append(p.value()))\n"
        "lamp = Pin('B0', Pin.OUT, value=1)"
    )
    assert board.level("B0")
    for level in (True, False):
        board.drive("A0", level=level)
        board.wait_for("gpioA0", level)
    assert board.console.run("print(seen)") == "[1, 0]\n"
    board.console.run("lamp.off()")
    assert not board.level("B0")


def test_only_the_wanted_edge_interrupts(board: Machine) -> None:
    board.console.run(
        "from machine import Pin\n"
        "seen = []\n"
        "Pin('P7', Pin.IN).irq(lambda p: seen.append(p.irq().flags()), Pin.IRQ_FALLING)"
    )
    board.drive("P7", level=True)
    board.wait_for("gpioP7", 1)
    assert board.console.run("print(seen)") == "[]\n"
    board.drive("P7", level=False)
    board.wait_for("gpioP7", 0)
    assert board.console.run("print(seen == [Pin.IRQ_FALLING])") == "True\n"


def test_edges_that_qemu_miscounts_are_still_seen(board: Machine) -> None:
    """Two edges of a pin within one service leave QEMU's interrupt line up for good (gpio.c, GPIO_Handler)."""
    board.console.run("from machine import Pin\nseen = []\nPin('A0', Pin.IN).irq(lambda p: seen.append(p.value()))")
    board.pause()
    for level in (True, False, True):
        board.drive("A0", level=level)
    board.resume()
    board.wait_for("gpioA0", 1)
    board.console.run("seen.clear()")
    for level in (False, True, False):
        board.drive("A0", level=level)
        until(partial(_last_value_is, board, level), f"level {level}")
        assert board.console.run("print(seen.pop())") == f"{int(level)}\n"


def _last_value_is(board: Machine, level: bool) -> bool | None:
    return board.events()[-1].value == level or None


def test_a_tone_is_seen(board: Machine) -> None:
    board.console.run("from machine import PWM, Pin\ntone = PWM(Pin('B3'), freq=2000, duty_u16=32768)")
    board.wait_for("pwmB3", 2000)
    assert board.level("B3")
    board.console.run("tone.duty_u16(0)")
    board.wait_for("pwmB3", 0)
    assert not board.level("B3")


# ---- Serial lines


def test_sent_bytes_take_the_time_of_the_wire(board: Machine) -> None:
    board.console.run("from machine import UART\nline = UART(1, 9600)\nline.write(b'0123456789')\nline.flush()")
    assert board.lines[0].recv(10, socket.MSG_WAITALL) == b"0123456789"
    begin, end = board.wait_for("uart1", 1), board.wait_for("uart1", 0)
    assert end.at_us - begin.at_us >= 10 * 10_000_000 // 9600


def test_received_bytes_take_the_time_of_the_wire(board: Machine) -> None:
    board.console.begin(
        "from machine import UART, Pin\n"
        "import time\n"
        "line = UART(2, 1200, timeout=20000)\n"
        "Pin('B0', Pin.OUT, value=1)\n"
        "got = line.read(1)\n"
        "begin = time.ticks_us()\n"
        "got += line.read(11)\n"
        "print(got, time.ticks_diff(time.ticks_us(), begin) > 60_000)"
    )
    board.wait_for("gpioB0", 1)
    board.lines[1].sendall(b"Hello, node!")
    assert board.console.finish() == "b'Hello, node!' True\n"


def test_a_line_interrupts(board: Machine) -> None:
    board.console.begin(
        "from machine import UART, Pin\n"
        "import time\n"
        "line = UART(1, 115200)\n"
        "flags = set()\n"
        "line.irq(lambda u: flags.add(u.irq().flags()), UART.IRQ_RX | UART.IRQ_TXIDLE)\n"
        "Pin('B0', Pin.OUT, value=1)\n"
        "while UART.IRQ_RX not in flags: time.sleep_ms(1)\n"
        "line.write(line.read())\n"
        "while UART.IRQ_TXIDLE not in flags: time.sleep_ms(1)"
    )
    board.wait_for("gpioB0", 1)
    board.lines[0].sendall(b"?")
    assert board.lines[0].recv(1) == b"?"
    board.console.finish()


def test_a_line_that_nobody_reads_holds_nothing_up(board: Machine) -> None:
    program = (
        "from machine import UART\nline = UART(1, 1000000)\nfor _ in range(40): line.write(bytes(256)); line.flush()"
    )
    assert board.console.run(program + "\nprint('through')") == "through\n"


# ---- Resets, sleep, and what survives them


def test_the_watchdog_resets_a_hung_program(board: Machine) -> None:
    board.drive("C3", level=True)
    board.wait_for("gpioC3", 1)
    board.console.run("import machine; machine.RTC().memory(b'kept')")
    board.console.begin("from machine import WDT\nWDT(timeout=200)\nwhile True: pass")
    board.wait_for("boot", WATCHDOG)
    left = board.console.run(
        "import machine; print(machine.reset_cause(), machine.RTC().memory(), machine.Pin('C3').value())"
    )
    assert left == f"{WATCHDOG} b'kept' 1\n"


def test_a_fed_watchdog_stays_quiet(board: Machine) -> None:
    board.console.run(
        "from machine import WDT\n"
        "import time\n"
        "dog = WDT(timeout=200)\n"
        "for _ in range(20): time.sleep_ms(50); dog.feed()\n"
        "dog.feed()"
    )
    assert [event.value for event in board.events() if event.what == "boot"] == [POWER_ON]


def test_each_reset_has_its_cause(board: Machine) -> None:
    assert board.console.run(CAUSE) == f"{POWER_ON}\n"
    board.console.begin("import machine; machine.reset()")
    board.wait_for("boot", HARD)
    assert board.console.run(CAUSE) == f"{HARD}\n"
    board.console.begin("import machine; machine.soft_reset()")
    board.wait_for("boot", SOFT)
    assert board.console.run(CAUSE) == f"{SOFT}\n"
    board.press_reset()
    board.wait_for("boot", HARD, count=2)
    assert board.console.run(CAUSE) == f"{HARD}\n"


def test_deep_sleep_ends_by_its_timer(board: Machine) -> None:
    board.console.begin("import machine\nmachine.RTC().memory(b'42')\nmachine.deepsleep(300)")
    asleep, awake = board.wait_for("sleep", DEEP), board.wait_for("sleep", AWAKE)
    assert awake.at_us - asleep.at_us >= 299_000
    board.wait_for("boot", DEEP_SLEEP)
    told = board.console.run(
        "import machine; print(machine.wake_reason() == machine.TIMER_WAKE, machine.RTC().memory())"
    )
    assert told == "True b'42'\n"


@pytest.mark.parametrize(
    ("before", "trigger"), [(False, "IRQ_HIGH_LEVEL"), (True, "IRQ_LOW_LEVEL"), (False, "IRQ_RISING")]
)
def test_deep_sleep_ends_by_a_pin(board: Machine, before: bool, trigger: str) -> None:
    board.drive("A1", level=before)
    board.console.begin(
        "import machine\n"
        "from machine import Pin\n"
        f"Pin('A1', Pin.IN).irq(trigger=Pin.{trigger}, wake=machine.DEEPSLEEP)\n"
        "machine.deepsleep()"
    )
    board.wait_for("sleep", DEEP)
    board.drive("A1", level=not before)
    board.wait_for("boot", DEEP_SLEEP)
    told = board.console.run(
        "import machine; print(machine.wake_reason() == machine.PIN_WAKE, machine.Pin('A1').value())"
    )
    assert told == f"True {int(not before)}\n"


def test_light_sleep_goes_on_where_it_was(board: Machine) -> None:
    board.console.begin(
        "import machine\n"
        "from machine import Pin\n"
        "Pin('A2', Pin.IN).irq(trigger=Pin.IRQ_RISING, wake=machine.SLEEP)\n"
        "machine.lightsleep(100)\n"
        "first = machine.wake_reason()\n"
        "machine.lightsleep()\n"
        "print(first == machine.TIMER_WAKE, machine.wake_reason() == machine.PIN_WAKE)"
    )
    board.wait_for("sleep", LIGHT, count=2)
    board.drive("A2", level=True)
    assert board.console.finish() == "True True\n"


def test_a_power_cut_spares_the_flash_and_nothing_else(board: Machine) -> None:
    board.console.run(
        "import machine\n"
        "machine.RTC().memory(b'gone')\n"
        "with open('kept', 'wb') as file: file.write(bytes(range(256)) * 40)"
    )
    board.cut_power()
    board.start()
    left = board.console.run(
        "import machine\n"
        "print(machine.reset_cause(), machine.RTC().memory(), open('kept', 'rb').read() == bytes(range(256)) * 40)"
    )
    assert left == f"{POWER_ON} b'' True\n"


def test_flash_is_not_read_or_written_beyond_its_end(board: Machine) -> None:
    assert (
        board.console.run(
            "import ast1030\n"
            "chip = ast1030.Flash()\n"
            "for block, offset in (255, 4081), (256, 0), (-1, 0), (0, 4096), (0, -1):\n"
            "    for call in chip.readblocks, chip.writeblocks:\n"
            "        try: call(block, bytearray(16), offset); print(block, offset)\n"
            "        except OSError: pass"
        )
        == ""
    )


# ---- The rest

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


def test_ctrl_c_stops_a_program(board: Machine) -> None:
    board.console.begin("from machine import Pin\nPin('B0', Pin.OUT, value=1)\nwhile True: pass")
    board.wait_for("gpioB0", 1)
    board.console.interrupt()
    with pytest.raises(AssertionError, match="KeyboardInterrupt"):
        board.console.finish()


def test_asyncio_waits_for_timer_flag_and_line_together(board: Machine) -> None:
    board.console.begin(
        "import asyncio\n"
        "from machine import Pin, Timer, UART\n"
        "done = []\n"
        "async def by_timer():\n"
        "    flag = asyncio.ThreadSafeFlag()\n"
        "    Timer(-1, mode=Timer.ONE_SHOT, period=20, callback=lambda _: flag.set())\n"
        "    await flag.wait()\n"
        "    done.append('timer')\n"
        "async def by_line():\n"
        "    reader = asyncio.StreamReader(UART(1, 115200))\n"
        "    Pin('B0', Pin.OUT, value=1)\n"
        "    done.append(await reader.readline())\n"
        "async def main(): await asyncio.gather(by_timer(), by_line())\n"
        "asyncio.run(main())\n"
        "print('timer' in done, b'hello\\n' in done)"
    )
    board.wait_for("gpioB0", 1)
    board.lines[0].sendall(b"hello\n")
    assert board.console.finish() == "True True\n"


def test_time_of_day_goes_on_over_a_reset(board: Machine) -> None:
    board.console.run("import machine; machine.RTC().datetime((2026, 2, 28, 0, 23, 59, 58, 0))")
    board.console.begin("import machine; machine.reset()")
    board.wait_for("boot", HARD)
    assert board.console.run("import time; print(time.localtime()[:4])") == "(2026, 2, 28, 23)\n"


def test_random_numbers_and_the_unique_id(board: Machine) -> None:
    told = board.console.run(
        "import machine, os\n"
        "print(machine.unique_id().hex())\n"
        "print([len(os.urandom(size)) for size in (0, 1, 5, 33)])\n"
        "print(len({os.urandom(16) for _ in range(50)}))"
    )
    assert told == f"{UNIQUE_ID.hex()}\n[0, 1, 5, 33]\n50\n"


CRYPTO = [
    # FIPS-197, C.1 and C.3
    ("aes(bytes(range(16)), 1).encrypt(block)", "69c4e0d86a7b0430d8cdb78070b4c55a"),
    ("aes(bytes(range(32)), 1).encrypt(block)", "8ea2b7ca516745bfeafc49904b496089"),
    (
        "aes(bytes(range(16)), 1).decrypt(bytes.fromhex('69c4e0d86a7b0430d8cdb78070b4c55a'))",
        "00112233445566778899aabbccddeeff",
    ),
    (
        "aes(bytes(range(32)), 1).decrypt(bytes.fromhex('8ea2b7ca516745bfeafc49904b496089'))",
        "00112233445566778899aabbccddeeff",
    ),
    # SP 800-38A, F.2.1 (CBC) and F.5.1 (CTR), two blocks
    ("aes(key, 2, iv).encrypt(text)", "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"),
    (
        "aes(key, 2, iv).decrypt(aes(key, 2, iv).encrypt(text))",
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51",
    ),
    ("aes(key, 6, counter).encrypt(text)", "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"),
    # FIPS 180-2, B.1
    ("hashlib.sha256(b'abc').digest()", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
]


def test_aes_and_sha256_know_the_published_vectors(board: Machine) -> None:
    board.console.run(
        "import hashlib\n"
        "from cryptolib import aes\n"
        "block = bytes.fromhex('00112233445566778899aabbccddeeff')\n"
        "key = bytes.fromhex('2b7e151628aed2a6abf7158809cf4f3c')\n"
        "iv = bytes(range(16))\n"
        "counter = bytes(range(0xf0, 0x100))\n"
        "text = bytes.fromhex('6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51')"
    )
    assert [(term, board.console.run(f"print({term}.hex())").strip()) for term, _ in CRYPTO] == CRYPTO


def test_a_closed_scenario_repeats_to_the_microsecond(image: Path, tmp_path: Path) -> None:
    """Two minutes of waiting under `sleep=off`, which take no time, twice: the same record of the probe."""
    records = []
    with Machine(image, tmp_path, "-icount", "shift=3,sleep=off", "-seed", "42") as board:
        board.console.run(f"with open('main.py', 'w') as file: file.write({SCENARIO!r})")
        for _ in range(2):
            board.stop()
            board.start()
            board.wait_for("gpioB1", 1)
            records.append(board.events())
    assert len(records[0]) > 100
    assert records[0] == records[1]
