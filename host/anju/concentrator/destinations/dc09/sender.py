"""Tells a receiving centre what happens, one message at a time, and believes only the answer to that very message."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import structlog

from anju.concentrator.core.ports import Clock, Delivered, Trial, Undelivered
from anju.concentrator.destinations import waiting
from anju.concentrator.destinations.dc09 import events
from anju.concentrator.destinations.dc09.line import Line, Open
from anju.concentrator.destinations.dc09.places import Places
from anju.dc09 import frame
from anju.dc09.frame import Answer, Kind, Message
from anju.service.i18n import _
from anju.uplink.reports import Report

TRIES = 2
"""How often a message goes to one receiver that is silent or can't read it, before the next receiver is asked."""
CORRECTIONS = 2
"""After so many NAKs in a row the clock is not what is wrong."""
MOST_UNFIT = 16
"""Pieces that answer nothing, within one answer's time, before a receiver counts as one that talks nonsense."""
RETURN_S = 600.0
"""How often the first receiver is tried again while another is spoken to."""
TEST_SEQUENCE = frame.LAST_SEQUENCE
_LATE_S = 10
_BUILDING, _HOUSEHOLD = 0, 1
"""Partitions."""
_log = structlog.get_logger()


class Speech(NamedTuple):
    """How it is spoken: the message's name, its own account, the line's number, and how long an answer may take."""

    name: str
    account: str
    line: str
    answer_s: float
    supervision_s: float


def sequence(seq: int) -> int:
    """1 to 9998 by a report's number in the journal: however often it is sent, and by whichever start, it has the same."""
    return (seq - 1) % (frame.LAST_SEQUENCE - 1) + 1


class Dc09:
    """A `core.ports.Destination`. `receivers`: ways to each, in the order in which they are preferred; `key` reads the key."""

    def __init__(
        self,
        speech: Speech,
        key: Callable[[], bytes | None],
        receivers: Sequence[Open],
        places: Places,
        clock: Clock,
        warnings: Callable[[], list[str]],
    ) -> None:
        self._speech = speech
        self._read_key = key
        self._key = key()
        self._receivers = receivers
        self._places = places
        self._clock = clock
        self._warnings = warnings
        self._line: Line | None = None
        self._at = 0
        self._left_s = 0.0
        """When the first receiver was given up for another."""
        self._heard_s: float | None = None
        """When it was answered last; None: the last try failed, or there was none."""
        self._offset = dt.timedelta()
        """Of the receiver's clock from ours."""
        self._refused = 0
        self._turn = asyncio.Lock()

    @property
    def warnings(self) -> list[str]:
        """What a person should know of how it is set up."""
        refused = (
            [_("It has refused reports for good (DUH): %(count)d") % {"count": self._refused}] if self._refused else []
        )
        return self._warnings() + refused

    async def deliver(self, reports: Sequence[Report]) -> Delivered:
        """Tell what can be told, in its order."""
        await asyncio.to_thread(self._places.refresh)
        if self._heard_s is None:
            await self._supervise()
        taken: list[int] = []
        refused: list[int] = []
        for report in reports:
            message = self._message(report)
            try:
                kind = Kind.ACK if message is None else (await self._say(message)).kind
            except Undelivered:
                if taken or refused:
                    break
                raise
            (refused if kind is Kind.DUH else taken).append(report.seq)
        self._refused += len(refused)
        return Delivered(taken, refused)

    async def idle(self) -> None:
        """Show that the line stands, when it is time for that."""
        due_s = 0.0 if self._heard_s is None else self._heard_s + self._speech.supervision_s - time.monotonic()
        await asyncio.sleep(max(0.0, due_s))
        await self._supervise()

    async def test(self) -> Trial:
        """A manual test (601) under the building's own account. ServiceError: plan or accounts can't be used."""
        begun_s = time.monotonic()
        await asyncio.to_thread(self._places.refresh)  # else a test is taken where no alarm would be told
        message = self._told(events.TEST, TEST_SEQUENCE, self._speech.account, _BUILDING, 0)
        answer = await self._say(message, tries=1)  # who waits for it waits for the next receiver's answer, too
        return Trial(answer.kind is Kind.ACK, answer.kind.value, time.monotonic() - begun_s)

    async def close(self) -> None:
        """End the connection."""
        self._hang_up()
        self._heard_s = None

    async def _supervise(self) -> None:
        left = self._at if time.monotonic() - self._left_s >= RETURN_S else 0
        if left:
            self._hang_up()
            self._at = 0
        try:
            await self._say(Message("NULL", frame.NULL_SEQUENCE, self._speech.account))
        except asyncio.CancelledError:
            self._at = self._at or left  # what has happened goes where the line stood, before it is known of the first
            raise

    def _message(self, report: Report) -> Message | None:
        event = events.of(report)
        if event is None:
            return None
        account = self._places.account(report.household)
        partition = _HOUSEHOLD if report.household else _BUILDING
        message = self._told(event, sequence(report.seq), account, partition, self._places.zone(report))
        at_ms = report.event_at_ms or report.recorded_at_ms
        if self._clock().wall_ms - at_ms < _LATE_S * 1000:
            return message
        at = dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC) + self._offset
        return message._replace(extra=f"[H{at:%H:%M:%S,%m-%d-%Y}]")

    def _told(self, event: events.Event, number: int, account: str, partition: int, zone: int) -> Message:
        content = events.adm_cid if self._speech.name == "ADM-CID" else events.sia_dcs
        return Message(self._speech.name, number, account, content(event, account, partition, zone))

    async def _say(self, message: Message, tries: int = TRIES) -> Answer:
        """Say it to the receiver that answered last, or else to the next ones. Undelivered: none takes it."""
        async with self._turn:
            if self._heard_s is None:  # a wrong one may have been replaced
                self._key = await asyncio.to_thread(self._read_key)
            why = ""
            for _each in self._receivers:
                try:
                    answer = await self._say_here(message, tries)
                except (Undelivered, OSError, TimeoutError) as error:
                    why = waiting.reason(error)
                    self._hang_up()
                    self._go_on()
                except BaseException:
                    self._hang_up()  # an answer may still be on its way
                    raise
                else:
                    self._heard_s = time.monotonic()
                    return answer
            self._heard_s = None
            raise Undelivered(why)

    def _go_on(self) -> None:
        if not self._at:
            self._left_s = time.monotonic()
        self._at = (self._at + 1) % len(self._receivers)

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line:
            line.close()

    async def _say_here(self, message: Message, tries: int) -> Answer:
        """ACK or DUH of this receiver."""
        corrections = 0
        while True:
            answer = await self._ask_once(message)
            if answer is None:
                tries -= 1
                if not tries:
                    raise TimeoutError
            elif answer.kind is not Kind.NAK:
                return answer
            else:
                corrections += 1
                if corrections > CORRECTIONS or answer.at is None:
                    raise Undelivered(_("NAK: it does not take the account, the key or the time"))
                self._offset = answer.at - self._now()

    async def _ask_once(self, message: Message) -> Answer | None:
        """Send it, and wait for its answer; None: there is none in time, or it could not be read there."""
        try:
            async with asyncio.timeout(self._speech.answer_s):
                if self._line is None:
                    self._line = await self._receivers[self._at]()
                at = self._now() + self._offset
                await self._line.send(frame.build(message, self._speech.line, at, self._key))
                return await self._hear(self._line, message)
        except TimeoutError:
            return None

    async def _hear(self, line: Line, message: Message) -> Answer | None:
        for _piece in range(MOST_UNFIT):
            piece = await line.receive()
            if piece.strip() == b"":
                return None  # how a receiver may say that the CRC was wrong
            answer = frame.read(piece, self._key)
            if answer is not None and _is_for(answer, message):
                return answer
        raise Undelivered(_("what it says answers nothing"))

    def _now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self._clock().wall_ms / 1000, dt.UTC)


def _is_for(answer: Answer, message: Message) -> bool:
    """A NAK may come under no number and no account: what it refuses may have been unreadable."""
    if answer.kind is Kind.NAK:
        return answer.sequence in {0, message.sequence}
    return (answer.sequence, answer.account) == (message.sequence, message.account)
