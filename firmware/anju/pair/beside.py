"""Something that stands between role and device for a while, with the device's own methods: the device goes on as before."""

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from anju.node.feedback import Feedback


class Beside:
    """Hands everything on; `wish` is its own."""

    wish = 0

    def __init__(self, device: "Any") -> None:
        """`device` is a `Device` or an `Unenrolled`."""
        self.device = device

    @property
    def feedback(self) -> "Feedback":
        """The device's."""
        kept: "Feedback" = self.device.feedback
        return kept

    @property
    def is_answered(self) -> bool:
        """The device's."""
        return bool(self.device.is_answered)

    @property
    def has_work(self) -> bool:
        """Whether it has something to work out itself."""
        return False

    def edge(self, zone: int, level: int, now: int) -> None:
        """The device's."""
        self.device.edge(zone, level, now)

    def receive(self, received: bytes, now: int) -> None:
        """The device's."""
        self.device.receive(received, now)

    def poll(self, now: int) -> "bytearray | None":
        """The device's."""
        sealed: "bytearray | None" = self.device.poll(now)
        return sealed

    def next_deadline(self) -> "int | None":
        """The device's."""
        deadline: "int | None" = self.device.next_deadline()
        return deadline

    def rest_ms(self, now: int) -> int:
        """The device's."""
        rest: int = self.device.rest_ms(now)
        return rest

    def retain(self, now: int, running_ms: int) -> bytes:
        """The device's."""
        return bytes(self.device.retain(now, running_ms))
