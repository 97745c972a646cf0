"""A journal's file against its own signed chain, beside a running concentrator or without one; nothing is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from anju.ledger import audit
from anju.ledger.audit import Fault, Finding, Findings, Row, Signed
from anju.ledger.beside import reading
from anju.ledger.chain import next_link
from anju.ledger.head import Cut, Head

_ROWS = "SELECT seq, network, node, epoch, first_counter, CAST(report AS BLOB), sha256, chain FROM event"
_AT_ONCE = 1000

# What is owed says the same as the report. A row of the outbox is there for each event, from the first one of its destination on.
_UNLIKE = """
    SELECT seq FROM outbox JOIN event USING (seq) WHERE json_valid(report) AND (
        household != coalesce(json_extract(report, '$.household'), '')
        OR lane != CASE json_extract(report, '$.lane') WHEN 'panic' THEN 0 WHEN 'alarm' THEN 1 ELSE 2 END
        OR state NOT IN (0, 1, 2) OR (state = 0) != (settled_at_ms IS NULL))
"""
_NOT_OWED = """
    SELECT seq FROM (SELECT destination, min(seq) AS first FROM outbox GROUP BY destination) AS begun
    JOIN event ON event.seq >= max(begun.first, ?1)
    LEFT JOIN outbox USING (seq, destination) WHERE outbox.seq IS NULL
"""


def verify(path: Path, public_key: bytes) -> Findings:
    """Check every row as of one moment; sqlite3.Error where the file is no journal or cannot be read."""
    with reading(path) as read:
        read.execute("BEGIN")
        signed = signed_of(read)
        found = audit.check(_rows(read), signed, public_key)
        if not found.faults:  # what is owed is told by rows that are right
            first = signed.cut.seq + 1 if signed.cut else 1
            wrong = {seq for (seq,) in read.execute(_UNLIKE)} | {seq for (seq,) in read.execute(_NOT_OWED, (first,))}
            found.faults += [Finding(seq, Fault.OWED) for seq in sorted(wrong)]
    return found


def tail_fault(read: sqlite3.Connection, most: int = 1000) -> int | None:
    """Which of the newest rows does not follow the one before it, or is not the end that was signed; None: all is well."""
    newest = read.execute(f"{_ROWS} ORDER BY seq DESC LIMIT ?", (most,)).fetchall()
    rows, signed = [row_of(found) for found in reversed(newest)], signed_of(read)
    cut = signed.cut.seq if signed.cut else 0
    before: Row | None = None
    for row in rows:
        is_next = before is None or (row.seq == before.seq + 1 and next_link(before.link, row.sha256) == row.link)
        if not audit.is_whole(row) or (row.seq > cut + 1 and not is_next):
            return row.seq
        before = row
    head = signed.head
    if head and head.seq > cut and (before is None or head[1:] != (before.seq, before.link)):
        return head.seq
    return None


def hashes(path: Path, destination: str | None = None) -> Iterator[tuple[str, int, str]]:
    """Journal, number and hash of each row; or of those for which a destination has given its receipt."""
    query = "SELECT seq, sha256 FROM event"
    if destination is not None:
        query += " JOIN outbox USING (seq) WHERE destination = ? AND state = 1"
    given = () if destination is None else (destination,)
    with reading(path) as read:
        read.execute("BEGIN")
        (journal_id,) = read.execute("SELECT journal_id FROM journal").fetchone()
        cursor = read.execute(query, given)
        while found := cursor.fetchmany(_AT_ONCE):
            yield from ((journal_id, seq, sha256.hex()) for seq, sha256 in found)


def cut_at(path: Path) -> int:
    """Up to which row a journal was cut off; 0: nothing was."""
    with reading(path) as read:
        found = read.execute("SELECT seq FROM cut").fetchone()
    return int(found[0]) if found else 0


def signed_of(read: sqlite3.Connection) -> Signed:
    """What a journal says was signed of it."""
    named = read.execute("SELECT journal_id FROM journal").fetchone()
    journal_id = named[0] if named else ""
    head = read.execute("SELECT seq, link, signature FROM head").fetchone()
    cut = read.execute("SELECT seq, link, events, kept, signature FROM cut").fetchone()
    return Signed(
        Head(journal_id, *head[:2]) if head else None,
        head[2] if head else b"",
        Cut(journal_id, *cut[:4]) if cut else None,
        cut[4] if cut else b"",
    )


def row_of(found: tuple[int, int | None, int | None, int | None, int | None, bytes, bytes, bytes]) -> Row:
    """A row as it was read."""
    seq, network, node, epoch, first_counter, report, sha256, link = found
    return Row(seq, (network, node, epoch, first_counter), report, sha256, link)


def _rows(read: sqlite3.Connection) -> Iterator[Row]:
    cursor = read.execute(f"{_ROWS} ORDER BY seq")
    while found := cursor.fetchmany(_AT_ONCE):
        yield from map(row_of, found)
