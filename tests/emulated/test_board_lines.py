"""The emulated board without the node's firmware: do its four serial lines behave as wires of their speed?"""

from __future__ import annotations

import pytest

from emulated.rig import Rig

pytestmark = pytest.mark.anyio
ALL_LINES = range(1, 5)


async def test_each_line_is_a_line_of_its_own(rig: Rig) -> None:
    await rig.begin(
        "from machine import UART, Pin\n"
        "lines = [UART(number, 115200, timeout=60_000) for number in range(1, 5)]\n"
        "Pin('B0', Pin.OUT, value=1)\n"
        "for number, line in enumerate(lines, 1): line.write(b'%d %s' % (number, line.readline()))"
    )
    await rig.wait_for("gpioB0", 1)
    words = (b"one\n", b"two\n", b"three\n", b"four\n")
    for line, word in zip(rig.lines, words, strict=True):
        line.write(word)
    for number, (line, word) in enumerate(zip(rig.lines, words, strict=True), 1):
        assert await line.read(len(word) + 2) == b"%d %s" % (number, word)
    assert await rig.finish() == ""


@pytest.mark.parametrize("number", ALL_LINES)
async def test_sent_bytes_take_the_time_of_the_wire(rig: Rig, number: int) -> None:
    await rig.run(f"from machine import UART\nline = UART({number}, 9600)\nline.write(b'0123456789')\nline.flush()")
    assert await rig.lines[number - 1].read(10) == b"0123456789"
    begin, end = await rig.wait_for(f"uart{number}", 1), await rig.wait_for(f"uart{number}", 0)
    assert end.at_us - begin.at_us >= 10 * 10_000_000 // 9600


@pytest.mark.parametrize("number", ALL_LINES)
async def test_received_bytes_take_the_time_of_the_wire(rig: Rig, number: int) -> None:
    await rig.begin(
        "from machine import UART, Pin\n"
        "import time\n"
        f"line = UART({number}, 1200, timeout=60_000)\n"
        "Pin('B0', Pin.OUT, value=1)\n"
        "got = line.read(1)\n"
        "begin = time.ticks_us()\n"
        "got += line.read(11)\n"
        "print(got, time.ticks_diff(time.ticks_us(), begin) > 60_000)"
    )
    await rig.wait_for("gpioB0", 1)
    rig.lines[number - 1].write(b"Hello, node!")
    assert await rig.finish() == "b'Hello, node!' True\n"


@pytest.mark.parametrize("number", ALL_LINES)
async def test_a_line_interrupts(rig: Rig, number: int) -> None:
    await rig.begin(
        "from machine import UART, Pin\n"
        "import time\n"
        f"line = UART({number}, 115200)\n"
        "flags = set()\n"
        "line.irq(lambda u: flags.add(u.irq().flags()), UART.IRQ_RX | UART.IRQ_TXIDLE)\n"
        "Pin('B0', Pin.OUT, value=1)\n"
        "while UART.IRQ_RX not in flags: time.sleep_ms(1)\n"
        "line.write(line.read())\n"
        "while UART.IRQ_TXIDLE not in flags: time.sleep_ms(1)"
    )
    await rig.wait_for("gpioB0", 1)
    rig.lines[number - 1].write(b"?")
    assert await rig.lines[number - 1].read(1) == b"?"
    await rig.finish()


async def test_a_line_that_nobody_reads_holds_nothing_up(rig: Rig) -> None:
    rig.lines[0].take_nothing_more()
    program = (
        "from machine import UART\nline = UART(1, 1000000)\nfor _ in range(40): line.write(bytes(256)); line.flush()"
    )
    assert await rig.run(program + "\nprint('through')") == "through\n"


async def test_what_comes_faster_than_it_is_read_is_lost_and_no_more(rig: Rig) -> None:
    """A receiver's buffer has an end; what came before that is kept, and what comes later is heard again."""
    await rig.begin(
        "from machine import UART, Pin\n"
        "import time\n"
        "line = UART(1, 115200, rxbuf=64, timeout=60_000)\n"
        "Pin('B0', Pin.OUT, value=1)\n"
        "while line.any() < 64: time.sleep_ms(1)\n"
        "time.sleep_ms(50)\n"
        "kept = line.read(line.any())\n"
        "Pin('B1', Pin.OUT, value=1)\n"
        "print(kept == bytes(range(64)), line.read(5))"
    )
    await rig.wait_for("gpioB0", 1)
    rig.lines[0].write(bytes(range(128)))
    await rig.wait_for("gpioB1", 1)
    rig.lines[0].write(b"later")
    assert await rig.finish() == "True b'later'\n"


async def test_select_names_the_line_that_has_something_to_read(rig: Rig) -> None:
    await rig.begin(
        "import select\n"
        "from machine import UART, Pin\n"
        "lines = [UART(number, 115200) for number in range(1, 5)]\n"
        "poll = select.poll()\n"
        "for line in lines: poll.register(line, select.POLLIN)\n"
        "print(poll.poll(10))\n"
        "Pin('B0', Pin.OUT, value=1)\n"
        "print([(lines.index(line), event == select.POLLIN) for line, event in poll.poll(60_000)])\n"
        "poll.modify(lines[0], select.POLLOUT)\n"
        "print(len(poll.poll(60_000)), lines[2].read())"
    )
    await rig.wait_for("gpioB0", 1)
    rig.lines[2].write(b"3")
    assert await rig.finish() == "[]\n[(2, True)]\n2 b'3'\n"


async def test_asyncio_waits_for_timer_flag_and_line_together(rig: Rig) -> None:
    await rig.begin(
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
    await rig.wait_for("gpioB0", 1)
    rig.lines[0].write(b"hello\n")
    assert await rig.finish() == "True True\n"
