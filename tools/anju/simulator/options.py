"""What a demo may be told."""

from __future__ import annotations

from dataclasses import dataclass

from anju.service.i18n import _

MOST_FLATS = 400
MOST_FAULTS = 0.9
"""Above this hardly anything arrives, and a run shows nothing but its own patience."""


class OptionsError(ValueError):
    """A demo was asked for something that makes no sense; nothing was started."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """`loss`, `duplicate` and `reorder` are probabilities a datagram and direction, 0 to 0.9.

    `seconds` is how long residents act (None: until Ctrl-C, or 20 s headless); `port` None takes 8380, or any free one if
    that is in use or nobody looks (headless); `guard` False leaves the alarms to whoever opens the page.
    """

    flats: int = 12
    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    seed: int = 1
    headless: bool = False
    seconds: float | None = None
    json: bool = False
    port: int | None = None
    guard: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.flats <= MOST_FLATS:
            raise OptionsError(
                _("flats: from 1 to %(most)d, not %(value)d") % {"most": MOST_FLATS, "value": self.flats}
            )
        for name, value in (("loss", self.loss), ("duplicate", self.duplicate), ("reorder", self.reorder)):
            if not 0.0 <= value <= MOST_FAULTS:
                raise OptionsError(
                    _("%(name)s: from 0%% to %(most)d%%, not %(value)g%%")
                    % {"name": name, "most": MOST_FAULTS * 100, "value": value * 100}
                )
        if self.seconds is not None and not self.seconds >= 1:
            raise OptionsError(_("seconds: at least 1, not %(value)g") % {"value": self.seconds})
        if self.port is not None and not 1 <= self.port <= 65535:
            raise OptionsError(_("port: from 1 to 65535, not %(value)d") % {"value": self.port})
