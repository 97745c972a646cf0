"""What a person does to an incident: decided, logged, turned into commands and answered once per idempotency key."""

from __future__ import annotations

import hashlib
import json
import sqlite3

from anju.dutyroom.core import incident as incidents
from anju.dutyroom.core.change import Change, What
from anju.dutyroom.core.incident import Act, Decision, Incident, NotAllowed, Reason
from anju.dutyroom.core.request import Handling, KeyReused, NoSuchIncident
from anju.dutyroom.store import commands, log
from anju.dutyroom.store.commands import Giving
from anju.dutyroom.store.log import Entry


def handle(connection: sqlite3.Connection, handling: Handling) -> Change | Reason:
    """The change that was made, or the reason why none was; the same key gets the same answer for ever."""
    fingerprint = _fingerprint(handling)
    given = connection.execute("SELECT * FROM answers WHERE idempotency_key = ?", (handling.key,)).fetchone()
    if given is not None:
        if given["request_sha256"] != fingerprint:
            raise KeyReused
        return Reason(given["refusal"]) if given["log_number"] is None else log.one(connection, given["log_number"])
    incident = log.current(connection, handling.incident_id)
    if incident is None:
        raise NoSuchIncident
    try:
        _check_test(connection, incident, handling.action.act)
        decision = incidents.handled(incident, handling.action)
    except NotAllowed as refusal:
        connection.execute(
            "INSERT INTO answers VALUES (?, ?, NULL, ?)", (handling.key, fingerprint, refusal.reason.value)
        )
        return refusal.reason
    number = _adopt(connection, handling, decision)
    connection.execute("INSERT INTO answers VALUES (?, ?, ?, NULL)", (handling.key, fingerprint, number))
    return log.one(connection, number)


def _check_test(connection: sqlite3.Connection, incident: Incident, act: Act) -> None:
    """Nothing is tried where somebody may be in need, whichever of a household's incidents a guard looks at."""
    if act is Act.TEST and any(map(incidents.keeps_from_testing, log.open_at(connection, incident.place))):
        raise NotAllowed(Reason.PERSON_IN_NEED)


def _adopt(connection: sqlite3.Connection, handling: Handling, decision: Decision) -> int:
    action = handling.action
    detail = {"transition": decision.transition}
    if action.cause is not None:
        detail["cause"] = action.cause.value
    if action.note:
        detail["note"] = action.note
    if decision.taken_from is not None:
        detail["taken_from"] = str(decision.taken_from)
    what = What(action.act.value)
    entry = Entry(action.at_ms, what, decision.incident, None, action.person, handling.origin, detail)
    number = log.append(connection, entry)
    for answer in decision.answers:
        commands.add(connection, Giving(number, handling.incident_id, action.person, action.at_ms), answer)
    return number


def _fingerprint(handling: Handling) -> bytes:
    action = handling.action
    asked = [handling.incident_id, action.act.value, action.person, action.cause and action.cause.value, action.note]
    return hashlib.sha256(json.dumps(asked, ensure_ascii=False).encode()).digest()
