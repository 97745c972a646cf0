"""The log: what happened, in order, append-only and hash-chained; its row numbers are the page's event numbers."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from anju.dutyroom.core.change import Change, What
from anju.dutyroom.core.incident import Incident, State
from anju.ledger.chain import GENESIS, next_link
from anju.uplink.canonical import canonical, digest
from anju.uplink.commands import ReportRef
from anju.uplink.reports import Report

_HASHED = (
    "number", "at_ms", "what", "incident_id", "incident", "journal_id", "seq", "sha256", "person_id", "origin", "detail",
)  # fmt: skip
_VERIFIED_AT_ONCE = 1000
_MOST_ENDED = 1000
"""Commands that end before one that was given earlier: far more than a minute's."""
_MOST_ID = 2**63 - 1
"""The largest number that SQLite can look for; an address in a browser may name any."""


class Entry(NamedTuple):
    """A row to write: `incident` as of now, the report that caused it, or the person and from where."""

    at_ms: int
    what: What
    incident: Incident | None = None
    report: ReportRef | None = None
    person: int | None = None
    origin: str | None = None
    detail: dict[str, str] | None = None


class ChainBroken(Exception):
    """Row `number` of the log, or its report, is not what was written, or a row before it is missing."""

    def __init__(self, number: int) -> None:
        super().__init__(f"row {number} of the log or its report was changed, or a row before it was removed")
        self.number = number


def append(connection: sqlite3.Connection, entry: Entry) -> int:
    """Write a row in the current transaction; its number."""
    last = connection.execute("SELECT number, link FROM log ORDER BY number DESC LIMIT 1").fetchone()
    number, link = (last["number"] + 1, last["link"]) if last else (1, GENESIS)
    incident, report = entry.incident, entry.report
    row = (
        number,
        entry.at_ms,
        entry.what.value,
        incident.id if incident else None,
        canonical(incident).decode() if incident else None,
        report.journal_id if report else None,
        report.seq if report else None,
        report.sha256 if report else None,
        entry.person,
        entry.origin,
        _written(entry.detail or {}),
    )
    connection.execute(
        "INSERT INTO log (number, at_ms, what, incident_id, incident, journal_id, seq, sha256, person_id, origin, detail, link)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*row, next_link(link, _digest(row))),
    )
    return number


def has_conflict(connection: sqlite3.Connection, held: ReportRef, detail: dict[str, str]) -> bool:
    """Whether this conflict is in the log: a concentrator may offer the same row again and again."""
    query = "SELECT 1 FROM log WHERE what = 'conflict' AND journal_id = ? AND seq = ? AND detail = ?"
    return connection.execute(query, (held.journal_id, held.seq, _written(detail))).fetchone() is not None


def newest(connection: sqlite3.Connection) -> int:
    """The number of the last row; 0 in an empty log."""
    number: int = connection.execute("SELECT COALESCE(MAX(number), 0) AS number FROM log").fetchone()["number"]
    return number


def one(connection: sqlite3.Connection, number: int) -> Change:
    """The change with a number that exists."""
    return _change(connection.execute("SELECT * FROM changes WHERE number = ?", (number,)).fetchone())


def after(connection: sqlite3.Connection, number: int, most: int) -> list[Change]:
    """Up to `most` changes after a number, in order."""
    query = "SELECT * FROM changes WHERE number > ? ORDER BY number LIMIT ?"
    return _changes(connection.execute(query, (number, most)))


def of_incident(connection: sqlite3.Connection, incident_id: int, most: int) -> list[Change]:
    """An incident's newest changes, oldest first."""
    if incident_id > _MOST_ID:
        return []
    query = "SELECT * FROM changes WHERE incident_id = ? ORDER BY number DESC LIMIT ?"
    return _changes(connection.execute(query, (incident_id, most)))[::-1]


def closings_since(connection: sqlite3.Connection, at_ms: int, most: int) -> list[Change]:
    """The newest closings since a time, newest first."""
    query = "SELECT * FROM changes WHERE what = 'close' AND at_ms >= ? ORDER BY at_ms DESC, number DESC LIMIT ?"
    return _changes(connection.execute(query, (at_ms, most)))


def troubles_since(connection: sqlite3.Connection, at_ms: int, most: int) -> list[Change]:
    """The newest troubles since a time, newest first."""
    query = (
        "SELECT * FROM changes WHERE what IN ('trouble', 'trouble_over', 'conflict', 'link_lost', 'link_back')"
        " AND at_ms >= ? ORDER BY at_ms DESC, number DESC LIMIT ?"
    )
    return _changes(connection.execute(query, (at_ms, most)))


def outcomes_after(connection: sqlite3.Connection, number: int) -> list[Change]:
    """The first ends of commands after a change, in order: among them is that of each which it gave, if it has ended."""
    query = "SELECT * FROM changes WHERE what = 'outcome' AND number > ? ORDER BY number LIMIT ?"
    return _changes(connection.execute(query, (number, _MOST_ENDED)))


def open_at(connection: sqlite3.Connection, place: str) -> Iterator[Incident]:
    """The open incidents of a place, of which there is at most one a kind: the newest."""
    query = "SELECT MAX(id) AS id FROM incidents WHERE place = ? GROUP BY kind"
    for row in connection.execute(query, (place,)).fetchall():
        incident = current(connection, row["id"])
        if incident is not None and incident.state is not State.CLOSED:
            yield incident


def current(connection: sqlite3.Connection, incident_id: int) -> Incident | None:
    """An incident as it is now; None if there is none with this number."""
    if incident_id > _MOST_ID:
        return None
    query = "SELECT incident FROM log WHERE incident_id = ? ORDER BY number DESC LIMIT 1"
    row = connection.execute(query, (incident_id,)).fetchone()
    return None if row is None else Incident.model_validate_json(row["incident"])


def verify(connection: sqlite3.Connection) -> int:
    """Walk the whole chain; the number of its rows, or ChainBroken at the first that is wrong."""
    query = "SELECT * FROM changes WHERE number > ? ORDER BY number LIMIT ?"
    link, number = GENESIS, 0
    first = connection.execute("SELECT MIN(number) AS number FROM log").fetchone()["number"]
    if first is not None and first < 1:  # where no reader looks
        raise ChainBroken(first)
    while rows := connection.execute(query, (number, _VERIFIED_AT_ONCE)).fetchall():
        for row in rows:
            number += 1
            link = next_link(link, _digest(tuple(row[name] for name in _HASHED)))
            if row["number"] != number or row["link"] != link or not _is_held(row):
                raise ChainBroken(row["number"])
    return number


def _is_held(row: sqlite3.Row) -> bool:
    """Whether the report that a row speaks of is there and is the one that came."""
    if row["sha256"] is None:
        return True
    return row["report"] is not None and digest(row["report"].encode()) == row["sha256"]


def _written(detail: dict[str, str]) -> str:
    return json.dumps(detail, sort_keys=True, ensure_ascii=False)


def _digest(row: tuple[object, ...]) -> bytes:
    return hashlib.sha256(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()).digest()


def _changes(rows: Iterable[sqlite3.Row]) -> list[Change]:
    return [_change(row) for row in list(rows)]


def _change(row: sqlite3.Row) -> Change:
    what, detail = What(row["what"]), json.loads(row["detail"])
    # An alarm under a number that was taken is not among the reports, and stands here.
    report = detail.get("offered", row["report"]) if what is What.ALARM else row["report"]
    return Change(
        row["number"],
        row["at_ms"],
        what,
        Incident.model_validate_json(row["incident"]) if row["incident"] else None,
        row["journal_id"],
        Report.model_validate_json(report) if report else None,
        row["person_id"],
        detail,
    )
