"""The concentrator's end of a node's link in these tests: datagrams, a pseudo-terminal, or a TCP connection."""

from __future__ import annotations

import os
import select
import socket
import tty
from abc import ABC, abstractmethod
from typing import Self

from anju.wire.framing import Deframer, frame_to_stream

PATIENCE_S = 20.0
"""How long a test waits for what must happen; only a failure takes so long."""


class End(ABC):
    """Frames to and from one node."""

    address: str
    """What the node is told after `--link`."""

    @abstractmethod
    def receive(self) -> bytes:
        """The next frame; AssertionError if none comes."""

    @abstractmethod
    def send(self, frame: bytes) -> None:
        """Send to the node that was heard last."""

    @abstractmethod
    def close(self) -> None:
        """Let go."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()


class UdpEnd(End):
    """A bound socket."""

    def __init__(self, port: int = 0) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", port))
        self._socket.settimeout(PATIENCE_S)
        self._peer: object = None
        self.port = self._socket.getsockname()[1]
        self.address = f"udp:127.0.0.1:{self.port}"

    def receive(self) -> bytes:
        frame, self._peer = self._socket.recvfrom(2048)
        return frame

    def send(self, frame: bytes) -> None:
        assert isinstance(self._peer, tuple)
        self._socket.sendto(frame, self._peer)

    def has_frame(self) -> bool:
        """Whether a datagram waits now."""
        return bool(select.select([self._socket], [], [], 0)[0])

    def close(self) -> None:
        self._socket.close()


class _StreamEnd(End):
    """Whatever has a descriptor for a byte stream."""

    def __init__(self) -> None:
        self._deframer = Deframer()
        self._frames: list[bytes] = []

    @abstractmethod
    def _descriptor(self) -> int: ...

    def receive(self) -> bytes:
        while not self._frames:
            readable, _, _ = select.select([self._descriptor()], [], [], PATIENCE_S)
            assert readable, "no frame"
            found = list(self._deframer.feed(os.read(self._descriptor(), 4096)))
            self._frames += [frame for frame in found if isinstance(frame, bytes)]
        return self._frames.pop(0)

    def send(self, frame: bytes) -> None:
        os.write(self._descriptor(), frame_to_stream(frame))


class PtyEnd(_StreamEnd):
    """The master side of a pseudo-terminal; the node is given the other."""

    def __init__(self) -> None:
        super().__init__()
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.address = f"uart:{os.ttyname(self._slave)}"

    def _descriptor(self) -> int:
        return self._master

    def close(self) -> None:
        os.close(self._master)
        os.close(self._slave)


class TcpEnd(_StreamEnd):
    """A listening socket that takes one connection at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE_S)
        self._connection: socket.socket | None = None
        self.address = f"uart:socket://127.0.0.1:{self._listener.getsockname()[1]}"

    def _descriptor(self) -> int:
        if self._connection is None:
            self._connection, _ = self._listener.accept()
        return self._connection.fileno()

    def hang_up(self) -> None:
        """End the connection; the node may come again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        self.hang_up()
        self._listener.close()
