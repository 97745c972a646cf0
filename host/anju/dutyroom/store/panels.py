"""What alarm panels of other makers say, kept as reports in a journal that is the duty room's own.

A message is told again while its answer was lost on the way: it is the newest of its account then, for a panel waits for each
answer. Whoever replays a recorded one says it with the very time that it bore.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from anju.dutyroom.core.panels import JOURNAL, NAME, REPEATED_WITHIN_MS, Message, Said
from anju.dutyroom.store import intake
from anju.uplink.canonical import canonical, digest
from anju.uplink.reports import MOST_ROWS, Batch, Report, Row, TroubleKind

_OF_MESSAGE = "account, receiver, line, sequence, digest, stamp, at_ms"
_SAME = "receiver = ? AND line = ? AND sequence = ? AND digest = ?"


def take(connection: sqlite3.Connection, message: Message, now_ms: int) -> bool:
    """Keep what a panel says; False for what it has said already, of which nothing is kept twice."""
    account = message.account
    old = (account, now_ms - REPEATED_WITHIN_MS)
    connection.execute("DELETE FROM panel_messages WHERE account = ? AND at_ms < ?", old)
    if _is_repeated(connection, message):
        return False
    row = (account, message.receiver, message.line, message.sequence, message.digest, message.stamp, now_ms)
    connection.execute(f"INSERT INTO panel_messages ({_OF_MESSAGE}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)  # noqa: S608  # ours
    tell(connection, message.household, message.events, now_ms)
    return True


def tell(connection: sqlite3.Connection, household: str | None, events: Iterable[Said], now_ms: int) -> None:
    """Keep events as reports, with all that follows from them."""
    query = "SELECT COALESCE(MAX(seq), 0) AS seq FROM reports WHERE journal_id = ?"
    last: int = connection.execute(query, (JOURNAL,)).fetchone()["seq"]
    reports = [_report(seq, household, said, now_ms) for seq, said in enumerate(events, last + 1)][:MOST_ROWS]
    if reports:
        rows = tuple(Row(report=report, sha256=digest(canonical(report))) for report in reports)
        intake.receive(connection, Batch(concentrator=NAME, journal_id=JOURNAL, rows=rows), now_ms)


def silent(connection: sqlite3.Connection) -> set[str]:
    """The accounts whose panels are silent, as far as that was told."""
    query = "SELECT subject FROM standing WHERE concentrator = ? AND kind = ?"
    return {row["subject"] for row in connection.execute(query, (NAME, TroubleKind.PANEL_SILENT.value)).fetchall()}


def _is_repeated(connection: sqlite3.Connection, message: Message) -> bool:
    same = (message.receiver, message.line, message.sequence, message.digest)
    newest = f"SELECT {_SAME} AS same FROM panel_messages WHERE account = ? ORDER BY number DESC LIMIT 1"  # noqa: S608  # ours
    row = connection.execute(newest, (*same, message.account)).fetchone()
    if row is not None and row["same"]:
        return True
    replayed = f"SELECT 1 FROM panel_messages WHERE {_SAME} AND account = ? AND stamp = ?"  # noqa: S608  # ours
    return bool(message.stamp) and (
        connection.execute(replayed, (*same, message.account, message.stamp)).fetchone() is not None
    )


def _report(seq: int, household: str | None, said: Said, now_ms: int) -> Report:
    return Report(
        seq=seq,
        kind=said.kind,
        lane=said.lane,
        household=household,
        recorded_at_ms=now_ms,
        zone=said.zone,
        person=said.person,
        trouble=said.trouble,
        subject=said.subject,
        rule=said.rule,
    )
