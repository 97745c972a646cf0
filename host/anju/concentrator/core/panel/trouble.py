"""Trouble as named rows: what is reported of a fault, and how urgently. Trouble never becomes an alarm by itself (invariant I5).

A trouble that lasts is reported when it begins and when it is over, each once; another is an event of its own each time.
"""

from __future__ import annotations

from typing import NamedTuple, Self

from anju.concentrator.core.places import Address
from anju.uplink.reports import Lane, TroubleKind


class TroubleRow(NamedTuple):
    """What a fault means: in `off` lane while nobody whom it concerns is armed, else in `armed`.

    `doubts`: arming warns of a zone behind it. `hides`: an estate may choose to take it for tampering while armed.
    """

    kind: TroubleKind
    lasts: bool
    off: Lane
    armed: Lane
    doubts: bool
    hides: bool


_LASTS, _ONCE = True, False
_ROUTINE, _HIGH = Lane.ROUTINE, Lane.ALARM
_DOUBTS, _HIDES, _NO = True, True, False

TROUBLE_ROWS = (
    TroubleRow(TroubleKind.NODE_SILENT, _LASTS, _ROUTINE, _HIGH, _DOUBTS, _HIDES),
    TroubleRow(TroubleKind.NODE_LOST, _LASTS, _HIGH, _HIGH, _DOUBTS, _NO),
    TroubleRow(TroubleKind.BATTERY_LOW, _LASTS, _ROUTINE, _ROUTINE, _DOUBTS, _NO),
    TroubleRow(TroubleKind.JAMMED, _LASTS, _ROUTINE, _HIGH, _DOUBTS, _NO),
    TroubleRow(TroubleKind.LINK_DOWN, _LASTS, _HIGH, _HIGH, _DOUBTS, _NO),
    TroubleRow(TroubleKind.DESTINATION_DOWN, _LASTS, _HIGH, _HIGH, _NO, _NO),
    TroubleRow(TroubleKind.MAINS_DOWN, _LASTS, _ROUTINE, _ROUTINE, _NO, _NO),
    TroubleRow(TroubleKind.UPS_LOW, _LASTS, _HIGH, _HIGH, _NO, _NO),
    TroubleRow(TroubleKind.DISK_LOW, _LASTS, _HIGH, _HIGH, _NO, _NO),
    TroubleRow(TroubleKind.CLOCK_STEPPED, _ONCE, _ROUTINE, _ROUTINE, _NO, _NO),
    TroubleRow(TroubleKind.NODE_CLOCK, _ONCE, _ROUTINE, _ROUTINE, _NO, _NO),
    TroubleRow(TroubleKind.CLONE, _ONCE, _ROUTINE, _HIGH, _NO, _NO),
    TroubleRow(TroubleKind.FORGERY, _ONCE, _ROUTINE, _HIGH, _NO, _NO),
    TroubleRow(TroubleKind.NOT_UNDERSTOOD, _ONCE, _ROUTINE, _ROUTINE, _NO, _NO),
    TroubleRow(TroubleKind.EVIDENCE, _ONCE, _ROUTINE, _HIGH, _NO, _NO),
    TroubleRow(TroubleKind.TWO_CONCENTRATORS, _ONCE, _HIGH, _HIGH, _NO, _NO),
    TroubleRow(TroubleKind.WRONG_CODES, _ONCE, _HIGH, _HIGH, _NO, _NO),
    TroubleRow(TroubleKind.FILE_DAMAGED, _ONCE, _HIGH, _HIGH, _NO, _NO),
    TroubleRow(TroubleKind.COUNTERS_SPENT, _ONCE, _HIGH, _HIGH, _NO, _NO),
    TroubleRow(TroubleKind.CERTIFICATE_ENDS, _LASTS, _ROUTINE, _ROUTINE, _NO, _NO),
    TroubleRow(TroubleKind.CERTIFICATE_ENDS_SOON, _LASTS, _HIGH, _HIGH, _NO, _NO),
    TroubleRow(TroubleKind.CERTIFICATE_REFUSED, _LASTS, _HIGH, _HIGH, _NO, _NO),
    TroubleRow(TroubleKind.PANEL_FAULT, _LASTS, _ROUTINE, _ROUTINE, _NO, _NO),
    TroubleRow(TroubleKind.PANEL_SILENT, _LASTS, _HIGH, _HIGH, _NO, _NO),
)
TROUBLE_ROW_OF = {row.kind: row for row in TROUBLE_ROWS}


class Fault(NamedTuple):
    """A trouble that lasts, by its subject: `network/node` of a node, the name of a link or of a destination, '' for the rest."""

    kind: TroubleKind
    subject: str = ""

    @classmethod
    def of(cls, kind: TroubleKind, address: Address) -> Self:
        """A node's."""
        return cls(kind, f"{address.network}/{address.node}")

    @property
    def address(self) -> Address | None:
        """The node that it is of, if it is one's."""
        if self.kind not in OF_NODES:
            return None
        network, _, node = self.subject.partition("/")
        return Address(int(network), int(node))


OF_NODES = frozenset({TroubleKind.NODE_SILENT, TroubleKind.NODE_LOST, TroubleKind.BATTERY_LOW})
