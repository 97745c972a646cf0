"""What stands between a key and a panel: challenges that are good for one answer, and wrong codes that are counted. Pure.

Time is that of the monotonic clock, in seconds.
"""

from __future__ import annotations

import hmac
from typing import NamedTuple

from anju.concentrator.core.places import Address, LinkId, Placement
from anju.uplink.reports import PanelMode, ZoneKind
from anju.wire.messages import Message, Status
from anju.wire.table import Action, Type

CHALLENGE_S = 10.0
"""A person waits no longer, and no node answers later."""
WRONG_CODES = 3
"""So many in a row are a guess."""
FIRST_LOCK_S = 60.0
LONGEST_LOCK_S = 3600.0


class Requested(NamedTuple):
    """A REQUEST that was authentic; not `is_fresh`: the very frame has come before."""

    message: Message
    placement: Placement
    is_fresh: bool

    @property
    def address(self) -> Address:
        """Of the node."""
        return Address(self.message.header.network, self.message.header.node)

    @property
    def link(self) -> LinkId:
        """Under which keys."""
        return LinkId(self.address, self.message.header.epoch)


def is_request(message: Message, placement: Placement) -> bool:
    """Whether somebody asks for something with keys, at a node that has some."""
    body = message.body
    return isinstance(body, Status) and body.type == Type.REQUEST and keypad_of(placement) is not None


def keypad_of(placement: Placement) -> str | None:
    """What a node's keypad or fob is called; None if it has no keys."""
    return next((zone.name for zone in placement.inputs if zone.kind is ZoneKind.KEYPAD), None)


class Press(NamedTuple):
    """One press of a key: the node's number for it, and what it asks for."""

    link: LinkId
    number: int
    action: int


class _Challenge(NamedTuple):
    press: Press
    value: bytes
    due_s: float


class Challenges:
    """At most one for each node: that of its newest press."""

    def __init__(self) -> None:
        self._of: dict[Address, _Challenge] = {}

    def issue(self, press: Press, value: bytes, now_s: float) -> None:
        """Challenge a press; an earlier one of this node is good for nothing any more."""
        self._of[press.link.address] = _Challenge(press, value, now_s + CHALLENGE_S)

    def pending(self, press: Press, now_s: float) -> bytes | None:
        """What this press was challenged with, while that is good."""
        known = self._of.get(press.link.address)
        return known.value if known and known.press == press and now_s < known.due_s else None

    def answered(self, press: Press, value: bytes, now_s: float) -> bool:
        """Whether this is the answer, in time; whatever it is, the challenge is used up."""
        known = self.pending(press, now_s)
        self._of.pop(press.link.address, None)
        return known is not None and hmac.compare_digest(known, value)


class Guesses:
    """Wrong codes in a row at each node, and how long it gets no answer for them."""

    def __init__(self) -> None:
        self._wrong: dict[Address, int] = {}
        self._until_s: dict[Address, float] = {}

    def is_locked(self, address: Address, now_s: float) -> bool:
        """Whether a node gets no answer now."""
        return now_s < self._until_s.get(address, now_s)

    def wrong(self, address: Address, now_s: float) -> bool:
        """Count a wrong code; whether the node is locked by it."""
        count = self._wrong[address] = self._wrong.get(address, 0) + 1
        if count < WRONG_CODES:
            return False
        lock_s = min(FIRST_LOCK_S * 2.0 ** min(count - WRONG_CODES, 16), LONGEST_LOCK_S)
        self._until_s[address] = now_s + lock_s
        return True

    def right(self, address: Address) -> None:
        """Somebody knows a code."""
        self._wrong.pop(address, None)


def reduces(action: int, mode: PanelMode) -> bool:
    """Whether what is asked for reduces protection (invariant I10), if only for the time to leave; so does what is not known."""
    if action == Action.AWAY:
        return mode is PanelMode.HOME
    return action != Action.HOME or mode is PanelMode.AWAY
