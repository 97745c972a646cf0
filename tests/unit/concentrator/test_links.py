"""Links carry frames and nothing else: real sockets, a real pseudo-terminal, faults counted, lost lines opened again."""

import asyncio
import os
import pty
import socket
import tty
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from anju.concentrator.core.places import Route
from anju.concentrator.link import serial
from anju.concentrator.link.serial import MOST_UNSENT, SerialLink
from anju.concentrator.link.udp import UdpLink
from anju.service.errors import ServiceError
from anju.wire.framing import Deframer, frame_to_stream
from anju.wire.table import MOST_BYTES, Verdict
from unit.concentrator.harness import Bench, running, until
from unit.concentrator.site import free_udp_port

pytestmark = pytest.mark.anyio

FRAMES = [bytes([number]) * 44 for number in range(1, 4)]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial, "REOPEN_S", 0.001)


class Arrived(list[tuple[bytes, Route]]):
    """Frames that a link handed on."""

    def __call__(self, frame: bytes, route: Route) -> None:
        self.append((frame, route))

    @property
    def frames(self) -> list[bytes]:
        return [frame for frame, _ in self]


class TestUdp:
    async def test_a_datagram_is_a_frame_and_its_sender_the_way_back(self) -> None:
        arrived, port = Arrived(), free_udp_port()
        link = UdpLink(arrived)
        await link.open("127.0.0.1", port)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as node:
            node.setblocking(False)
            node.connect(("127.0.0.1", port))
            for frame in FRAMES:
                node.send(frame)
            await until(lambda: len(arrived) == 3)
            assert arrived.frames == FRAMES
            routes = {route for _, route in arrived}
            assert routes == {Route("udp", f"127.0.0.1:{node.getsockname()[1]}")}
            link.send(routes.pop().peer, b"answer")
            assert await asyncio.get_running_loop().sock_recv(node, 100) == b"answer"
        link.close()

    async def test_empty_and_oversized_datagrams_reach_reception_to_be_counted(self, rooms: Bench) -> None:
        port = free_udp_port()
        link = UdpLink(rooms.reception.arrive)
        await link.open("127.0.0.1", port)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.connect(("127.0.0.1", port))
            for datagram in (b"", b"x", bytes(MOST_BYTES + 1), bytes(60_000)):
                stranger.send(datagram)
            async with running(rooms.reception.run()):
                await until(lambda: rooms.reception.counts["length"] == 4)
        link.close()

    async def test_a_peer_that_is_gone_does_not_disturb_the_others(self) -> None:
        arrived, port = Arrived(), free_udp_port()
        link = UdpLink(arrived)
        await link.open("127.0.0.1", port)
        for _ in range(3):
            link.send(f"127.0.0.1:{free_udp_port()}", b"into the void")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as node:
            node.sendto(FRAMES[0], ("127.0.0.1", port))
            await until(lambda: arrived)
        link.close()

    async def test_after_its_end_it_sends_nothing_and_does_not_mind(self) -> None:
        link = UdpLink(Arrived())
        link.send("127.0.0.1:9", b"too early")
        await link.open("127.0.0.1", free_udp_port())
        link.close()
        link.send("127.0.0.1:9", b"too late")

    async def test_a_port_that_is_taken_is_said_with_what_to_do(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            port = other.getsockname()[1]
            with pytest.raises(ServiceError) as error:
                await UdpLink(Arrived()).open("127.0.0.1", port)
        assert f"UDP 127.0.0.1 port {port}" in error.value.what
        assert "Address already in use" in error.value.what
        assert error.value.unchanged
        assert "site.toml" in error.value.next_step

    async def test_an_address_of_another_machine_is_said(self) -> None:
        with pytest.raises(ServiceError, match=r"203\.0\.113\.7"):
            await UdpLink(Arrived()).open("203.0.113.7", free_udp_port())


class Terminal:
    """The far end of a serial line that can be pulled out: a pseudo-terminal behind a path of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.master = -1

    def plug(self) -> None:
        """Plug it in: the path leads to a new terminal."""
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        os.set_blocking(self.master, False)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(slave))
        os.close(slave)

    def pull(self) -> None:
        """Pull it out."""
        self.path.unlink()
        os.close(self.master)

    def write(self, data: bytes) -> None:
        os.write(self.master, data)

    def read(self) -> bytes:
        try:
            return os.read(self.master, 4096)
        except OSError:  # nothing there, or nobody at the other end
            return b""


@pytest.fixture
async def terminal(tmp_path: Path) -> AsyncIterator[Terminal]:
    line = Terminal(tmp_path / "ttyUSB0")
    line.plug()
    yield line
    line.pull()


@asynccontextmanager
async def listening(line: Terminal | str, arrive: Callable[[bytes, Route], None]) -> AsyncIterator[SerialLink]:
    """A serial link that runs within the block; a terminal's is open, because opening flushes what came before."""
    link = SerialLink(line if isinstance(line, str) else str(line.path), 115200, arrive)
    async with running(link.run()):
        if not isinstance(line, str):
            await until(lambda: link.is_open)
        yield link


class TestSerial:
    async def test_frames_cross_a_line_in_both_directions(self, terminal: Terminal) -> None:
        arrived = Arrived()
        async with listening(terminal, arrived) as link:
            terminal.write(b"".join(map(frame_to_stream, FRAMES)))
            await until(lambda: len(arrived) == 3)
            assert arrived == [(frame, Route(f"serial:{terminal.path}", "")) for frame in FRAMES]
            link.send("", b"a" * 44)
            received = bytearray()

            def came() -> bool:
                received.extend(terminal.read())
                return received.endswith(b"\0")

            await until(came)
            assert list(Deframer().feed(bytes(received))) == [b"a" * 44]

    async def test_byte_by_byte_is_as_good(self, terminal: Terminal) -> None:
        arrived = Arrived()
        async with listening(terminal, arrived):
            for byte in frame_to_stream(FRAMES[0]):
                terminal.write(bytes([byte]))
                await asyncio.sleep(0)
            await until(lambda: arrived)
        assert arrived.frames == FRAMES[:1]

    async def test_line_faults_are_counted_and_never_reach_reception(self, terminal: Terminal) -> None:
        """A bad CRC is noise; what passes the CRC and fails the tag was made by someone. The two are never mixed up."""
        arrived = Arrived()
        good = frame_to_stream(FRAMES[0])
        spoilt = bytes([good[0], good[1] ^ 0x10]) + good[2:]
        async with listening(terminal, arrived) as link:
            terminal.write(good[20:] + spoilt + b"\x09!\0" + b"\xff" * 300 + b"\0" + frame_to_stream(b"short") + good)
            await until(lambda: arrived)
            assert arrived.frames == FRAMES[:1]
            assert sum(link.counts.values()) == 5
            assert link.counts["length"] == 2
            assert link.counts["crc"] + link.counts["cobs"] == 3

    async def test_a_lost_line_is_opened_again(self, terminal: Terminal) -> None:
        arrived = Arrived()
        with capture_logs() as logs:
            async with listening(terminal, arrived) as link:
                for round_ in range(1, 3):
                    await until(lambda: link.is_open)
                    terminal.write(frame_to_stream(FRAMES[0])[:-9])  # half a frame is forgotten with the line
                    terminal.write(b"\0")
                    terminal.write(frame_to_stream(FRAMES[0]))
                    await until(lambda: len(arrived) == round_)  # noqa: B023  # called before it changes
                    terminal.pull()
                    await until(lambda: link.counts["not_opened"] > 2)
                    link.send("", b"nobody hears this")
                    link.counts["not_opened"] = 0
                    terminal.plug()
                await until(lambda: link.is_open)
                link.send("", FRAMES[0])
                await until(terminal.read)
        assert link.counts["not_sent"] == 2
        events = [entry["event"] for entry in logs]
        assert events.count("serial line cannot be opened; trying again") == 2  # once an outage, not once a try
        assert events.count("serial line open") == 3

    @pytest.mark.parametrize(
        "url", ["loop://", "rfc2217://127.0.0.1:1", "nonsense://x", "/no/such/line", "socket://127.0.0.1:x"]
    )
    async def test_a_line_that_cannot_work_is_said_and_stops_nothing(self, url: str) -> None:
        with capture_logs() as logs:
            async with listening(url, Arrived()) as link:
                await until(lambda: link.counts["not_opened"] > 2)
        assert [entry["event"] for entry in logs] == ["serial line cannot be opened; trying again"]

    async def test_a_line_that_takes_nothing_holds_no_more_than_its_share(self, terminal: Terminal) -> None:
        async with listening(terminal, Arrived()) as link:
            assert link._transport is not None
            while not link.counts["not_sent"]:
                link.send("", bytes(200))
                assert link._transport.get_write_buffer_size() <= MOST_UNSENT + MOST_BYTES + 8

    async def test_a_socket_is_a_line_too(self, rooms: Bench) -> None:
        """A serial server at the other end of a network: frames of a node, acks to it, and the connection lost between."""
        node = await rooms.enrol()
        connections: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        server = await asyncio.start_server(lambda *streams: connections.put_nowait(streams), "127.0.0.1", 0)
        url = f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with listening(url, rooms.reception.arrive) as link, running(rooms.reception.run()):
            rooms.reception._send = lambda route, frame: link.send(route.peer, frame)
            frame = node.press()
            for verdict in (Verdict.ACCEPTED, Verdict.DUPLICATE):
                reader, writer = await connections.get()
                writer.write(b"\0" + frame_to_stream(frame))
                (answer,) = Deframer().feed(await reader.readuntil(b"\0"))
                assert isinstance(answer, bytes)
                assert node.open(answer).body.verdict == verdict  # type: ignore[union-attr]
                writer.close()
            _, last = await connections.get()
            last.close()
            server.close()
        assert rooms.kinds() == ["hold_up_alarm"]
