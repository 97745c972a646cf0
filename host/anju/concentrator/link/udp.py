"""Datagrams: one bare frame each, no framing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from anju.concentrator.core.places import Route
from anju.service.errors import ServiceError
from anju.service.i18n import _

_log = structlog.get_logger()


class UdpLink(asyncio.DatagramProtocol):
    """One UDP socket for all nodes; `name` is its name in routes."""

    name = "udp"
    faults = 0
    """A datagram is whole or is not there."""

    def __init__(self, arrive: Callable[[bytes, Route], None]) -> None:
        self._arrive = arrive
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def is_open(self) -> bool:
        """Whether it listens."""
        return self._transport is not None and not self._transport.is_closing()

    async def open(self, host: str, port: int) -> None:
        """Listen; ServiceError where the address can't be had."""
        loop = asyncio.get_running_loop()
        try:
            self._transport, _protocol = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, port))
        except OSError as error:
            raise ServiceError(
                _("The concentrator cannot listen for nodes on UDP %(host)s port %(port)d: %(reason)s.")
                % {"host": host, "port": port, "reason": error.strerror or error},
                _("Nothing was started or changed."),
                _("Stop the program that uses this port, or change `udp` under [concentrator] in site.toml."),
            ) from error

    def send(self, peer: str, frame: bytes) -> None:
        """Send a frame to host:port; what the network drops, its sender retries."""
        host, _colon, port = peer.rpartition(":")
        if self._transport and not self._transport.is_closing():
            self._transport.sendto(frame, (host, int(port)))

    def close(self) -> None:
        """Stop listening."""
        if self._transport:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """asyncio: a datagram came."""
        self._arrive(data, Route(self.name, f"{addr[0]}:{addr[1]}"))

    def error_received(self, exc: Exception) -> None:
        """asyncio: a peer is not reachable at the moment; its frames will be sent again."""
        _log.debug("peer not reachable", link=self.name, error=str(exc))
