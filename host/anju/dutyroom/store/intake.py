"""What comes up: a batch becomes reports, changes of incidents and a receipt, all in the caller's transaction."""

from __future__ import annotations

import sqlite3

from anju.dutyroom.core import incident as incidents
from anju.dutyroom.core.change import What
from anju.dutyroom.core.incident import Alarm, IncidentKind
from anju.dutyroom.store import held, log, troubles
from anju.dutyroom.store.log import Entry
from anju.uplink.canonical import canonical
from anju.uplink.commands import ReportRef
from anju.uplink.receipts import Receipt, ReceiptRow, RowVerdict
from anju.uplink.reports import Batch, Report, ReportKind, Row

_NOT_ARMED = frozenset({ReportKind.ARM_REFUSED, ReportKind.ARM_MISSED})
_TOLD_BEFORE = """
    SELECT 1 FROM witnessed JOIN reports USING (journal_id, seq)
    WHERE first_counter = ?1 AND node = ?2 AND network = ?3 AND epoch = ?4
    AND journal_id <> ?5 AND journal_id IN (SELECT journal_id FROM journals WHERE concentrator = ?6)
    AND household IS ?7 AND json_extract(body, '$.witnessed.code') = ?8 AND json_extract(body, '$.witnessed.zone') = ?9
    AND coalesce(json_extract(body, '$.device') = ?10, 1)
"""


def receive(connection: sqlite3.Connection, batch: Batch, now_ms: int) -> Receipt:
    """Keep what is new and say what is held. The rows' hashes have been checked by the caller."""
    journal = (batch.journal_id, batch.concentrator, now_ms)
    if connection.execute("INSERT OR IGNORE INTO journals VALUES (?, ?, ?)", journal).rowcount:
        troubles.forget(connection, batch.concentrator)
    intake = _Intake(connection, batch.journal_id, batch.concentrator, now_ms)
    return Receipt(journal_id=batch.journal_id, rows=tuple(intake.row(row) for row in batch.rows))


def reopen(connection: sqlite3.Connection, concentrator: str, report: Report, ref: ReportRef, now_ms: int) -> None:
    """Open an incident for an alarm that is held, and of which nobody can say what became of it; or have it join one."""
    _Intake(connection, ref.journal_id, concentrator, now_ms).alarm(report, ref)


def is_told_again(connection: sqlite3.Connection, concentrator: str, report: Report, ref: ReportRef) -> bool:
    """Note what a node says of its event; whether an earlier journal of its concentrator has told of the same one.

    That one was judged by who knew all that had happened before it, so that judgement counts. No node id and epoch is given
    twice, whatever is restored (R395), and no counter under them: they name an event. Its time is no part of its name, for a
    node reckons that anew at each try, by its clock as the last answer has set it.
    """
    event, node = report.witnessed, report.node
    if event is None or node is None:
        return False
    of = (event.first_counter, node.node, node.network, event.epoch, ref.journal_id)
    said = (report.household, event.code, event.zone, report.device)
    again = connection.execute(_TOLD_BEFORE, (*of, concentrator, *said)).fetchone() is not None
    connection.execute("INSERT INTO witnessed VALUES (?, ?, ?, ?, ?, ?, ?)", (*of, ref.seq, again))
    return again


class _Intake:
    """One batch of one journal, on its way in."""

    def __init__(self, connection: sqlite3.Connection, journal_id: str, concentrator: str, now_ms: int) -> None:
        self.connection = connection
        self.journal_id = journal_id
        self.concentrator = concentrator
        self.now_ms = now_ms

    def row(self, row: Row) -> ReceiptRow:
        """Keep one row, unless its key is taken: then by itself (a repetition) or by something else (a conflict).

        What a restored or repaired journal still owes may have come under the name that the journal had before.
        """
        key = (self.journal_id, row.report.seq)
        query = "SELECT sha256 FROM reports WHERE journal_id = ? AND seq = ?"
        there = self.connection.execute(query, key).fetchone()
        if there is None:
            if not held.is_known(self.connection, self.concentrator, row.report.seq, row.sha256):
                self._keep(row)
        elif there["sha256"] != row.sha256:
            self._conflict(ReportRef(journal_id=key[0], seq=key[1], sha256=there["sha256"]), row)
            return ReceiptRow(seq=row.report.seq, sha256=there["sha256"], verdict=RowVerdict.CONFLICT)
        return ReceiptRow(seq=row.report.seq, sha256=row.sha256, verdict=RowVerdict.COMMITTED)

    def _keep(self, row: Row) -> None:
        report = row.report
        key = held.Held(self.journal_id, report.seq, row.sha256)
        link = held.next_of(self.connection, key, self.now_ms, report.household)
        self.connection.execute(
            "INSERT INTO reports VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*key, self.now_ms, canonical(report).decode(), report.household, link),
        )
        ref = ReportRef(journal_id=self.journal_id, seq=report.seq, sha256=row.sha256)
        self._note_test(report)
        if is_told_again(self.connection, self.concentrator, report, ref):
            return
        if report.is_alarm:
            self.alarm(report, ref)
        elif report.kind is ReportKind.COMMAND_OUTCOME:
            self._outcome(report, ref)
        elif report.kind is ReportKind.TROUBLE:
            troubles.begun(self.connection, self.concentrator, report, ref, self.now_ms)
        elif report.kind is ReportKind.TROUBLE_RESTORED:
            troubles.over(self.connection, self.concentrator, report, ref, self.now_ms)
        else:
            self._context(report, ref)
            if report.schedule and report.kind in _NOT_ARMED:
                # Nobody was there to be told, and people believe that they are guarded.
                log.append(self.connection, Entry(self.now_ms, What.TROUBLE, report=ref))

    def _note_test(self, report: Report) -> None:
        if report.household and report.panel:
            self.connection.execute("DELETE FROM on_test WHERE household = ?", (report.household,))
            if report.panel.test_until_ms is not None:
                on_test = (report.household, report.panel.test_until_ms)
                self.connection.execute("INSERT INTO on_test VALUES (?, ?)", on_test)

    def alarm(self, report: Report, ref: ReportRef, first: ReportRef | None = None) -> None:
        """Open an incident, or have it join the open one of its place and kind. `first`: another report that has its key."""
        # A concentrator whose clock is ahead must not make an alarm wait in the future.
        alarm = Alarm(report, ref, min(report.recorded_at_ms, self.now_ms))
        place, kind = incidents.place_of(report, self.journal_id), incidents.KIND_OF[report.kind]
        mine = next((one for one in log.open_at(self.connection, place) if one.kind is kind), None)
        if mine is None:
            cursor = self.connection.execute("INSERT INTO incidents (place, kind) VALUES (?, ?)", (place, kind.value))
            decision = incidents.opened(cursor.lastrowid or 0, alarm, self.concentrator)
        else:
            decision = incidents.joined(mine, alarm)
        detail = {"transition": decision.transition}
        if first is not None:
            detail["offered"] = canonical(report).decode()
        log.append(self.connection, Entry(self.now_ms, What.ALARM, decision.incident, first or ref, detail=detail))

    def _context(self, report: Report, ref: ReportRef) -> None:
        """A door closed, a household disarmed, a zone tried: it helps whoever handles an open incident there.

        An alarm that is called off at the panel stays open: whoever made a burglar's day would call it off too.
        """
        is_cancelled = report.kind is ReportKind.ALARM_CANCELLED
        for incident in log.open_at(self.connection, incidents.place_of(report, self.journal_id)):
            if is_cancelled and incident.kind is IncidentKind.INTRUSION:
                decision = incidents.cancelled(incident, min(report.recorded_at_ms, self.now_ms))
                detail = {"transition": decision.transition}
                log.append(self.connection, Entry(self.now_ms, What.CANCEL, decision.incident, ref, detail=detail))
            else:
                log.append(self.connection, Entry(self.now_ms, What.CONTEXT, incident, ref))

    def _outcome(self, report: Report, ref: ReportRef) -> None:
        """The end of a command; a concentrator speaks only of commands that were its own."""
        if report.outcome is None:
            return
        query = "SELECT incident_id FROM commands WHERE number = ? AND journal_id = ?"
        command = self.connection.execute(query, (report.outcome.command_id, self.journal_id)).fetchone()
        if command is None:
            return
        of = command["incident_id"]
        incident = None if of is None else log.current(self.connection, of)
        log.append(self.connection, Entry(self.now_ms, What.OUTCOME, incident, ref))

    def _conflict(self, first: ReportRef, row: Row) -> None:
        """Two contents under one key: the first stays, the other is shown as trouble, once, with all that it said.

        Whatever has become of the journal's numbers, an alarm may be somebody in need.
        """
        offered = {"sha256": row.sha256, "offered": canonical(row.report).decode(), "concentrator": self.concentrator}
        if log.has_conflict(self.connection, first, offered):
            return
        log.append(self.connection, Entry(self.now_ms, What.CONFLICT, report=first, detail=offered))
        if row.report.is_alarm:
            ref = ReportRef(journal_id=self.journal_id, seq=row.report.seq, sha256=row.sha256)
            self.alarm(row.report, ref, first)
