"""A link over ESP-NOW: one frame a packet, to and from whatever dongle is in reach on the same channel.

Everything is broadcast. No enrolment names a dongle's address, several dongles may hear one node, and a dongle that was replaced
needs no new enrolment. Nothing is lost by it: a frame is sealed, and what is believed is believed for its tag. ESP-NOW's own
encryption (six peers, no protection against replay) and its own acknowledgement, which a radio gives without anybody having
read the packet, are not relied upon. `boards` bring radio and station: `espnow.ESPNow()`, `network.WLAN(network.WLAN.IF_STA)`.
"""

from anju.wire import table

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    # ruff: noqa: PYI063 (MicroPython has no `/` among parameters)
    class Radio(Protocol):
        """As much of `espnow.ESPNow` as a link needs."""

        def active(self, __flag: bool) -> object: ...
        def add_peer(self, __mac: bytes) -> object: ...
        def send(self, __mac: bytes, __message: bytes, __sync: bool) -> object: ...
        def recv(self, __timeout_ms: int) -> "tuple[object, bytes | None]": ...

    class Station(Protocol):
        """As much of `network.WLAN` as a link needs."""

        def active(self, __flag: bool) -> object: ...
        def disconnect(self) -> object: ...
        def config(self, *, channel: int) -> object: ...


EVERYBODY = b"\xff" * 6


class EspNowLink:
    """Frames to and from the concentrator, through the air and a dongle."""

    def __init__(self, radio: "Radio", station: "Station", channel: int) -> None:
        """`channel` is the Wi-Fi channel of the estate's dongles, 1 to 13; nobody joins a network."""
        self._radio = radio
        self._station = station
        self._channel = channel
        self._is_open = False

    @property
    def stream(self) -> "Radio":
        """What becomes readable when a packet has come."""
        return self._radio

    def open(self) -> None:
        """Switch the radio on; OSError if it does not start."""
        self._station.active(True)
        self._station.disconnect()
        self._station.config(channel=self._channel)
        self._radio.active(True)
        try:
            self._radio.add_peer(EVERYBODY)
        except OSError as error:
            if "EXIST" not in str(error):  # it is known already: the radio outlives this object
                raise
        self._is_open = True

    def send(self, frame: bytearray) -> None:
        """Send a frame, or lose it."""
        if not self._is_open:
            return
        try:
            self._radio.send(EVERYBODY, bytes(frame), False)
        except OSError:
            pass  # its buffers are full: the outbox sends again

    def receive(self) -> "bytes | None":
        """A packet of a frame's length that has come, or None."""
        while self._is_open:
            _, packet = self._radio.recv(0)
            if packet is None:
                return None
            if table.LEAST_BYTES <= len(packet) <= table.MOST_BYTES:
                return bytes(packet)
        return None

    def close(self) -> None:
        """Switch the radio off: with it on, a sleep costs as much as being awake."""
        if self._is_open:
            self._radio.active(False)
            self._station.active(False)
            self._is_open = False
