"""What the duty room holds is chained: who changes, removes, inserts or swaps reports behind its back is found out."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from anju.dutyroom.store import Store
from anju.dutyroom.store.held import Fault, Finding, Held, verify
from anju.uplink.canonical import digest
from anju.uplink.reports import ReportKind
from unit.dutyroom.reports import JOURNAL, NEIGHBOUR, NOW_MS, OTHER_JOURNAL, batch, press, report, row
from unit.dutyroom.test_store import changed

pytestmark = pytest.mark.anyio
CHANGES = 1000
COLUMNS = ("journal_id", "seq", "sha256", "received_at_ms", "body", "household", "link")
REPORTS = [press(1), report(2, ReportKind.OPENED), report(3, ReportKind.CLOSED, NEIGHBOUR), press(4, NEIGHBOUR)]


@pytest.fixture
async def filled(store: Store, path: Path) -> Path:
    """A closed file with reports of two journals."""
    await store.receive(batch(*REPORTS), NOW_MS)
    await store.receive(batch(press(1, node=9), journal_id=OTHER_JOURNAL), NOW_MS + 1)
    await store.receive(batch(report(5, ReportKind.OPENED)), NOW_MS + 2)
    await store.close()
    return path


def faults(path: Path) -> list[Finding]:
    return verify(path).faults


async def test_a_whole_one_is_found_whole(filled: Path) -> None:
    found = verify(filled)
    assert (found.faults, found.reports) == ([], 6)
    assert found.log > 0


async def test_each_column_of_each_report(filled: Path, tmp_path: Path) -> None:
    chance = random.Random(1)
    for column in COLUMNS:
        for rowid in range(1, 7):
            other = Path(shutil.copy(filled, tmp_path / "other.db"))
            what = {"seq": f"{column} + 100", "received_at_ms": f"{column} + 1", "link": "randomblob(32)"}
            value = what.get(column, f"coalesce({column}, '') || 'x'")
            if column in ("body", "journal_id", "sha256") and chance.random() < 0.5:
                value = f"replace({column}, substr({column}, 9, 1), 'z')"
            changed(other, f"UPDATE reports SET {column} = {value} WHERE rowid = {rowid}")
            assert faults(other), (column, rowid)


def another(value: Any, chance: random.Random) -> Any:
    """Something else that the column may hold."""
    if value is None:
        return chance.choice([7, "x"])
    if isinstance(value, int):
        return chance.choice([value + 1, value - 1, -value - 1, value + 1000])
    raw = bytearray(value if isinstance(value, bytes) else value.encode())
    place = chance.randrange(len(raw)) if raw else 0
    raw[place : place + 1] = chance.choice([b"", b"zz", bytes([(raw or b"a")[place] ^ 1])])
    return bytes(raw) if isinstance(value, bytes) else raw.decode("utf-8", "ignore") + " "


def spoil(file: sqlite3.Connection, chance: random.Random) -> None:
    """One row of the reports or of the log is changed, removed, put in, or takes another's place."""
    table = chance.choice(["reports", "log"])
    file.row_factory = sqlite3.Row
    rows = file.execute(f"SELECT rowid AS place, * FROM {table} ORDER BY rowid").fetchall()
    names = rows[0].keys()[1:]
    one, other = chance.sample(rows, 2)
    what = chance.randrange(4)
    with suppress(sqlite3.IntegrityError):  # what SQLite does not take is no change
        if what == 0:
            name = chance.choice(names)
            file.execute(f"UPDATE {table} SET {name} = ? WHERE rowid = ?", (another(one[name], chance), one["place"]))
        elif what == 1 and (table == "reports" or one is not rows[-1]):  # the log's end nobody else knows
            file.execute(f"DELETE FROM {table} WHERE rowid = ?", (one["place"],))
        elif what == 2:
            new = dict(one) | {"seq": 77, "number": 77, "place": 77}
            values = [new[name] for name in names]
            file.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(names))})", values)
        elif what == 3:
            file.execute(f"UPDATE {table} SET rowid = -1 WHERE rowid = ?", (one["place"],))
            file.execute(f"UPDATE {table} SET rowid = ? WHERE rowid = ?", (one["place"], other["place"]))
            file.execute(f"UPDATE {table} SET rowid = ? WHERE rowid = -1", (other["place"],))


async def test_a_thousand_of_a_thousand_random_changes_are_found(filled: Path) -> None:
    receipts = [Held(JOURNAL, one.seq, row(one).sha256) for one in [*REPORTS, report(5, ReportKind.OPENED)]]
    receipts.append(Held(OTHER_JOURNAL, 1, row(press(1, node=9)).sha256))
    assert verify(filled, receipts).faults == []
    changed(filled, "UPDATE reports SET seq = seq")  # so that SQLite lets it be done
    chance, found, done = random.Random(1), 0, 0
    with closing(sqlite3.connect(filled, isolation_level=None)) as file:
        file.executescript("PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF")

        def contents() -> list[list[tuple[Any, ...]]]:
            tables = ("SELECT rowid, * FROM reports ORDER BY 1", "SELECT * FROM log ORDER BY 1")
            return [[tuple(one) for one in file.execute(table)] for table in tables]

        before = contents()
        while done < CHANGES:
            spoil(file, chance)
            if contents() == before:
                continue
            done += 1
            found += bool(verify(filled, receipts).faults)
            for table, kept in zip(("reports (rowid, " + ", ".join(COLUMNS) + ")", "log"), before, strict=True):
                file.execute(f"DELETE FROM {table.partition(' ')[0]}")
                file.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(kept[0]))})", kept)
    assert found == CHANGES


async def test_a_report_whose_hash_was_made_anew_is_named(filled: Path) -> None:
    body = row(report(2, ReportKind.DISARMED)).report.model_dump_json(exclude_none=True)
    changed(filled, f"UPDATE reports SET body = '{body}', sha256 = '{digest(body.encode())}' WHERE rowid = 2")
    assert faults(filled) == [Finding(Fault.LOG, 2), Finding(Fault.REPORT, 2, JOURNAL)]


async def test_a_removed_one_is_missed_by_the_next(filled: Path) -> None:
    changed(filled, "DELETE FROM reports WHERE rowid = 3")
    assert faults(filled) == [Finding(Fault.REPORT, 4, JOURNAL)]


async def test_one_that_was_put_in_is_named(filled: Path) -> None:
    body = row(press(77)).report.model_dump_json(exclude_none=True)
    values = f"'{JOURNAL}', 77, '{digest(body.encode())}', 1, '{body}', NULL, randomblob(32)"
    changed(filled, f"INSERT INTO reports VALUES ({values})")
    assert faults(filled) == [Finding(Fault.REPORT, 77, JOURNAL)]


async def test_swapped_ones(filled: Path) -> None:
    changed(filled, "UPDATE reports SET rowid = rowid + 100 WHERE rowid = 2")
    assert Finding(Fault.REPORT, 3, JOURNAL) in faults(filled)


async def test_the_log_is_checked_with_them(filled: Path) -> None:
    changed(filled, "UPDATE log SET at_ms = at_ms + 1 WHERE number = 1")
    assert faults(filled) == [Finding(Fault.LOG, 1)]


async def test_the_end_is_held_against_a_concentrators_receipts(filled: Path) -> None:
    receipts = [Held(JOURNAL, one.seq, row(one).sha256) for one in REPORTS]
    assert verify(filled, receipts, receipts).compared == 4
    lost, other = Held(JOURNAL, 6, row(press(6)).sha256), receipts[1]._replace(sha256="0" * 64)
    assert verify(filled, [*receipts, lost], [other]).faults == [
        Finding(Fault.UNLIKE, 2, JOURNAL),
        Finding(Fault.MISSING, 6, JOURNAL),
    ]


async def test_reports_from_before_the_chain_are_taken_in_by_its_first_link(store: Store, path: Path) -> None:
    await store.receive(batch(*REPORTS), NOW_MS)
    changed(path, "UPDATE reports SET link = NULL")
    await store.receive(batch(report(5, ReportKind.OPENED)), NOW_MS)
    assert faults(path) == []
    changed(path, "UPDATE reports SET received_at_ms = 1 WHERE rowid = 2")
    assert faults(path) == [Finding(Fault.REPORT, 5, JOURNAL)]
