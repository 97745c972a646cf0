"""The arm state of a household over time: what an event that arrives late is judged against."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from anju.concentrator.core.panel.source import Contact
from anju.uplink.reports import PanelMode

KEPT = 16
_STRICTNESS = {PanelMode.OFF: 0, PanelMode.HOME: 1, PanelMode.AWAY: 2}


class Stay(NamedTuple):
    """From `since_ms` (Unix) on, a household is in `mode`; for the first `exit_s` its people are still leaving.

    `out`: zones that somebody has bypassed in it, at whatever time. `shut`: zones that have raised an alarm of it, and raise no
    other (swinger shutdown).
    """

    since_ms: int
    mode: PanelMode
    exit_s: float = 0
    out: frozenset[Contact] = frozenset()
    shut: frozenset[Contact] = frozenset()

    def is_leaving(self, at_ms: int) -> bool:
        """Whether the exit time runs then."""
        return self.since_ms <= at_ms < self.since_ms + self.exit_s * 1000


class Stays(NamedTuple):
    """The newest stays, oldest first; never empty."""

    all: tuple[Stay, ...] = (Stay(0, PanelMode.OFF),)

    @property
    def last(self) -> Stay:
        """The present one."""
        return self.all[-1]

    def at(self, at_ms: int) -> int:
        """Index of the stay at a time; of the strictest where that is before the oldest that is remembered."""
        for index in range(len(self.all) - 1, -1, -1):
            if self.all[index].since_ms <= at_ms:
                return index
        return self.strictest_since(0)

    def strictest_since(self, since_ms: int) -> int:
        """Index of the newest of the strictest stays between `since_ms` and now: what a doubtful time is judged against."""
        first = max((index for index, stay in enumerate(self.all) if stay.since_ms <= since_ms), default=0)
        return max(range(first, len(self.all)), key=lambda index: (_STRICTNESS[self.all[index].mode], index))

    def end_ms(self, index: int) -> int | None:
        """When a stay ended; None if it is the present one."""
        return self.all[index + 1].since_ms if index + 1 < len(self.all) else None

    def changed(self, stay: Stay) -> Stays:
        """After arming or disarming."""
        return Stays((*self.all, stay)[-KEPT:])

    def prolonged(self, to_ms: int) -> Stays:
        """After the exit time has begun anew: it now ends then."""
        return Stays((*self.all[:-1], self.last._replace(exit_s=(to_ms - self.last.since_ms) / 1000)))

    def shutting(self, index: int, contacts: Iterable[Contact]) -> Stays:
        """After zones have raised an alarm of a stay."""
        stays = list(self.all)
        stays[index] = stays[index]._replace(shut=stays[index].shut | set(contacts))
        return Stays(tuple(stays))

    def without(self, contact: Contact) -> Stays:
        """After a zone was bypassed."""
        return Stays((*self.all[:-1], self.last._replace(out=self.last.out | {contact})))


NEVER_ARMED = Stays()
