"""The journal: everything that happened, and the one way to change what the concentrator believes.

`Journal.change` lends a draft; leaving its block commits events, counters, panels, commands and one outbox row per
destination in ONE transaction, and only then adopts the draft. Nothing outside ever sees an uncommitted state.
"""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import struct
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from anju.concentrator import journal_cut, journal_outbox, journal_rows
from anju.concentrator.core.building import Building, PendingCommand
from anju.concentrator.core.draft import Draft
from anju.concentrator.core.node import EventKey
from anju.concentrator.core.panel import stored
from anju.concentrator.core.panel.schedule import Scheduled
from anju.concentrator.core.panel.trouble import Fault
from anju.concentrator.core.places import Address
from anju.concentrator.core.ports import Attempt, Clock, OwedRow, Owing
from anju.concentrator.core.supervision import Listening
from anju.concentrator.core.walk_test import Walk
from anju.concentrator.journal_audit import signed_of
from anju.concentrator.journal_cut import Limits
from anju.ledger import Ledger, chain
from anju.ledger.beside import reading
from anju.ledger.errors import is_damage, not_a_ledger, not_committed
from anju.ledger.head import Head, JournalKey
from anju.uplink.commands import EstateCommand
from anju.uplink.reports import Report, ReportKind, TroubleKind
from anju.wire.table import Order

_READ_AT_ONCE = 1000

_LAST = "SELECT seq, chain, json_extract(report, '$.recorded_at_ms') FROM event ORDER BY seq DESC LIMIT 1"
_WAS_TEST = """
    SELECT json_extract(report, '$.test') FROM event WHERE network = ? AND node = ? AND epoch = ? AND first_counter = ?
"""
_RECORDS = """
    SELECT report FROM record JOIN event USING (seq) WHERE kind = ?1 AND (?2 IS NULL OR record.household = ?2)
    ORDER BY seq DESC LIMIT ?3
"""
_OWN_WAITING = """
    SELECT number, code, network, node, household, person, at_ms, valid_s, epoch FROM own_command WHERE outcome IS NULL
"""

_COUNTED = "SELECT count(*) + (SELECT coalesce(sum(events), 0) FROM cut) FROM event WHERE first_counter IS NOT NULL"
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

    def __init__(self, ledger: Ledger, clock: Clock, destinations: tuple[str, ...], key: JournalKey) -> None:
        self.building = Building()
        self.journal_id = ""
        self._ledger = ledger
        self._clock = clock
        self._destinations = destinations
        self._key = key
        self._chain = chain.GENESIS
        self._lock = asyncio.Lock()
        self._subscribers: list[asyncio.Event] = []

    @classmethod
    async def open(cls, path: Path, clock: Clock, destinations: tuple[str, ...], key: JournalKey) -> Journal:
        """Open or create the journal and read the state it holds; LedgerError says what is wrong and what to do.

        `destinations`: to where every report goes, whatever is switched off; which others there are, the journal knows.
        `key`: with which the end of its chain is signed.
        """
        journal = cls(Ledger.open(path, files("anju.concentrator") / "schema" / "journal"), clock, destinations, key)
        try:
            journal.journal_id = await journal._ledger.write(journal._name_once)
            journal._read_state()
            await journal._ledger.write(journal._sign_once)
        except (sqlite3.Error, ValueError, TypeError, KeyError, IndexError, struct.error) as error:
            await journal._ledger.close()
            is_of_the_disk = isinstance(error, sqlite3.Error) and not is_damage(error)
            raise (not_committed if is_of_the_disk else not_a_ledger)(path, error) from error
        except BaseException:
            await journal._ledger.close()
            raise
        return journal

    def measure(self, took: Callable[[float], object]) -> None:
        """Have each commit's seconds told from now on, in another thread."""
        self._ledger.measure(took)

    async def breathe(self) -> None:
        """Return once its writer has gone round; LedgerError: it did, and the disk refuses."""
        await self._ledger.breathe()

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
            "SELECT 1 FROM event WHERE network = ? AND node = ? AND epoch = ? AND first_counter = ?",
            journal_rows.event_row(event),
        )
        return found.fetchone() is not None

    def was_test(self, event: EventKey) -> bool:
        """Whether an event that was journalled before was taken as a TEST."""
        found = self._ledger.read().execute(_WAS_TEST, journal_rows.event_row(event)).fetchone()
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

    def owed(self, destination: str, most: int, beside: int | None = None) -> list[OwedRow]:
        """Rows to send next: households with a panic first, then with an alarm; within one household always in order.

        `beside`: to how many rows in all they are filled with what can wait; None: to `most`.
        """
        return journal_outbox.owed(self._ledger.read(), destination, most, beside)

    def owes_alarm(self, destination: str) -> bool:
        """Whether a panic or an alarm is among what is owed."""
        return journal_outbox.owes_alarm(self._ledger.read(), destination)

    def send(self, destination: str, rows: Iterable[int]) -> None:
        """Note that rows are on their way, without waiting for it: a note that is lost says less than there is, and no row is."""
        seqs, now_ms = list(rows), self._clock().wall_ms
        noted = self._ledger.begin(lambda connection: journal_outbox.send(connection, destination, seqs, now_ms))
        noted.add_done_callback(lambda done: done.exception())  # asked for, or it is logged as lost

    def postponed(self, destination: str) -> Attempt:
        """When a destination that failed is tried again."""
        return journal_outbox.postponed(self._ledger.read(), destination, self._clock().wall_ms)

    async def postpone(self, destination: str, attempt: Attempt) -> None:
        """Note when a destination is tried again, for a start that comes before. LedgerError: it is not noted."""
        now_ms = self._clock().wall_ms
        await self._ledger.write(lambda connection: journal_outbox.postpone(connection, destination, attempt, now_ms))

    async def settle(self, destination: str, received: Iterable[int], conflicts: Iterable[int]) -> None:
        """Note the receipt of rows; conflicting ones are set aside and kept. A row is settled once."""
        now_ms, rows, others = self._clock().wall_ms, list(received), list(conflicts)
        await self._ledger.write(
            lambda connection: journal_outbox.settle(connection, destination, rows, others, now_ms)
        )

    async def give_up(self, destination: str, rows: Iterable[int]) -> None:
        """Note that a third party refuses rows for good."""
        now_ms, refused = self._clock().wall_ms, list(rows)
        await self._ledger.write(lambda connection: journal_outbox.give_up(connection, destination, refused, now_ms))

    async def cut(self, since_ms: int, keep_events: int) -> bool:
        """Cut off some of what was recorded before a time, but for the newest rows and for what is owed or needed; whether there
        may be more. LedgerError: nothing was."""
        async with self._lock:  # whatever is decided meanwhile may need a row
            latched = {household for household, panel in self.building.panels.items() if panel.latched}
            limits, held_by = Limits(since_ms, keep_events), self._destinations
            return await self._ledger.write(
                lambda connection: journal_cut.cut(connection, self.journal_id, self._key, limits, latched, held_by)
            )

    async def rename(self) -> None:
        """Become another journal, as a copy has to that goes on by itself: its next rows are none of the other's."""
        async with self._lock:
            self.journal_id = await self._ledger.write(self._name_anew)
            self.building.faults.clear()

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

    def owing(self, destination: str) -> Owing:
        """How much is still owed to a destination, and since when."""
        read = self._ledger.read()
        return Owing(*journal_outbox.counts(read, destination), journal_outbox.oldest_ms(read, destination))

    def totals(self) -> dict[str, int]:
        """Rows in all, node events among them, rows still owed to what is never off, and those of them that were sent."""
        counts = [journal_outbox.counts(self._ledger.read(), name) for name in self._destinations]
        owed, sent = sum(one[0] for one in counts), sum(one[1] for one in counts)
        return {"rows": self.building.last_seq, "events": self.building.events, "outbox": owed, "sent": sent}

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
        for name, is_on in draft.destinations.items():
            journal_outbox.switch(connection, name, is_on, draft.moment.wall_ms)
        link = journal_rows.store(connection, draft, (*self._destinations, *draft.goes_to()), self._chain)
        if draft.entries:
            head = Head(self.journal_id, draft.entries[-1].report.seq, link)
            connection.execute("UPDATE head SET seq = ?, link = ?, signature = ?", (*head[1:], self._key.sign(head)))
        return link

    def _name_once(self, connection: sqlite3.Connection) -> str:
        row = connection.execute("SELECT journal_id FROM journal").fetchone()
        if row is None:
            row = (secrets.token_hex(16),)
            connection.execute("INSERT INTO journal VALUES (?, ?)", (*row, self._clock().wall_ms))
        return str(row[0])

    def _name_anew(self, connection: sqlite3.Connection) -> str:
        name = secrets.token_hex(16)
        connection.execute("UPDATE journal SET journal_id = ?, created_at_ms = ?", (name, self._clock().wall_ms))
        connection.execute("DELETE FROM fault")  # whatever is wrong is told anew under the new name
        signed = signed_of(connection)
        if signed.head:
            connection.execute("UPDATE head SET signature = ?", (self._key.sign(signed.head),))
        if signed.cut:
            connection.execute("UPDATE cut SET signature = ?", (self._key.sign(signed.cut),))
        return name

    def _sign_once(self, connection: sqlite3.Connection) -> None:
        """A journal that was never signed, because it is new or from before, is signed as it is."""
        if connection.execute("SELECT 1 FROM head").fetchone() is None:
            head = Head(self.journal_id, self.building.last_seq, self._chain)
            connection.execute("INSERT INTO head VALUES (?, ?, ?)", (*head[1:], self._key.sign(head)))

    def _read_end(self, read: sqlite3.Connection) -> int:
        """Where the chain goes on; when its last row was recorded (Unix ms), 0 if there is none."""
        last = read.execute(_LAST).fetchone()
        alive_ms = 0
        if last:
            self.building.last_seq, self._chain, alive_ms = last
        cut = signed_of(read).cut
        if cut and cut.seq > self.building.last_seq:  # of a journal whose end could not be read
            self.building.last_seq, self._chain = cut.seq, cut.link
        return alive_ms

    def _read_state(self) -> None:
        read, now = self._ledger.read(), self._clock()
        alive_ms = self._read_end(read)
        counted = read.execute(_COUNTED)
        self.building.events = counted.fetchone()[0]
        for row in read.execute("SELECT * FROM node"):
            self.building.nodes[Address(row[0], row[1])] = node = journal_rows.node_state(row)
            alive_ms = max(alive_ms, node.last_seen_ms)
        self.building.offset = offset = read.execute("SELECT boot, offset_ms FROM clock").fetchone()
        is_same_boot = offset is not None and offset[0] == now.boot
        if 0 < alive_ms < now.wall_ms:
            self.building.asleep = (alive_ms, now.wall_ms)
        for household, state in read.execute("SELECT household, state FROM panel"):
            panel = stored.from_json(state, now)
            panel = panel if is_same_boot else panel.forgetting_tests()
            self.building.panels[household] = panel
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
        self.building.destinations = journal_outbox.destinations(read)
        last = read.execute("SELECT coalesce(max(number), 0) FROM own_command")
        self.building.last_own_command = last.fetchone()[0]
        for number, order, network, node, *asked in read.execute(_OWN_WAITING):
            address = Address(network, node)
            self.building.pending[number] = PendingCommand(number, Order(order), address, 0, *asked)


def reports_in(path: Path) -> Iterator[Report]:
    """Every report of a journal's file in its order, beside a running concentrator too; JournalFault names a row that is none."""
    with reading(path) as connection:
        last = 0
        query = "SELECT seq, report FROM event WHERE seq > ? ORDER BY seq LIMIT ?"
        while rows := connection.execute(query, (last, _READ_AT_ONCE)).fetchall():
            for last, text in rows:
                try:
                    yield Report.model_validate_json(text)
                except ValidationError as error:
                    raise JournalFault(last) from error
