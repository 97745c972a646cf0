"""The arm state of a household over time: what an event that arrives late is judged against."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from anju.concentrator.core.panel.on_test import SURE_AFTER_MS
from anju.concentrator.core.panel.source import Contact
from anju.uplink.reports import PanelMode

KEPT = 16
OUT_KEPT = 32
"""Bypasses that are remembered of a stay; what is older than all of them was guarded."""
_STRICTNESS = {PanelMode.OFF: 0, PanelMode.HOME: 1, PanelMode.AWAY: 2}


class Out(NamedTuple):
    """A zone that was bypassed from `from_ms` to `to_ms` (Unix); None: to the end of the stay."""

    contact: Contact
    from_ms: int
    to_ms: int | None = None

    def covers(self, contact: Contact, from_ms: int, to_ms: int) -> bool:
        """Whether it was out all that time, as far as node clocks tell: what is doubtful was guarded."""
        return self.contact == contact and self.from_ms <= from_ms and (self.to_ms is None or to_ms < self.to_ms)

    def ended(self, contact: Contact, to_ms: int) -> Out:
        """The same once a bypass of this zone has ended."""
        return self._replace(to_ms=to_ms) if self.contact == contact and self.to_ms is None else self

    def stepped(self, by_ms: int) -> Out:
        """The same after a step of the wall clock."""
        return Out(self.contact, self.from_ms + by_ms, None if self.to_ms is None else self.to_ms + by_ms)


class Stay(NamedTuple):
    """From `since_ms` (Unix) on, a household is in `mode`; for the first `exit_s` its people are still leaving.

    `out`: when which of its zones were bypassed. `shut`: zones that have raised an alarm of it, and raise no other (swinger
    shutdown).
    """

    since_ms: int
    mode: PanelMode
    exit_s: float = 0
    out: tuple[Out, ...] = ()
    shut: frozenset[Contact] = frozenset()

    def stepped(self, by_ms: int) -> Stay:
        """The same after a step of the wall clock."""
        return self._replace(since_ms=self.since_ms + by_ms, out=tuple(one.stepped(by_ms) for one in self.out))

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
        """After arming or disarming. To disarm what is off begins none: who does that again and again has no other forgotten."""
        if stay.mode is PanelMode.OFF and self.last.mode is PanelMode.OFF:
            return self
        return Stays((*self.all, stay)[-KEPT:])

    def prolonged(self, to_ms: int) -> Stays:
        """After the exit time has begun anew: it now ends then."""
        return Stays((*self.all[:-1], self.last._replace(exit_s=(to_ms - self.last.since_ms) / 1000)))

    def shutting(self, index: int, contacts: Iterable[Contact]) -> Stays:
        """After zones have raised an alarm of a stay."""
        stays = list(self.all)
        stays[index] = stays[index]._replace(shut=stays[index].shut | set(contacts))
        return Stays(tuple(stays))

    def without(self, contact: Contact, from_ms: int) -> Stays:
        """After a zone was bypassed; one that is out already stays so."""
        out = self.last.out
        if any(one.contact == contact and one.to_ms is None for one in out):
            return self
        return self._with_out((*out, Out(contact, from_ms))[-OUT_KEPT:])

    def guarding(self, contact: Contact, from_ms: int) -> Stays:
        """After a bypass has ended. Node clocks may be SURE_AFTER_MS behind: so much of it is left out."""
        return self._with_out(tuple(one.ended(contact, from_ms - SURE_AFTER_MS) for one in self.last.out))

    def was_out(self, index: int, contact: Contact, at_ms: int, heard_ms: int = 0) -> bool:
        """Whether a zone was bypassed in a stay at a time; if that is not known (0), all the time from `heard_ms` on."""
        from_ms = at_ms or max(self.all[index].since_ms, heard_ms)
        to_ms = at_ms or self.end_ms(index) or from_ms
        return any(one.covers(contact, from_ms, to_ms) for one in self.all[index].out)

    def _with_out(self, out: tuple[Out, ...]) -> Stays:
        return Stays((*self.all[:-1], self.last._replace(out=out)))


NEVER_ARMED = Stays()
