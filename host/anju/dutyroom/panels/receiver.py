"""Judges what panels say, a message at a time: who says it, whether it is believed, whether it is on the disk. Then it answers.

An account's key is all that stands for a panel, because DC-09 has no MAC. Nothing is acknowledged before it is durable.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple, Protocol

import structlog

from anju.dc09 import heard as wire
from anju.dc09.frame import Kind
from anju.dc09.heard import Heard, Opened
from anju.dutyroom.core.own_trouble import OwnTrouble, Seen
from anju.dutyroom.core.panels import Message, Said
from anju.dutyroom.panels import codes, content
from anju.dutyroom.panels.codes import Event
from anju.service.errors import ServiceError
from anju.uplink.reports import Zone, ZoneKind

MOST_A_MINUTE = 60
"""Messages of one account that are kept. A panel that says more is out of order, or somebody plays it."""
_log = structlog.get_logger()


class Outcome(StrEnum):
    """What became of a message."""

    TAKEN = "taken"
    REPEATED = "repeated"
    SUPERVISION = "supervision"
    NOT_UNDERSTOOD = "not_understood"
    UNKNOWN = "unknown"
    """Nobody has this account."""
    IN_CLEAR = "in_clear"
    """Not encrypted, though the account has a key; or encrypted, though it has none."""
    NOT_OPENED = "not_opened"
    """Another key, or no key that can be used."""
    NOT_ALLOWED = "not_allowed"
    """Another way or another tongue than the account may use."""
    TIME = "time"
    FLOOD = "flood"
    NOT_WRITTEN = "not_written"
    GARBAGE = "garbage"


_NAKED = frozenset({Outcome.UNKNOWN, Outcome.IN_CLEAR, Outcome.NOT_OPENED, Outcome.NOT_ALLOWED, Outcome.TIME})
_TOLD = _NAKED - {Outcome.TIME}
_ANSWERS = {
    **dict.fromkeys(_NAKED, Kind.NAK),
    **dict.fromkeys((Outcome.TAKEN, Outcome.REPEATED, Outcome.SUPERVISION), Kind.ACK),
    Outcome.NOT_UNDERSTOOD: Kind.DUH,
}


class Account(NamedTuple):
    """A panel as the settings name it. `key`: None where it speaks in the clear; `is_usable`: whether its key could be read."""

    household: str
    key: bytes | None
    transports: frozenset[str]
    formats: frozenset[str]
    supervision_s: float
    zones: Mapping[int, str]
    is_usable: bool = True

    def zone(self, number: int, kind: ZoneKind) -> Zone | None:
        """A zone by its number on the panel."""
        return Zone(kind=kind, name=self.zones.get(number, f"#{number}"), number=0) if number else None


class Keeper(Protocol):
    """Who keeps what is said; after each return it is on the disk."""

    async def take_message(self, message: Message) -> bool:
        """Keep it; False for what was kept before."""
        ...

    async def tell_of_panel(self, household: str | None, said: Said) -> None:
        """Keep what nobody has said."""
        ...

    async def see(self, seen: Seen) -> bool:
        """Log a trouble that the duty room itself sees, unless it was told lately."""
        ...

    def now_ms(self) -> int:
        """The time."""
        ...


class Told(NamedTuple):
    """What became of a message, and what is answered; None: nothing."""

    outcome: Outcome
    answer: bytes | None


class Receiver:
    """All accounts of a duty room, and when each was heard. `silent`: those that were silent when it was started."""

    def __init__(
        self, accounts: Mapping[str, Account], silent: set[str], keeper: Keeper, monotonic_s: Callable[[], float]
    ) -> None:
        self._accounts = accounts
        self._keeper = keeper
        self._monotonic_s = monotonic_s
        self._heard_s = dict.fromkeys(accounts, monotonic_s())
        self._waited_for = set(accounts)
        """Not heard yet since the start."""
        self._silent = set(silent)
        self._minutes: dict[str, tuple[int, int]] = {}
        self.outcomes: Counter[Outcome] = Counter()

    @property
    def silent(self) -> int:
        """How many panels are silent."""
        return len(self._silent)

    async def judge(self, raw: bytes, transport: str, origin: str) -> Told:
        """What becomes of a frame that came from somewhere, and what is to be answered."""
        heard = wire.hear(raw)
        if heard is None:
            return self._counted(Outcome.GARBAGE, None)
        account = self._accounts.get(heard.account)
        outcome = await self._outcome(heard, account, transport)
        if outcome in _TOLD:
            where = f"#{heard.account}, {origin}"
            if await self._keeper.see(Seen(OwnTrouble.PANEL_REFUSED, why=outcome.value, origin=where)):
                _log.warning("a panel's message was refused", why=outcome.value, account=heard.account, origin=origin)
        kind = _ANSWERS.get(outcome)
        key = account.key if account else None
        return self._counted(outcome, None if kind is None else wire.answer(kind, heard, key, self._now()))

    async def look(self) -> None:
        """Tell of the panels that have become silent, and of those that are not any more. ServiceError: it was not written."""
        for name in self._silent - self._accounts.keys():
            await self._turn(name, None, is_over=True)
        now_s = self._monotonic_s()
        for name, account in self._accounts.items():
            is_silent = now_s - self._heard_s[name] > account.supervision_s
            if is_silent and name not in self._silent:
                await self._turn(name, account.household, is_over=False)
            elif not is_silent and name in self._silent and name not in self._waited_for:
                await self._turn(name, account.household, is_over=True)

    async def _turn(self, name: str, household: str | None, *, is_over: bool) -> None:
        await self._keeper.tell_of_panel(household, codes.silent(name, is_over=is_over))
        (self._silent.discard if is_over else self._silent.add)(name)

    async def _outcome(self, heard: Heard, account: Account | None, transport: str) -> Outcome:
        """Who speaks is asked first; what it says is read last."""
        if account is None:
            return Outcome.UNKNOWN
        if transport not in account.transports:
            return Outcome.NOT_ALLOWED
        if not account.is_usable:
            return Outcome.NOT_OPENED
        if heard.is_sealed != (account.key is not None):
            return Outcome.IN_CLEAR
        opened = wire.open_it(heard, account.key)
        if opened is None:
            return Outcome.NOT_OPENED if heard.is_sealed else Outcome.NOT_UNDERSTOOD
        if heard.is_sealed and not wire.is_timely(opened.at, self._now()):
            return Outcome.TIME
        return await self._believed(heard, opened, account)

    async def _believed(self, heard: Heard, opened: Opened, account: Account) -> Outcome:
        if heard.name == content.NULL:
            self._hear(heard.account)
            return Outcome.SUPERVISION
        if heard.name in content.FORMATS and heard.name not in account.formats:
            return Outcome.NOT_ALLOWED
        said = content.read(heard.name, opened.content, heard.account, account.zone)
        self._hear(heard.account)
        if self._is_flood(heard.account):
            return Outcome.FLOOD
        digest = hashlib.sha256(f"{heard.name}[{opened.content}]{opened.extra}".encode()).hexdigest()
        way = (heard.account, heard.receiver, heard.line, heard.sequence)
        # What can't be read may have been an alarm, and behind a DUH the panel says it no more: a person has to hear of it.
        kept = said or (codes.not_understood(Event(heard.account, "message", 0), heard.name),)
        message = Message(*way, digest, opened.stamp, account.household, kept)
        try:
            is_new = await self._keeper.take_message(message)
        except ServiceError:
            return Outcome.NOT_WRITTEN  # and not answered: the panel says it again
        if not said:
            return Outcome.NOT_UNDERSTOOD
        return Outcome.TAKEN if is_new else Outcome.REPEATED

    def _hear(self, name: str) -> None:
        self._heard_s[name] = self._monotonic_s()
        self._waited_for.discard(name)

    def _is_flood(self, name: str) -> bool:
        minute = int(self._monotonic_s() // 60)
        begun, count = self._minutes.get(name, (minute, 0))
        count = count + 1 if begun == minute else 1
        self._minutes[name] = (minute, count)
        return count > MOST_A_MINUTE

    def _counted(self, outcome: Outcome, answer: bytes | None) -> Told:
        self.outcomes[outcome] += 1
        return Told(outcome, answer)

    def _now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self._keeper.now_ms() / 1000, dt.UTC)
