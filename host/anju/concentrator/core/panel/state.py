"""The state of one household's panel. It survives a restart, so its JSON form is versioned."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import lru_cache

from anju.uplink.reports import PanelMode, PanelView, ZoneKind

MODES_KEPT = 16
"""Arm-state changes remembered, to judge an event that arrives late against the state at its own time."""

_STRICTNESS = {PanelMode.OFF: 0, PanelMode.HOME: 1, PanelMode.AWAY: 2}


@dataclass(frozen=True, slots=True)
class PanelState:
    """Arm mode with its recent history (since_ms, mode), oldest first, and the latched alarms."""

    modes: tuple[tuple[int, PanelMode], ...] = ((0, PanelMode.OFF),)
    latched: frozenset[ZoneKind] = frozenset()

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

    def view(self) -> PanelView:
        """What reports say of the panel."""
        return PanelView(mode=self.mode, latched=tuple(sorted(self.latched)))

    @lru_cache(maxsize=4096)  # noqa: B019 - states are few and small: most households are off with nothing latched
    def to_json(self) -> str:
        """The stored form."""
        return json.dumps({"version": 1, "modes": self.modes, "latched": sorted(self.latched)})

    @classmethod
    def from_json(cls, text: str) -> PanelState:
        """A stored state; ValueError if a newer version wrote it."""
        stored = json.loads(text)
        if stored["version"] != 1:
            raise ValueError(f"panel state of version {stored['version']}; this version reads 1")
        modes = tuple((int(at_ms), PanelMode(mode)) for at_ms, mode in stored["modes"])
        return cls(modes, frozenset(ZoneKind(kind) for kind in stored["latched"]))
