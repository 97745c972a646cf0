"""The sounder: what each siren node should do, told to it until it confirms.

After every commit, and whenever time alone changes something, what the panels want is compared with what each node has
confirmed. The newest counts: an older order is dropped, and a node takes none that was overtaken. Nothing is journalled; after a
start of the service every node is told, and after its HELLO a node is off.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from anju.concentrator.core.outage import Outage
from anju.concentrator.core.panel.state import PanelState
from anju.concentrator.core.panel.zones import ROW_OF
from anju.concentrator.core.places import Address, Linked, LinkId, Placement
from anju.concentrator.core.ports import Clock, Journal
from anju.concentrator.core.sounding import QUIET, Sounding, Tried, wanted
from anju.concentrator.teller import Teller, Told
from anju.ledger import LedgerError
from anju.uplink.reports import ZoneKind
from anju.wire.messages import Ack, Hello, Message, Status
from anju.wire.table import Code, Flag, Order, Sound, Type, Verdict

FIRST_RETRY_S = 0.1
LAST_RETRY_S = 30.0
"""Of a node that does not answer: it may be gone for good, and a siren that is jammed is told again as soon as it is heard."""
GRACE_S = 5
"""An order holds so much longer than it sounds: clocks of nodes tell whole seconds."""
LIGHT_VALID_S = 60
_TRIGGERS = frozenset({Code.PANIC, Code.OPENED, Code.TAMPERED, Code.DETECTED})
_CONFIRMED = (Verdict.ACCEPTED, Verdict.DUPLICATE)
_log = structlog.get_logger()


@dataclass
class _Siren:
    """One node: what it has confirmed (None: nobody knows), and what it is being told."""

    confirmed: Sounding | None = None
    telling: Sounding | None = None
    number: int = 0
    sent: deque[Told] = field(default_factory=lambda: deque(maxlen=32))
    due_s: float = 0.0
    wait_s: float = FIRST_RETRY_S


class Sounder:
    """All siren nodes of the building."""

    def __init__(
        self,
        teller: Teller,
        links: Callable[[], Sequence[Linked]],
        journal: Journal,
        clock: Clock,
        sounded: Callable[[Address], None] = lambda _address: None,
    ) -> None:
        """`links`: those in force. `sounded` is told which node has confirmed a sound."""
        self._sounded = sounded
        self._teller = teller
        self._links = links
        self._journal = journal
        self._clock = clock
        self._sirens: dict[Address, _Siren] = {}
        self._known: Sequence[Linked] = ()
        self._placements: dict[Address, Placement] = {}
        self._tried: dict[str, Tried] = {}
        """By household: what was triggered last on TEST."""
        self._wake = journal.subscribe()

    async def watch(self, messages: Sequence[Message]) -> None:
        """Authentic messages have been committed: some may be answers, and who speaks can be told."""
        for header, body, _ in messages:
            address = Address(header.network, header.node)
            siren = self._sirens.get(address)
            if isinstance(body, Status) and body.type == Type.EVENT and body.code in _TRIGGERS:
                self._triggered(address, body.zone)
            if siren is None:
                continue
            if isinstance(body, Hello):
                siren.confirmed, siren.telling = QUIET, None
            elif isinstance(body, Ack):
                self._answered(siren, Told(LinkId(address, body.acked_epoch), body.acked_counter), body.verdict)
            siren.due_s, siren.wait_s = 0.0, FIRST_RETRY_S
        self._wake.set()

    async def run(self) -> None:
        """Tell until cancelled."""
        outage = Outage()
        while True:
            self._wake.clear()
            pause_s: float | None = 1.0
            try:
                pause_s = await self.step()
                if outage.worked():
                    _log.info("sirens are told again")
            except Exception as error:  # noqa: BLE001  # one siren that cannot be told must not end the telling
                if outage.failed():
                    expected = isinstance(error, LedgerError)
                    _log.error("sirens wait; trying again", error=str(error), exc_info=None if expected else error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._wake.wait()

    async def step(self) -> float | None:
        """Tell who is to be told now; seconds until somebody is again, None if not before something changes."""
        now = self._clock()
        self._follow(self._links())
        due_s: list[float] = []
        for address, siren in self._sirens.items():
            household = self._placements[address].household
            panel = self._journal.building.panels.get(household) or PanelState()
            self._aim(siren, wanted(panel, now, self._tried.get(household)), now.monotonic_s)
            if siren.telling is None:
                continue
            if siren.due_s <= now.monotonic_s:
                await self._tell(address, siren, siren.telling, now.monotonic_s)
            due_s.append(siren.due_s)
        return max(min(due_s) - now.monotonic_s, 0.0) if due_s else None

    def _follow(self, links: Sequence[Linked]) -> None:
        """Look which nodes are sirens, where anything has changed: this is asked after every commit."""
        if links is self._known:
            return
        self._known = links
        self._placements = {link.id.address: link.placement for link in links}
        self._sirens = {
            address: self._sirens.get(address) or _Siren()
            for address, placement in self._placements.items()
            if any(zone.kind is ZoneKind.SIREN for zone in placement.inputs)
        }

    def _triggered(self, address: Address, number: int) -> None:
        placement = self._placements.get(address)
        panel = self._journal.building.panels.get(placement.household) if placement else None
        if placement is None or panel is None or panel.test is None or number >= len(placement.inputs):
            return
        if siren := ROW_OF[placement.inputs[number].kind].siren:
            self._tried[placement.household] = Tried(siren, self._clock().monotonic_s)

    def _aim(self, siren: _Siren, want: Sounding, now_s: float) -> None:
        """See that the node is being told this, if it has not confirmed it."""
        if siren.confirmed is not None and siren.telling is None and siren.confirmed.at(now_s) == want:
            return
        if siren.telling is None or siren.telling.at(now_s) != want:
            siren.telling = want
            siren.number = self._teller.number()
            siren.sent.clear()
            siren.due_s, siren.wait_s = 0.0, FIRST_RETRY_S

    async def _tell(self, address: Address, siren: _Siren, telling: Sounding, now_s: float) -> None:
        seconds = telling.seconds(now_s)
        valid_s = seconds + GRACE_S if seconds else LIGHT_VALID_S
        flags = Flag.ACK_REQUESTED
        siren.due_s = now_s + siren.wait_s
        siren.wait_s = min(2 * siren.wait_s, LAST_RETRY_S)
        told = await self._teller.tell(address, siren.number, Order.SOUND, telling.pattern, seconds, valid_s, flags)
        if told:
            siren.sent.append(told)

    def _answered(self, siren: _Siren, told: Told, verdict: int) -> None:
        if siren.telling is None or told not in siren.sent:
            return
        if verdict in _CONFIRMED or verdict == Verdict.NOT_UNDERSTOOD:
            if verdict == Verdict.NOT_UNDERSTOOD:
                _log.error(
                    "a node that is placed as a siren has none", network=told.link.address[0], node=told.link.address[1]
                )
            elif siren.telling.sound is not Sound.QUIET:
                self._sounded(told.link.address)
            siren.confirmed, siren.telling = siren.telling, None
