"""Which stage of the resident's feedback a node shows, told from its pins alone, as a resident would tell it."""

from __future__ import annotations

from enum import IntEnum

from anju.simulator.output import Edge


class Stage(IntEnum):
    """What the button says; the order is that of an alarm that goes well."""

    QUIET = 0
    SENDING = 1
    CONCENTRATOR_HAS_IT = 2
    SEEN = 3
    COMING = 4
    NOT_DELIVERED = 5


NOTES_HZ = {
    2000: Stage.CONCENTRATOR_HAS_IT,
    660: Stage.SEEN,
    880: Stage.COMING,
    400: Stage.NOT_DELIVERED,
}
"""The note that a stage begins with; a tune goes on with others."""

PAIRED_ENDS_HZ = 2600
"""The last note of the tune that says that a node is paired. Its others are those of an alarm that the concentrator has."""

_SAID_ONCE = (Stage.SEEN, Stage.COMING)
"""Stages whose first note sounds once each time they begin, so that beginning anew can be heard."""


class Feedback:
    """Follows the edges of one node's lamps and buzzer."""

    def __init__(self) -> None:
        self.stage = Stage.QUIET

    def edge(self, edge: Edge) -> Stage | None:
        """The stage that begins, or begins anew, with this edge; None if the node goes on saying what it said."""
        before = self.stage
        if edge.name == "buzzer":
            self.stage = NOTES_HZ.get(edge.value, before)
            anew = edge.value in NOTES_HZ and self.stage in _SAID_ONCE
            return self.stage if anew or self.stage != before else None
        if edge.name == "led_amber" and edge.value:
            self.stage = Stage.SENDING
        return self.stage if self.stage != before else None
