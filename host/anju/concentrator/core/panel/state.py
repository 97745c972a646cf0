"""The state of one household's panel. It survives a restart, so its JSON form is versioned."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

from anju.concentrator.core.moment import Moment
from anju.concentrator.core.panel.on_test import OnTest
from anju.uplink.reports import PanelMode, PanelView, ZoneKind

MODES_KEPT = 16
"""Arm-state changes remembered, to judge an event that arrives late against the state at its own time."""
TESTS_KEPT = 8
"""TESTs that are over, remembered for the same; what is older than all of them was meant."""
PRESSES_KEPT = 8
HELD_WITHIN_MS = 10_000
"""A button that is held says so 3 s after its press; by clocks of whole seconds, one of which may just have been set."""

_STRICTNESS = {PanelMode.OFF: 0, PanelMode.HOME: 1, PanelMode.AWAY: 2}


class Contact(NamedTuple):
    """One input of one node."""

    network: int
    node: int
    zone: int


class Pressed(NamedTuple):
    """A press that was raised."""

    contact: Contact
    at_ms: int


@dataclass(frozen=True, slots=True)
class PanelState:
    """Arm mode with its recent history (since_ms, mode), oldest first, and the latched alarms; TEST with its history
    (from_ms, to_ms), and the newest presses that were raised."""

    modes: tuple[tuple[int, PanelMode], ...] = ((0, PanelMode.OFF),)
    latched: frozenset[ZoneKind] = frozenset()
    test: OnTest | None = None
    tests: tuple[tuple[int, int], ...] = ()
    pressed: tuple[Pressed, ...] = ()

    @property
    def mode(self) -> PanelMode:
        """The arm mode now."""
        return self.modes[-1][1]

    def mode_at(self, at_ms: int) -> PanelMode:
        """The arm mode at a time; before the oldest change remembered, the strictest known."""
        for since_ms, mode in reversed(self.modes):
            if since_ms <= at_ms:
                return mode
        return self.strictest_since(0)

    def strictest_since(self, since_ms: int) -> PanelMode:
        """The strictest mode at any time from `since_ms` until now: what a doubtful time is judged against."""
        at_start = [mode for at_ms, mode in self.modes if at_ms <= since_ms][-1:]
        later = [mode for at_ms, mode in self.modes if at_ms > since_ms]
        return max(at_start + later, key=_STRICTNESS.__getitem__)

    def changed(self, mode: PanelMode, at_ms: int) -> PanelState:
        """The state after arming or disarming."""
        return replace(self, modes=(*self.modes, (at_ms, mode))[-MODES_KEPT:])

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

    def is_unsettled(self, moment: Moment) -> bool:
        """Whether `settled` would change anything."""
        is_over = self.test is not None and not self.test.left_s(moment)
        return is_over or any(to_ms > moment.wall_ms for _, to_ms in self.tests)

    def settled(self, moment: Moment) -> PanelState:
        """The state at a moment: a TEST whose time is over has ended, and one that the clock says is still to come never was."""
        if not self.is_unsettled(moment):
            return self
        state = self if self.test is None or self.test.left_s(moment) else self.off_test(moment)
        # A clock was set back if any lies ahead: nodes live through that time once more, and then they mean it.
        return replace(state, tests=tuple(span for span in state.tests if span[1] <= moment.wall_ms))

    def raised(self, contact: Contact, at_ms: int) -> PanelState:
        """The state once a press was raised: that it is held says nothing new."""
        others = self.tried(contact).pressed
        return replace(self, pressed=(*others, Pressed(contact, at_ms))[-PRESSES_KEPT:])

    def tried(self, contact: Contact) -> PanelState:
        """The state once a press was a TEST: if it is held, that is all there is to raise."""
        return replace(self, pressed=tuple(one for one in self.pressed if one.contact != contact))

    def was_raised(self, contact: Contact, at_ms: int) -> bool:
        """Whether the press that is held at this time was raised."""
        return any(one.contact == contact and 0 <= at_ms - one.at_ms <= HELD_WITHIN_MS for one in self.pressed)

    def view(self) -> PanelView:
        """What reports say of the panel."""
        until_ms = self.test.until_ms if self.test else None
        return PanelView(mode=self.mode, latched=tuple(sorted(self.latched)), test_until_ms=until_ms)

    @lru_cache(maxsize=4096)  # noqa: B019 - states are few and small: most households are off with nothing latched
    def to_json(self) -> str:
        """The stored form; without TEST and presses it is that of version 1."""
        stored: dict[str, Any] = {"version": 1, "modes": self.modes, "latched": sorted(self.latched)}
        if self.test or self.tests or self.pressed:
            stored |= {"version": 2, "test": self.test, "tests": self.tests, "pressed": self.pressed}
        return json.dumps(stored)

    @classmethod
    def from_json(cls, text: str) -> PanelState:
        """A stored state; ValueError if a newer version wrote it."""
        stored = json.loads(text)
        if stored["version"] not in {1, 2}:
            raise ValueError(f"panel state of version {stored['version']}; this version reads 1 and 2")
        modes = tuple((int(at_ms), PanelMode(mode)) for at_ms, mode in stored["modes"])
        test = None
        if told := stored.get("test"):
            since, *rest = told
            test = OnTest(Moment(*since), *rest)
        return cls(
            modes,
            frozenset(ZoneKind(kind) for kind in stored["latched"]),
            test,
            tuple((int(from_ms), int(to_ms)) for from_ms, to_ms in stored.get("tests", ())),
            tuple(Pressed(Contact(*contact), int(at_ms)) for contact, at_ms in stored.get("pressed", ())),
        )
