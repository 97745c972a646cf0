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
from anju.wire.messages import Ack, Extra, Header, Hello, Message, Status

_NOW_S = 1767225600
_NETWORK, _NODE, _EPOCH = 1, 7, 1


class Answering:
    """`async with Answering(socket, folder)`: serves the line `socket`; the node's `enrolment.json` is in `folder`."""

    def __init__(self, line: Path, folder: Path, inputs: tuple[str, ...]) -> None:
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
        self._line = line
        self._frames: dict[int, bytes] = {}
        self._counter = 0
        self._codec = Codec(table.LinkClass.UP)
        up, down = secrets.token_bytes(16), secrets.token_bytes(16)
        self._codec.learn(_NETWORK, _NODE, _EPOCH, up=up, down=down)
        told = {"version": 1, "network": _NETWORK, "node": _NODE, "epoch": _EPOCH, "inputs": inputs}
        (folder / "enrolment.json").write_text(json.dumps(told | {"up": up.hex(), "down": down.hex()}))

    @property
    def counters(self) -> Sequence[int]:
        """Numbers of all frames that were heard, each once."""
        return list(self._frames)

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
                        self._hear(frame, writer)
        except ConnectionError:
            pass  # the board has lost its power
        finally:
            writer.close()

    def _hear(self, frame: bytes, writer: asyncio.StreamWriter) -> None:
        try:
            message = self._codec.open(frame)
        except Refused:
            return
        if self._frames.setdefault(message.header.counter, frame) != frame:
            self.reused.append(message.header.counter)
        if isinstance(message.body, Ack) or not self.hears:
            return
        if isinstance(message.body, Hello):
            self.hellos.append(message.body)
            self.builds.append(message.extra(table.Extra.BUILD) or b"")
        event_id = message.body.event_id if isinstance(message.body, Status) else 0
        if event_id:
            self.events.add(event_id)
            self.heard.set()
        if self.answers():
            writer.write(frame_to_stream(self._answer(message, event_id)))

    def _answer(self, message: Message, event_id: int) -> bytes:
        header, body, _extras = message
        self._counter += 1
        ack = Ack(table.Type.ACK, 0, _NOW_S, header.epoch, table.Verdict.ACCEPTED, header.counter, event_id, 0, 0)
        extras = [Extra(table.Extra.CHALLENGE, body.challenge)] if isinstance(body, Hello) else []
        return self._codec.seal(Header.down(_NETWORK, _NODE, _EPOCH, self._counter), ack, extras)
