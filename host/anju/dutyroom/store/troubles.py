"""Troubles: one that lasts is shown until it is over, however long that takes; any other for as long as somebody asks for."""

from __future__ import annotations

import sqlite3

from anju.dutyroom.core.change import Change, What
from anju.dutyroom.core.own_trouble import STANDING, Seen
from anju.dutyroom.store import log
from anju.dutyroom.store.log import Entry
from anju.uplink.commands import ReportRef
from anju.uplink.reports import LASTING, Report

_OWN = ""
"""In place of a concentrator's name: what the duty room itself sees outlasts its journals."""
_STANDING = "SELECT log_number FROM standing ORDER BY log_number DESC LIMIT ?"


def begun(connection: sqlite3.Connection, concentrator: str, report: Report, ref: ReportRef, now_ms: int) -> None:
    """Log a trouble; one that lasts stands from now on."""
    number = log.append(connection, Entry(now_ms, What.TROUBLE, report=ref))
    if report.trouble in LASTING:
        row = (concentrator, report.trouble.value, _subject(report), number)
        connection.execute("INSERT OR REPLACE INTO standing VALUES (?, ?, ?, ?)", row)


def over(connection: sqlite3.Connection, concentrator: str, report: Report, ref: ReportRef, now_ms: int) -> None:
    """Log that a trouble is over, which settles it."""
    if report.trouble is not None:
        key = (concentrator, report.trouble.value, _subject(report))
        connection.execute("DELETE FROM standing WHERE concentrator = ? AND kind = ? AND subject = ?", key)
    log.append(connection, Entry(now_ms, What.TROUBLE_OVER, report=ref))


def own(connection: sqlite3.Connection, machine: str, seen: Seen | None, now_ms: int) -> None:
    """Log what the duty room itself sees of a machine, in place of what stood; None: that is over."""
    connection.execute("DELETE FROM standing WHERE concentrator = ? AND subject = ?", (_OWN, machine))
    if seen is None:
        log.append(connection, Entry(now_ms, What.TROUBLE_OVER))
        return
    number = log.append(connection, Entry(now_ms, What.TROUBLE, detail=seen.detail()))
    connection.execute("INSERT INTO standing VALUES (?, ?, ?, ?)", (_OWN, seen.trouble.value, machine, number))


def own_standing(connection: sqlite3.Connection) -> dict[str, Seen]:
    """What the duty room itself sees and has not seen the end of, by machine."""
    rows = connection.execute("SELECT subject, log_number FROM standing WHERE concentrator = ?", (_OWN,)).fetchall()
    found = ((row["subject"], Seen.of(log.one(connection, row["log_number"]).detail)) for row in rows)
    return {machine: seen for machine, seen in found if seen is not None}


def forget(connection: sqlite3.Connection, concentrator: str) -> None:
    """Another journal begins, and will tell itself of what is wrong."""
    connection.execute("DELETE FROM standing WHERE concentrator = ?", (concentrator,))


def since(connection: sqlite3.Connection, at_ms: int, most: int) -> list[Change]:
    """The newest troubles since a time, and before them what still stands; newest first."""
    standing = {row["log_number"] for row in connection.execute(_STANDING, (most,)).fetchall()}
    lately = [
        change
        for change in log.troubles_since(connection, at_ms, most)
        if change.number in standing or not _has_lasted(change)
    ]
    older = standing - {change.number for change in lately}
    return lately + [log.one(connection, number) for number in sorted(older, reverse=True)]


def _has_lasted(change: Change) -> bool:
    if change.what is not What.TROUBLE:
        return False
    if change.report is not None:
        return change.report.trouble in LASTING
    seen = Seen.of(change.detail)
    return seen is not None and seen.trouble in STANDING


def _subject(report: Report) -> str:
    return f"{report.node.network}/{report.node.node}" if report.node else report.subject or ""
