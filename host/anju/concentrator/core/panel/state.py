"""The state of one household's panel. It survives a restart; its stored form is in `stored.py`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from anju.concentrator.core.moment import Moment
from anju.concentrator.core.panel.arming import Phase
from anju.concentrator.core.panel.on_test import OnTest
from anju.concentrator.core.panel.source import Contact, Source
from anju.concentrator.core.panel.stays import NEVER_ARMED, Stays
from anju.concentrator.core.panel.timer import Timer
from anju.concentrator.core.panel.zones import Siren
from anju.uplink.reports import PanelMode, PanelPhase, PanelView, ZoneKind

TESTS_KEPT = 8
"""TESTs that are over, remembered to judge events that arrive late; what is older than all of them was meant."""
PRESSES_KEPT = 8
HELD_WITHIN_MS = 10_000
"""A button that is held says so 3 s after its press; by clocks of whole seconds, one of which may just have been set."""

_SHOWN_PHASES = {Phase.EXIT: PanelPhase.EXIT, Phase.ENTRY: PanelPhase.ENTRY, Phase.ABORT: PanelPhase.ABORT}


class Pressed(NamedTuple):
    """A press that was raised."""

    contact: Contact
    at_ms: int


class Bypass(NamedTuple):
    """A person has taken a zone out: until the timer is over, or with `until_closed` until it is closed, and at the latest until
    the household is disarmed."""

    source: Source
    person: str
    reason: str
    timer: Timer | None = None
    until_closed: bool = False

    @property
    def contact(self) -> Contact:
        """Of the zone."""
        return self.source.contact


class Settling(NamedTuple):
    """A node has started, and its sensors may not know yet how things are."""

    network: int
    node: int
    timer: Timer


class Sounding(NamedTuple):
    """The siren, which sounds while its timer runs; its light goes on until a person resets the latch."""

    siren: Siren
    timer: Timer


@dataclass(frozen=True, slots=True)
class PanelState:
    """Arm state with its history and its present phase, latches, bypasses, what sounds, and what was tried of late."""

    stays: Stays = NEVER_ARMED
    phase: Phase = Phase.OFF
    timer: Timer | None = None
    """Of the phase."""
    was_restarted: bool = False
    """The exit time, which is once in a stay."""
    came_back: bool = False
    """A way in was opened and closed while people leave: opened again, somebody fetches something."""
    tripped: tuple[Source, ...] = ()
    """What becomes an alarm at the end of the phase."""
    latched: frozenset[ZoneKind] = frozenset()
    bypasses: tuple[Bypass, ...] = ()
    settling: tuple[Settling, ...] = ()
    sounding: Sounding | None = None
    test: OnTest | None = None
    tests: tuple[tuple[int, int], ...] = ()
    """TESTs that are over, as (from_ms, to_ms)."""
    pressed: tuple[Pressed, ...] = ()
    """The newest presses that were raised."""

    @property
    def mode(self) -> PanelMode:
        """The arm mode now."""
        return self.stays.last.mode

    @property
    def is_still(self) -> bool:
        """Whether time alone will never change it."""
        return not (self.timer or self.settling or self.bypasses or self.test or self.sounding)

    def is_bypassed(self, contact: Contact) -> bool:
        """Whether a person has taken this zone out."""
        return any(bypass.contact == contact for bypass in self.bypasses)

    def without(self, bypass: Bypass, from_ms: int) -> PanelState:
        """The state once a person has taken a zone out."""
        others = tuple(one for one in self.bypasses if one.contact != bypass.contact)
        stays = self.stays if self.mode is PanelMode.OFF else self.stays.without(bypass.contact, from_ms)
        return replace(self, bypasses=(*others, bypass), stays=stays)

    def guarding(self, bypass: Bypass, from_ms: int) -> PanelState:
        """The state once a bypass has ended."""
        left = tuple(one for one in self.bypasses if one is not bypass)
        return replace(self, bypasses=left, stays=self.stays.guarding(bypass.contact, from_ms))

    def is_settling(self, contact: Contact) -> bool:
        """Whether the node of this zone has just started."""
        return any((one.network, one.node) == contact[:2] for one in self.settling)

    def next_deadline(self) -> float | None:
        """When time alone changes something next, in seconds of the monotonic clock; None: never."""
        return min(self._deadlines(), default=None)

    def _deadlines(self) -> Iterator[float]:
        if self.timer:
            yield self.timer.due_s
        if self.sounding and self.sounding.timer.lasts_s:
            yield self.sounding.timer.due_s
        if self.test:
            yield self.test.due_s
        yield from (bypass.timer.due_s for bypass in self.bypasses if bypass.timer)
        yield from (one.timer.due_s for one in self.settling)

    def was_on_test(self, at_ms: int) -> bool:
        """Whether it was on TEST at a time, and still is if that is now."""
        is_now = self.test is not None and self.test.from_ms <= at_ms
        return is_now or any(from_ms <= at_ms < to_ms for from_ms, to_ms in self.tests)

    def on_test(self, moment: Moment, lasts_s: int, person: str) -> PanelState:
        """The state once a person has begun a TEST, or has begun it anew."""
        from_ms = min(self.test.from_ms, moment.wall_ms) if self.test else moment.wall_ms
        return replace(self, test=OnTest(moment, lasts_s, person, from_ms))

    def off_test(self, moment: Moment) -> PanelState:
        """The state once TEST has ended."""
        if self.test is None:
            return self
        from_ms, to_ms = self.test.span(moment)
        tests = (*self.tests, (from_ms, to_ms))[-TESTS_KEPT:] if from_ms < to_ms else self.tests
        return replace(self, test=None, tests=tests)

    def forgetting_tests(self) -> PanelState:
        """The state once the machine has started anew, or is another: nobody knows whether the wall clock is still the one of
        former TESTs, or comes by their times once more. What is told of them now was meant."""
        return replace(self, tests=())

    def raised(self, contact: Contact, at_ms: int) -> PanelState:
        """The state once a press was raised: that it is held says nothing new."""
        others = tuple(one for one in self.pressed if one.contact != contact)
        return replace(self, pressed=(*others, Pressed(contact, at_ms))[-PRESSES_KEPT:])

    def tried(self, contact: Contact) -> PanelState:
        """The state once a press was a TEST: if it is held, that is all there is to raise."""
        others = tuple(one for one in self.pressed if one.contact != contact)
        return replace(self, pressed=others) if others != self.pressed else self

    def was_raised(self, contact: Contact, at_ms: int) -> bool:
        """Whether the press that is held at this time was raised."""
        return any(one.contact == contact and 0 <= at_ms - one.at_ms <= HELD_WITHIN_MS for one in self.pressed)

    def view(self) -> PanelView:
        """What reports say of the panel."""
        bypassed = tuple(sorted({bypass.source.name for bypass in self.bypasses})) or None
        return _view(bypassed, self.latched, self.mode, self.phase, self.test.until_ms if self.test else None)


@lru_cache(maxsize=1024)  # most panels look like many others
def _view(
    bypassed: tuple[str, ...] | None,
    latched: frozenset[ZoneKind],
    mode: PanelMode,
    phase: Phase,
    test_until_ms: int | None,
) -> PanelView:
    return PanelView(
        bypassed=bypassed,
        latched=tuple(sorted(latched)),
        mode=mode,
        phase=_SHOWN_PHASES.get(phase),
        test_until_ms=test_until_ms,
    )
