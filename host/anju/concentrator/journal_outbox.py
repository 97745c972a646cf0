"""What is owed, as SQL has it: queued, sent, received. A row ends by a receipt alone; one in conflict is kept aside.

What is owed to a third party ends also when it refuses the row for good, when a person switches it off or takes it out of the
site, and with the time for which a journal keeps rows. The duty room's never does.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from anju.concentrator.core.ports import Attempt, OwedRow

_RECEIVED, _CONFLICT, _GIVEN_UP = 1, 2, 3

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
_IS_URGENT = "SELECT 1 FROM outbox INDEXED BY outbox_urgent WHERE destination = ? AND state = 0 AND lane < 2 LIMIT 1"
_SENT = "UPDATE outbox SET sent_at_ms = ? WHERE destination = ? AND seq = ? AND state = 0 AND sent_at_ms IS NULL"
_SETTLED = "UPDATE outbox SET state = ?, settled_at_ms = ? WHERE destination = ? AND seq = ? AND state = 0"
_COUNTED = (
    "SELECT count(*), count(sent_at_ms) FROM outbox INDEXED BY outbox_in_order WHERE destination = ? AND state = 0"
)
_ALL_GIVEN_UP = "UPDATE outbox SET state = ?, settled_at_ms = ? WHERE destination = ? AND state = 0"

_OLDEST = """
    SELECT json_extract(report, '$.recorded_at_ms') FROM event
    WHERE seq = (SELECT min(seq) FROM outbox INDEXED BY outbox_in_order WHERE destination = ? AND state = 0)
"""


def owed(read: sqlite3.Connection, destination: str, most: int, beside: int | None = None) -> list[OwedRow]:
    """Rows to send next: households with a panic first, then with an alarm; within one household always in order.

    `beside`: to how many rows in all they are filled with what can wait; None: to `most`.
    """
    urgent = [household for (household,) in read.execute(_URGENT_HOUSEHOLDS, (destination,))]
    found: list[tuple[int, str, bytes]] = []
    for household in urgent:
        if len(found) < most:
            found += read.execute(_OWED_BY_HOUSEHOLD, (destination, household, most - len(found)))
    if found and beside is not None:
        most = min(most, beside)
    if len(found) < most:
        found += read.execute(_OWED_BY_OTHERS, (destination, json.dumps(urgent), most - len(found)))
    return [OwedRow(seq, report, sha256.hex()) for seq, report, sha256 in found]


def owes_alarm(read: sqlite3.Connection, destination: str) -> bool:
    """Whether a panic or an alarm is among what is owed."""
    return read.execute(_IS_URGENT, (destination,)).fetchone() is not None


def counts(read: sqlite3.Connection, destination: str) -> tuple[int, int]:
    """Rows owed to a destination, and those among them that were sent."""
    owed_rows, sent_rows = read.execute(_COUNTED, (destination,)).fetchone()
    return owed_rows, sent_rows


def oldest_ms(read: sqlite3.Connection, destination: str) -> int | None:
    """When the oldest row was recorded that is owed to a destination."""
    found = read.execute(_OLDEST, (destination,)).fetchone()
    return None if found is None else found[0]


def send(connection: sqlite3.Connection, destination: str, rows: Iterable[int], now_ms: int) -> None:
    """Note that rows are on their way; the first time counts."""
    connection.executemany(_SENT, [(now_ms, destination, seq) for seq in rows])


def settle(
    connection: sqlite3.Connection, destination: str, received: Iterable[int], conflicts: Iterable[int], now_ms: int
) -> None:
    """Note the receipt of rows, by which the destination is there again; a row is settled once."""
    rows = [(_RECEIVED, now_ms, destination, seq) for seq in received]
    rows += [(_CONFLICT, now_ms, destination, seq) for seq in conflicts]
    connection.executemany(_SETTLED, rows)
    connection.execute("DELETE FROM attempt WHERE destination = ?", (destination,))


def give_up(connection: sqlite3.Connection, destination: str, rows: Iterable[int], now_ms: int) -> None:
    """Note that a third party will never take rows."""
    connection.executemany(_SETTLED, [(_GIVEN_UP, now_ms, destination, seq) for seq in rows])


def switch(connection: sqlite3.Connection, destination: str, is_on: bool | None, now_ms: int) -> None:
    """Note that a third party is on, is off, or (None) is there no more; one that isn't on is owed nothing."""
    if is_on is None:
        connection.execute("DELETE FROM destination WHERE name = ?", (destination,))
    else:
        connection.execute("INSERT OR REPLACE INTO destination VALUES (?, ?)", (destination, is_on))
    if not is_on:
        connection.execute(_ALL_GIVEN_UP, (_GIVEN_UP, now_ms, destination))
        connection.execute("DELETE FROM attempt WHERE destination = ?", (destination,))


def destinations(read: sqlite3.Connection) -> dict[str, bool]:
    """Third parties, and whether each is on."""
    return {name: bool(is_on) for name, is_on in read.execute("SELECT name, is_on FROM destination")}


def postpone(connection: sqlite3.Connection, destination: str, attempt: Attempt, now_ms: int) -> None:
    """Note when a destination is tried again."""
    row = (destination, attempt.failures, now_ms + int(attempt.in_s * 1000))
    connection.execute("INSERT OR REPLACE INTO attempt VALUES (?, ?, ?)", row)


def postponed(read: sqlite3.Connection, destination: str, now_ms: int) -> Attempt:
    """When a destination is tried again: at once, where it did not fail."""
    query = "SELECT failures, next_at_ms FROM attempt WHERE destination = ?"
    failures, next_at_ms = read.execute(query, (destination,)).fetchone() or (0, now_ms)
    return Attempt(failures, max(0, next_at_ms - now_ms) / 1000)
