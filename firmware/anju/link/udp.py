"""A link over UDP: one frame a datagram, for nodes on Ethernet or Wi-Fi and for nodes that are processes."""

import socket

from anju.wire import table

_LONGER = table.MOST_BYTES + 1
"""One byte more than a frame may have, so that a longer datagram is not mistaken for one."""


class UdpLink:
    """Frames to and from one concentrator. A network that fails loses frames and nothing else: the outbox sends again."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._socket: "socket.socket | None" = None

    @property
    def stream(self) -> "socket.socket | None":
        """What becomes readable when a frame may have come."""
        return self._socket

    def open(self) -> None:
        """Be ready to send; OSError if the address means nothing, or there is no network yet."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(socket.getaddrinfo(self._host, self._port)[0][-1])
        self._socket.setblocking(False)

    def send(self, frame: bytearray) -> None:
        """Send a frame, or lose it."""
        if self._socket is None:
            return
        try:
            self._socket.send(frame)
        except OSError:
            pass  # nobody listens there now (ECONNREFUSED), no route, no room: all of them pass

    def receive(self) -> "bytes | None":
        """A frame that has come, or None."""
        if self._socket is None:
            return None
        try:
            return self._socket.recv(_LONGER)
        except OSError:
            return None  # nothing there, or what became of an earlier datagram

    def close(self) -> None:
        """Send and receive nothing more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
