"""Whatever comes from a line: no exception, no report, and nobody but that line loses anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anju.dc09 import heard
from anju.dutyroom.desk import Desk
from anju.dutyroom.panels import codes, content, listen
from anju.dutyroom.panels.codes import Event
from anju.dutyroom.panels.listen import MOST_REFUSED, MOST_STRANGERS, Limits
from anju.dutyroom.panels.receiver import Outcome, Receiver
from anju.dutyroom.store import Store
from unit.concentrator.dc09.strict import framed
from unit.concentrator.harness import until
from unit.dutyroom.conftest import HandClock
from unit.dutyroom.panels import kit
from unit.dutyroom.panels.kit import ACCOUNT, KEY, PANIC, answered, message

pytestmark = pytest.mark.anyio
IMPATIENT = Limits(0.2, 0.2, 0.2)
NEAR = st.text(alphabet='"*ADM-CIDSNUL0123456789RL#[]|_:,/^\n\r NriBAPé', max_size=120)
"""Of what messages are made."""


@given(st.binary(max_size=200) | NEAR.map(str.encode) | NEAR.filter(str.isascii).map(framed))
@settings(max_examples=1000)
def test_no_bytes_whatever_are_too_much_for_the_parser(raw: bytes) -> None:
    found = heard.hear(raw)
    if found is not None:
        for key in (None, KEY):
            heard.open_it(found, key)


@given(st.sampled_from(["ADM-CID", "SIA-DCS", "X"]), NEAR)
@settings(max_examples=1000)
def test_nor_any_content(name: str, text: str) -> None:
    assert len(content.read(name, text, ACCOUNT, kit.account().zone)) <= content.MOST_EVENTS + 1


@given(data=st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_frame_that_was_spoiled_is_never_a_report(
    store: Store, desk: Desk, clock: HandClock, data: st.DataObject
) -> None:
    """One byte of a message in the clear is another one, or bytes are missing."""
    raw = bytearray(message(PANIC, 7))
    place = data.draw(st.integers(0, len(raw) - 1))
    if data.draw(st.booleans()):
        raw[place] ^= data.draw(st.integers(1, 255))
    else:
        del raw[place:]
    receiver = kit.receiver(desk, clock)
    was = raw.lower() == message(PANIC, 7).lower()  # hex may be written in either way
    assert was or (await receiver.judge(bytes(raw), "tcp", "?")).outcome is Outcome.GARBAGE
    assert store.open_incidents() == {}


Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def lines(port: int, count: int) -> AsyncIterator[list[Line]]:
    """So many connections, which are closed in the end."""
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    try:
        yield opened
    finally:
        for _reader, writer in opened:
            writer.transport.abort()
        await asyncio.sleep(0)


async def said(line: Line) -> kit.Answered:
    """The next answer."""
    async with asyncio.timeout(20):
        return answered(await line[0].readuntil(b"\r"))


@pytest.fixture
async def port(desk: Desk, clock: HandClock) -> AsyncIterator[tuple[int, Receiver]]:
    """A receiver that listens, and is impatient."""
    receiver = kit.receiver(desk, clock)
    async with listen.tcp(receiver, "127.0.0.1", 0, IMPATIENT) as server:
        yield server.sockets[0].getsockname()[1], receiver


async def ended(reader: asyncio.StreamReader) -> bytes:
    """What still comes before the other end hangs up."""
    with suppress(ConnectionError):
        async with asyncio.timeout(20):
            return await reader.read()
    return b""


@pytest.mark.parametrize(
    "abuse",
    [
        b"", b"\n", b"GET / HTTP/1.1\r\n\r\n", b"\r", b"x" * 100_000, b"\n" + b"\0" * 4000, message(PANIC)[:-1],
        message(PANIC).replace(b"1120", b"1121"), b"\xff" * 300 + b"\r",
    ],
)  # fmt: skip
async def test_it_ends_that_line_and_no_other(port: tuple[int, Receiver], abuse: bytes) -> None:
    async with lines(port[0], 2) as (good, bad):
        bad[1].write(abuse)
        good[1].write(message(PANIC, 1))
        assert (await said(good)).kind == "ACK"
        assert await ended(bad[0]) == b""
        async with lines(port[0], 1) as (other,):
            other[1].write(message("|1130 01 001", 2))
            assert (await said(other)).kind == "ACK"


async def test_a_line_that_says_a_byte_at_a_time_is_not_waited_for(port: tuple[int, Receiver]) -> None:
    async with lines(port[0], 1) as ((reader, writer),):

        async def drip() -> None:
            for byte in message(PANIC) * 100:
                writer.write(bytes([byte]))
                await asyncio.sleep(0.05)

        task = asyncio.ensure_future(drip())
        assert await ended(reader) == b""
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert port[1].outcomes == {}


async def test_two_messages_in_one_piece_and_one_in_many_pieces_are_messages(port: tuple[int, Receiver]) -> None:
    async with lines(port[0], 1) as (line,):
        line[1].write(message(PANIC, 1) + message("|1130 01 001", 2))
        assert [(await said(line)).sequence for _ in range(2)] == ["0001", "0002"]
        raw = message("|1131 01 001", 3)
        for part in (raw[:5], raw[5:30], raw[30:]):
            line[1].write(part)
            await asyncio.sleep(0.01)
        assert (await said(line)).sequence == "0003"


async def test_a_flood_of_connections_takes_no_panels_away(desk: Desk, clock: HandClock) -> None:
    receiver = kit.receiver(desk, clock)
    async with listen.tcp(receiver, "127.0.0.1", 0) as server:
        number = server.sockets[0].getsockname()[1]
        async with lines(number, 1) as (known,):
            known[1].write(kit.null())
            assert (await said(known)).kind == "ACK"
            async with lines(number, MOST_STRANGERS + 20) as strangers, lines(number, 1) as (newcomer,):
                for reader, _writer in strangers[:20]:
                    assert await ended(reader) == b""
                for sequence, line in enumerate((known, newcomer), 1):
                    line[1].write(message("|1130 01 001", sequence))
                    assert (await said(line)).kind == "ACK"


async def test_one_that_is_refused_again_and_again_is_ended(desk: Desk, clock: HandClock) -> None:
    receiver = kit.receiver(desk, clock)
    async with listen.tcp(receiver, "127.0.0.1", 0) as server:
        async with lines(server.sockets[0].getsockname()[1], 1) as ((reader, writer),):
            writer.write(message(PANIC, of="BAD1") * (MOST_REFUSED + 5))
            naks = 0
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while answered(await reader.readuntil(b"\r")).kind == "NAK":
                    naks += 1
            assert naks <= MOST_REFUSED
        assert receiver.outcomes == {Outcome.UNKNOWN: MOST_REFUSED}


async def test_datagrams_of_any_kind(desk: Desk, clock: HandClock) -> None:
    receiver = kit.receiver(desk, clock)
    loop = asyncio.get_running_loop()
    come: asyncio.Queue[bytes] = asyncio.Queue()

    class Panel(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: object) -> None:  # as asyncio calls it
            come.put_nowait(data)

    async with listen.udp(receiver, "127.0.0.1", 0) as listening:
        address = listening.get_extra_info("sockname")
        panel, _protocol = await loop.create_datagram_endpoint(Panel, remote_addr=address)
        for abuse in (b"", b"\n\r", b"\xff" * 60_000, message(PANIC)[:-2], message(PANIC) + b"x"):
            panel.sendto(abuse)
        panel.sendto(message(PANIC, 4))
        async with asyncio.timeout(20):
            assert answered(await come.get()).sequence == "0004"
        await until(lambda: receiver.outcomes[Outcome.GARBAGE] >= 4)
        assert receiver.outcomes[Outcome.TAKEN] == 1
        panel.close()


@pytest.mark.parametrize("number", [0, 7, 999])
def test_no_code_is_too_much_for_the_tables(number: int) -> None:
    zone_of = kit.account().zone
    for code in range(1000):
        for qualifier in "136":
            codes.of_contact_id(Event(ACCOUNT, f"{code:03}", number, qualifier), zone_of)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for code_of_sia in (first + second for first in letters for second in letters):
        codes.of_sia(Event(ACCOUNT, code_of_sia, number), zone_of)
