"""How a concentrator's link is: judged by how long ago it was heard."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

LATE_AFTER_S = 35
"""A healthy concentrator calls at least every 25 s (its poll for commands); 10 s are for a slow machine."""
LOST_AFTER_S = 90
"""Half of the 180 s within which the stricter alarm systems must notice the loss of a path."""


class LinkState(StrEnum):
    """What the top strip says of a link."""

    HEARD = "heard"
    LATE = "late"
    LOST = "lost"


class Link(NamedTuple):
    """One concentrator; `age_s` since it was heard, or since the duty room started where `waiting` for it."""

    concentrator: str
    journal_id: str
    age_s: float
    state: LinkState
    waiting: bool


def judged(age_s: float) -> LinkState:
    """The state of a link that was heard so long ago."""
    if age_s > LOST_AFTER_S:
        return LinkState.LOST
    return LinkState.LATE if age_s > LATE_AFTER_S else LinkState.HEARD
