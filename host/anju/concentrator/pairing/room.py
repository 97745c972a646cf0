"""From a pairing frame to what is durable, said and told; `core/pairing` decides, this carries it out.

    arrive -> run -> decide.heard -> Vault.carry_out, one transaction of the keyring -> adopt -> answer -> tell
    reception -> watch -> decide.verified -> the links that are over end, before the node is acknowledged

What has changed goes into the journal behind it: a notice lies in the keyring, in the transaction of the change, until it does.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import structlog

from anju.concentrator.core.moment import Moment
from anju.concentrator.core.outage import Outage
from anju.concentrator.core.pairing import decide
from anju.concentrator.core.pairing.note import Note
from anju.concentrator.core.pairing.state import Decision, News, Pairings, Place, Stage
from anju.concentrator.core.panel.zones import ROW_OF
from anju.concentrator.core.places import Address, Linked, LinkId, Route
from anju.concentrator.core.ports import Clock, Journal, Orders, Send, Vault
from anju.concentrator.pairing.attempt import PROVE_S, Attempt
from anju.ledger import LedgerError
from anju.uplink.reports import Lane, NodeAddress, PairingFailure, Report, ReportKind
from anju.wire import pairing
from anju.wire.label import DEVICE_ID_SYMBOLS, SYMBOLS, Label
from anju.wire.messages import Message
from anju.wire.pairing import PairingFault
from anju.wire.table import Step

MOST_ROUTES, MOST_FRAMES = 256, 8
"""Frames that wait, by the way they came: whoever floods one way crowds out nobody on another."""
BREATH_S = 0.002
"""Behind each frame: the loop empties a flooded socket meanwhile, so that neither alarms nor other nodes are lost there."""
RETRY_S = 1.0

_NOT_OF_A_NOTICE = {"seq", "kind", "lane", "recorded_at_ms", "version"}
_FAILURES = frozenset(failure.value for failure in PairingFailure)
_log = structlog.get_logger()


class Pairing:
    """All pairings of this concentrator; `counts` says what became of pairing frames."""

    def __init__(self, network: int, vault: Vault, journal: Journal, orders: Orders, send: Send, clock: Clock) -> None:
        self.counts: Counter[str] = Counter()
        self.attempts: dict[str, Attempt] = {}
        self.lock = asyncio.Lock()
        """Held while anything is decided; who holds it may use `pairings` and `do`."""
        self._network = network
        self._vault = vault
        self._journal = journal
        self._orders = orders
        self._send = send
        self._clock = clock
        self._waiting: dict[Route, deque[bytes]] = {}
        self._failures: list[str] = []
        self._wake = asyncio.Event()
        self._wake.set()
        self._disk = Outage()
        self._adopt(decide.resume(vault.promises(), clock()))

    def arrive(self, frame: bytes, route: Route) -> None:
        """Take a pairing frame from a link. Never blocks and never raises."""
        if not (self.pairings.searches or self.pairings.records or any(a.is_typed for a in self.attempts.values())):
            self.counts["unasked"] += 1
            return
        waiting = self._waiting.get(route)
        if waiting is None and len(self._waiting) < MOST_ROUTES:
            waiting = self._waiting[route] = deque()
        if waiting is None or len(waiting) == MOST_FRAMES:
            self.counts["overload"] += 1
            return
        waiting.append(frame)
        self._wake.set()

    async def run(self) -> None:
        """Answer, end and report until cancelled."""
        while True:
            pause_s = self._pause_s()
            try:
                async with self.lock:
                    await self.do(decide.due(self.pairings, self._clock()))
                    self._give_up()
                await self._answer_one_of_each()
                await self._withdraw_orders()
                await self._report()
            except Exception as error:  # noqa: BLE001  # one pairing that trips must not take the others with it
                pause_s = RETRY_S
                if self._disk.failed():
                    expected = isinstance(error, LedgerError)
                    _log.error("pairings wait; trying again", error=str(error), exc_info=None if expected else error)
            else:
                if self._disk.worked():
                    _log.info("pairings go on")
                pause_s = 0 if self._waiting else self._pause_s()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._wake.wait()
            self._wake.clear()

    async def watch(self, messages: Sequence[Message]) -> None:
        """Authentic messages have been committed: the first under new keys ends the links before. LedgerError: it did not."""
        for message in messages:
            key = LinkId(Address(message.header.network, message.header.node), message.header.epoch)
            if key in self._unproved:
                async with self.lock:
                    await self.do(decide.verified(self.pairings, key.address, key.epoch))
            for attempt in self.attempts.values():
                attempt.watch_orders(message)
                if attempt.link == key:
                    attempt.watch(message)

    async def order(self, attempt: Attempt, valid_s: float) -> None:
        """Tell the node of a label to offer itself where it is in use. LedgerError: it was not told."""
        for link in self._vault.links:
            if link.device == attempt.device and self._vault.counts(link.id):
                number = await self._orders.order_pairing(link, attempt.note.person, math.ceil(valid_s))
                attempt.order(number, link.id.address)

    def wake(self) -> None:
        """Something was asked for: deadlines are looked at anew."""
        self._wake.set()

    def place(self, note: Note, device: str, root_key: bytes) -> Place:
        """What a node of this device is to become, as nobody else does at the moment."""
        found = self._vault.place(self._network, device, note, self._taken())
        kinds = tuple(ROW_OF[zone.kind].input for zone in note.placement.inputs)
        return Place(root_key, found.address, found.epoch, kinds, note.to_json())

    def taken_by_others(self, address: Address, device: str | None) -> bool:
        """Whether another device is about to be paired in this place."""
        searches = (s.label.device for s in self.pairings.searches.values() if s.place.address == address)
        records = (r.device for r in self._promised() if Address(r.granted.network, r.granted.node) == address)
        return any(other != device for other in (*searches, *records))

    async def do(self, decision: Decision) -> None:
        """Make a decision durable, then the truth, then tell whoever watches. LedgerError: nothing has changed."""
        moment = self._clock()
        over, notices = self._consequences(decision, moment)
        if decision.save or decision.drop or decision.link or over:
            await self._vault.carry_out(decision, over, moment.wall_ms, notices)
        self.counts["refused"] += decision.refused
        notes = {record.device: record.note for record in decision.save}
        self._adopt(decision.pairings)
        for device, news in decision.told:
            self._tell(device, news, decision, notes.get(device), moment)
        if notices or decision.told:
            self._wake.set()

    def end_typed(self, attempt: Attempt, why: PairingFailure) -> None:
        """Look no longer for whoever knows a code."""
        attempt.fail(why)
        self._failures.append(self._failure(attempt.note, None, why, self._clock()))
        self._wake.set()

    def notice(self, kind: ReportKind, link: Linked, moment: Moment, **facts: Any) -> str:
        """What the journal is to say of a link."""
        address = NodeAddress(network=link.id.address.network, node=link.id.address.node)
        placement, device = link.placement, link.device or None
        known = {"household": placement.household, "zones": placement.inputs, "person": link.person, "device": device}
        return _text(kind, moment, **{**known, "node": address, **facts})

    def _adopt(self, pairings: Pairings) -> None:
        self.pairings = pairings
        promises = [record.granted for record in pairings.records.values() if record.stage == Stage.PAIRED]
        self._unproved = {LinkId(Address(one.network, one.node), one.epoch) for one in promises}

    def _promised(self) -> list[Any]:
        return [record for record in self.pairings.records.values() if record.stage != Stage.CANCELLED]

    def _taken(self) -> set[LinkId]:
        taken = {LinkId(search.place.address, search.place.epoch) for search in self.pairings.searches.values()}
        grants = [record.granted for record in self._promised()]
        return taken | {LinkId(Address(grant.network, grant.node), grant.epoch) for grant in grants}

    async def _answer_one_of_each(self) -> None:
        """One frame of each way that frames come; whoever has more to say waits for the others."""
        for route in list(self._waiting):
            frame = self._waiting[route].popleft()
            if not self._waiting[route]:
                del self._waiting[route]
            async with self.lock:
                for answer in await self._answers(frame):
                    self._send(route, answer)
            await asyncio.sleep(BREATH_S)

    async def _answers(self, frame: bytes) -> list[bytes]:
        moment = self._clock()
        device = self._device_of_typed(frame)
        if device is None:
            decision = decide.heard(self.pairings, frame, moment)
            await self.do(decision)
            return [decision.send] if decision.send else []
        answers = []
        for attempt in [attempt for attempt in self.attempts.values() if attempt.is_typed]:
            decision = self._tried(attempt, device, frame, moment)
            if decision.save or any(one.news in {News.TOO_FEW_INPUTS, News.TOO_OLD} for one in decision.told):
                # It knows the code. Whatever follows is a search like any other.
                attempt.device = device
                await self.do(decision)
                return [decision.send] if decision.send else []
            if decision.send:
                attempt.tell_offer(device)
                answers.append(decision.send)
        return answers

    def _tried(self, attempt: Attempt, device: str, frame: bytes, moment: Moment) -> Decision:
        """What a frame would do if this device were the one of a typed code. Offers leave nothing behind."""
        if attempt.code is None:
            return Decision(self.pairings)
        place = self.place(attempt.note, device, attempt.root_key)
        trial = decide.begin(self.pairings, Label(device, attempt.code), place, attempt.secret, moment)
        decision = decide.heard(trial.pairings, frame, moment)
        return replace(decision, told=tuple(one for one in decision.told if one.news != News.HEARD))

    def _device_of_typed(self, frame: bytes) -> str | None:
        """The device of an offer or answer that nobody has shown a label of."""
        try:
            clear, _rest = pairing.read(frame)
            device = clear.device.decode("ascii")
        except (PairingFault, UnicodeDecodeError):
            return None
        is_id = len(device) == DEVICE_ID_SYMBOLS and set(device) <= set(SYMBOLS)
        return (
            device
            if is_id and clear.step in {Step.OFFER, Step.ANSWER} and device not in self.pairings.searches
            else None
        )

    def _consequences(self, decision: Decision, moment: Moment) -> tuple[list[LinkId], list[str]]:
        """The links that end by a decision, and the notices of what it changes."""
        if made := decision.link:
            note = Note.from_json(made.note)
            link = Linked(LinkId(made.address, made.epoch), note.placement, made.device, note.person)
            formers = [
                one.device for one in self._vault.links if one.id.address == note.former and one.device != made.device
            ]
            kind = ReportKind.NODE_REPLACED if note.former else ReportKind.NODE_PAIRED
            return [], [self.notice(kind, link, moment, former_device=formers[0] or None if formers else None)]
        if proved := decision.proved:
            key = LinkId(proved.address, proved.epoch)
            former = Note.from_json(proved.note).former
            over = [
                link
                for link in self._vault.links
                if link.id != key and (link.device == proved.device or link.id.address in {proved.address, former})
            ]
            elsewhere = [link for link in over if link.id.address not in {proved.address, former}]
            return [link.id for link in over], [
                self.notice(ReportKind.NODE_UNPAIRED, link, moment, person=Note.from_json(proved.note).person)
                for link in elsewhere
            ]
        return [], []

    def _tell(self, device: str, news: News, decision: Decision, note: str | None, moment: Moment) -> None:
        watching = [
            one for one in self.attempts.values() if one.device == device and one.result is None and not one.link
        ]
        if news.value in _FAILURES and not (news == News.IMPOSTOR and device in self.pairings.searches):
            placed = watching[0].note if watching else Note.from_json(note) if note else None
            if placed:
                self._failures.append(self._failure(placed, device, PairingFailure(news), moment))
        for attempt in watching:
            if news == News.PAIRED and decision.link:
                link = LinkId(decision.link.address, decision.link.epoch)
                attempt.pair(link, moment.monotonic_s + PROVE_S)
            elif news.value in _FAILURES and device not in self.pairings.searches:
                attempt.fail(PairingFailure(news))
            else:
                is_ordered = news == News.SEARCHING and attempt.is_ordered
                attempt.step(news, **({"ordered": True} if is_ordered else {}))

    def _failure(self, note: Note, device: str | None, why: PairingFailure, moment: Moment) -> str:
        placement = note.placement
        facts = {"household": placement.household, "zones": placement.inputs, "person": note.person}
        return _text(ReportKind.PAIRING_FAILED, moment, failure=why, device=device, **facts)

    def _give_up(self) -> None:
        now_s = self._clock().monotonic_s
        for attempt in self.attempts.values():
            if attempt.result is None and attempt.until_s <= now_s:
                if attempt.link:
                    attempt.give_up_waiting()
                elif attempt.is_typed:
                    self.end_typed(attempt, PairingFailure.NO_ANSWER if attempt.heard else PairingFailure.SILENT)

    async def _withdraw_orders(self) -> None:
        """A node that nobody looks for any longer need not offer itself."""
        for attempt in list(self.attempts.values()):
            while attempt.orders and (attempt.result is not None or attempt.link):
                number = next(iter(attempt.orders))
                await self._orders.withdraw(number)
                attempt.orders.pop(number, None)

    def _pause_s(self) -> float | None:
        deadlines = [one.until_s for one in self.attempts.values() if one.result is None and (one.link or one.is_typed)]
        core = decide.next_deadline(self.pairings)
        nearest = min([*deadlines, *([core] if core is not None else [])], default=None)
        return None if nearest is None else max(0.0, nearest - self._clock().monotonic_s)

    async def _report(self) -> None:
        """Bring into the journal what is not there yet, once."""
        while self._failures:
            await self._journalled(Report.model_validate_json(self._failures[0]))
            self._failures.pop(0)
        for number, facts in self._vault.notices():
            report = Report.model_validate_json(facts)
            if not self._journal.lately(report):
                await self._journalled(report)
            await self._vault.told(number)

    async def _journalled(self, report: Report) -> None:
        known = {name: getattr(report, name) for name in report.model_fields_set - _NOT_OF_A_NOTICE}
        async with self._journal.change() as draft:
            draft.record(report.kind, report.lane, **known)


def _text(kind: ReportKind, moment: Moment, **facts: Any) -> str:
    """A report that is not in the journal yet, and so has no number of its own."""
    at_ms = moment.wall_ms
    report = Report(seq=1, kind=kind, lane=Lane.ROUTINE, recorded_at_ms=at_ms, event_at_ms=at_ms, **facts)
    return report.model_dump_json(exclude_none=True)
