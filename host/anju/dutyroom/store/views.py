"""What the page and the concentrators read: committed rows only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from anju.dutyroom.core import panels
from anju.dutyroom.core.change import Change, GivenCommand, Story, What
from anju.dutyroom.core.incident import Incident, State
from anju.dutyroom.core.on_test import OnTest
from anju.dutyroom.store import log
from anju.ledger.beside import reading
from anju.uplink.commands import CommandKind
from anju.uplink.reports import PanelView, Report

MOST_IN_STORY = 200
"""Changes that a story tells; of more, it tells how many it leaves out."""
_HELD_AT_ONCE = 1000
_HELD = "SELECT rowid, journal_id, seq, body FROM reports WHERE rowid > ? ORDER BY rowid LIMIT ?"
_HELD_ONCE = """
    SELECT rowid, journal_id, seq, body FROM reports WHERE rowid > ?1 AND NOT EXISTS (SELECT 1 FROM witnessed
    WHERE witnessed.journal_id = reports.journal_id AND witnessed.seq = reports.seq AND again) ORDER BY rowid LIMIT ?2
"""
_PANEL_WITHIN = 20
_TESTED_WITHIN, _MOST_TESTED, _TESTED_WITHIN_MS = 200, 20, 24 * 3600 * 1000


def open_incidents(connection: sqlite3.Connection) -> dict[int, Incident]:
    """Every incident that is not closed."""
    query = (
        "SELECT incident FROM log WHERE number IN"
        " (SELECT MAX(number) FROM log WHERE incident_id IS NOT NULL GROUP BY incident_id)"
        " AND json_extract(incident, '$.state') <> 'closed'"
    )
    found = (Incident.model_validate_json(row["incident"]) for row in connection.execute(query).fetchall())
    return {incident.id: incident for incident in found if incident.state is not State.CLOSED}


def concentrators(connection: sqlite3.Connection) -> dict[str, str]:
    """Each concentrator's newest journal: {name: journal id}."""
    query = "SELECT concentrator, journal_id FROM journals WHERE journal_id <> ? ORDER BY rowid"
    return {row["concentrator"]: row["journal_id"] for row in connection.execute(query, (panels.JOURNAL,)).fetchall()}


def owner(connection: sqlite3.Connection, journal_id: str) -> str | None:
    """The concentrator that was the first to call from a journal; None for none yet. That of panels is nobody else's."""
    if journal_id == panels.JOURNAL:
        return panels.NAME
    query = "SELECT concentrator FROM journals WHERE journal_id = ? ORDER BY rowid LIMIT 1"
    row = connection.execute(query, (journal_id,)).fetchone()
    return None if row is None else str(row["concentrator"])


def story(connection: sqlite3.Connection, incident_id: int) -> Story | None:
    """All that is known of an incident; None if there is none with this number."""
    changes = log.of_incident(connection, incident_id, MOST_IN_STORY)
    if not changes or changes[-1].incident is None:
        return None
    incident = changes[-1].incident
    count = connection.execute("SELECT COUNT(*) AS n FROM log WHERE incident_id = ?", (incident_id,)).fetchone()["n"]
    panel = _panel(connection, incident.household) if incident.household else None
    return Story(
        incident,
        tuple(([] if count > len(changes) else _tested_before(connection, incident, changes[0])) + changes),
        count - len(changes),
        _given(connection, incident_id),
        panel[0] if panel else None,
        panel[1] if panel else None,
    )


def on_test(connection: sqlite3.Connection, now_ms: int) -> list[OnTest]:
    """The households that are on TEST, by their names."""
    query = "SELECT household, until_ms FROM on_test WHERE until_ms > ? ORDER BY household"
    return [OnTest(row["household"], row["until_ms"]) for row in connection.execute(query, (now_ms,)).fetchall()]


def reports_held(path: Path, *, once: bool = False) -> Iterator[tuple[str, int, Report]]:
    """(journal id, seq, report) of everything a duty room's file holds, in order of arrival; beside a running duty room too.

    `once`: without what was told again under another journal's name.
    """
    with reading(path) as connection:
        last = 0
        query = _HELD_ONCE if once else _HELD
        while rows := connection.execute(query, (last, _HELD_AT_ONCE)).fetchall():
            for last, journal_id, seq, body in rows:  # noqa: B007 - the last one is where the next query begins
                yield journal_id, seq, Report.model_validate_json(body)


def _tested_before(connection: sqlite3.Connection, incident: Incident, first: Change) -> list[Change]:
    """What was tried in the household within a day before its incident: nobody has logged it, because it opened nothing."""
    query = (
        "SELECT * FROM (SELECT * FROM reports WHERE household = ?1 AND received_at_ms >= ?2 AND rowid <"
        " (SELECT rowid FROM reports WHERE journal_id = ?3 AND seq = ?4) ORDER BY rowid DESC LIMIT ?5)"
        " WHERE json_extract(body, '$.test') OR json_extract(body, '$.kind') IN"
        " ('test_started', 'test_ended', 'walk_tested') LIMIT ?6"
    )
    seq = first.report.seq if first.report else 0
    since_ms = first.at_ms - _TESTED_WITHIN_MS
    given = (incident.household, since_ms, first.journal_id, seq, _TESTED_WITHIN, _MOST_TESTED)
    return [
        Change(
            0,
            row["received_at_ms"],
            What.CONTEXT,
            None,
            row["journal_id"],
            Report.model_validate_json(row["body"]),
            None,
            {},
        )
        for row in reversed(connection.execute(query, given).fetchall())
    ]


def _given(connection: sqlite3.Connection, incident_id: int) -> tuple[GivenCommand, ...]:
    outcomes = {}
    ended = "SELECT * FROM changes WHERE incident_id = ? AND what = ? ORDER BY number DESC"
    for row in connection.execute(ended, (incident_id, What.OUTCOME.value)).fetchall():
        outcome = Report.model_validate_json(row["report"]).outcome
        if outcome is not None:
            outcomes[outcome.command_id] = (outcome.outcome, row["at_ms"], outcome.refusal)
    query = "SELECT number, log_number, kind, at_ms, seq FROM commands WHERE incident_id = ? ORDER BY number"
    return tuple(
        GivenCommand(
            row["number"],
            row["log_number"],
            CommandKind(row["kind"]),
            row["at_ms"],
            row["seq"],
            *outcomes.get(row["number"], (None, None, None)),
        )
        for row in connection.execute(query, (incident_id,)).fetchall()
    )


def _panel(connection: sqlite3.Connection, household: str) -> tuple[PanelView, int] | None:
    """A household's panel as of its newest report that tells of it, and when that was; the concentrator owns the truth."""
    query = "SELECT body FROM reports WHERE household = ? ORDER BY rowid DESC LIMIT ?"
    for row in connection.execute(query, (household, _PANEL_WITHIN)).fetchall():
        report = Report.model_validate_json(row["body"])
        if report.panel is not None:
            return report.panel, report.recorded_at_ms
    return None
