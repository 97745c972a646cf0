"""A household on TEST, as its concentrator has reported it: what its zones do is tried, and opens no incident."""

from __future__ import annotations

from typing import NamedTuple


class OnTest(NamedTuple):
    """Which household, and until when at most, in Unix ms of its concentrator."""

    household: str
    until_ms: int
