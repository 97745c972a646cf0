"""What somebody asks of a household's panel without an incident: logged with the reason, and given once per idempotency key."""

from __future__ import annotations

import hashlib
import json
import sqlite3

from anju.dutyroom.core import panels
from anju.dutyroom.core.change import What
from anju.dutyroom.core.incident import Answer, Reason, keeps_from_testing
from anju.dutyroom.core.queue import in_order
from anju.dutyroom.core.request import KeyReused, NoSuchHousehold, Order, Ordered
from anju.dutyroom.store import commands, log, people
from anju.dutyroom.store.commands import Giving
from anju.dutyroom.store.log import Entry
from anju.uplink.commands import PANEL_VALID_S, CommandKind, ReportRef


def give(connection: sqlite3.Connection, order: Order) -> Ordered | Reason:
    """Give the command, which names the newest report of the household's own concentrator; the same key gives it once."""
    fingerprint = _fingerprint(order)
    given = connection.execute("SELECT * FROM answers WHERE idempotency_key = ?", (order.key,)).fetchone()
    if given is not None:
        if given["request_sha256"] != fingerprint:
            raise KeyReused
        return Reason(given["refusal"]) if given["log_number"] is None else _given_by(connection, given["log_number"])
    report = _newest(connection, order.household)
    opened = list(log.open_at(connection, order.household))
    if order.kind is CommandKind.TEST and any(map(keeps_from_testing, opened)):
        refusal = Reason.PERSON_IN_NEED
        connection.execute("INSERT INTO answers VALUES (?, ?, NULL, ?)", (order.key, fingerprint, refusal.value))
        return refusal
    incident = next(iter(in_order(opened)), None)
    person = people.known(connection, order.person)
    detail = {"order": order.kind.value, "reason": order.reason}
    entry = Entry(order.at_ms, What.ORDER, incident, None, person.id, order.origin, detail)
    number = log.append(connection, entry)
    more = (order.lasts_s, order.reason, order.anyway, order.zone)
    answer = Answer(order.kind, report, order.household, PANEL_VALID_S, *more)
    command = commands.add(
        connection, Giving(number, incident.id if incident else None, person.id, order.at_ms), answer
    )
    connection.execute("INSERT INTO answers VALUES (?, ?, ?, NULL)", (order.key, fingerprint, number))
    return Ordered(command)


def ordered(connection: sqlite3.Connection, number: int) -> Ordered | None:
    """What has become of a command; None if there is none with this number."""
    given = connection.execute("SELECT log_number FROM commands WHERE number = ?", (number,)).fetchone()
    if given is None:
        return None
    for change in log.outcomes_after(connection, given["log_number"]):
        outcome = change.report.outcome if change.report else None
        if outcome and outcome.command_id == number:
            return Ordered(number, outcome.outcome, outcome.refusal)
    return Ordered(number)


def _given_by(connection: sqlite3.Connection, log_number: int) -> Ordered:
    row = connection.execute("SELECT number FROM commands WHERE log_number = ?", (log_number,)).fetchone()
    if row is None:
        raise KeyReused
    return Ordered(row["number"])


def _newest(connection: sqlite3.Connection, household: str) -> ReportRef:
    query = "SELECT journal_id, seq, sha256 FROM reports WHERE household = ? AND journal_id <> ? ORDER BY rowid DESC LIMIT 1"
    row = connection.execute(query, (household, panels.JOURNAL)).fetchone()
    if row is None:
        raise NoSuchHousehold
    return ReportRef(journal_id=row["journal_id"], seq=row["seq"], sha256=row["sha256"])


def _fingerprint(order: Order) -> bytes:
    zone = order.zone and order.zone.model_dump()
    asked = [order.household, order.kind.value, order.person, order.reason, order.anyway, order.lasts_s, zone]
    return hashlib.sha256(json.dumps(asked, ensure_ascii=False, sort_keys=True).encode()).digest()
