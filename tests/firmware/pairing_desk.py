"""A concentrator's end of pairings, and what a node says under the keys that these make: frames in, frames out."""

from __future__ import annotations

import time
from collections.abc import Callable

from anju.concentrator.core.pairing import decide
from anju.wire import table
from anju.wire.codec import Codec
from anju.wire.messages import Ack, Command, Extra, Header, Hello, Message, Status
from firmware.ends import PATIENCE_S, UdpEnd
from firmware.node_process import NOW_S
from stateful.pairing import Concentrator as Pairings
from stateful.pairing import moment


class PairingDesk:
    """Of one node; it answers a frame with one frame at most."""

    def __init__(self, clock_ms: Callable[[], int] | None = None) -> None:
        """The clock is the board's where time passes for it alone."""
        self.pairings = Pairings()
        self.pairings.kinds = table.InputKind.ANY_PRESS, table.InputKind.ENTRY, table.InputKind.TAMPER
        self.steps: list[int] = []
        """Of the pairing frames that came."""
        self.deaf = 0
        """This step is lost on its way to here."""
        self._codec = Codec(table.LinkClass.UP)
        self._counter = 0
        self._known = 0
        began = time.monotonic()
        self._clock_ms = clock_ms or (lambda: round(1000 * (time.monotonic() - began)))

    @property
    def now(self) -> int:
        """Milliseconds."""
        return self._clock_ms()

    def hear(self, frame: bytes) -> tuple[Message | None, bytes | None]:
        """What a frame says if it is none of a pairing, and the answer to it."""
        if frame[1] != table.LinkClass.PAIRING:
            return self._opened(frame)
        self.steps.append(frame[2])
        if frame[2] == self.deaf:
            return None, None
        answer = self.pairings.do(decide.heard(self.pairings.pairings, frame, moment(self.now)))
        for link in self.pairings.links[self._known :]:
            self._codec.learn(1, link.address.node, link.epoch, up=link.up, down=link.down)
        self._known = len(self.pairings.links)
        return None, answer

    def order(self, to: Header, order: int) -> bytes:
        """A command for the node that has sent this."""
        body = Command(table.Type.COMMAND, table.Flag.ACK_REQUESTED, NOW_S, 5, order, 0, 0, 120)
        return self._codec.seal(self._header(to), body)

    def _opened(self, frame: bytes) -> tuple[Message, bytes | None]:
        message = self._codec.open(frame)
        header, body, _ = message
        if isinstance(body, Ack):
            return message, None
        event_id = body.event_id if isinstance(body, Status) else 0
        ack = Ack(table.Type.ACK, 0, NOW_S, header.epoch, table.Verdict.ACCEPTED, header.counter, event_id, 0, 0)
        extras = [Extra(table.Extra.CHALLENGE, body.challenge)] if isinstance(body, Hello) else []
        return message, self._codec.seal(self._header(header), ack, extras)

    def _header(self, to: Header) -> Header:
        self._counter += 1
        return Header.down(to.network, to.node, to.epoch, self._counter)


class Desk(PairingDesk):
    """The same at a socket."""

    def __init__(self, end: UdpEnd) -> None:
        super().__init__()
        self._end = end

    def serve(self) -> Message | None:
        """Hear one frame and answer it; what it says if it is none of a pairing."""
        message, answer = self.hear(self._end.receive())
        if answer is not None:
            self._end.send(answer)
        return message

    def until(self, is_done: Callable[[], bool]) -> None:
        """Serve until this is so."""
        deadline = time.monotonic() + PATIENCE_S
        while not is_done():
            assert time.monotonic() < deadline, self.steps
            self.serve()

    def heard(self, step: int) -> None:
        """Serve until the node has sent this step once more."""
        self.steps.clear()
        self.until(lambda: step in self.steps)

    def event(self, code: int) -> Message:
        """The next event with this code, acknowledged like all before it."""
        return self._next(lambda message: isinstance(message.body, Status) and message.body.code == code)

    def hello(self, epoch: int = 1) -> Header:
        """The next hello under keys of this number."""
        return self._next(lambda message: isinstance(message.body, Hello) and message.header.epoch == epoch).header

    def verdict(self) -> int:
        """Of the next ACK from a node."""
        message = self._next(lambda message: isinstance(message.body, Ack))
        assert isinstance(message.body, Ack)
        return message.body.verdict

    def command(self, to: Header, order: int) -> None:
        """Tell the node something."""
        self._end.send(self.order(to, order))

    def _next(self, is_it: Callable[[Message], bool]) -> Message:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            message = self.serve()
            if message is not None and is_it(message):
                return message
        raise AssertionError(self.steps)
