"""The downlink: what a person at the estate or at the concentrator did, carried to the node; each command once, and only while
it is true.

A command is journalled before anything is sent, sent again under a new counter until the node confirms it, and ends as
*shown* or *done*, *expired* or *refused*, which goes up as a report. No machine makes one: behind each stands a person.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import structlog

from anju.concentrator.core.building import PendingCommand
from anju.concentrator.core.draft import Draft
from anju.concentrator.core.intake import EARLIEST_MS
from anju.concentrator.core.outage import Outage
from anju.concentrator.core.panel import orders
from anju.concentrator.core.places import Address, Linked, LinkId
from anju.concentrator.core.ports import Clock, Journal, Keys, Send
from anju.ledger import LedgerError
from anju.uplink.commands import EstateCommand
from anju.uplink.reports import NodeAddress, OutcomeKind, Refusal, Report
from anju.wire.codec import Codec
from anju.wire.messages import Command, Message
from anju.wire.table import Flag, Order, Type

FIRST_RETRY_S = 0.1
LAST_RETRY_S = 2.0
"""The node's own retry schedule (protocol.md, Replay, retry, duplicates)."""

_LOOK_AGAIN_S = 1.0
_LATEST_MS = 0xFFFF_FFFF * 1000
"""A COMMAND has 32 bits for its time."""

_log = structlog.get_logger()


class _Try(NamedTuple):
    """When a command is sent next, and how long to wait after that."""

    due_s: float
    wait_s: float


class Downlink:
    """Takes commands from the estate and from people here, and brings those that concern a node there."""

    def __init__(self, codec: Codec, keys: Keys, journal: Journal, send: Send, clock: Clock) -> None:
        self._codec = codec
        self._keys = keys
        self._journal = journal
        self._send = send
        self._clock = clock
        self._tries: dict[int, _Try] = {}
        self._wake = asyncio.Event()

    @property
    def last_command(self) -> int:
        """Number of the newest command in the journal: the cursor to ask the estate from."""
        return self._journal.building.last_command

    async def accept(self, commands: Iterable[EstateCommand]) -> None:
        """Journal commands; ones that were received before change nothing. LedgerError: none of them was taken."""
        async with self._journal.change() as draft:
            for command in commands:
                if not draft.knows_command(command.number):
                    self._take(draft, command)
        self._wake.set()

    async def order_pairing(self, link: Linked, person: str, valid_s: int) -> int:
        """Tell an enrolled node to offer itself, for this person; the command's number. LedgerError: nobody is told anything."""
        address, epoch = link.id
        async with self._journal.change() as draft:
            now_ms = draft.moment.wall_ms
            asked = (link.placement.household, person, now_ms, valid_s, epoch)
            own = PendingCommand(self._own_number(draft, address), Order.PAIR, address, 0, *asked)
            node = NodeAddress(network=address.network, node=address.node)
            zones = link.placement.inputs
            draft.order(own, node=node, device=link.device or None, zones=zones, event_at_ms=now_ms)
        self._wake.set()
        return own.number

    async def withdraw(self, number: int) -> None:
        """What such a command was for has ended: it is sent no more. LedgerError: it still is."""
        async with self._journal.change() as draft:
            if waiting := draft.pending(number):
                draft.end(waiting, OutcomeKind.EXPIRED)

    async def heard(self, messages: Sequence[Message]) -> None:
        """Nodes have said something: what waits for one of them is sent at once, for it may sleep again soon."""
        awake = {Address(message.header.network, message.header.node) for message in messages}
        for number, waiting in self._journal.building.pending.items():
            if waiting.address in awake:
                self._tries.pop(number, None)
                self._wake.set()

    async def run(self) -> None:
        """Send and expire until cancelled."""
        outage = Outage()
        while True:
            pending = dict(self._journal.building.pending)
            self._tries = {number: self._tries[number] for number in pending if number in self._tries}
            pause_s: float | None = _LOOK_AGAIN_S
            try:
                await self._expire(pending.values())
                await self._send_due(pending)
            except Exception as error:  # noqa: BLE001  # a command that cannot be sent must not take the others with it
                if outage.failed():
                    expected = isinstance(error, LedgerError)
                    _log.error("commands wait; trying again", error=str(error), exc_info=None if expected else error)
            else:
                pause_s = self._pause_s() if pending else None
                if outage.worked():
                    _log.info("commands are carried out again")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):  # wait_for would lose a cancellation that comes with the wake-up
                    await self._wake.wait()
            self._wake.clear()

    def _take(self, draft: Draft, command: EstateCommand) -> None:
        report = self._named_report(command)
        if report is None or command.at_ms > _LATEST_MS:
            self._end_at_once(draft, command, OutcomeKind.REFUSED)
        elif _expired(command, draft.moment.wall_ms):
            self._end_at_once(draft, command, OutcomeKind.EXPIRED)
        elif command.kind in orders.KINDS:
            self._ask(draft, command)
        elif report.node is None or report.event_id is None:
            self._end_at_once(draft, command, OutcomeKind.REFUSED)
        else:
            address = Address(report.node.network, report.node.node)
            draft.arrive(command, PendingCommand.of(command, address, report.event_id))

    def _own_number(self, draft: Draft, address: Address) -> int:
        """A number that was never given, and that an answer of this node can't be mistaken in."""
        since_s = (draft.moment.wall_ms - EARLIEST_MS) // 1000
        number = max(self._journal.building.last_own_command + 1, since_s)
        while draft.pending_of(address, number & 0xFFFF):
            number += 1
        return number

    def _ask(self, draft: Draft, command: EstateCommand) -> None:
        """Let the household's panel decide on it as on what a person here asks."""
        draft.arrive(command, None)
        signal = orders.signal_of(command)
        refusal = draft.ask(command.household, signal).refusal if signal else Refusal.NOT_UNDERSTOOD
        draft.end(command, OutcomeKind.REFUSED if refusal else OutcomeKind.DONE, refusal)

    def _end_at_once(self, draft: Draft, command: EstateCommand, outcome: OutcomeKind) -> None:
        draft.arrive(command, None)
        draft.end(command, outcome)

    def _named_report(self, command: EstateCommand) -> Report | None:
        """The report that a command answers, if it is really one of this journal."""
        if command.report.journal_id != self._journal.journal_id:
            return None
        found = self._journal.report(command.report.seq)
        if found is None:
            return None
        report, sha256 = found
        genuine = sha256 == command.report.sha256 and report.household == command.household
        return report if genuine else None

    async def _expire(self, pending: Iterable[PendingCommand]) -> None:
        now_ms = self._clock().wall_ms
        late = [waiting for waiting in pending if _expired(waiting, now_ms)]
        if not late:
            return
        async with self._journal.change() as draft:
            for waiting in late:
                if draft.pending(waiting.number):
                    draft.end(waiting, OutcomeKind.EXPIRED)

    async def _send_due(self, pending: dict[int, PendingCommand]) -> None:
        now_s = self._clock().monotonic_s
        due = {
            number: waiting
            for number, waiting in pending.items()
            if self._tries.get(number, _NOW).due_s <= now_s and self._can_reach(waiting)
        }
        await self._keys.reserve({waiting.address for waiting in due.values()})
        for number, waiting in due.items():
            wait_s = self._tries.get(number, _NOW).wait_s
            self._tries[number] = _Try(now_s + wait_s, min(2 * wait_s, LAST_RETRY_S))
            node = self._journal.building.nodes.get(waiting.address)
            is_wanted = number in self._journal.building.pending and self._can_reach(waiting)
            if is_wanted and node and (route := node.route):
                self._send(route, self._codec.seal(self._keys.next_header(waiting.address), _body(waiting)))

    def _can_reach(self, waiting: PendingCommand) -> bool:
        """Whether there are keys under which it may go out, and a counter for it."""
        address, epoch = waiting.address, waiting.epoch
        return self._keys.can_answer(address) and (epoch is None or self._keys.counts(LinkId(address, epoch)))

    def _pause_s(self) -> float:
        now_s = self._clock().monotonic_s
        return max(0.0, min([attempt.due_s - now_s for attempt in self._tries.values()], default=_LOOK_AGAIN_S))


_NOW = _Try(float("-inf"), FIRST_RETRY_S)


def _expired(command: EstateCommand | PendingCommand, now_ms: int) -> bool:
    return now_ms > command.at_ms + command.valid_s * 1000


def _body(waiting: PendingCommand) -> Command:
    return Command(
        type=Type.COMMAND,
        flags=Flag.ACK_REQUESTED,
        time_s=waiting.at_ms // 1000,
        command_id=waiting.number,
        code=waiting.order,
        zone=0,
        event_id=waiting.event_id,
        valid_s=waiting.valid_s,
    )
