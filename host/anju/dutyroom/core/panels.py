"""Alarm panels of other makers, whose reports stand in a journal of their own: what rooms tell one another of them.

Such a panel takes no orders: nothing here arms, tests or resets it.
"""

from __future__ import annotations

from typing import NamedTuple

from anju.uplink.reports import Lane, ReportKind, TroubleKind, Zone

NAME = "panels"
"""In the place of a concentrator's name, which is a building's or at least not in small letters."""
JOURNAL = "0" * 32
"""No concentrator's: theirs are random."""
REPEATED_WITHIN_MS = 3600 * 1000
"""Behind that, the same message under the same number is said anew: a panel that starts begins to count again."""


class Said(NamedTuple):
    """One event that a panel tells of, as far as it becomes a report. `rule` is its code."""

    kind: ReportKind
    lane: Lane
    rule: str
    zone: Zone | None = None
    person: str | None = None
    trouble: TroubleKind | None = None
    subject: str | None = None


class Message(NamedTuple):
    """What a panel has said under one number. `digest` is of the content; `stamp`, as it says it, is when it was sent."""

    account: str
    receiver: str
    line: str
    sequence: str
    digest: str
    stamp: str
    household: str
    events: tuple[Said, ...]
