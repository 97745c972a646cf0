"""Opens the duty room's file, whatever it looks like. Of a damaged one, which is set aside, every report that is whole
goes on, with the incidents that were open; the log begins anew.

An alarm of the last day of which nobody can say what became of it is opened anew: one that sounds twice is better than none.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from anju.dutyroom.core.change import What
from anju.dutyroom.core.incident import Incident, State
from anju.dutyroom.core.own_trouble import OwnTrouble, Seen
from anju.dutyroom.store import Store, held, intake, log, troubles
from anju.dutyroom.store.log import Entry
from anju.ledger import damaged
from anju.ledger.beside import reading
from anju.service.certs.places import DUTY_ROOM
from anju.uplink.canonical import digest
from anju.uplink.commands import ReportRef
from anju.uplink.reports import Report

_MOST_ROWS = 100_000_000
_DAY_MS = 24 * 3600 * 1000
_REPORT = "rowid, journal_id, seq, sha256, received_at_ms, CAST(body AS BLOB), household"
_TOLD = "number, what, incident_id, incident, journal_id, seq"
_log = structlog.get_logger()


class _Kept(NamedTuple):
    """A report that is whole, when it came, and whether it tells again of an event that was judged before."""

    report: Report
    ref: ReportRef
    at_ms: int
    is_told_again: bool


async def open_mended(path: Path, now_ms: int) -> Store:
    """The store, or what can be read of it; LedgerError as from `Store.open`."""

    async def open_file(path: Path) -> Store:
        return Store.open(path)

    async def refill(made: Path) -> int:
        store = Store.open(made)
        try:
            return await store.fill(lambda connection: _fill(connection, path, now_ms))
        finally:
            await store.close()

    found = await damaged.opened(path, lambda: now_ms, open_file, refill)
    if not isinstance(found, damaged.Aside):
        return found
    _log.error(
        "the duty room's file is damaged and was set aside", reason=found.reason, file=found.name, reports=found.kept
    )
    store = Store.open(path)
    await store.note_own(Seen(OwnTrouble.FILE_DAMAGED, DUTY_ROOM, found.name), now_ms)
    return store


def _fill(connection: sqlite3.Connection, path: Path, now_ms: int) -> int:
    """Write all that can be read of a damaged file; how many reports."""
    with reading(path) as read:
        for table, columns, key in (
            ("journals", "journal_id, concentrator, since_ms", "rowid"),
            ("people", "id, name", "id"),
            ("on_test", "household, until_ms", "household"),
            ("panel_messages", "number, account, receiver, line, sequence, digest, stamp, at_ms", "number"),
        ):
            marks = ", ".join("?" * (columns.count(",") + 1))
            for row in damaged.whatever(read, columns, table, key):
                connection.execute(f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})", row)  # noqa: S608  # ours
        owners = {row["journal_id"]: row["concentrator"] for row in connection.execute("SELECT * FROM journals")}
        kept = _reports(connection, read, owners)
        told = _incidents(connection, read, kept, now_ms)
        _standing(connection, read, kept, now_ms)
    for place, one in kept.items():
        if one.report.is_alarm and not one.is_told_again and place not in told and now_ms - one.at_ms < _DAY_MS:
            intake.reopen(connection, owners.get(place[0], "?"), one.report, one.ref, now_ms)
    return len(kept)


def _reports(
    connection: sqlite3.Connection, read: sqlite3.Connection, owners: dict[str, str]
) -> dict[tuple[str, int], _Kept]:
    """Every report that is what its hash says, in the order of arrival, with what its node says of the event in it."""
    kept: dict[tuple[str, int], _Kept] = {}
    for _rowid, journal_id, seq, sha256, at_ms, body, household in damaged.numbered(
        read, _REPORT, "reports", "rowid", _last(read, "rowid", "reports")
    ):
        with suppress(ValueError, TypeError, AttributeError, sqlite3.IntegrityError):
            if digest(body) != sha256:
                continue
            report = Report.model_validate_json(body)
            ref = ReportRef(journal_id=journal_id, seq=seq, sha256=sha256)
            link = held.next_of(connection, held.Held(journal_id, seq, sha256), at_ms, household)
            row = (journal_id, seq, sha256, at_ms, body.decode(), household, link)
            connection.execute("INSERT INTO reports VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            again = intake.is_told_again(connection, owners.get(journal_id, "?"), report, ref)
            kept[journal_id, seq] = _Kept(report, ref, at_ms, again)
    return kept


def _incidents(
    connection: sqlite3.Connection, read: sqlite3.Connection, kept: dict[tuple[str, int], _Kept], now_ms: int
) -> set[tuple[str, int]]:
    """Incidents as they were told of last, those that were open as open ones; which alarms were told of."""
    newest: dict[int, Incident] = {}
    told: set[tuple[str, int]] = set()
    for _number, what, incident_id, incident, journal_id, seq in damaged.numbered(
        read, _TOLD, "log", "number", _last(read, "number", "log")
    ):
        with suppress(ValueError, TypeError):
            if incident is not None:
                newest[incident_id] = Incident.model_validate_json(incident)
            if what == What.ALARM:
                told.add((journal_id, seq))
    for number, one in sorted(newest.items()):
        connection.execute("INSERT INTO incidents VALUES (?, ?, ?)", (number, one.place, one.kind.value))
        if one.state is State.CLOSED:
            continue
        places = [(source.report.journal_id, source.report.seq) for source in one.sources]
        refs = [kept[place].ref for place in places if place in kept]
        entry = Entry(now_ms, What.ALARM, one, refs[-1] if refs else None, detail={"transition": "kept"})
        log.append(connection, entry)
    return told


def _standing(
    connection: sqlite3.Connection, read: sqlite3.Connection, kept: dict[tuple[str, int], _Kept], now_ms: int
) -> None:
    """Troubles that have not ended, as far as it can be told which."""
    query = "SELECT concentrator, journal_id, seq FROM standing JOIN log ON log.number = log_number"
    found: list[Any] = []
    with suppress(sqlite3.Error):
        found = read.execute(query).fetchall()
    for concentrator, journal_id, seq in found:
        if (one := kept.get((journal_id, seq))) is not None:
            troubles.begun(connection, concentrator, one.report, one.ref, now_ms)


def _last(read: sqlite3.Connection, key: str, table: str) -> int:
    """The largest number that a table or an index of it still tells."""
    for query in (f"SELECT max({key}) FROM {table}", f"SELECT count(*) FROM {table}"):  # noqa: S608  # names of ours
        with suppress(sqlite3.Error):
            found = read.execute(query).fetchone()[0]
            if isinstance(found, int):
                return min(found, _MOST_ROWS)
    return 0
