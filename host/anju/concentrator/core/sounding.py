"""What the siren nodes of a household should do. Pure.

A node ends a sound by itself, so that what has run out is told to nobody; the light is told until it is off.
"""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from anju.concentrator.core.moment import Moment
from anju.concentrator.core.panel.arming import Phase
from anju.concentrator.core.panel.state import PanelState
from anju.concentrator.core.panel.zones import Siren
from anju.wire.table import LATCHED_LIGHT, Sound

MOST_S = 180
"""What neighbours can bear, and a node's own limit."""
TEST_S = 2
"""So long a siren sounds for what is tried on TEST. What is meant sounds as ever."""


class Sounding(NamedTuple):
    """A sound until a moment of the monotonic clock, and the light that stays on."""

    sound: Sound = Sound.QUIET
    until_s: float = 0.0
    light: bool = False

    def at(self, now_s: float) -> Sounding:
        """The same as of now: what has run out is quiet."""
        if self.sound is Sound.QUIET or now_s >= self.until_s:
            return Sounding(light=self.light)
        return self

    def seconds(self, now_s: float) -> int:
        """For how long it has to sound from now on, in whole seconds."""
        return 0 if self.sound is Sound.QUIET else min(max(ceil(self.until_s - now_s), 0), MOST_S)

    @property
    def pattern(self) -> int:
        """As a SOUND tells it."""
        return self.sound | (LATCHED_LIGHT if self.light else 0)


QUIET = Sounding()


_SOUND_OF = {Siren.INTRUSION: Sound.INTRUSION, Siren.HOLD_UP: Sound.HOLD_UP, Siren.FIRE: Sound.FIRE}
_BEEPER_OF = {Phase.EXIT: Sound.EXIT, Phase.ENTRY: Sound.ENTRY, Phase.ABORT: Sound.ABORT}


class Tried(NamedTuple):
    """A zone with a siren that was triggered on TEST, by the monotonic clock."""

    siren: Siren
    at_s: float


def wanted(panel: PanelState, now: Moment, tried: Tried | None = None) -> Sounding:
    """What a household's siren nodes should do now. A silent alarm has no `sounding`, and so neither sound nor light."""
    light = panel.sounding is not None
    if panel.sounding and (left_s := panel.sounding.timer.left_s(now)):
        return Sounding(_SOUND_OF[panel.sounding.siren], now.monotonic_s + min(left_s, MOST_S), light).at(
            now.monotonic_s
        )
    if panel.test and tried and now.monotonic_s < tried.at_s + TEST_S:
        return Sounding(_SOUND_OF[tried.siren], tried.at_s + TEST_S, light)
    beeper = _BEEPER_OF.get(panel.phase)
    if beeper and panel.timer:
        return Sounding(beeper, panel.timer.due_s, light).at(now.monotonic_s)
    return Sounding(light=light)
