"""Rows of the journal as SQL has them: how a draft is written, and how nodes are read again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from anju.concentrator.core.battery import History
from anju.concentrator.core.building import PendingCommand
from anju.concentrator.core.draft import Draft
from anju.concentrator.core.freshness import Window
from anju.concentrator.core.node import EventKey, NodeState
from anju.concentrator.core.panel import stored
from anju.concentrator.core.places import Address, Route
from anju.ledger.chain import next_link
from anju.uplink.canonical import canonical, digest
from anju.uplink.reports import Lane, ReportKind

LANES = {Lane.PANIC: 0, Lane.ALARM: 1, Lane.ROUTINE: 2}
_NOTE_CLOCK = """
    INSERT INTO clock VALUES (1, ?, ?) ON CONFLICT DO UPDATE SET boot = excluded.boot, offset_ms = excluded.offset_ms
    WHERE boot <> excluded.boot OR abs(offset_ms - excluded.offset_ms) >= 250
"""
"""Clocks are made to agree all the time: what is far less than a step need not be written each time."""
RECORDED = frozenset({ReportKind.WALK_TESTED, ReportKind.SURVEYED})


def store(connection: sqlite3.Connection, draft: Draft, destinations: Iterable[str], link: bytes) -> bytes:
    """Write all of a draft, its rows behind `link`; the link of the last one."""
    events, owed = [], []
    for report, event in draft.entries:
        text = canonical(report)
        sha256 = bytes.fromhex(digest(text))
        link = next_link(link, sha256)
        events.append((report.seq, *event_row(event), text.decode(), sha256, link))
        rest = (report.seq, report.household or "", LANES[report.lane])
        owed += [(destination, *rest) for destination in destinations]
    if draft.offset:
        connection.execute(_NOTE_CLOCK, draft.offset)
    connection.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?)", events)
    connection.executemany("INSERT INTO outbox (destination, seq, household, lane) VALUES (?, ?, ?, ?)", owed)
    connection.executemany(
        "INSERT OR REPLACE INTO node VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [node_row(address, state) for address, state in draft.nodes.items()],
    )
    connection.executemany(
        "INSERT OR REPLACE INTO panel VALUES (?, ?)",
        [(household, stored.to_json(state)) for household, state in draft.panels.items()],
    )
    connection.executemany(
        "INSERT OR REPLACE INTO fault VALUES (?, ?, ?)",
        [(*fault, since_ms) for fault, since_ms in draft.faults.items() if since_ms is not None],
    )
    connection.executemany(
        "DELETE FROM fault WHERE kind = ? AND subject = ?",
        [fault for fault, since_ms in draft.faults.items() if since_ms is None],
    )
    connection.executemany(
        "INSERT INTO record VALUES (?, ?, ?)",
        [(report.seq, report.kind, report.household) for report, _ in draft.entries if report.kind in RECORDED],
    )
    connection.executemany(
        "INSERT OR REPLACE INTO walk_test VALUES (?, ?)",
        [(household, walk.to_json()) for household, walk in draft.walks.items() if walk],
    )
    connection.executemany(
        "DELETE FROM walk_test WHERE household = ?",
        [(household,) for household, walk in draft.walks.items() if not walk],
    )
    connection.executemany("DELETE FROM schedule WHERE household = ?", [(household,) for household in draft.schedules])
    connection.executemany(
        "INSERT INTO schedule VALUES (?, ?, ?)",
        [
            (household, entry.number, entry.to_json())
            for household, entries in draft.schedules.items()
            for entry in entries
        ],
    )
    for command, pending in draft.arrived:
        target = (*pending.address, pending.event_id) if pending else (None, None, None)
        connection.execute(
            "INSERT INTO command VALUES (?, ?, ?, ?, ?, NULL)",
            (command.number, canonical(command).decode(), *target),
        )
    connection.executemany(
        "INSERT INTO own_command VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)", map(_own_row, draft.ordered)
    )
    for table in ("command", "own_command"):  # no number is in both
        connection.executemany(
            f"UPDATE {table} SET outcome = ? WHERE number = ?",  # noqa: S608  # one of these names
            [(outcome, number) for number, outcome in draft.ended.items()],
        )
    return link


def event_row(event: EventKey | None) -> tuple[int | None, ...]:
    """By which a node's event is found again; of whatever is none, nothing."""
    return (*event.address, event.epoch, event.first_counter) if event else (None, None, None, None)


def _own_row(own: PendingCommand) -> tuple[object, ...]:
    asked = (own.household, own.person, own.at_ms, own.valid_s)
    return (own.number, own.order.value, *own.address, own.epoch, *asked)


def node_row(address: Address, state: NodeState) -> tuple[object, ...]:
    """A node as it is stored."""
    route = tuple(state.route) if state.route else (None, None)
    counters = (state.epoch, state.window.highest, state.window.marks)
    told = (state.boot, state.firmware, state.evidence, state.started, state.battery.pack())
    return (*address, *counters, state.levels, state.last_seen_ms, *route, *told)


def node_state(row: tuple[object, ...]) -> NodeState:
    """A node as it is remembered."""
    _, _, epoch, highest, marks, levels, last_seen_ms, link, peer, boot, firmware, evidence, started, battery = row
    route = Route(str(link), str(peer)) if link is not None else None
    window = Window(highest, marks)  # type: ignore[arg-type]  # STRICT table: the columns have these types
    told: Any = (boot, firmware, evidence, started, History.unpack(battery))  # type: ignore[arg-type]
    return NodeState(epoch, window, levels, last_seen_ms, route, *told)  # type: ignore[arg-type]
