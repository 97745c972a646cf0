"""Arming by the clock: which entries are due, and when the next one is. Pure; nothing here can disarm (invariant I10).

An entry is due at its minute on each of its days, by the estate's local time, and is dealt with once a day, whatever the clock
does: the last day is remembered. A minute that a change to summer time leaves out is as much later as clocks are
put forward; of one that comes twice, the first counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple

from anju.uplink.reports import ScheduleEntry

MADE_UP_S = 15 * 60
"""An entry that is late by less, because the service was down, is made up."""
MOST_ENTRIES = 16
"""In one household."""
_LOOK_BACK_DAYS = 7
_AHEAD_DAYS = 8
"""After so many days each day of the week has come."""


class Scheduled(NamedTuple):
    """What somebody has set: `dealt` is the last day that was dealt with, as `date.toordinal` counts."""

    set: ScheduleEntry
    person: str
    dealt: int

    @property
    def number(self) -> int:
        """Its number in its household."""
        return self.set.number

    def to_json(self) -> str:
        """The stored form."""
        return json.dumps({"set": self.set.model_dump(mode="json"), "person": self.person, "dealt": self.dealt})

    @classmethod
    def from_json(cls, text: str) -> Scheduled:
        """What was stored."""
        stored = json.loads(text)
        return cls(ScheduleEntry.model_validate_json(json.dumps(stored["set"])), stored["person"], stored["dealt"])


class Due(NamedTuple):
    """A time that has come: `is_missed`, if so long ago that people count on something else by now."""

    at_ms: int
    is_missed: bool


def added(entry: ScheduleEntry, person: str, now_ms: int, zone: tzinfo | None) -> Scheduled:
    """A new entry: a time of today that has passed is not its own."""
    today = _day(now_ms, zone)
    has_passed = _at_ms(today, entry, zone) <= now_ms
    return Scheduled(entry, person, today.toordinal() - (not has_passed))


def look(entry: Scheduled, now_ms: int, zone: tzinfo | None) -> tuple[Scheduled, tuple[Due, ...]]:
    """What has come due since the entry was last dealt with, oldest first, and the entry once that is dealt with."""
    today = _day(now_ms, zone)
    dealt = _trusted(entry, today)
    first = max(dealt + 1, today.toordinal() - _LOOK_BACK_DAYS)
    found = []
    for ordinal in range(first, today.toordinal() + 1):
        day = date.fromordinal(ordinal)
        if day.isoweekday() in entry.set.days and (at_ms := _at_ms(day, entry.set, zone)) <= now_ms:
            found.append(Due(at_ms, now_ms - at_ms >= MADE_UP_S * 1000))
            dealt = ordinal
    return entry._replace(dealt=dealt) if found else entry, tuple(found)


def next_ms(entries: Iterable[Scheduled], now_ms: int, zone: tzinfo | None) -> int | None:
    """When the next of them is due, in Unix ms, the past included; None: never."""
    return min((at_ms for entry in entries if (at_ms := _next_ms(entry, now_ms, zone)) is not None), default=None)


def _next_ms(entry: Scheduled, now_ms: int, zone: tzinfo | None) -> int | None:
    today = _day(now_ms, zone)
    first = max(_trusted(entry, today) + 1, today.toordinal() - _LOOK_BACK_DAYS)
    for ordinal in range(first, first + _AHEAD_DAYS):
        day = date.fromordinal(ordinal)
        if day.isoweekday() in entry.set.days:
            return _at_ms(day, entry.set, zone)
    return None


def _trusted(entry: Scheduled, today: date) -> int:
    """The last day that was dealt with. One far ahead was told by a wrong clock, and must keep no entry from its work."""
    yesterday, tomorrow = today.toordinal() - 1, today.toordinal() + 1
    return entry.dealt if entry.dealt <= tomorrow else yesterday


def _day(at_ms: int, zone: tzinfo | None) -> date:
    return datetime.fromtimestamp(at_ms // 1000, zone).date()  # None: the machine's own zone


def _at_ms(day: date, entry: ScheduleEntry, zone: tzinfo | None) -> int:
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    # Aware arithmetic stays on the wall clock, and `timestamp` settles what that leaves open (PEP 495).
    return round((midnight + timedelta(minutes=entry.minute)).timestamp() * 1000)
