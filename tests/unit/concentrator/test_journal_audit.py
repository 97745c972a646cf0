"""The journal's signed chain: whatever is done to its rows is found, and the row is named."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import pytest

from anju.concentrator import journal_cut
from anju.concentrator.journal_audit import verify
from anju.ledger.audit import Fault, Finding
from anju.ledger.chain import GENESIS, next_link
from anju.ledger.head import Head, JournalKey
from anju.uplink.canonical import digest
from anju.wire.table import Code
from unit.concentrator.harness import DESTINATION, bench

CHANGES = 1000
COLUMNS = ("seq", "network", "node", "epoch", "first_counter", "report", "sha256", "chain")
SIGNED = (
    *(("head", column) for column in ("seq", "link", "signature")),
    *(("cut", column) for column in ("seq", "link", "events", "kept", "signature")),
    ("journal", "journal_id"),
)
TABLES = ("event", "head", "cut", "journal")


class Kept(NamedTuple):
    """A journal that was closed, and the key that it is verified with."""

    path: Path
    key: bytes

    def faults(self) -> list[Finding]:
        return verify(self.path, self.key).faults


async def _filled(folder: Path, is_cut: bool = False) -> bytes:
    async with bench(folder) as rooms:
        node, neighbour = await rooms.enrol(), await rooms.enrol("3-2-0502")
        for _ in range(6):
            await rooms.receive(node, node.hello(), node.press(), node.event(Code.OPENED, levels=1))
            await rooms.receive(neighbour, neighbour.event(Code.TAMPERED))
            # Older than the counters of its node, which will sign for no such event.
            await rooms.receive(neighbour, neighbour.event(Code.OPENED, event_id=0x8000 + neighbour.counter))
            rooms.clock.advance(60)
        if is_cut:
            last = rooms.journal.building.last_seq
            await rooms.journal.settle(DESTINATION, range(1, last + 1), ())
            await rooms.journal.cut(rooms.clock.now.wall_ms, last // 3)
        return (await rooms.keyring.journal_key()).public


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """A journal with some two dozen rows."""
    folder = tmp_path_factory.mktemp("journal")
    key = anyio.run(_filled, folder)
    return Kept(folder / "journal.db", key)


@pytest.fixture
def journal(whole: Kept, tmp_path: Path) -> Kept:
    """A copy of it."""
    copy = Kept(tmp_path / "journal.db", whole.key)
    with closing(sqlite3.connect(whole.path)) as source, closing(sqlite3.connect(copy.path)) as target:
        source.backup(target)
    return copy


@pytest.fixture
def cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    """A journal whose beginning was cut off, but for alarms that are not over and a node's newest events."""
    monkeypatch.setattr(journal_cut, "EVENTS_OF_A_NODE", 4)
    (tmp_path / "cut").mkdir()
    key = anyio.run(_filled, tmp_path / "cut", True)
    return Kept(tmp_path / "cut" / "journal.db", key)


@pytest.fixture
def file(journal: Kept) -> Iterator[sqlite3.Connection]:
    """The copy, as somebody has it who may write to the file."""
    with closing(opened(journal)) as connection:
        yield connection


def opened(journal: Kept) -> sqlite3.Connection:
    connection = sqlite3.connect(journal.path, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    return connection


def rows(file: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """All of them."""
    return file.execute("SELECT * FROM event ORDER BY seq").fetchall()


def another(value: Any, chance: random.Random) -> Any:
    """Something else that the column may hold."""
    if value is None:
        return chance.randrange(1 << 16)
    if isinstance(value, int):
        return chance.choice([value + 1, value - 1, -value - 1, chance.randrange(1 << 32) + value + 1, None])
    raw = bytearray(value if isinstance(value, bytes) else value.encode())
    what = chance.randrange(3)
    place = chance.randrange(len(raw))
    if what == 0:
        raw[place] ^= 1 << chance.randrange(7)
    elif what == 1:
        del raw[place]
    else:
        raw.insert(place, raw[place])
    return bytes(raw) if isinstance(value, bytes) else raw.decode("utf-8", "ignore") + " "


def test_a_whole_journal_is_found_whole(journal: Kept) -> None:
    found = verify(journal.path, journal.key)
    assert (found.faults, found.rows, found.last) == ([], found.rows, found.rows)
    assert found.rows >= 20


def _change(file: sqlite3.Connection, chance: random.Random) -> set[int]:
    row = chance.choice(rows(file))
    column = chance.choice(COLUMNS)
    with suppress(sqlite3.IntegrityError):  # a row without a number
        file.execute(
            f"UPDATE OR IGNORE event SET {column} = ? WHERE seq = ?",
            (another(row[COLUMNS.index(column)], chance), row[0]),
        )
    return {row[0]}


def _unname(file: sqlite3.Connection, chance: random.Random) -> set[int]:
    """What names the event of a node is taken from its row: the event could come again."""
    seq = chance.choice(rows(file))[0]
    file.execute(
        "UPDATE event SET network = NULL, node = NULL, epoch = NULL, first_counter = NULL WHERE seq = ?", (seq,)
    )
    return {seq}


def _resign(file: sqlite3.Connection, chance: random.Random) -> set[int]:
    """What was signed is changed."""
    table, column = chance.choice(SIGNED)
    (value,) = file.execute(f"SELECT {column} FROM {table}").fetchone()
    with suppress(sqlite3.IntegrityError):
        file.execute(f"UPDATE OR IGNORE {table} SET {column} = ?", (another(value, chance),))
    return set()


def _remove(file: sqlite3.Connection, chance: random.Random) -> set[int]:
    seq = chance.choice(rows(file))[0]
    file.execute("DELETE FROM event WHERE seq = ?", (seq,))
    if chance.random() < 0.5:  # and nobody is to see the gap
        file.execute("UPDATE event SET seq = -seq WHERE seq > ?", (seq,))
        file.execute("UPDATE event SET seq = -seq - 1 WHERE seq < 0")
    return {seq}


def _insert(file: sqlite3.Connection, chance: random.Random) -> set[int]:
    row = chance.choice(rows(file))
    seq = row[0]
    file.execute("UPDATE event SET seq = -seq - 1 WHERE seq >= ?", (seq,))
    file.execute("UPDATE event SET seq = -seq WHERE seq < 0")
    text = row[5].replace('"recorded_at_ms":1', '"recorded_at_ms":2')
    sha256 = bytes.fromhex(digest(text.encode()))
    before = file.execute("SELECT chain FROM event WHERE seq = ?", (seq - 1,)).fetchone() or (GENESIS,)
    link = next_link(before[0], sha256)
    file.execute("INSERT INTO event VALUES (?, NULL, NULL, NULL, NULL, ?, ?, ?)", (seq, text, sha256, link))
    return {seq, seq + 1}


def _swap(file: sqlite3.Connection, chance: random.Random) -> set[int]:
    one, other = chance.sample(rows(file), 2)
    names = ", ".join(COLUMNS[1:])
    file.execute("DELETE FROM event WHERE seq IN (?, ?)", (one[0], other[0]))
    for seq, row in ((one[0], other), (other[0], one)):
        file.execute(f"INSERT INTO event (seq, {names}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (seq, *row[1:]))
    return {one[0], other[0]}


def test_a_thousand_of_a_thousand_random_changes_are_found_at_their_rows(
    journal: Kept, file: sqlite3.Connection
) -> None:
    chance, found, before = random.Random(1), 0, rows(file)
    ways = [_change, _remove, _insert, _swap, _unname]
    done = 0
    while done < CHANGES:
        file.execute("BEGIN")
        where = chance.choice(ways)(file, chance)
        if rows(file) == before:
            file.execute("ROLLBACK")  # a change that SQLite did not take is none
            continue
        done += 1
        file.execute("COMMIT")
        found += bool(where & {finding.seq for finding in journal.faults()})
        file.execute("DELETE FROM event")
        marks = ", ".join("?" * len(COLUMNS))
        file.executemany(f"INSERT INTO event VALUES ({marks})", before)
    assert found == CHANGES


def test_so_are_those_before_and_after_a_cut_and_in_what_was_signed(cut: Kept) -> None:
    chance, found = random.Random(2), 0
    with closing(opened(cut)) as file:
        before = [tuple(file.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()) for table in TABLES]
        ((cut_at, *_),) = before[TABLES.index("cut")]
        assert cut.faults() == []
        assert 5 <= sum(row[0] <= cut_at for row in rows(file)) < cut_at
        for _ in range(CHANGES):
            while True:
                file.execute("BEGIN")
                chance.choice([_change, _remove, _insert, _swap, _unname, _resign])(file, chance)
                now = [tuple(file.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()) for table in TABLES]
                if now != before:
                    break
                file.execute("ROLLBACK")
            file.execute("COMMIT")
            found += bool(cut.faults())
            for table, kept in zip(TABLES, before, strict=True):
                file.execute(f"DELETE FROM {table}")
                file.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(kept[0]))})", kept)
    assert found == CHANGES


@pytest.mark.parametrize(
    "written", [str.upper, lambda journal_id: f"{journal_id} ", lambda journal_id: f" {journal_id}"]
)
def test_so_is_the_same_name_written_in_another_way(journal: Kept, written: Callable[[str], str]) -> None:
    """Bytes in hex may be written in several ways; the name that everybody else compares is one of them."""
    with closing(opened(journal)) as file:
        (journal_id,) = file.execute("SELECT journal_id FROM journal").fetchone()
        file.execute("UPDATE journal SET journal_id = ?", (written(journal_id),))
    assert journal.faults()


class TestNamed:
    """What was done is told, at its row and at no other."""

    def test_a_changed_report(self, journal: Kept, file: sqlite3.Connection) -> None:
        file.execute('UPDATE event SET report = replace(report, \'"lane":"panic"\', \'"lane":"alarm"\') WHERE seq = 2')
        assert [finding[:2] for finding in journal.faults()] == [(2, Fault.CHANGED)]

    @pytest.mark.parametrize("is_last", [False, True])
    def test_one_whose_hash_was_made_anew(self, journal: Kept, file: sqlite3.Connection, is_last: bool) -> None:
        seq, text = rows(file)[-1 if is_last else 4][0::5][:2]
        text = text.replace("1790", "1791")
        file.execute(
            "UPDATE event SET report = ?, sha256 = ? WHERE seq = ?", (text, bytes.fromhex(digest(text.encode())), seq)
        )
        assert [finding[:2] for finding in journal.faults()] == [(seq, Fault.CHANGED)]

    @pytest.mark.parametrize("column", ["sha256", "chain"])
    def test_a_changed_hash(self, journal: Kept, file: sqlite3.Connection, column: str) -> None:
        file.execute(f"UPDATE event SET {column} = zeroblob(32) WHERE seq = 5")
        assert journal.faults() == [Finding(5, Fault.CHANGED)]

    def test_removed_rows(self, journal: Kept, file: sqlite3.Connection) -> None:
        last = rows(file)[-1][0]
        file.execute("DELETE FROM event WHERE seq IN (1, 5, 6, ?)", (last,))
        assert journal.faults() == [
            Finding(1, Fault.REMOVED, 1),
            Finding(5, Fault.REMOVED, 6),
            Finding(last, Fault.REMOVED, last),
        ]

    def test_all_of_them(self, journal: Kept, file: sqlite3.Connection) -> None:
        last = rows(file)[-1][0]
        file.execute("DELETE FROM event")
        assert journal.faults() == [Finding(1, Fault.REMOVED, last)]

    def test_a_removed_row_whose_place_the_others_took(self, journal: Kept, file: sqlite3.Connection) -> None:
        last = rows(file)[-1][0]
        file.execute("DELETE FROM event WHERE seq = 5")
        file.execute("UPDATE event SET seq = -seq WHERE seq > 5")
        file.execute("UPDATE event SET seq = -seq - 1 WHERE seq < 0")
        faults = journal.faults()
        assert faults[0] == Finding(5, Fault.REMOVED, 5)
        assert {finding.seq for finding in faults} <= {5, last}

    def test_a_row_at_the_end_that_nobody_signed(self, journal: Kept, file: sqlite3.Connection) -> None:
        last = rows(file)[-1]
        text = last[5].replace(f'"seq":{last[0]}', f'"seq":{last[0] + 1}')
        sha256 = bytes.fromhex(digest(text.encode()))
        row = (last[0] + 1, text, sha256, next_link(last[7], sha256))
        file.execute("INSERT INTO event VALUES (?, NULL, NULL, NULL, NULL, ?, ?, ?)", row)
        assert journal.faults() == [Finding(last[0] + 1, Fault.INSERTED)]

    def test_an_inserted_row_that_pushed_the_others_on(self, journal: Kept, file: sqlite3.Connection) -> None:
        _insert(file, random.Random(7))
        assert journal.faults()[0].fault is Fault.INSERTED

    def test_swapped_rows(self, journal: Kept, file: sqlite3.Connection) -> None:
        before = {row[0]: row for row in rows(file)}
        names = ", ".join(COLUMNS[1:])
        file.execute("DELETE FROM event WHERE seq IN (3, 9)")
        for seq, other in ((3, 9), (9, 3)):
            file.execute(f"INSERT INTO event (seq, {names}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (seq, *before[other][1:]))
        assert journal.faults() == [Finding(3, Fault.SWAPPED, other=9), Finding(9, Fault.SWAPPED, other=3)]


class TestMadeAnew:
    """Who makes all later links anew does not have the journal's key."""

    def test_a_chain_that_was_made_anew(self, journal: Kept, file: sqlite3.Connection) -> None:
        link = GENESIS
        for seq, *_key, told, _sha256, _link in rows(file):
            text = told.replace("hold_up_alarm", "opened") if seq == 2 else told
            sha256 = bytes.fromhex(digest(text.encode()))
            link = next_link(link, sha256)
            file.execute("UPDATE event SET report = ?, sha256 = ?, chain = ? WHERE seq = ?", (text, sha256, link, seq))
        assert [finding.fault for finding in journal.faults()] == [Fault.HEAD]
        head = Head("00" * 16, seq, link)
        file.execute("UPDATE head SET link = ?, signature = ?", (link, JournalKey.new().sign(head)))
        assert Fault.HEAD in {finding.fault for finding in journal.faults()}

    @pytest.mark.parametrize("column", ["seq", "link", "signature"])
    def test_each_column_of_the_head(self, journal: Kept, file: sqlite3.Connection, column: str) -> None:
        file.execute(f"UPDATE head SET {column} = {'seq - 1' if column == 'seq' else 'randomblob(32)'}")
        assert journal.faults()
        file.execute("DELETE FROM head")
        assert Fault.HEAD in {finding.fault for finding in journal.faults()}

    def test_another_journals_name(self, journal: Kept, file: sqlite3.Connection) -> None:
        file.execute("UPDATE journal SET journal_id = ?", ("ab" * 16,))
        assert [finding.fault for finding in journal.faults()] == [Fault.HEAD]

    def test_another_key(self, journal: Kept) -> None:
        assert [finding.fault for finding in verify(journal.path, JournalKey.new().public).faults] == [Fault.HEAD]


class TestOwed:
    @pytest.mark.parametrize(
        "change",
        [
            "DELETE FROM outbox WHERE",
            "UPDATE outbox SET lane = 1 - lane WHERE",
            "UPDATE outbox SET household = 'x' WHERE",
            "UPDATE outbox SET state = 3 WHERE",
            "UPDATE outbox SET state = 1 WHERE",
        ],
    )
    def test_what_is_owed_fits_its_report(self, journal: Kept, file: sqlite3.Connection, change: str) -> None:
        file.execute(f"{change} seq = 4")
        assert journal.faults() == [Finding(4, Fault.OWED)]
