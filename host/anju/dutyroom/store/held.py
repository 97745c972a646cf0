"""The chain over the reports that a duty room holds, in the order of their arrival; its check, beside a running duty room too."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from anju.dutyroom.store import log
from anju.ledger.beside import reading
from anju.ledger.chain import GENESIS, next_link
from anju.uplink.canonical import digest

_COLUMNS = "rowid, journal_id, seq, sha256, received_at_ms, household, link"
_AT_ONCE = 1000


class Held(NamedTuple):
    """By what a report is known: its journal, its number there, its hash."""

    journal_id: str
    seq: int
    sha256: str


class Fault(StrEnum):
    """What is wrong."""

    REPORT = "report"
    """A report is not what came, or one before it is missing or was put in."""
    LOG = "log"
    """A row of the log was changed, or one before it is missing."""
    MISSING = "missing"
    """Its concentrator has a receipt for this report, and it is not here."""
    UNLIKE = "unlike"
    """Its concentrator has journalled another report under this number."""


class Finding(NamedTuple):
    """A fault of report `seq` of a journal, or of row `seq` of the log."""

    fault: Fault
    seq: int
    journal_id: str | None = None


@dataclass(slots=True)
class Findings:
    """What came out."""

    reports: int = 0
    log: int = 0
    compared: int = 0
    """Reports that were compared with a concentrator's journal."""
    faults: list[Finding] = field(default_factory=list)


def next_of(connection: sqlite3.Connection, report: Held, received_at_ms: int, household: str | None) -> bytes:
    """The link of a report that comes next."""
    last = connection.execute("SELECT link FROM reports ORDER BY rowid DESC LIMIT 1").fetchone()
    link = GENESIS
    if last and last["link"] is not None:
        link = last["link"]
    elif last:  # once in the life of a file: nothing in it has a link yet
        for row in connection.execute(f"SELECT {_COLUMNS} FROM reports ORDER BY rowid"):  # noqa: S608  # names of columns
            link = next_link(link, _digest(*tuple(row)[1:6]))
    return next_link(link, _digest(*report, received_at_ms, household))


def verify(path: Path, receipts: Iterable[Held] = (), journalled: Iterable[Held] = ()) -> Findings:
    """Check the log and each report, also against what a concentrator has: `receipts` of reports that are surely here, and all
    that it has `journalled`. sqlite3.Error where the file is none of a duty room's or cannot be read.
    """
    found = Findings()
    with reading(path) as read:
        read.row_factory = sqlite3.Row
        read.execute("BEGIN")
        try:
            found.log = log.verify(read)
        except log.ChainBroken as broken:
            found.faults.append(Finding(Fault.LOG, broken.number))
        found.faults += _changed(read, found)
        for held, fault in _compared(read, receipts, journalled, found):
            found.faults.append(Finding(fault, held.seq, held.journal_id))
    return found


def _changed(read: sqlite3.Connection, found: Findings) -> Iterator[Finding]:
    """Reports whose link or contents are not right. After a fault the stored link counts: so one change is one fault."""
    link, was_linked = GENESIS, False
    columns = f"{_COLUMNS}, CAST(body AS BLOB) AS body"
    cursor = read.execute(f"SELECT {columns} FROM reports ORDER BY rowid")  # noqa: S608  # the same
    while rows := cursor.fetchmany(_AT_ONCE):
        for row in rows:
            found.reports += 1
            before, link = link, next_link(link, _digest(*tuple(row)[1:6]))
            is_right = digest(row["body"]) == row["sha256"] and row["link"] in ((link,) if was_linked else (None, link))
            if row["link"] is not None:
                was_linked = True
                if row["link"] != link and len(row["link"]) == 32:
                    link = row["link"]
            elif was_linked:
                link = before
            if not is_right:
                yield Finding(Fault.REPORT, row["seq"], row["journal_id"])


def _compared(
    read: sqlite3.Connection, receipts: Iterable[Held], journalled: Iterable[Held], found: Findings
) -> Iterator[tuple[Held, Fault]]:
    query = "SELECT sha256 FROM reports WHERE journal_id = ? AND seq = ?"
    for one in journalled:
        row = read.execute(query, one[:2]).fetchone()
        if row is not None:
            found.compared += 1
            if row["sha256"] != one.sha256:
                yield one, Fault.UNLIKE
    for one in receipts:
        # After a restore or a repair a report has come under the name of the journal before.
        if read.execute(query, one[:2]).fetchone() is None and not is_known(read, None, one.seq, one.sha256):
            yield one, Fault.MISSING


def is_known(read: sqlite3.Connection, concentrator: str | None, seq: int, sha256: str) -> bool:
    """Whether a report is here under the name of any journal; of a concentrator, if one is named."""
    query = """
        SELECT 1 FROM reports INDEXED BY reports_of_seq WHERE seq = ?1 AND sha256 = ?2 AND (?3 IS NULL OR EXISTS (
        SELECT 1 FROM journals WHERE journals.journal_id = reports.journal_id AND concentrator = ?3))
    """
    return read.execute(query, (seq, sha256, concentrator)).fetchone() is not None


def _digest(*row: object) -> bytes:
    return hashlib.sha256(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()).digest()
