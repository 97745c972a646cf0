"""People and the browsers they sit at. Names stand here and nowhere else."""

from __future__ import annotations

import hashlib
import sqlite3

from anju.dutyroom.core.change import What
from anju.dutyroom.core.request import Arrival, Person
from anju.dutyroom.store import log
from anju.dutyroom.store.log import Entry

SESSION_MS = 16 * 3600 * 1000
"""The longest shift: after this a guard says again who sits here."""


def sit_down(connection: sqlite3.Connection, arrival: Arrival, now_ms: int) -> Person:
    """Open a session and log it; the same name is the same person, because nothing here could tell two apart."""
    person = known(connection, arrival.name)
    expired = (now_ms - SESSION_MS, _hash(arrival.ended or ""))
    connection.execute("DELETE FROM sessions WHERE opened_at_ms < ? OR token_sha256 = ?", expired)
    connection.execute("INSERT INTO sessions VALUES (?, ?, ?)", (_hash(arrival.token), person.id, now_ms))
    log.append(connection, Entry(now_ms, What.AT_DESK, person=person.id, origin=arrival.origin))
    return person


def known(connection: sqlite3.Connection, name: str) -> Person:
    """Somebody by a name, with a number from now on."""
    connection.execute("INSERT OR IGNORE INTO people (name) VALUES (?)", (name,))
    return Person(*connection.execute("SELECT id, name FROM people WHERE name = ?", (name,)).fetchone())


def at_desk(connection: sqlite3.Connection, token: str, now_ms: int) -> Person | None:
    """Who sits at the browser with this token."""
    query = (
        "SELECT people.id, people.name FROM sessions JOIN people ON people.id = sessions.person_id"
        " WHERE token_sha256 = ? AND opened_at_ms >= ?"
    )
    row = connection.execute(query, (_hash(token), now_ms - SESSION_MS)).fetchone()
    return None if row is None else Person(*row)


def names(connection: sqlite3.Connection) -> dict[int, str]:
    """Everybody's name by number."""
    return {row["id"]: row["name"] for row in connection.execute("SELECT id, name FROM people").fetchall()}


def _hash(token: str) -> bytes:
    """A stolen copy of the file opens no session."""
    return hashlib.sha256(token.encode()).digest()
