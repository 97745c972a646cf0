"""A second model of a panel, written from its specification: it keeps what happened, and works out everything anew each time.

It shares no code and no idea with `core/panel`: no phases, no rows, no timers; a stay is a list of what was opened, and an alarm
is a question asked of that list.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

EXIT_S, ENTRY_S, ABORT_S, SETTLE_S, DOUBT_S = 60, 30, 30, 60, 3
FOREVER = float("inf")
BEFORE_S = 0.001
"""A bypass ends before whatever else is over at the same moment."""
ALWAYS = {
    "safe": "intrusion_alarm",
    "button": "hold_up_alarm",
    "hidden button": "hold_up_alarm",
    "smoke": "fire_alarm",
    "gas": "technical_alarm",
    "water": "technical_alarm",
    "case": "tamper_alarm",
}
BUTTONS = ("button", "hidden button")


class Alarm(NamedTuple):
    """When an alarm goes up, of what, and from which zone."""

    at_s: float
    kind: str
    zone: str


class Opening(NamedTuple):
    """A zone becomes active."""

    at_s: float
    zone: str


@dataclass
class Outing:
    """A zone is bypassed."""

    zone: str
    from_s: float
    to_s: float


@dataclass
class Stay:
    """From arming to disarming."""

    mode: str
    begin_s: float
    exit_s: float
    end_s: float | None = None
    openings: list[Opening] = field(default_factory=list)
    doors: list[tuple[float, str]] = field(default_factory=list)
    """The way in opens and closes while people leave."""
    outings: list[Outing] = field(default_factory=list)
    alarmed_late: set[str] = field(default_factory=set)


class Group(NamedTuple):
    """Zones that become an alarm together."""

    trips_s: float
    zones: tuple[str, ...]


class Model:
    """What must have been raised by now."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.stays: list[Stay] = []
        self.always: list[Alarm] = []
        self.bypassed: dict[str, float | None] = {}
        self.test_until_s = 0.0
        self.starts: dict[str, float] = {}
        self.open: set[str] = set()
        self.open_when_armed: set[str] = set()
        self.latched: set[str] = set()

    @property
    def stay(self) -> Stay | None:
        """The present one; None: off."""
        return self.stays[-1] if self.stays and self.stays[-1].end_s is None else None

    def arm(self, mode: str) -> None:
        """Somebody arms, whatever is open; what is stays out until it is closed. Away is away; and nobody arms who has to say
        first who it is: in the entry time, and while an alarm is pending."""
        stay = self.stay
        if stay and (self._is_pending(stay) or stay.mode == mode == "away"):
            return
        self.end()
        exit_end = self.now_s + EXIT_S if mode == "away" else self.now_s
        self.stays.append(Stay(mode, self.now_s, exit_end))
        guarded = ("window", "hall") if mode == "away" else ("window", "door")
        for zone in guarded:
            if zone in self.open and not self._is_out(zone):
                self.open_when_armed.add(zone)
        for zone in ("door", "window", "hall"):
            if self._is_out(zone):
                until = None if zone in self.open_when_armed else self.bypassed[zone]
                self.stays[-1].outings.append(Outing(zone, self.now_s, FOREVER if until is None else until))

    def end(self) -> None:
        """The stay is over."""
        if self.stay:
            self.stay.end_s = self.now_s

    def disarm(self) -> None:
        """Somebody disarms: all that was out is in again."""
        self.end()
        self.bypassed.clear()
        self.open_when_armed.clear()

    def bypass(self, zone: str, lasts_s: float) -> None:
        """Somebody takes a zone out; for 0 s: until they disarm."""
        until = self.now_s + lasts_s if lasts_s else None
        self.open_when_armed.discard(zone)
        self.bypassed[zone] = until
        if self.stay:
            to_s = FOREVER if until is None else until
            going_on = [one for one in self.stay.outings if one.zone == zone and self.now_s < one.to_s]
            for one in going_on:
                one.to_s = to_s
            if not going_on:
                self.stay.outings.append(Outing(zone, self.now_s, to_s))

    def is_heard_late(self, zone: str, stay: Stay, at_s: float) -> None:
        """Only now somebody hears that a zone was opened then, in a stay that has ended since."""
        if stay.end_s is None or self._settles(zone) or at_s < stay.exit_s or (zone == "hall" and stay.mode == "home"):
            return
        was_out = any(one.zone == zone and one.from_s <= at_s < one.to_s - DOUBT_S for one in stay.outings)
        has_swung = any(zone in group.zones for group, ends_s in self._groups(stay) if ends_s <= stay.end_s)
        entry_s = 0 if zone == "window" else ENTRY_S
        if was_out or has_swung or zone in stay.alarmed_late or stay.end_s - at_s <= entry_s + ABORT_S:
            return
        stay.alarmed_late.add(zone)
        self.always.append(Alarm(self.now_s, "intrusion_alarm", zone))

    def becomes_active(self, zone: str) -> None:
        """A zone is opened, pressed, or detects something."""
        self.open.add(zone)
        is_tried = self.now_s < self.test_until_s
        if zone in ALWAYS:
            if not is_tried and (zone in BUTTONS or not self._settles(zone)):
                self.always.append(Alarm(self.now_s, ALWAYS[zone], zone))
                self.latched.add(zone)
            return
        stay = self.stay
        if stay is None or is_tried or self._settles(zone):
            return
        if zone == "door" and self.now_s < stay.exit_s:
            self._door_while_leaving(stay)
        if not self._is_out(zone):
            stay.openings.append(Opening(self.now_s, zone))

    def reset(self) -> None:
        """Somebody resets: what is still active stays latched."""
        self.latched &= self.open - set(BUTTONS)

    def rests(self, zone: str) -> None:
        """It is closed."""
        self.open.discard(zone)
        stay = self.stay
        if stay and zone in self.open_when_armed:
            for one in stay.outings:
                one.to_s = min(one.to_s, self.now_s) if one.zone == zone else one.to_s
        self.open_when_armed.discard(zone)
        if stay and zone == "door" and self.now_s < stay.exit_s:
            stay.doors.append((self.now_s, "closed"))

    def passes(self, seconds: float) -> None:
        """Time passes; what stands open when it is to be guarded counts as opened then."""
        end_s = self.now_s + seconds
        moments = {start + SETTLE_S for start in self.starts.values()} | {self.test_until_s}
        moments |= {until for until in self.bypassed.values() if until is not None}
        if self.stay and self.stay.mode == "away":
            moments.add(self.stay.exit_s)
        for moment in sorted(moment for moment in moments if self.now_s < moment <= end_s):
            self.now_s = moment
            for zone in [zone for zone, until in self.bypassed.items() if until == moment]:
                self._guards_again(zone, moment - BEFORE_S)
            self._look(moment)
            for zone in sorted(self.open - set(BUTTONS)) if moment == self.test_until_s else ():
                self._guards_again(zone, moment)
        self.now_s = end_s

    def alarms(self) -> list[Alarm]:
        """All that must have been raised by now."""
        found = list(self.always)
        for stay in self.stays:
            for group, _ in self._groups(stay):
                at_s = group.trips_s + ABORT_S
                if at_s <= self.now_s and (stay.end_s is None or stay.end_s >= at_s):
                    found += [Alarm(at_s, "intrusion_alarm", zone) for zone in group.zones]
        return sorted(found)

    def _look(self, moment: float) -> None:
        stay = self.stay
        if stay and stay.mode == "away" and moment == stay.exit_s:
            zones = [zone for zone in ("door", "window", "hall") if zone in self.open and not self._is_out(zone)]
            if zones:
                stay.openings.append(Opening(moment, f"{zones[0]} left open"))
        for zone, start in list(self.starts.items()):
            if start + SETTLE_S == moment:
                del self.starts[zone]
                if zone in self.open and zone not in BUTTONS:
                    self.becomes_active(zone)

    def _guards_again(self, zone: str, at_s: float) -> None:
        """It was out, or tried, and is neither any more: what stands open then counts as opened at `at_s`."""
        is_tried = self.now_s < self.test_until_s
        if zone not in self.open or is_tried or self._settles(zone) or zone in self.latched or self._is_out(zone):
            return
        stay = self.stay
        if zone in ALWAYS:
            self.becomes_active(zone)
        elif stay and (
            stay.mode == "home" or self.now_s > stay.exit_s or self.now_s == self.test_until_s >= stay.exit_s
        ):
            stay.openings.append(Opening(at_s, zone))

    def _door_while_leaving(self, stay: Stay) -> None:
        closed = any(what == "closed" for _, what in stay.doors)
        restarted = any(what == "again" for _, what in stay.doors)
        if closed and not restarted:
            stay.exit_s = self.now_s + EXIT_S
            stay.doors.append((self.now_s, "again"))

    def _settles(self, zone: str) -> bool:
        return zone in self.starts and self.now_s < self.starts[zone] + SETTLE_S

    def _is_out(self, zone: str) -> bool:
        until = self.bypassed.get(zone, 0.0)
        return zone in self.open_when_armed or until is None or self.now_s < until

    def _is_pending(self, stay: Stay) -> bool:
        return any(self.now_s < group.trips_s + ABORT_S for group, _ in self._groups(stay))

    def _groups(self, stay: Stay) -> list[tuple[Group, float]]:
        """What was opened in a stay, as groups that end as one alarm, each with the time when it ends."""
        groups: list[tuple[Group, float]] = []
        shut: set[str] = set()
        trips_s, zones = None, []  # type: float | None, list[str]
        for at_s, name in [*stay.openings, (float("inf"), "")]:
            if trips_s is not None and at_s >= trips_s + ABORT_S:
                groups.append((Group(trips_s, tuple(zones)), trips_s + ABORT_S))
                shut |= set(zones)
                trips_s, zones = None, []
            zone = name.removesuffix(" left open")
            is_left_open = name != zone
            if at_s == float("inf") or (zone in shut and not is_left_open) or (at_s < stay.exit_s and not is_left_open):
                continue
            if zone == "door" or is_left_open:
                if trips_s is None:
                    trips_s, zones = at_s + ENTRY_S, [zone]
            elif trips_s is not None and trips_s <= at_s and zone in zones:
                continue
            elif zone == "window":
                trips_s, zones = (at_s if trips_s is None or trips_s > at_s else trips_s), _with(zones, zone)
            elif zone == "hall" and stay.mode == "away" and (trips_s is None or trips_s <= at_s):
                trips_s, zones = (at_s if trips_s is None else trips_s), _with(zones, zone)
        return groups


def _with(zones: list[str], zone: str) -> list[str]:
    """However often a zone is opened before the alarm, it is one alarm."""
    return [*(one for one in zones if one != zone), zone]
