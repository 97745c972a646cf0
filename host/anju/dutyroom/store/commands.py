"""Commands on their way down: written with what gave them, read by the concentrator that they are for."""

from __future__ import annotations

import json
import sqlite3
from typing import NamedTuple

from anju.dutyroom.core.incident import Answer
from anju.uplink.commands import EstateCommand

MOST_COMMANDS = 200


class Giving(NamedTuple):
    """The change that gives a command, for which incident if for one, and who and when."""

    log_number: int
    incident_id: int | None
    person: int
    at_ms: int


def add(connection: sqlite3.Connection, giving: Giving, answer: Answer) -> int:
    """Write a command in the current transaction; its number."""
    report = answer.report
    more = {
        "anyway": answer.anyway,
        "lasts_s": answer.lasts_s,
        "reason": answer.reason,
        "zone": answer.zone and answer.zone.model_dump(),
    }
    cursor = connection.execute(
        "INSERT INTO commands (number, log_number, incident_id, kind, journal_id, seq, sha256, household, person_id, at_ms,"
        " valid_s, more) SELECT MAX(number) + 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
        " FROM (SELECT number FROM commands UNION ALL SELECT number - 1 FROM first_command)",
        (
            giving.log_number, giving.incident_id, answer.kind.value, report.journal_id, report.seq, report.sha256,
            answer.household, giving.person, giving.at_ms, answer.valid_s,
            json.dumps({name: value for name, value in more.items() if value is not None}, ensure_ascii=False),
        ),
    )  # fmt: skip
    return cursor.lastrowid or 0


def after(connection: sqlite3.Connection, journal_id: str, number: int) -> tuple[EstateCommand, ...]:
    """A journal's next commands, in order; never those of another."""
    query = (
        "SELECT commands.*, name FROM commands JOIN people ON people.id = person_id"
        " WHERE journal_id = ? AND number > ? ORDER BY number LIMIT ?"
    )
    return tuple(map(_command, connection.execute(query, (journal_id, number, MOST_COMMANDS)).fetchall()))


def _command(row: sqlite3.Row) -> EstateCommand:
    plain = {
        "number": row["number"],
        "kind": row["kind"],
        "report": {"journal_id": row["journal_id"], "seq": row["seq"], "sha256": row["sha256"]},
        "household": row["household"],
        "person": row["name"] or "?",  # forgotten
        "at_ms": row["at_ms"],
        "valid_s": row["valid_s"],
    }
    return EstateCommand.model_validate_json(json.dumps(plain | json.loads(row["more"])))
