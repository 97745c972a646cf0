"""A concentrator by hand for one node: remembers every frame it hears, and answers, or does not, as it is told."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from anju.wire import table
from anju.wire.codec import Codec, Refused
from anju.wire.framing import Deframer, LineFault, frame_to_stream
from anju.wire.messages import Ack, Command, Extra, Header, Hello, Message, Status

_NOW_S = 1767225600
_VALID_S = 600
_NETWORK, _NODE, _EPOCH = 1, 7, 1
_KEY_BYTES = 16


class Peer:
    """The concentrator's end of one line, as bytes in and bytes out; the node's `enrolment.json` is in `folder`."""

    def __init__(
        self, folder: Path, inputs: tuple[str, ...], random_bytes: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        """The node gets keys of its own from `random_bytes`, and nobody else ever has these."""
        self.answers: Callable[[], bool] = lambda: True
        """Asked before each answer whether to give it."""
        self.hears = True
        """While this is False, no event reaches it; it only looks at the numbers that are used."""
        self.events: set[int] = set()
        """Ids of the events that were heard since this was last cleared."""
        self.heard = asyncio.Event()
        """Set at each event that is heard."""
        self.hellos: list[Hello] = []
        """All that were heard."""
        self.builds: list[bytes] = []
        """What each of them said about the program."""
        self.reused: list[int] = []
        """Numbers under which two different frames were heard."""
        self._frames: dict[int, bytes] = {}
        self._counter = 0
        self._commands = 0
        self._codec = Codec(table.LinkClass.UP)
        up, down = random_bytes(_KEY_BYTES), random_bytes(_KEY_BYTES)
        self._codec.learn(_NETWORK, _NODE, _EPOCH, up=up, down=down)
        told = {"version": 1, "network": _NETWORK, "node": _NODE, "epoch": _EPOCH, "inputs": inputs}
        (folder / "enrolment.json").write_text(json.dumps(told | {"up": up.hex(), "down": down.hex()}))

    @property
    def counters(self) -> Sequence[int]:
        """Numbers of all frames that were heard, each once."""
        return list(self._frames)

    def open(self, frame: bytes) -> Message:
        """A frame of the node; Refused if it is none."""
        return self._codec.open(frame)

    def hear(self, frame: bytes) -> bytes:
        """What goes back down the line, if anything does."""
        try:
            message = self.open(frame)
        except Refused:
            return b""
        if self._frames.setdefault(message.header.counter, frame) != frame:
            self.reused.append(message.header.counter)
        if isinstance(message.body, Ack) or not self.hears:
            return b""
        if isinstance(message.body, Hello):
            self.hellos.append(message.body)
            self.builds.append(message.extra(table.Extra.BUILD) or b"")
        event_id = message.body.event_id if isinstance(message.body, Status) else 0
        if event_id:
            self.events.add(event_id)
            self.heard.set()
        return self._answer(message, event_id) if self.answers() else b""

    def order(self, code: table.Order, event_id: int) -> bytes:
        """A person's answer to a press, on its way down the line."""
        return frame_to_stream(self._seal(self._command(code, event_id), []))

    def forge(self, bit: int) -> bytes:
        """A command that somebody has changed on its way: one bit of what is sealed."""
        frame = bytearray(self._seal(self._command(table.Order.SEEN, 1), []))
        place = table.HEADER_BYTES + bit // 8 % (len(frame) - table.HEADER_BYTES)
        frame[place] ^= 1 << bit % 8
        return frame_to_stream(bytes(frame))

    def _answer(self, message: Message, event_id: int) -> bytes:
        header, body, _extras = message
        ack = Ack(table.Type.ACK, 0, _NOW_S, header.epoch, table.Verdict.ACCEPTED, header.counter, event_id, 0, 0)
        extras = [Extra(table.Extra.CHALLENGE, body.challenge)] if isinstance(body, Hello) else []
        return frame_to_stream(self._seal(ack, extras))

    def _command(self, code: table.Order, event_id: int) -> Command:
        self._commands += 1
        return Command(table.Type.COMMAND, 0, _NOW_S, self._commands, code, 0, event_id, _VALID_S)

    def _seal(self, body: Ack | Command, extras: list[Extra]) -> bytes:
        self._counter += 1
        return self._codec.seal(Header.down(_NETWORK, _NODE, _EPOCH, self._counter), body, extras)


class Answering(Peer):
    """`async with Answering(socket, folder, inputs)`: serves the line `socket`."""

    def __init__(self, line: Path, folder: Path, inputs: tuple[str, ...]) -> None:
        super().__init__(folder, inputs)
        self._line = line

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._serve, self._line)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        deframer = Deframer()
        try:
            while piece := await reader.read(4096):
                for frame in deframer.feed(piece):
                    if not isinstance(frame, LineFault):
                        writer.write(self.hear(frame))
        except ConnectionError:
            pass  # the board has lost its power
        finally:
            writer.close()
