"""Serial lines by pyserial's URLs: /dev/ttyUSB0, a pty, socket://host:port.

One without a file descriptor (rfc2217://, loop://) cannot be waited for, and is reported as a line that does not open.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from functools import partial

import structlog
from serial_asyncio_fast import SerialTransport, create_serial_connection

from anju.concentrator.core.outage import Outage
from anju.concentrator.core.places import Route
from anju.wire.framing import Deframer, LineFault, frame_to_stream

REOPEN_S = 2.0
"""Pause before a lost line is tried again: a USB adapter that was pulled comes back within seconds."""

MOST_UNSENT = 64 * 1024
"""Bytes that may wait for a line that does not take them; more are dropped and counted, and their nodes ask again."""

_log = structlog.get_logger()


class SerialLink:
    """One serial line; it is opened again for ever, because a line that comes back must not need a person."""

    def __init__(self, url: str, baud: int, arrive: Callable[[bytes, Route], None]) -> None:
        self.name = f"serial:{url}"
        self.counts: Counter[str] = Counter()
        self._url = url
        self._baud = baud
        self._arrive = arrive
        self._transport: SerialTransport | None = None

    @property
    def is_open(self) -> bool:
        """Whether the line is there at the moment."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def faults(self) -> int:
        """Pieces of noise that have come, in all."""
        return sum(self.counts[fault.value] for fault in LineFault)

    async def run(self) -> None:
        """Keep the line open until cancelled."""
        opens = Outage()
        while True:
            lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
            try:
                await self._open(lost)
            except (OSError, ValueError) as error:
                self.counts["not_opened"] += 1
                if opens.failed():
                    _log.warning("serial line cannot be opened; trying again", link=self.name, error=str(error))
            else:
                opens.worked()
                _log.info("serial line open", link=self.name)
                why = await lost
                _log.warning("serial line lost; opening it again", link=self.name, error=str(why))
            finally:
                self.close()
            await asyncio.sleep(REOPEN_S)

    def send(self, _peer: str, frame: bytes) -> None:
        """Send a frame to whoever listens on the line; dropped while the line is down or takes nothing."""
        if self._transport and self.is_open and self._transport.get_write_buffer_size() <= MOST_UNSENT:
            self._transport.write(frame_to_stream(frame))
        else:
            self.counts["not_sent"] += 1

    def close(self) -> None:
        """Close the line. What a stalled one has not taken is dropped: waiting for it would keep the line from closing."""
        if self._transport and not self._transport.is_closing():
            self._transport.abort()
        self._transport = None

    async def _open(self, lost: asyncio.Future[Exception | None]) -> None:
        self._transport, _protocol = await create_serial_connection(
            asyncio.get_running_loop(), partial(_Line, self, lost), self._url, baudrate=self._baud
        )
        if port := self._transport.serial:
            port.fileno()  # what has none would stay open and silent

    def take(self, piece: bytes | LineFault) -> None:
        """A frame, or a line fault to count, from the stream."""
        if isinstance(piece, LineFault):
            self.counts[piece.value] += 1
        else:
            self._arrive(piece, Route(self.name, ""))


class _Line(asyncio.Protocol):
    def __init__(self, link: SerialLink, lost: asyncio.Future[Exception | None]) -> None:
        self._link = link
        self._lost = lost
        self._deframer = Deframer()

    def data_received(self, data: bytes) -> None:
        for piece in self._deframer.feed(data):
            self._link.take(piece)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._lost.done():
            self._lost.set_result(exc)
