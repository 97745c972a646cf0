"""Troubles that the duty room itself sees, which no concentrator reports; each is told again after a while, and not each time."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple, Self

AGAIN_MS = 3600 * 1000
OVER_S = 60.0
"""Three polls of a concentrator."""
_MOST = 256
"""Kinds of trouble by their subject that are remembered: a flood has no more of them."""


class OwnTrouble(StrEnum):
    """What is wrong."""

    REFUSED = "refused"
    """Somebody wanted to speak over the uplink and may not."""
    CERTIFICATE_ENDS = "certificate_ends"
    CERTIFICATE_ENDS_SOON = "certificate_ends_soon"
    CERTIFICATE_ENDED = "certificate_ended"
    """It is taken all the same: the clock may be wrong."""
    CERTIFICATE_NOT_YET = "certificate_not_yet"
    """It begins later by this clock, and is taken all the same."""
    UPLINK_DOWN = "uplink_down"
    """Concentrators on other PCs can't be heard: no certificate, or no address."""
    TWO_CONCENTRATORS = "two_concentrators"
    SOUNDER_DOWN = "sounder_down"
    FILE_DAMAGED = "file_damaged"
    """Its own file was damaged and is set aside; what could be read of it goes on."""
    PANEL_REFUSED = "panel_refused"
    """What somebody said as an alarm panel of another maker was not believed."""
    PANELS_DOWN = "panels_down"
    """Alarm panels of other makers can't be heard: their address is not to be had."""


STANDING = frozenset(
    {
        OwnTrouble.CERTIFICATE_ENDS,
        OwnTrouble.CERTIFICATE_ENDS_SOON,
        OwnTrouble.CERTIFICATE_ENDED,
        OwnTrouble.CERTIFICATE_NOT_YET,
        OwnTrouble.PANELS_DOWN,
    }
)
"""Those that are shown until they are over."""


class Seen(NamedTuple):
    """A trouble: of which concentrator ('' where that is uncertain, or the duty room itself), why, and from where.

    `at_ms`: the end or the beginning of a certificate, Unix ms.
    """

    trouble: OwnTrouble
    concentrator: str = ""
    why: str = ""
    origin: str = ""
    at_ms: int = 0

    @classmethod
    def of(cls, detail: Mapping[str, str]) -> Self | None:
        """As the log has kept it; None if that is about something else."""
        if "trouble" not in detail:
            return None
        concentrator, why, origin = (detail.get(name, "") for name in ("concentrator", "why", "origin"))
        return cls(OwnTrouble(detail["trouble"]), concentrator, why, origin, int(detail.get("at_ms", "0")))

    @property
    def is_urgent(self) -> bool:
        """Whether alarms may not be seen or heard of, somebody plays another's part, or a certificate is to be renewed now."""
        return self.trouble not in {OwnTrouble.CERTIFICATE_ENDS, OwnTrouble.PANEL_REFUSED} and (
            self.trouble is not OwnTrouble.REFUSED or bool(self.concentrator)
        )

    def detail(self) -> dict[str, str]:
        """As the log keeps it."""
        return {name: str(value) for name, value in self._asdict().items() if value}


def out_of_time(concentrator: str, begins_ms: int, ends_ms: int, now_ms: int) -> Seen | None:
    """What there is to say of a certificate's dates; None while the clock is between them."""
    if now_ms > ends_ms:
        return Seen(OwnTrouble.CERTIFICATE_ENDED, concentrator, at_ms=ends_ms)
    return Seen(OwnTrouble.CERTIFICATE_NOT_YET, concentrator, at_ms=begins_ms) if now_ms < begins_ms else None


class Stands:
    """What stands of each machine's certificate. Who shows an old and a new one by turns fills no log: what stands is over, or
    becomes another, once it was not seen for a minute."""

    def __init__(self, standing: Mapping[str, Seen]) -> None:
        """`standing`: by machine, from before a restart."""
        self._standing = dict(standing)
        self._seen_at_s: dict[str, float] = {}

    def is_news(self, machine: str, seen: Seen | None, now_s: float) -> bool:
        """Note what was seen, by a monotonic clock; whether something else stands from now on (then tell `note`)."""
        stands = self._standing.get(machine)
        if stands == seen:
            self._seen_at_s[machine] = now_s
            return False
        return stands is None or now_s - self._seen_at_s.setdefault(machine, now_s) >= OVER_S

    def note(self, machine: str, seen: Seen | None, now_s: float) -> None:
        """This stands from now on, and it is written."""
        self._seen_at_s[machine] = now_s
        self._standing.pop(machine, None)
        if seen is not None:
            self._standing[machine] = seen


class Told:
    """Which troubles were told lately; not from where, because a flood may come from everywhere."""

    def __init__(self, again_ms: int = AGAIN_MS) -> None:
        self._again_ms = again_ms
        self._at_ms: dict[tuple[str, str, str], int] = {}

    def is_news(self, seen: Seen, now_ms: int) -> bool:
        """Note it; whether it has to be told."""
        key = (seen.trouble.value, seen.concentrator, seen.why)
        last_ms = self._at_ms.get(key)
        if last_ms is not None and 0 <= now_ms - last_ms < self._again_ms:
            return False
        if last_ms is None and len(self._at_ms) >= _MOST:
            return False
        self._at_ms[key] = now_ms
        return True
