"""The reception: what happens to a frame, from its bytes to its acknowledgement. One press on one screen.

`Reception._receive` is the whole way: deframed bytes -> key and tag (codec) -> freshness -> decision on a draft ->
commit -> adopt -> ack. Frames that wait while a commit runs share the next one. If the commit fails, the draft is
dropped and nobody is acknowledged; every node tries again, byte for byte.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog

from anju.concentrator.core import intake
from anju.concentrator.core.draft import Draft
from anju.concentrator.core.freshness import Freshness
from anju.concentrator.core.intake import ARM_MODES, Heard
from anju.concentrator.core.keypads import Requested, is_request
from anju.concentrator.core.outage import Outage
from anju.concentrator.core.places import Address, Placement, Route
from anju.concentrator.core.ports import Clock, Journal, Keys, Send, Watch
from anju.ledger import LedgerError
from anju.uplink.reports import NodeAddress, TroubleKind
from anju.wire.codec import Codec, Reason, Refused
from anju.wire.messages import Ack, Extra, Hello, Message, Status
from anju.wire.table import QUALITY_UNKNOWN, TAG_BYTES, ArmMode, Flag, Type, Verdict
from anju.wire.table import Extra as ExtraType

MOST_WAITING = 4096
"""Frames that may wait for a commit, 200 KB of them; more are dropped and counted, and their nodes try again."""

MOST_AT_ONCE = 256
TROUBLE_EVERY_S = 60.0
"""At most one trouble per link or node and minute (invariant I2): a flood of forgeries must not fill the journal."""

_log = structlog.get_logger()


class Arrival(NamedTuple):
    """A frame and the way it came."""

    frame: bytes
    route: Route


@dataclass
class Group:
    """Frames that share a commit: their draft, and what is counted, and quiet for a while, once it is committed."""

    draft: Draft
    verdicts: Counter[str] = field(default_factory=Counter)
    troubled: dict[object, float] = field(default_factory=dict)
    authentic: list[Message] = field(default_factory=list)
    requested: list[Requested] = field(default_factory=list)


class Answer(NamedTuple):
    """An acknowledgement that is owed once the draft is committed."""

    route: Route
    address: Address
    message: Message
    verdict: Verdict
    arm_mode: ArmMode
    test: bool


class Reception:
    """Takes frames from every link; `counts` says what became of them."""

    def __init__(
        self,
        codec: Codec,
        keys: Keys,
        journal: Journal,
        send: Send,
        clock: Clock,
        watch: Watch | None = None,
        requested: Callable[[Requested], None] | None = None,
    ) -> None:
        """`requested` is told of requests once what they change is committed; it answers them."""
        self._watch = watch
        self._requested = requested
        self.counts: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        """By link: frames that nobody could have sent who has a key."""
        self._codec = codec
        self._keys = keys
        self._journal = journal
        self._send = send
        self._clock = clock
        self._waiting: asyncio.Queue[Arrival] = asyncio.Queue(MOST_WAITING)
        self._arrived = self._received = 0
        """Frames that were taken from links, and those of them that the loop is done with."""
        self._turn = asyncio.Event()
        """Set when the loop has gone round."""
        self._troubled: dict[object, float] = {}
        self._commits = Outage()
        self.not_committed = ""
        """Why the last commit failed, while none has worked since."""

    def arrive(self, frame: bytes, route: Route) -> None:
        """Take a frame from a link. Never blocks and never raises."""
        try:
            self._waiting.put_nowait(Arrival(frame, route))
            self._arrived += 1
        except asyncio.QueueFull:
            self.counts["overload"] += 1

    async def run(self) -> None:
        """Receive until cancelled."""
        while True:
            arrivals = [await self._waiting.get()]
            while len(arrivals) < MOST_AT_ONCE and not self._waiting.empty():
                arrivals.append(self._waiting.get_nowait())
            await self.receive(arrivals)
            self._received += len(arrivals)
            self._turn.set()
            self._turn = asyncio.Event()

    async def breathe(self) -> None:
        """Return once every frame that waits now has been received."""
        arrived = self._arrived
        while self._received < arrived:
            await self._turn.wait()

    async def receive(self, arrivals: list[Arrival]) -> None:
        """Receive a group of frames in one commit. Never raises: what cannot be handled is counted, logged, not acked."""
        try:
            await self._receive(arrivals)
            self.not_committed = ""
            if self._commits.worked():
                _log.info("what nodes say is committed again")
        except LedgerError as error:
            self.counts["not_acknowledged"] += len(arrivals)
            self.not_committed = error.what
            if self._commits.failed():
                _log.error("commit failed; nothing is acknowledged, the nodes try again", error=str(error))
        except Exception:  # noqa: BLE001
            # A frame that trips over a fault of ours must not take its neighbours with it, nor the reception.
            if len(arrivals) == 1:
                self.counts["fault"] += 1
                _log.exception("a frame could not be handled; it was not acknowledged", route=arrivals[0].route)
                return
            for arrival in arrivals:
                await self.receive([arrival])

    async def _receive(self, arrivals: list[Arrival]) -> None:
        async with self._journal.change() as draft:
            group = Group(draft)
            answers = [self._judge(arrival, group) for arrival in arrivals]
        self.counts.update(group.verdicts)
        self._troubled.update(group.troubled)
        if self._watch:
            await self._watch(group.authentic)
        if self._requested:
            for request in group.requested:
                self._requested(request)
        owed = [answer for answer in answers if answer]
        await self._keys.reserve({answer.address for answer in owed})
        for answer in owed:
            if self._keys.can_answer(answer.address):  # unless it was unpaired meanwhile
                self._acknowledge(answer)

    def _judge(self, arrival: Arrival, group: Group) -> Answer | None:
        (frame, route), draft, verdicts = arrival, group.draft, group.verdicts
        try:
            message = self._codec.open(frame)
        except Refused as refused:
            verdicts[refused.reason] += 1
            # A neighbour's node is no noise.
            self.refused[route.link] += refused.reason is not Reason.UNKNOWN_NODE
            if refused.reason is Reason.TAG:
                self._trouble(group, TroubleKind.FORGERY, route.link)
            return None
        header = message.header
        address = Address(header.network, header.node)
        placement = self._keys.placement(address)
        if placement is None:
            verdicts[Reason.UNKNOWN_NODE] += 1
            return None
        before = draft.node(address)
        tag = frame[-TAG_BYTES:]
        freshness = before.judge(header.epoch, header.counter, tag)
        verdicts[freshness] += 1
        if freshness is Freshness.REPLAY:
            return None
        if freshness is Freshness.CLONE:
            self._trouble(group, TroubleKind.CLONE, address, placement)
            return None
        group.authentic.append(message)
        verdict: Verdict | None = Verdict.DUPLICATE
        if freshness is Freshness.FRESH:
            draft.nodes[address] = before.heard(header.epoch, header.counter, tag, route, draft.moment.wall_ms)
            heard = Heard(message, placement, before.last_seen_ms, self._keys.linked(address, header.epoch))
            verdict = intake.take(draft, heard, self._journal.holds)
            self._look_for_another(group, message, placement)
        if is_request(message, placement):
            # Never by DUPLICATE: only whoever decides on it knows whether it was granted.
            group.requested.append(Requested(message, placement, freshness is Freshness.FRESH))
            return None
        if verdict is None or not message.body.flags & Flag.ACK_REQUESTED:
            return None
        if not self._keys.can_answer(address):
            self._trouble(group, TroubleKind.COUNTERS_SPENT, address, placement)
            return None
        test = intake.was_test(draft, message, self._journal.was_test)
        return Answer(route, address, message, verdict, ARM_MODES[draft.panel(placement.household).mode], test)

    def _acknowledge(self, answer: Answer) -> None:
        header, body, _ = answer.message
        extras = [Extra(ExtraType.CHALLENGE, body.challenge)] if isinstance(body, Hello) else []
        waiting = self._journal.building.pending.values()
        is_awaited = any(command.address == answer.address for command in waiting)
        ack = Ack(
            type=Type.ACK,
            flags=(Flag.TEST if answer.test else 0) | (Flag.PENDING if is_awaited else 0),
            time_s=self._clock().wall_ms // 1000,
            acked_epoch=header.epoch,
            verdict=answer.verdict,
            acked_counter=header.counter,
            event_id=body.event_id if isinstance(body, Status) else 0,
            link_quality=QUALITY_UNKNOWN,
            arm_mode=answer.arm_mode,
        )
        self._send(answer.route, self._codec.seal(self._keys.next_header(answer.address), ack, extras))

    def _look_for_another(self, group: Group, message: Message, placement: Placement) -> None:
        """A node that confirms what was never sent from here was told it by another concentrator with these keys."""
        body, address = message.body, Address(message.header.network, message.header.node)
        if isinstance(body, Ack) and not self._keys.has_sent(address, body.acked_epoch, body.acked_counter):
            self._trouble(group, TroubleKind.TWO_CONCENTRATORS, address, placement)

    def _trouble(
        self, group: Group, kind: TroubleKind, subject: Address | str, placement: Placement | None = None
    ) -> None:
        now = group.draft.moment.monotonic_s
        last = group.troubled.get((kind, subject)) or self._troubled.get((kind, subject))
        if last is not None and now - last < TROUBLE_EVERY_S:
            return
        group.troubled[kind, subject] = now
        if isinstance(subject, Address) and placement:
            node = NodeAddress(network=subject.network, node=subject.node)
            group.draft.trouble(kind, placement.household, node=node)
        else:
            group.draft.trouble(kind, subject=subject)
