"""A connection to a broker ends by itself whatever comes over it, and leaves nothing behind that could touch another."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from anju.concentrator.core.ports import Undelivered
from anju.concentrator.destinations.mqtt import line
from anju.concentrator.destinations.mqtt.events import Message
from unit.concentrator.harness import Bench
from unit.concentrator.mqtt_kit import made, mosquitto
from unit.concentrator.test_names import FEW

pytestmark = pytest.mark.anyio
CONNACK = b"\x20\x03\x00\x00\x00"
ENDLESS = b"\x30\xff\xff\xff\x7f"
"""A PUBLISH of 268 MB begins."""
QOS_2 = b"\x34\x06\x00\x01a%b\x00"
MOST_SENT = 2**24
"""More than the kernel keeps of a connection that nobody reads any more."""
Say = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def hostile(say: Say) -> AsyncIterator[int]:
    """A broker that says this to whoever connects, and hangs up once he does; its port."""
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await reader.read(1)  # CONNECT has begun
            await say(writer)
            while await reader.read(65536):
                pass
        writer.close()
        ended.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
        async with asyncio.timeout(10):
            await ended.wait()  # our end is closed, and nothing is left open
    finally:
        server.close()


async def nothing(_writer: asyncio.StreamWriter) -> None:
    pass


async def garbage(writer: asyncio.StreamWriter) -> None:
    writer.write(bytes(range(256)) * 40)


async def half_a_word(writer: asyncio.StreamWriter) -> None:
    writer.write(CONNACK[:3])


async def lies_about_a_length(writer: asyncio.StreamWriter) -> None:
    writer.write(CONNACK + b"\x30\x04\xff\xff\xff\xff")


async def a_topic_that_is_no_text(writer: asyncio.StreamWriter) -> None:
    writer.write(CONNACK + b"\x30\x04\x00\x01\xff\x00")


async def lets_in_and_hangs_up(writer: asyncio.StreamWriter) -> None:
    writer.write(CONNACK)
    await writer.drain()
    writer.close()


async def hangs_up(writer: asyncio.StreamWriter) -> None:
    writer.close()


async def more_than_fits(writer: asyncio.StreamWriter) -> None:
    writer.write(CONNACK + ENDLESS)
    for _part in range(100 * MOST_SENT // 65536):
        writer.write(bytes(65536))
        await writer.drain()


async def more_than_is_released(writer: asyncio.StreamWriter) -> None:
    writer.write(CONNACK + b"".join(QOS_2 % number.to_bytes(2, "big") for number in range(1, 500)))


HOSTILE = [
    nothing,
    garbage,
    half_a_word,
    lies_about_a_length,
    a_topic_that_is_no_text,
    lets_in_and_hangs_up,
    hangs_up,
    more_than_fits,
    more_than_is_released,
]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPEN_S", "ANSWER_S", "FAREWELL_S"):
        monkeypatch.setattr(line, name, 0.5)


@pytest.mark.parametrize("say", HOSTILE)
@pytest.mark.parametrize("discovery", [True, False])
async def test_a_hostile_broker_ends_its_own_connection_alone(rooms: Bench, say: Say, discovery: bool) -> None:
    async with hostile(say) as port:
        destination = made(rooms, broker=f"127.0.0.1:{port}", discovery=discovery)
        with pytest.raises(Undelivered, match=r"\S"):
            await destination.idle()
        await destination.close()


@pytest.mark.parametrize("say", [more_than_fits, more_than_is_released])
async def test_what_a_broker_was_told_not_to_send_is_not_kept(
    rooms: Bench, monkeypatch: pytest.MonkeyPatch, say: Say
) -> None:
    """Not even until an answer is missed."""
    monkeypatch.setattr(line, "ANSWER_S", 10.0)
    most = 0
    original = line.Line._read

    def read(self: line.Line) -> None:
        nonlocal most
        original(self)
        most = max(most, len(self._client._in_packet["packet"]))

    monkeypatch.setattr(line.Line, "_read", read)
    async with hostile(say) as port:
        destination = made(rooms, broker=f"127.0.0.1:{port}", discovery=False)
        with pytest.raises(Undelivered, match=r"broke$"):
            await destination.idle()
        await destination.close()
    assert most < MOST_SENT


async def test_brokers_that_hang_in_tls_keep_no_thread(
    rooms: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "OPEN_S", 10.0)
    hung = [socket.create_server(("127.0.0.1", 0)) for _one in range(2 * FEW)]
    trying, heard = [], []
    for one in hung:
        destination = made(rooms, broker=f"127.0.0.1:{one.getsockname()[1]}", transport="tls")
        trying.append(asyncio.ensure_future(destination.idle()))
    loop = asyncio.get_running_loop()
    for one in hung:
        one.setblocking(False)
        greeted, _address = await loop.sock_accept(one)
        assert await loop.sock_recv(greeted, 1)  # the handshake has begun
        heard.append(greeted)
    assert await asyncio.to_thread(lambda: "a code is checked") == "a code is checked"
    assert not any(task.done() for task in trying)
    for task in trying:
        task.cancel()
    await asyncio.gather(*trying, return_exceptions=True)
    for one in (*hung, *heard):
        one.close()


async def test_a_connection_that_ends_leaves_nothing_in_the_loop(rooms: Bench, tmp_path: Path) -> None:
    """Whoever gets its number next would be written to, or not be heard any more."""
    async with mosquitto(tmp_path / "broker") as broker:
        destination = made(rooms, broker)
        await destination.test()
        assert destination._session is not None
        ending = destination._session.line
        paho_socket = ending._client.socket()
        assert paho_socket is not None
        number = paho_socket.fileno()
        written = ending._hand_over(Message("anju/3/test", b"on its way"))
        ending.abandon()
        others: list[socket.socket] = []
        while number not in [one.fileno() for one in others]:
            others += socket.socketpair()
        for _turn in range(3):
            await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        assert not loop.remove_writer(number)
        assert not loop.remove_reader(number)
        assert not written.done()  # nobody has acknowledged it
        for one in others:
            one.close()
        await destination.close()
