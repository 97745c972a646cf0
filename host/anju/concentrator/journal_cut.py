"""Cuts off the beginning of a journal when its time has come, and signs where: the rest stays verifiable.

A row that is owed to the duty room ends the cut; what a third party has not taken by then, it never will. Behind it some rows
stay, each for as long as something needs it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from typing import NamedTuple

from anju.concentrator import journal_audit
from anju.ledger.head import Cut, JournalKey, Kept
from anju.uplink.reports import ALARMS

AT_ONCE = 100
"""Rows that one transaction cuts off. It takes in the hashes of all that stay, too: beside 6000 of them a press waited 7 ms
(median), 23 ms at most, on a machine of two cores; some 60 ms for the last one of a run, which judges them anew."""
EVENTS_OF_A_NODE = 64
"""A node may say an event again until it has its answer: so many of its newest ones stay known. Its outbox holds fewer."""

_OLDEST = """
    SELECT seq, chain, json_extract(report, '$.recorded_at_ms'),
    EXISTS (SELECT 1 FROM outbox JOIN json_each(?) ON destination = value WHERE outbox.seq = event.seq AND state = 0)
    FROM event WHERE seq > ? AND seq <= (SELECT max(seq) FROM event) - ? ORDER BY seq LIMIT ?
"""
_BEFORE = "SELECT seq, network, node, epoch, first_counter, report FROM event WHERE seq > ? AND seq <= ? ORDER BY seq"
_NEWER = """
    SELECT count(*) FROM (SELECT 1 FROM event INDEXED BY event_once WHERE network = ? AND node = ?
    AND (epoch, first_counter) > (?, ?) AND first_counter IS NOT NULL LIMIT ?)
"""
_CONFLICT = "SELECT 1 FROM outbox WHERE seq = ? AND state = 2"
_LAST_RECORD = """
    SELECT 1 FROM record WHERE seq = ?1 AND NOT EXISTS (
    SELECT 1 FROM record AS newer WHERE newer.kind = record.kind AND newer.household IS record.household AND newer.seq > ?1)
"""


class Limits(NamedTuple):
    """What stays in any case: what was recorded since `since_ms`, and the newest `events` rows."""

    since_ms: int
    events: int


def cut(
    connection: sqlite3.Connection,
    journal_id: str,
    key: JournalKey,
    limits: Limits,
    latched: Collection[str],
    held_by: Sequence[str],
) -> bool:
    """Cut off up to `AT_ONCE` rows; whether there may be more. `latched`: households whose alarms are not over, and stay;
    `held_by`: destinations to which nothing may be owed that goes."""
    before = journal_audit.signed_of(connection).cut
    start, events = (before.seq, before.events) if before else (0, 0)
    end, count = None, 0
    asked = (json.dumps(held_by), start, limits.events, AT_ONCE)
    for seq, link, recorded_at_ms, is_owed in connection.execute(_OLDEST, asked).fetchall():
        if is_owed or recorded_at_ms >= limits.since_ms:
            break
        end, count = (seq, link), count + 1
    if end is None:
        return False
    # Whether older rows are needed still is asked once there is no more to cut: there may be thousands of them.
    judged_from = start if count == AT_ONCE else 0
    for seq, *of, report in connection.execute(_BEFORE, (judged_from, end[0])).fetchall():
        if not _is_needed(connection, seq, of, report, latched):
            for table in ("outbox", "record", "event"):  # whatever names the row goes first
                connection.execute(f"DELETE FROM {table} WHERE seq = ?", (seq,))  # noqa: S608  # one of these names
            events += of[-1] is not None
    kept = Kept()
    for row in connection.execute("SELECT seq, sha256, chain FROM event WHERE seq <= ? ORDER BY seq", (end[0],)):
        kept.add(*row)
    made = Cut(journal_id, *end, events, kept.digest)
    connection.execute("DELETE FROM cut")
    connection.execute("INSERT INTO cut VALUES (?, ?, ?, ?, ?)", (*made[1:], key.sign(made)))
    return count == AT_ONCE


def _is_needed(
    connection: sqlite3.Connection, seq: int, of: list[int | None], report: str, latched: Collection[str]
) -> bool:
    """Whether something still asks for a row: a node that may say it again, an alarm that is not over, a conflict, a record."""
    if of[-1] is not None:
        newer = connection.execute(_NEWER, (*of, EVENTS_OF_A_NODE)).fetchone()[0]
        if newer < EVENTS_OF_A_NODE:
            return True
    told = json.loads(report)
    if told.get("household") in latched and told.get("kind") in ALARMS:
        return True
    asked = (connection.execute(query, (seq,)).fetchone() for query in (_CONFLICT, _LAST_RECORD))
    return any(found is not None for found in asked)
