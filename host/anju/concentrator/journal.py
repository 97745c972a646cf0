"""The journal: everything that happened, and the one way to change what the concentrator believes.

`Journal.change` lends a draft; leaving its block commits events, counters, panels, commands and one outbox row per
destination in ONE transaction, and only then adopts the draft. Nothing outside ever sees an uncommitted state.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, closing
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from anju.concentrator.core.battery import History
from anju.concentrator.core.building import Building, PendingCommand
from anju.concentrator.core.draft import Draft
from anju.concentrator.core.freshness import Window
from anju.concentrator.core.node import EventKey, NodeState
from anju.concentrator.core.panel import stored
from anju.concentrator.core.panel.schedule import Scheduled
from anju.concentrator.core.panel.trouble import Fault
from anju.concentrator.core.places import Address, Route
from anju.concentrator.core.ports import Clock, OwedRow
from anju.concentrator.core.supervision import Listening
from anju.concentrator.core.walk_test import Walk
from anju.ledger import Ledger, chain
from anju.uplink.canonical import canonical, digest
from anju.uplink.commands import EstateCommand
from anju.uplink.reports import Lane, Report, ReportKind, TroubleKind
from anju.wire.table import Order

_LANES = {Lane.PANIC: 0, Lane.ALARM: 1, Lane.ROUTINE: 2}
_RECEIVED, _CONFLICT = 1, 2
_READ_AT_ONCE = 1000

# What is owed is found by indexes that hold nothing else: neither a long history nor a long outage makes a batch slower.
_URGENT_HOUSEHOLDS = """
    SELECT household FROM outbox INDEXED BY outbox_urgent WHERE destination = ? AND state = 0 AND lane < 2
    GROUP BY household ORDER BY min(lane), min(seq)
"""
_OWED_BY_HOUSEHOLD = """
    SELECT seq, report, sha256 FROM outbox INDEXED BY outbox_of_household JOIN event USING (seq)
    WHERE destination = ? AND household = ? AND state = 0 ORDER BY seq LIMIT ?
"""
_OWED_BY_OTHERS = """
    SELECT seq, report, sha256 FROM outbox INDEXED BY outbox_in_order JOIN event USING (seq)
    WHERE destination = ? AND household NOT IN (SELECT value FROM json_each(?)) AND state = 0 ORDER BY seq LIMIT ?
"""

_LAST = "SELECT seq, chain, json_extract(report, '$.recorded_at_ms') FROM event ORDER BY seq DESC LIMIT 1"
_WAS_TEST = """
    SELECT json_extract(report, '$.test') FROM event WHERE network = ? AND node = ? AND epoch = ? AND first_counter = ?
"""
_RECORDS = """
    SELECT report FROM record JOIN event USING (seq) WHERE kind = ?1 AND (?2 IS NULL OR record.household = ?2)
    ORDER BY seq DESC LIMIT ?3
"""
_RECORDED = frozenset({ReportKind.WALK_TESTED, ReportKind.SURVEYED})
_OWN_WAITING = """
    SELECT number, code, network, node, household, person, at_ms, valid_s, epoch FROM own_command WHERE outcome IS NULL
"""

_LATELY = """
    SELECT 1 FROM (SELECT report FROM event ORDER BY seq DESC LIMIT 4096)
    WHERE json_extract(report, '$.kind') = ? AND json_extract(report, '$.event_at_ms') = ?
    AND json_extract(report, '$.node.node') IS ?
"""


class JournalFault(Exception):
    """A row that holds no report; `seq` is its number."""

    def __init__(self, seq: int) -> None:
        super().__init__(f"row {seq} is no report")
        self.seq = seq


class Journal:
    """The concentrator's journal in one SQLite file; use `Journal.open`."""

    def __init__(self, ledger: Ledger, clock: Clock, destinations: tuple[str, ...]) -> None:
        self.building = Building()
        self.journal_id = ""
        self._ledger = ledger
        self._clock = clock
        self._destinations = destinations
        self._chain = chain.GENESIS
        self._lock = asyncio.Lock()
        self._subscribers: list[asyncio.Event] = []

    @classmethod
    async def open(cls, path: Path, clock: Clock, destinations: tuple[str, ...]) -> Journal:
        """Open or create the journal and read the state it holds; LedgerError says what is wrong and what to do."""
        journal = cls(Ledger.open(path, files("anju.concentrator") / "schema" / "journal"), clock, destinations)
        journal.journal_id = await journal._ledger.write(journal._name_once)
        journal._read_state()
        return journal

    async def close(self) -> None:
        """Wait for the last commit and close the file."""
        async with self._lock:
            await self._ledger.close()

    @asynccontextmanager
    async def change(self) -> AsyncIterator[Draft]:
        """A draft, committed and adopted when the block ends well; dropped if it raises, or if the commit fails."""
        async with self._lock:
            draft = Draft(self.building, self._clock())
            draft.mind_the_clock()
            yield draft
            if not draft.is_empty:
                await self._commit(draft)

    def holds(self, event: EventKey) -> bool:
        """Whether the event was journalled before."""
        found = self._ledger.read().execute(
            "SELECT 1 FROM event WHERE network = ? AND node = ? AND epoch = ? AND first_counter = ?", _event_row(event)
        )
        return found.fetchone() is not None

    def was_test(self, event: EventKey) -> bool:
        """Whether an event that was journalled before was taken as a TEST."""
        found = self._ledger.read().execute(_WAS_TEST, _event_row(event)).fetchone()
        return bool(found and found[0])

    def records(self, kind: ReportKind, household: str | None, most: int) -> list[Report]:
        """The newest records of a kind, oldest first; of one household, or of all."""
        found = self._ledger.read().execute(_RECORDS, (kind, household, most)).fetchall()
        return [Report.model_validate_json(text) for (text,) in reversed(found)]

    def report(self, seq: int) -> tuple[Report, str] | None:
        """A journalled report with its hash, or None."""
        row = self._ledger.read().execute("SELECT report, sha256 FROM event WHERE seq = ?", (seq,)).fetchone()
        return (Report.model_validate_json(row[0]), row[1].hex()) if row else None

    def lately(self, report: Report) -> bool:
        """Whether one of the newest reports says the same of this node and moment."""
        node = report.node.node if report.node else None
        found = self._ledger.read().execute(_LATELY, (report.kind, report.event_at_ms, node))
        return found.fetchone() is not None

    def owed(self, destination: str, most: int) -> list[OwedRow]:
        """Rows to send next: households with a panic first, then with an alarm; within one household always in order."""
        read = self._ledger.read()
        urgent = [household for (household,) in read.execute(_URGENT_HOUSEHOLDS, (destination,))]
        found: list[tuple[int, str, bytes]] = []
        for household in urgent:
            if len(found) < most:
                found += read.execute(_OWED_BY_HOUSEHOLD, (destination, household, most - len(found)))
        if len(found) < most:
            found += read.execute(_OWED_BY_OTHERS, (destination, json.dumps(urgent), most - len(found)))
        return [OwedRow(seq, report, sha256.hex()) for seq, report, sha256 in found]

    async def settle(self, destination: str, received: Iterable[int], conflicts: Iterable[int]) -> None:
        """Note the receipt of rows; conflicting ones are set aside and kept. A row is settled once."""
        settled_at_ms = self._clock().wall_ms
        rows = [(_RECEIVED, settled_at_ms, destination, seq) for seq in received]
        rows += [(_CONFLICT, settled_at_ms, destination, seq) for seq in conflicts]

        def mark(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "UPDATE outbox SET state = ?, settled_at_ms = ? WHERE destination = ? AND seq = ? AND state = 0", rows
            )

        await self._ledger.write(mark)

    def listened(self) -> Listening | None:
        """From when to when nodes were listened to, as was noted last; None: never."""
        found = self._ledger.read().execute("SELECT since_ms, until_ms FROM listening").fetchone()
        return Listening(*found) if found else None

    async def note_listening(self, listening: Listening) -> None:
        """Note it for the next start; LedgerError: it was not."""
        await self._ledger.write(
            lambda connection: connection.execute("INSERT OR REPLACE INTO listening VALUES (1, ?, ?)", listening)
        )

    def subscribe(self) -> asyncio.Event:
        """A signal that is set after every commit; its owner clears it."""
        signal = asyncio.Event()
        self._subscribers.append(signal)
        return signal

    def totals(self) -> dict[str, int]:
        """Rows in all, node events among them, and rows still owed to any destination."""
        found = self._ledger.read().execute("SELECT count(*) FROM outbox INDEXED BY outbox_in_order WHERE state = 0")
        return {"rows": self.building.last_seq, "events": self.building.events, "outbox": found.fetchone()[0]}

    async def _commit(self, draft: Draft) -> None:
        """Commit and adopt. A caller that is cancelled is so only after it is known how the commit ended: nothing else may be
        decided before."""
        commit = self._ledger.begin(lambda connection: self._store(connection, draft))
        cancelled: BaseException | None = None
        while not commit.done():
            try:
                await asyncio.shield(commit)
            except asyncio.CancelledError as cancellation:
                cancelled = cancellation
            except Exception:  # noqa: BLE001 - how it failed is asked below
                break
        # Asked for in any case: an exception that nobody asks for is logged as lost.
        failed = commit.exception()
        if failed is None:
            self._chain = commit.result()
            draft.adopt()
            for signal in self._subscribers:
                signal.set()
        if error := cancelled or failed:
            raise error

    def _store(self, connection: sqlite3.Connection, draft: Draft) -> bytes:
        head = self._chain
        events, owed = [], []
        for report, event in draft.entries:
            text = canonical(report)
            sha256 = bytes.fromhex(digest(text))
            head = chain.next_link(head, sha256)
            events.append((report.seq, *_event_row(event), text.decode(), sha256, head))
            rest = (report.seq, report.household or "", _LANES[report.lane])
            owed += [(destination, *rest) for destination in self._destinations]
        connection.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?)", events)
        connection.executemany("INSERT INTO outbox (destination, seq, household, lane) VALUES (?, ?, ?, ?)", owed)
        connection.executemany(
            "INSERT OR REPLACE INTO node VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [_node_row(address, state) for address, state in draft.nodes.items()],
        )
        connection.executemany(
            "INSERT OR REPLACE INTO panel VALUES (?, ?)",
            [(household, stored.to_json(state)) for household, state in draft.panels.items()],
        )
        connection.executemany(
            "INSERT OR REPLACE INTO fault VALUES (?, ?, ?)",
            [(*fault, since_ms) for fault, since_ms in draft.faults.items() if since_ms is not None],
        )
        connection.executemany(
            "DELETE FROM fault WHERE kind = ? AND subject = ?",
            [fault for fault, since_ms in draft.faults.items() if since_ms is None],
        )
        connection.executemany(
            "INSERT INTO record VALUES (?, ?, ?)",
            [(report.seq, report.kind, report.household) for report, _ in draft.entries if report.kind in _RECORDED],
        )
        connection.executemany(
            "INSERT OR REPLACE INTO walk_test VALUES (?, ?)",
            [(household, walk.to_json()) for household, walk in draft.walks.items() if walk],
        )
        connection.executemany(
            "DELETE FROM walk_test WHERE household = ?",
            [(household,) for household, walk in draft.walks.items() if not walk],
        )
        connection.executemany(
            "DELETE FROM schedule WHERE household = ?", [(household,) for household in draft.schedules]
        )
        connection.executemany(
            "INSERT INTO schedule VALUES (?, ?, ?)",
            [
                (household, entry.number, entry.to_json())
                for household, entries in draft.schedules.items()
                for entry in entries
            ],
        )
        for command, pending in draft.arrived:
            target = (*pending.address, pending.event_id) if pending else (None, None, None)
            connection.execute(
                "INSERT INTO command VALUES (?, ?, ?, ?, ?, NULL)",
                (command.number, canonical(command).decode(), *target),
            )
        connection.executemany(
            "INSERT INTO own_command VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)", map(_own_row, draft.ordered)
        )
        for table in ("command", "own_command"):  # no number is in both
            connection.executemany(
                f"UPDATE {table} SET outcome = ? WHERE number = ?",  # noqa: S608  # one of these names
                [(outcome, number) for number, outcome in draft.ended.items()],
            )
        return head

    def _name_once(self, connection: sqlite3.Connection) -> str:
        row = connection.execute("SELECT journal_id FROM journal").fetchone()
        if row is None:
            row = (secrets.token_hex(16),)
            connection.execute("INSERT INTO journal VALUES (?, ?)", (*row, self._clock().wall_ms))
        return str(row[0])

    def _read_state(self) -> None:
        read, now = self._ledger.read(), self._clock()
        last = read.execute(_LAST).fetchone()
        alive_ms = 0
        if last:
            self.building.last_seq, self._chain, alive_ms = last
        counted = read.execute("SELECT count(*) FROM event WHERE first_counter IS NOT NULL")
        self.building.events = counted.fetchone()[0]
        for row in read.execute("SELECT * FROM node"):
            self.building.nodes[Address(row[0], row[1])] = node = _node_state(row)
            alive_ms = max(alive_ms, node.last_seen_ms)
        if 0 < alive_ms < now.wall_ms:
            self.building.asleep = (alive_ms, now.wall_ms)
        for household, state in read.execute("SELECT household, state FROM panel"):
            self.building.panels[household] = panel = stored.from_json(state, now)
            self.building.deadlines.set(household, panel.next_deadline())  # what was due meanwhile is due now
        for kind, subject, since_ms in read.execute("SELECT kind, subject, since_ms FROM fault"):
            self.building.faults[Fault(TroubleKind(kind), subject)] = since_ms
        for household, walk in read.execute("SELECT household, state FROM walk_test"):
            self.building.walks[household] = Walk.from_json(walk)
        for household, entry in read.execute("SELECT household, entry FROM schedule ORDER BY household, number"):
            kept = self.building.schedules.get(household, ())
            self.building.schedules[household] = (*kept, Scheduled.from_json(entry))
        self.building.last_command = read.execute("SELECT coalesce(max(number), 0) FROM command").fetchone()[0]
        for text, network, node, event_id in read.execute(
            "SELECT command, network, node, event_id FROM command WHERE outcome IS NULL"
        ):
            command = EstateCommand.model_validate_json(text)
            self.building.pending[command.number] = PendingCommand.of(command, Address(network, node), event_id)
        last = read.execute("SELECT coalesce(max(number), 0) FROM own_command")
        self.building.last_own_command = last.fetchone()[0]
        for number, order, network, node, *asked in read.execute(_OWN_WAITING):
            address = Address(network, node)
            self.building.pending[number] = PendingCommand(number, Order(order), address, 0, *asked)


def reports_in(path: Path) -> Iterator[Report]:
    """Every report of a journal's file in its order, beside a running concentrator too; JournalFault names a row that is none."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        last = 0
        query = "SELECT seq, report FROM event WHERE seq > ? ORDER BY seq LIMIT ?"
        while rows := connection.execute(query, (last, _READ_AT_ONCE)).fetchall():
            for last, text in rows:
                try:
                    yield Report.model_validate_json(text)
                except ValidationError as error:
                    raise JournalFault(last) from error


def _event_row(event: EventKey | None) -> tuple[int | None, ...]:
    return (*event.address, event.epoch, event.first_counter) if event else (None, None, None, None)


def _own_row(own: PendingCommand) -> tuple[object, ...]:
    asked = (own.household, own.person, own.at_ms, own.valid_s)
    return (own.number, own.order.value, *own.address, own.epoch, *asked)


def _node_row(address: Address, state: NodeState) -> tuple[object, ...]:
    route = tuple(state.route) if state.route else (None, None)
    counters = (state.epoch, state.window.highest, state.window.marks)
    told = (state.boot, state.firmware, state.evidence, state.started, state.battery.pack())
    return (*address, *counters, state.levels, state.last_seen_ms, *route, *told)


def _node_state(row: tuple[object, ...]) -> NodeState:
    _, _, epoch, highest, marks, levels, last_seen_ms, link, peer, boot, firmware, evidence, started, battery = row
    route = Route(str(link), str(peer)) if link is not None else None
    window = Window(highest, marks)  # type: ignore[arg-type]  # STRICT table: the columns have these types
    told: Any = (boot, firmware, evidence, started, History.unpack(battery))  # type: ignore[arg-type]
    return NodeState(epoch, window, levels, last_seen_ms, route, *told)  # type: ignore[arg-type]
