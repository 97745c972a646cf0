"""The watchman: looks once a second at what may be wrong, and journals what has begun and what is over.

Trouble is not an alarm. A node that has been silent for too long is one of the things that it looks at; that it speaks again is
seen where its frames are received.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from anju.concentrator.core.moment import Moment
from anju.concentrator.core.node_kinds import LOST_S, NodeKind, kind_of
from anju.concentrator.core.outage import Outage
from anju.concentrator.core.panel.trouble import Fault
from anju.concentrator.core.places import Address, Linked
from anju.concentrator.core.ports import Clock, Gauge, Journal
from anju.concentrator.core.supervision import Listening, Stage, Supervision
from anju.ledger import LedgerError
from anju.uplink.reports import TroubleKind
from anju.wire.messages import Message

LOOK_S = 1.0
NOTE_S = 60.0
"""How often it is noted that nodes are listened to; a start may be so much later, and still belong to what was before."""
_STAGES = {Stage.SILENT: TroubleKind.NODE_SILENT, Stage.LOST: TroubleKind.NODE_LOST}
_log = structlog.get_logger()


class Watchman:
    """Keeps the supervision of all nodes, and reads every gauge."""

    def __init__(
        self,
        journal: Journal,
        links: Callable[[], Sequence[Linked]],
        supervision: Supervision,
        gauges: Sequence[Gauge],
        clock: Clock,
    ) -> None:
        self._journal = journal
        self._links = links
        self._supervision = supervision
        self._gauges = gauges
        self._clock = clock
        self._expected: frozenset[Address] = frozenset()
        self._since_s: float | None = None
        """Since when it has been listened without a break; None: not yet."""
        self._noted_s: float | None = None
        self._missed_before: list[Fault] = []
        """What could not be journalled."""

    async def heard(self, messages: Sequence[Message]) -> None:
        """Nodes have spoken."""
        now_s = self._clock().monotonic_s
        for message in messages:
            self._hear(Address(message.header.network, message.header.node), now_s)

    async def run(self) -> None:
        """Look until cancelled."""
        outage = Outage()
        while True:
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001  # whatever one gauge does, the others are read again in a second
                if outage.failed():
                    trace = None if isinstance(error, LedgerError) else error
                    _log.error("troubles are not recorded; trying again", error=repr(error), exc_info=trace)
            else:
                if outage.worked():
                    _log.info("troubles are recorded again")
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Look once, and journal what is new."""
        now = self._clock()
        self._expect(now)
        await self._journal_news(now.monotonic_s)
        await self._note(now)

    async def _note(self, now: Moment) -> None:
        """That it is listened, for the next start."""
        if self._since_s is None or (self._noted_s is not None and now.monotonic_s - self._noted_s < NOTE_S):
            return
        passed_ms = round((now.monotonic_s - self._since_s) * 1000)
        await self._journal.note_listening(Listening(now.wall_ms - passed_ms, now.wall_ms))
        self._noted_s = now.monotonic_s

    async def _journal_news(self, now_s: float) -> None:
        standing = set(self._journal.building.faults)
        kinds = {kind for gauge in self._gauges for kind in gauge.kinds}
        seen = {fault for gauge in self._gauges for fault in gauge.read(now_s)}
        begun = seen - standing
        over = {fault for fault in standing - seen if fault.kind in kinds or self._is_gone(fault)}
        self._forgive({fault.subject for fault in over if fault.kind is TroubleKind.LINK_DOWN}, now_s)
        missed = self._missed({fault.subject for fault in seen if fault.kind is TroubleKind.LINK_DOWN}, now_s)
        if not (begun or over or missed):
            return
        try:
            async with self._journal.change() as draft:
                for fault in sorted(begun) + missed:
                    draft.fault(fault)
                for fault in sorted(over):
                    draft.mend(fault)
        except BaseException:
            self._missed_before = missed
            raise

    def _expect(self, now: Moment) -> None:
        """Follow the keyring: who is paired is expected, who is unpaired is not."""
        now_s, links = now.monotonic_s, self._links()
        enrolled = frozenset(link.id.address for link in links)
        if self._since_s is None:
            self._go_on(links, now)
            self._expected = enrolled
        for address in self._expected - enrolled:
            self._supervision.forget(address)
        for address in enrolled - self._expected:
            self._hear(address, now_s)
        self._expected = enrolled

    def _go_on(self, links: Sequence[Linked], now: Moment) -> None:
        """At a start: whoever was silent for a while before it is so for longer."""
        before = self._journal.listened() or Listening(now.wall_ms, now.wall_ms)
        heard_s = ((link, now.monotonic_s - self._silence_s(link, before, now.wall_ms)) for link in links)
        self._supervision.go_on((link.id.address, self._kind_of(link.id.address), at_s) for link, at_s in heard_s)
        self._since_s = now.monotonic_s - (now.wall_ms - before.resumed(now.wall_ms).since_ms) / 1000

    def _silence_s(self, link: Linked, before: Listening, now_ms: int) -> float:
        address, building = link.id.address, self._journal.building
        node = building.nodes.get(address)
        heard_ms = max(node.last_seen_ms if node else 0, link.paired_at_ms)
        down = Fault(TroubleKind.LINK_DOWN, self._link_of(address) or "")
        silent_s = self._kind_of(address).silent_s
        if not 0 < heard_ms <= now_ms or silent_s is None or down in building.faults:
            return 0.0
        was_silent = any(Fault.of(kind, address) in building.faults for kind in _STAGES.values())
        return before.silence_s(now_ms, heard_ms, min(silent_s, LOST_S), was_silent=was_silent)

    def _hear(self, address: Address, now_s: float) -> None:
        self._supervision.heard(address, self._kind_of(address), now_s)

    def _kind_of(self, address: Address) -> NodeKind:
        node = self._journal.building.nodes.get(address)
        return kind_of(node.firmware if node else "")

    def _is_gone(self, fault: Fault) -> bool:
        """Whether it is of a node that is unpaired."""
        return fault.address is not None and fault.address not in self._expected

    def _missed(self, down: set[str], now_s: float) -> list[Fault]:
        """Nodes that are too silent; that a link is down explains its nodes' silence."""
        missed, self._missed_before = self._missed_before, []
        for address, stage in self._supervision.due(now_s):
            if self._link_of(address) in down:
                self._hear(address, now_s)
            else:
                missed.append(Fault.of(_STAGES[stage], address))
        return missed

    def _forgive(self, links: set[str], now_s: float) -> None:
        """A link is back: its nodes are expected from now on, and after a restart too."""
        if links:
            self._since_s, self._noted_s = now_s, None
        for address in self._expected if links else ():
            if self._link_of(address) in links:
                self._hear(address, now_s)

    def _link_of(self, address: Address) -> str | None:
        node = self._journal.building.nodes.get(address)
        return node.route.link if node and node.route else None
