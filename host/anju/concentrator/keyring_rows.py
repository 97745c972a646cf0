"""Rows of the keyring as SQL has them, and their way to another keyring: `give` here, `take` there, each in one transaction.

The one that gives may use counters up to `LEAP` above its ceilings, the one that takes begins above that. So they never meet,
however long the one that gives goes on (invariant I6).
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from typing import Any

from anju.concentrator.core.identity import (
    MOST_COUNTER,
    HandedCode,
    HandedFirstNode,
    HandedKeypad,
    HandedKeys,
    HandedLink,
    HandedPromise,
)
from anju.concentrator.core.pairing.state import Record, Stage
from anju.ledger.head import JournalKey
from anju.uplink.reports import Zone

LEAP = 1 << 24
"""Counters between what one keyring may use and what the next one begins with (protocol.md, Keys and counters)."""
MOST_NODES = 0xFFFF
NODE_LEAP = 1024
"""Node ids that are left out where some may have been given that a keyring does not know: more than a building pairs in years."""
PROMISE = "device, attempt, stage, public_key, note, clear, granted, digest, down, up"

_LINK = "network, node, epoch, up, down, household, inputs, ceiling, device, public_key, person, paired_at_ms"


def save_promise(connection: sqlite3.Connection, record: Record) -> None:
    """Write a promise, in the place of what it was before."""
    who = (record.device, record.attempt, record.stage, record.public_key, record.note)
    row = (*who, record.clear, record.grant, record.digest, record.down, record.up)
    marks = ", ".join("?" * len(row))
    connection.execute(f"INSERT OR REPLACE INTO promise ({PROMISE}) VALUES ({marks})", row)  # noqa: S608  # names of columns


def zones_of(inputs: str) -> tuple[Zone, ...]:
    """A link's inputs."""
    return tuple(Zone.model_validate_json(json.dumps(zone)) for zone in json.loads(inputs))


def journal_key(connection: sqlite3.Connection) -> bytes:
    """The journal's key, 32 bytes; a new one if there is none."""
    found = connection.execute("SELECT private FROM journal_key").fetchone()
    if found is None:
        found = (JournalKey.new().private,)
        connection.execute("INSERT INTO journal_key VALUES (?)", found)
    return bytes(found[0])


def next_node(connection: sqlite3.Connection, network: int) -> int:
    """The node id that is given next; it may be past the last one."""
    known = connection.execute("SELECT coalesce(max(node), 0) + 1 FROM link WHERE network = ?", (network,)).fetchone()
    return max(int(known[0]), first_node(connection, network))


def first_node(connection: sqlite3.Connection, network: int) -> int:
    """Below it no node id of a network is given any more, and no epoch; 0 where nothing was ever restored or mended."""
    row = connection.execute("SELECT node FROM first_node WHERE network = ?", (network,)).fetchone()
    return 0 if row is None else int(row[0])


def leave_out(connection: sqlite3.Connection, network: int, node: int) -> None:
    """Give no node id of a network up to `NODE_LEAP` above one that is known to have been given, or somewhat more by chance:
    so what is restored twice from one backup does not give the same ids twice."""
    leapt = node + NODE_LEAP + secrets.randbelow(NODE_LEAP)
    connection.execute(
        "INSERT INTO first_node VALUES (?1, ?2) ON CONFLICT (network) DO UPDATE SET node = max(node, ?2)",
        (network, min(leapt, MOST_NODES) + 1),
    )


def give(connection: sqlite3.Connection) -> HandedKeys:
    """All of a keyring. From now on its counters end `LEAP` above their ceilings, and what it had promised and not decided is
    cancelled: that is for whoever takes it over to decide."""
    links = connection.execute(f"SELECT {_LINK} FROM link ORDER BY network, node, epoch")  # noqa: S608  # names of columns
    promises = connection.execute(f"SELECT {PROMISE} FROM promise")  # noqa: S608  # the same
    notices = connection.execute("SELECT facts FROM notice ORDER BY number")
    codes = connection.execute("SELECT household, person, is_duress, salt, digest FROM code")
    keypads = connection.execute("SELECT network, node, epoch, is_exposed, has_digits FROM keypad")
    first = connection.execute("SELECT network, node FROM first_node ORDER BY network")
    handed = HandedKeys(
        codes=tuple(_handed_code(*row) for row in codes) or None,
        first_nodes=tuple(HandedFirstNode(network=network, node=node) for network, node in first) or None,
        journal_key=journal_key(connection).hex(),
        keypads=tuple(_handed_keypad(*row) for row in keypads) or None,
        links=tuple(_handed(*row) for row in links),
        notices=tuple(facts for (facts,) in notices),
        promises=tuple(HandedPromise.of(Record(*row)) for row in promises),
    )
    connection.execute("UPDATE link SET most = min(most, ceiling + ?)", (LEAP,))
    connection.execute("UPDATE promise SET stage = ? WHERE stage = ?", (Stage.CANCELLED, Stage.GRANTED))
    return handed


def take(connection: sqlite3.Connection, handed: HandedKeys, leap: int, least: int) -> None:
    """Fill an empty keyring. Every ceiling leaps; where fewer than `least` counters would be left, none is."""
    for link in handed.links:
        ceiling = link.ceiling + leap
        row = {
            "network": link.network,
            "node": link.node,
            "epoch": link.epoch,
            "up": bytes.fromhex(link.up or ""),
            "down": bytes.fromhex(link.down or ""),
            "household": link.household,
            "inputs": json.dumps([zone.model_dump() for zone in link.inputs]),
            "ceiling": ceiling if ceiling + least <= MOST_COUNTER else MOST_COUNTER,
            "device": link.device or "",
            "public_key": bytes.fromhex(link.public_key or ""),
            "person": link.person or "",
            "paired_at_ms": link.paired_at_ms,
            "ended": link.is_ended,
        }
        columns, marks = ", ".join(row), ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO link ({columns}) VALUES ({marks})", tuple(row.values()))  # noqa: S608  # the same
    if handed.journal_key:
        connection.execute("INSERT INTO journal_key VALUES (?)", (bytes.fromhex(handed.journal_key),))
    for promise in handed.promises:
        save_promise(connection, promise.record)
    connection.executemany("INSERT INTO notice (facts) VALUES (?)", [(facts,) for facts in handed.notices])
    codes = [
        (code.household, code.person, code.is_duress, bytes.fromhex(code.salt), bytes.fromhex(code.digest))
        for code in handed.codes or ()
    ]
    connection.executemany("INSERT INTO code VALUES (?, ?, ?, ?, ?)", codes)
    keypads = [(one.network, one.node, one.epoch, one.is_exposed, one.has_digits) for one in handed.keypads or ()]
    connection.executemany("INSERT INTO keypad VALUES (?, ?, ?, ?, ?)", keypads)
    first = [(one.network, one.node) for one in handed.first_nodes or ()]
    connection.executemany("INSERT INTO first_node VALUES (?, ?)", first)


def leap(connection: sqlite3.Connection, by: int, most_used: int, least: int) -> None:
    """Raise every ceiling by `by`. Where the keyring was handed over, another PC counts on above its end, by `most_used` at most:
    then to above that. Where fewer than `least` counters would be left, none is. Node ids leap as well."""
    for (network,) in connection.execute("SELECT network FROM link UNION SELECT network FROM first_node").fetchall():
        leave_out(connection, network, next_node(connection, network) - 1)
    connection.execute(
        "UPDATE link SET most = ?3, ceiling = max(ceiling + ?1, CASE WHEN most < ?3 THEN most + ?2 ELSE 0 END)",
        (by, most_used, MOST_COUNTER),
    )
    connection.execute("UPDATE link SET ceiling = ?1 WHERE ceiling + ?2 > ?1", (MOST_COUNTER, least))


def _handed_code(household: str, person: str, is_duress: int, salt: bytes, digest: bytes) -> HandedCode:
    return HandedCode(
        digest=digest.hex(), household=household, is_duress=bool(is_duress), person=person, salt=salt.hex()
    )


def _handed_keypad(network: int, node: int, epoch: int, is_exposed: int, has_digits: int) -> HandedKeypad:
    return HandedKeypad(
        epoch=epoch, has_digits=bool(has_digits), is_exposed=bool(is_exposed), network=network, node=node
    )


def _handed(*row: Any) -> HandedLink:
    network, node, epoch, up, down, household, inputs, ceiling, device, public_key, person, paired_at_ms = row
    return HandedLink(
        ceiling=ceiling,
        device=device or None,
        down=down.hex() or None,
        epoch=epoch,
        household=household,
        inputs=zones_of(inputs),
        network=network,
        node=node,
        paired_at_ms=paired_at_ms,
        person=person or None,
        public_key=public_key.hex() or None,
        up=up.hex() or None,
    )
