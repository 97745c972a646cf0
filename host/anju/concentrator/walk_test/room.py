"""What goes on by itself: of an event that ticked a zone it is measured how long it took.

reception commits an event, and with it the tick -> watch: when that was -> run: delay, in a change of its own
                                                                         -> ask: round trip, likewise
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from math import ceil

import structlog

from anju.concentrator.core.outage import Outage
from anju.concentrator.core.places import Address
from anju.concentrator.core.ports import Clock, Journal, Keys, Probe
from anju.ledger import LedgerError
from anju.uplink.reports import NodeAddress, ZoneKind
from anju.wire.messages import Message, Status
from anju.wire.table import TIME_UNKNOWN, Type

_LOOK_S = 1.0
_MOST_WAITING = 256
_log = structlog.get_logger()


class WalkTests:
    """All TESTs and walk-tests of this building."""

    def __init__(self, journal: Journal, keys: Keys, probe: Probe, clock: Clock) -> None:
        self._journal = journal
        self._keys = keys
        self._probe = probe
        self._clock = clock
        self._measured: list[tuple[str, NodeAddress, int, int]] = []
        """Household, node, input and delay of events that may have ticked a zone."""
        self._worked: list[tuple[str, NodeAddress, ZoneKind, int]] = []
        """Household, node, kind and moment of what works without an event."""
        self._asked: asyncio.Queue[tuple[str, NodeAddress]] = asyncio.Queue(_MOST_WAITING)
        self._wake = asyncio.Event()
        self._changed = asyncio.Event()

    async def watch(self, messages: Sequence[Message]) -> None:
        """Authentic messages have been committed: of those that may have ticked a zone the moment counts."""
        now_ms = self._clock().wall_ms
        for header, body, _ in messages:
            if isinstance(body, Status) and body.type == Type.REQUEST:
                self._works(Address(header.network, header.node), ZoneKind.KEYPAD)
            if not isinstance(body, Status) or body.type != Type.EVENT or body.time_s == TIME_UNKNOWN:
                continue
            placement = self._keys.placement(Address(header.network, header.node))
            if (
                placement
                and placement.household in self._journal.building.walks
                and len(self._measured) < _MOST_WAITING
            ):
                node = NodeAddress(network=header.network, node=header.node)
                self._measured.append((placement.household, node, body.zone, now_ms - body.time_s * 1000))
                self._wake.set()

    def sounded(self, address: Address) -> None:
        """A siren node has confirmed that it sounds."""
        self._works(address, ZoneKind.SIREN)

    async def run(self) -> None:
        """Note what was measured until cancelled."""
        outage = Outage()
        while True:
            self._wake.clear()
            try:
                await self._note()
            except Exception as error:  # noqa: BLE001  # one household that trips must not keep the others waiting
                if outage.failed():
                    expected = isinstance(error, LedgerError)
                    _log.error(
                        "what was measured is not noted; trying again",
                        error=str(error),
                        exc_info=None if expected else error,
                    )
            else:
                if outage.worked():
                    _log.info("what was measured is noted again")
            self.tell()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._wake.wait()

    async def ask(self) -> None:
        """Probe nodes that have ticked a zone until cancelled, and end the walk-test behind its last tick. Never raises."""
        while True:
            household, node = await self._asked.get()
            try:
                await self._round_trip(household, node)
                async with self._journal.change() as draft:
                    if (walk := draft.walk(household)) and walk.is_complete:
                        draft.end_walk(household, walk)
            except LedgerError as error:
                _log.warning("a walk-test is not noted", household=household, error=str(error))
            except Exception:  # noqa: BLE001  # one node that trips must not end the building's other rooms
                _log.exception("a node could not be asked", household=household)
            self.tell()

    def tell(self) -> None:
        """Something may have changed: whoever waits for it looks again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def change(self, wait_s: float) -> None:
        """Wait until something may have changed, but no longer."""
        changed = self._changed
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await changed.wait()

    def _works(self, address: Address, kind: ZoneKind) -> None:
        placement = self._keys.placement(address)
        if placement and placement.household in self._journal.building.walks and len(self._worked) < _MOST_WAITING:
            node = NodeAddress(network=address.network, node=address.node)
            self._worked.append((placement.household, node, kind, self._clock().wall_ms))
            self._wake.set()

    async def _round_trip(self, household: str, node: NodeAddress) -> None:
        """Of a node, once in a walk-test; one that sleeps again does not answer."""
        walk = self._journal.building.walks.get(household)
        if walk is None or any(zone.round_trip_ms for zone in walk.test.zones if zone.node == node):
            return
        seconds = await self._probe(Address(node.network, node.node))
        if seconds is not None:
            async with self._journal.change() as draft:
                if walk := draft.walk(household):
                    draft.walks[household] = walk.answered(node, max(1, ceil(seconds * 1000)))

    async def _note(self) -> None:
        measured, self._measured = self._measured, []
        worked, self._worked = self._worked, []
        if not measured and not worked:
            return
        async with self._journal.change() as draft:
            for household, node, number, delay_ms in measured:
                if (walk := draft.walk(household)) and (after := walk.delayed(node, number, delay_ms)) is not walk:
                    draft.walks[household] = after
            for household, node, kind, at_ms in worked:
                if (walk := draft.walk(household)) and (after := walk.worked(node, kind, at_ms)) is not walk:
                    draft.walks[household] = after
        for household, node, *_ in [*measured, *worked]:
            with contextlib.suppress(asyncio.QueueFull):
                self._asked.put_nowait((household, node))
