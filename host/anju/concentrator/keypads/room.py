"""The room of key fobs and keypads: from a REQUEST to a person's signal, or to nothing.

    REQUEST ─► adds protection, now ────────────────────────► panel ─► ACK
            └► reduces it, or is of no certain time ─► CHALLENGE
    REQUEST with the challenge ─► used once, in time? ─► whose code? ─► panel ─► ACK

What it is about is committed before it is answered. The same frame again gets the same answer again, and changes nothing.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import NamedTuple

import structlog

from anju.concentrator.core.intake import ARM_MODES
from anju.concentrator.core.keypads import (
    CHALLENGE_S,
    Challenges,
    Guesses,
    Press,
    Requested,
    keypad_of,
    reduces,
)
from anju.concentrator.core.panel.signals import Action, PersonSignal
from anju.concentrator.core.places import Address, LinkId
from anju.concentrator.core.ports import Clock, Journal, Keys
from anju.concentrator.keypads.codes import Codes
from anju.concentrator.teller import Teller
from anju.ledger import LedgerError
from anju.uplink.reports import NodeAddress, PanelMode, Refusal, TroubleKind
from anju.wire.messages import Ack, Extra, Message, Status
from anju.wire.table import CHALLENGE_BYTES, QUALITY_UNKNOWN, TIME_UNKNOWN, Code, Flag, Order, Type, Verdict
from anju.wire.table import Action as Key
from anju.wire.table import Extra as ExtraType

MOST_WAITING = 256
PROMPT_MS = 10_000
"""A request that is older by its own time, or of no certain one, is challenged whatever it asks for."""
INSIST_S = 15.0
"""Red was shown and its key is pressed once more: a person has understood, and wants it so."""
_REMEMBERED = 1024
_MODE_OF = {Key.AWAY: PanelMode.AWAY, Key.HOME: PanelMode.HOME}
_log = structlog.get_logger()


class _Frame(NamedTuple):
    """A frame by its number."""

    link: LinkId
    counter: int


class Keypads:
    """Decides on what is asked with keys."""

    def __init__(
        self,
        keys: Keys,
        journal: Journal,
        codes: Codes,
        teller: Teller,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        """`random_bytes(n)` is fit for a challenge."""
        self._keys = keys
        self._journal = journal
        self._codes = codes
        self._teller = teller
        self._clock = clock
        self._random_bytes = random_bytes
        self._challenges = Challenges()
        self._guesses = Guesses()
        self._waiting: asyncio.Queue[Requested] = asyncio.Queue(MOST_WAITING)
        self._answers: OrderedDict[_Frame, Verdict] = OrderedDict()
        self._not_ready: dict[Address, tuple[int, float]] = {}
        """Of each node: what could not be armed, and when; the same key soon again arms anyway."""

    def requested(self, request: Requested) -> None:
        """Take a request. Never blocks and never raises: a person presses again."""
        try:
            self._waiting.put_nowait(request)
        except asyncio.QueueFull:
            _log.warning("too much is asked with keys at once; a request was dropped")

    async def watch(self, messages: Sequence[Message]) -> None:
        """Authentic messages have been committed: a node with keys whose case was opened outside TEST is exposed."""
        for header, body, _ in messages:
            address = Address(header.network, header.node)
            if isinstance(body, Status) and body.type == Type.EVENT and body.code in {Code.TAMPERED, Code.LEAVING}:
                placement = self._keys.placement(address)
                if placement is None or keypad_of(placement) is None:
                    continue
                panel = self._journal.building.panels.get(placement.household)
                is_tried = panel is not None and body.time_s != TIME_UNKNOWN and panel.was_on_test(body.time_s * 1000)
                if body.code == Code.LEAVING or not is_tried:
                    await self._codes.expose(LinkId(address, header.epoch))

    async def run(self) -> None:
        """Decide until cancelled."""
        while True:
            await self.decide(await self._waiting.get())

    async def decide(self, request: Requested) -> None:
        """Decide on one request, and answer it. Never raises: what cannot be decided is not answered."""
        try:
            await self._decide(request)
        except LedgerError as error:
            _log.error("what was asked with keys could not be committed; it is not answered", error=str(error))
        except Exception:  # noqa: BLE001  # a request that trips over a fault of ours must not end the room
            _log.exception("a request could not be decided; it is not answered")

    async def _decide(self, request: Requested) -> None:
        header, body, _ = request.message
        if not isinstance(body, Status):
            return
        now_s = self._clock().monotonic_s
        frame = _Frame(request.link, header.counter)
        press = Press(request.link, body.event_id, body.code)
        if not request.is_fresh:
            await self._again(request, frame, press, now_s)
            return
        if self._guesses.is_locked(request.address, now_s):
            return
        value = request.message.extra(ExtraType.CHALLENGE)
        if value is not None:
            in_time = self._challenges.answered(press, value, now_s)
            verdict = await self._proved(request, body) if in_time else Verdict.EXPIRED
        elif self._needs_proof(request, body):
            self._challenges.issue(press, self._random_bytes(CHALLENGE_BYTES), now_s)
            await self._challenge(press, now_s)
            return
        else:
            verdict = await self._ask(request, body, keypad_of(request.placement) or "", is_duress=False)
        if verdict is not None:
            self._remember(frame, verdict)
            await self._answer(request, body, verdict)

    async def _again(self, request: Requested, frame: _Frame, press: Press, now_s: float) -> None:
        """The same frame has come before: its answer was lost, or somebody plays it once more."""
        header, body, _ = request.message
        verdict = self._answers.get(frame)
        if verdict is not None and isinstance(body, Status):
            await self._answer(request, body, verdict)
        elif header.counter and request.message.extra(ExtraType.CHALLENGE) is None:
            await self._challenge(press, now_s)

    def _needs_proof(self, request: Requested, body: Status) -> bool:
        now_ms = self._clock().wall_ms
        is_prompt = body.time_s != TIME_UNKNOWN and abs(now_ms - body.time_s * 1000) <= PROMPT_MS
        return not is_prompt or reduces(body.code, self._mode(request.placement.household))

    async def _proved(self, request: Requested, body: Status) -> Verdict | None:
        """Somebody is at the keys now. Who? None: nothing is to be said."""
        household, link = request.placement.household, request.link
        if self._codes.is_exposed(link) and reduces(body.code, self._mode(household)):
            return Verdict.REFUSED
        digits = request.message.extra(ExtraType.CODE)
        if digits is None:
            if self._codes.has_digits(link):
                return Verdict.REFUSED
            return await self._ask(request, body, keypad_of(request.placement) or "", is_duress=False)
        await self._codes.note_digits(link)
        known = await self._codes.whose(household, digits)
        if known is None:
            if self._guesses.wrong(request.address, self._clock().monotonic_s):
                address = request.address
                async with self._journal.change() as draft:
                    node = NodeAddress(network=address.network, node=address.node)
                    draft.trouble(TroubleKind.WRONG_CODES, household, node=node)
            return Verdict.REFUSED
        self._guesses.right(request.address)
        return await self._ask(request, body, known.person, is_duress=known.is_duress)

    async def _ask(self, request: Requested, body: Status, person: str, *, is_duress: bool) -> Verdict:
        household = request.placement.household
        mode = _MODE_OF.get(Key(body.code)) if body.code in set(Key) else None
        async with self._journal.change() as draft:
            if is_duress:
                answer = draft.ask(household, PersonSignal(Action.DURESS, person))
            elif mode is not None:
                anyway = self._is_insisting(request, body)
                answer = draft.ask(household, PersonSignal(Action.ARM, person, mode=mode, anyway=anyway))
            elif body.code == Key.OFF:
                answer = draft.ask(household, PersonSignal(Action.DISARM, person))
            else:
                return Verdict.NOT_UNDERSTOOD
        if answer.refusal is Refusal.NOT_READY:
            self._not_ready[request.address] = body.code, self._clock().monotonic_s
        return Verdict.REFUSED if answer.refusal else Verdict.ACCEPTED

    def _is_insisting(self, request: Requested, body: Status) -> bool:
        """Whether the same key was refused just now because something is open, silent or in trouble."""
        action, at_s = self._not_ready.pop(request.address, (0, 0.0))
        return action == body.code and self._clock().monotonic_s - at_s <= INSIST_S

    async def _challenge(self, press: Press, now_s: float) -> None:
        value = self._challenges.pending(press, now_s)
        if value is not None:
            extra = Extra(ExtraType.CHALLENGE, value)
            address, number = press.link.address, self._teller.number()
            await self._teller.tell(address, number, Order.CHALLENGE, press.number, 0, int(CHALLENGE_S), 0, extra)

    async def _answer(self, request: Requested, body: Status, verdict: Verdict) -> None:
        header, address = request.message.header, request.address
        if not body.flags & Flag.ACK_REQUESTED:
            return
        ack = Ack(
            type=Type.ACK,
            flags=0,
            time_s=self._clock().wall_ms // 1000,
            acked_epoch=header.epoch,
            verdict=verdict,
            acked_counter=header.counter,
            event_id=body.event_id,
            link_quality=QUALITY_UNKNOWN,
            arm_mode=ARM_MODES[self._mode(request.placement.household)],
        )
        await self._teller.send(address, ack)

    def _mode(self, household: str) -> PanelMode:
        panel = self._journal.building.panels.get(household)
        return panel.mode if panel else PanelMode.OFF

    def _remember(self, frame: _Frame, verdict: Verdict) -> None:
        self._answers[frame] = verdict
        if len(self._answers) > _REMEMBERED:
            self._answers.popitem(last=False)
