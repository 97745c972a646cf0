"""A node without keys: it sends nothing, believes nothing, and says so at every press."""

from anju.node.feedback import Feedback
from anju.node.input import Input
from anju.wire import table

try:
    from typing import Sequence
except ImportError:  # MicroPython
    pass


class Unenrolled:
    """Stands where a `Device` would, with the same methods."""

    is_answered = False
    identity = None
    wish = 0
    has_work = False

    def __init__(self, inputs: "Sequence[Input]", feedback: Feedback) -> None:
        self.feedback = feedback
        self.inputs = inputs

    def edge(self, zone: int, level: int, now: int) -> None:
        """Input `zone` moved and reads `level`."""
        self.inputs[zone].edge(level, now)

    def work(self, now: int) -> bool:
        """Nothing takes it long."""
        return False

    def receive(self, received: bytes, now: int) -> None:
        """Nothing can be authentic to a node without keys."""

    def poll(self, now: int) -> "bytearray | None":
        """Never a frame; whatever becomes active lights red."""
        for contact in self.inputs:
            if contact.poll(now) not in (table.Code.NONE, table.Code.HELD) and contact.is_active:
                self.feedback.refuse(now)
        self.feedback.poll(now)
        return None

    def next_deadline(self) -> "int | None":
        """When to poll again if nothing moves; None = not before something does."""
        soonest = self.feedback.deadline()
        for contact in self.inputs:
            deadline = contact.deadline()
            if deadline is not None and (soonest is None or deadline < soonest):
                soonest = deadline
        return soonest
