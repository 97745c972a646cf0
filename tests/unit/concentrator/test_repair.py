"""A damaged journal keeps no building from being guarded: it is set aside whole, and what can be read of it goes on."""

from __future__ import annotations

import asyncio
import copy
import random
import resource
import shutil
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import NamedTuple

import anyio
import pytest

from anju.concentrator.journal_audit import verify
from anju.concentrator.keyring import Keyring
from anju.concentrator.keyring_rows import LEAP
from anju.concentrator.repair.journal import open_mended
from anju.concentrator.repair.keyring import open_mended as keyring_mended
from anju.ledger import LedgerError, damaged
from anju.service.lock import FileLock
from anju.uplink.reports import Lane, PanelMode, Report, ReportKind, TroubleKind
from anju.wire.table import Code, Verdict
from unit.concentrator.harness import DESTINATION, HOUSEHOLD, PATIENCE_S, Bench, FarNode, HandClock, bench
from unit.concentrator.identity_kit import rows
from unit.concentrator.site import answers, free_udp_port, new_site, start

pytestmark = pytest.mark.anyio
PAGE = 4096


class Before(NamedTuple):
    """A site whose concentrator has stopped, its node, its rows and what was owed."""

    folder: Path
    clock: HandClock
    node: FarNode
    reports: dict[int, str]
    owed: set[int]
    journal_id: str
    replay: bytes


async def _lived(folder: Path) -> Before:
    clock = HandClock()
    async with bench(folder, clock) as rooms:
        node, neighbour = await rooms.enrol(), await rooms.enrol("3-2-0502")
        await rooms.arm(PanelMode.AWAY, "3-2-0502")
        for _ in range(40):
            await rooms.receive(node, node.event(Code.OPENED, levels=1), node.event(Code.CLOSED))
            await rooms.receive(neighbour, neighbour.heartbeat())
            clock.advance(60)
        await rooms.journal.settle(DESTINATION, range(1, 41), [])
        replay = node.press()
        await rooms.receive(node, replay)
        owed = {row.seq for row in rooms.journal.owed(DESTINATION, 500)}
        reports = {int(row[0]): row[5] for row in rooms.rows()["event"]}
        return Before(folder, clock, node, reports, owed, rooms.journal.journal_id, replay)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Before:
    return anyio.run(_lived, tmp_path_factory.mktemp("lived"))


@pytest.fixture
def before(lived: Before, tmp_path: Path) -> Before:
    """A copy of it, to be damaged."""
    shutil.copytree(lived.folder, tmp_path / "site")
    return lived._replace(folder=tmp_path / "site", node=copy.copy(lived.node))


def journal_of(before: Before) -> Path:
    return before.folder / "journal.db"


def overwritten(path: Path, pages: list[int], chance: random.Random) -> bytes:
    """The file with noise in the place of pages, counted from 0; what it is now."""
    raw = bytearray(path.read_bytes())
    for page in pages:
        raw[page * PAGE : (page + 1) * PAGE] = chance.randbytes(PAGE)
    path.write_bytes(raw)
    return bytes(raw)


@asynccontextmanager
async def started(before: Before) -> AsyncIterator[Bench]:
    """The concentrator's rooms, on whatever lies there."""
    keyring = Keyring.open(before.folder / "keyring.db")
    try:
        key = await keyring.journal_key()
        journal = await open_mended(journal_of(before), before.clock, (DESTINATION,), key)
        try:
            yield Bench(before.folder, before.clock, keyring, journal)
        finally:
            await journal.close()
    finally:
        await keyring.close()


def aside(before: Before) -> Path:
    """The file that was set aside."""
    (found,) = [file for file in before.folder.glob("journal.db.damaged-*") if not file.name.endswith("-wal")]
    return found


def pages(before: Before) -> int:
    return journal_of(before).stat().st_size // PAGE


async def test_third_parties_stay_on_or_off_and_are_owed_what_they_were(before: Before) -> None:
    async with started(before) as rooms:
        async with rooms.journal.change() as draft:
            draft.destinations |= {"arc": True, "other": False}
        async with rooms.journal.change() as draft:
            for _ in range(3):
                draft.record(ReportKind.OPENED, Lane.ROUTINE, household=HOUSEHOLD)
        first = rooms.journal.owed("arc", 1)[0].seq
        await rooms.journal.settle("arc", [first], [])
    with journal_of(before).open("r+b") as file:  # as a bit that has flipped: SQLite still opens it
        raw = bytearray(file.read())
        place = raw.rindex(b'"hold_up_alarm"')
        raw[place : place + 15] = b'"hold_up_alarn"'
        file.seek(0)
        file.write(raw)
    async with started(before) as rooms:
        assert list(before.folder.glob("journal.db.damaged-*"))
        assert rooms.journal.building.destinations == {"arc": True, "other": False}
        told = rooms.reports()[-1]
        assert told.trouble is TroubleKind.FILE_DAMAGED
        assert {row.seq for row in rooms.journal.owed("arc", 500)} == {first + 1, first + 2, told.seq}


async def test_a_whole_one_is_opened_as_it_is(before: Before) -> None:
    async with started(before) as rooms:
        assert rooms.journal.journal_id == before.journal_id
        assert rooms.journal.building.last_seq == max(before.reports)
    assert not list(before.folder.glob("*damaged*"))


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_pages_are_overwritten_the_building_is_guarded(before: Before, seed: int) -> None:
    chance = random.Random(seed)
    count = pages(before)
    hit = chance.sample(range(count), chance.choice([1, 1, 2, 5, count]))
    damaged_file = overwritten(journal_of(before), hit, chance)
    async with started(before) as rooms:
        told = [report for report in rooms.reports() if report.trouble is TroubleKind.FILE_DAMAGED]
        if rooms.journal.journal_id == before.journal_id:  # noise in the place of what nobody uses
            assert told == []
            return
        assert [report.subject for report in told] == [aside(before).name]
        assert aside(before).read_bytes() == damaged_file
        salvaged = {int(row[0]): row[5] for row in rooms.rows()["event"]}
        del salvaged[told[0].seq]
        assert salvaged.items() <= before.reports.items()
        assert before.owed & salvaged.keys() <= {row.seq for row in rooms.journal.owed(DESTINATION, 500)}
        assert await rooms.verdict(before.node, before.node.event(Code.OPENED)) == Verdict.ACCEPTED
        key = (await rooms.keyring.journal_key()).public
        assert verify(journal_of(before), key).faults == []
    async with started(before) as rooms:  # and it was so for once
        assert sum(report.trouble is TroubleKind.FILE_DAMAGED for report in rooms.reports()) == 1


async def test_a_page_of_rows_takes_those_rows_alone_and_all_that_is_believed_stays(before: Before) -> None:
    with closing(sqlite3.connect(journal_of(before))) as file:
        leaves = [
            page - 1
            for page, kind in file.execute("SELECT pageno, pagetype FROM dbstat WHERE name = 'event' ORDER BY pageno")
            if kind == "leaf"
        ]
    overwritten(journal_of(before), [leaves[len(leaves) // 2]], random.Random(1))
    async with started(before) as rooms:
        salvaged = {int(row[0]) for row in rooms.rows()["event"]}
        lost = before.reports.keys() - salvaged
        assert 0 < len(lost) < 12
        assert before.owed - lost <= {row.seq for row in rooms.journal.owed(DESTINATION, 500)}
        assert rooms.journal.building.last_seq == max(before.reports) + 1
        assert rooms.journal.building.panels["3-2-0502"].mode is PanelMode.AWAY
        assert rooms.journal.building.panels[HOUSEHOLD].latched
        assert await rooms.verdict(before.node, before.replay) == Verdict.DUPLICATE


async def test_a_panel_that_cannot_be_read_takes_no_other_along(before: Before) -> None:
    with closing(sqlite3.connect(journal_of(before), isolation_level=None)) as file:
        file.execute("UPDATE panel SET state = substr(state, 9) WHERE household = '3-2-0502'")
    async with started(before) as rooms:
        assert rooms.journal.building.panels.keys() == {HOUSEHOLD}
        assert {int(row[0]) for row in rooms.rows()["event"]} >= before.reports.keys()
        assert {row.seq for row in rooms.journal.owed(DESTINATION, 500)} >= before.owed
        (told,) = [report for report in rooms.reports() if report.kind is ReportKind.TROUBLE]
        assert told.seq == max(before.reports) + 1


async def test_a_changed_row_at_the_end_is_noticed_at_the_start(before: Before) -> None:
    with closing(sqlite3.connect(journal_of(before), isolation_level=None)) as file:
        file.execute("UPDATE event SET report = report || ' ' WHERE seq = 60")
    async with started(before) as rooms:
        assert rooms.journal.journal_id != before.journal_id
        assert before.reports.keys() - {int(row[0]) for row in rooms.rows()["event"]} == {60}


async def test_windows_that_cannot_be_read_are_made_of_what_was_reported(before: Before) -> None:
    with closing(sqlite3.connect(journal_of(before), isolation_level=None)) as file:
        file.execute("UPDATE node SET battery = x'0001'")
    async with started(before) as rooms:
        assert await rooms.verdict(before.node, before.replay) == Verdict.DUPLICATE
        old = before.node.frame(before.node.status(Code.OPENED), counter=before.node.counter - 40)
        assert await rooms.verdict(before.node, old) is None
        assert Report.model_validate_json(str(rows(journal_of(before), "event")[-1]["report"])).trouble is not None


async def test_a_file_that_is_none_at_all(before: Before) -> None:
    journal_of(before).write_bytes(b"Dear guard, " * 1000)
    async with started(before) as rooms:
        assert rooms.kinds() == ["trouble"]
        assert aside(before).read_bytes().startswith(b"Dear guard")


async def test_while_a_file_is_looked_through_the_loop_turns(before: Before, monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks for more time meanwhile; a file of some GB takes longer than any supervisor waits."""
    turned = threading.Event()

    def looked(*_of: object) -> None:
        assert turned.wait(PATIENCE_S)

    monkeypatch.setattr(damaged, "fault", looked)
    asyncio.get_running_loop().call_later(0.01, turned.set)
    keyring, _aside = await keyring_mended(before.folder / "keyring.db", journal_of(before), before.clock)
    key = await keyring.journal_key()
    await keyring.close()
    turned.clear()
    asyncio.get_running_loop().call_later(0.01, turned.set)
    await (await open_mended(journal_of(before), before.clock, (DESTINATION,), key)).close()


async def test_what_is_no_damage_is_left_alone(before: Before) -> None:
    with closing(sqlite3.connect(journal_of(before))) as file:
        file.execute("PRAGMA user_version = 99")
    with pytest.raises(LedgerError, match="newer release"):
        async with started(before):
            pass
    assert not list(before.folder.glob("*damaged*"))


async def test_one_that_is_in_use_is_left_alone(before: Before) -> None:
    overwritten(journal_of(before), [0], random.Random(2))
    lock = FileLock(before.folder / "journal.db.lock")
    with pytest.raises(LedgerError, match="in use"):
        async with started(before):
            pass
    lock.release()
    assert not list(before.folder.glob("*damaged*"))


async def test_killed_in_the_midst_of_it_nothing_is_gone(before: Before, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged_file = overwritten(journal_of(before), [pages(before) // 2], random.Random(3))
    for point in ("link", "sync_folder", "replace"):
        with monkeypatch.context() as patch:
            target = {"link": "os.link", "sync_folder": "anju.service.private_file.sync_folder"}
            patch.setattr(target.get(point, "pathlib.Path.replace"), _killed)
            with pytest.raises(KeyboardInterrupt):
                async with started(before):
                    pass
        assert journal_of(before).read_bytes() == damaged_file
    async with started(before) as rooms:
        assert TroubleKind.FILE_DAMAGED in {report.trouble for report in rooms.reports()}
    assert not list(before.folder.glob(".journal.db.mended*"))
    assert damaged.beside(journal_of(before)).name == ".journal.db.mended"


def test_a_concentrator_starts_on_files_that_are_damaged(tmp_path: Path) -> None:
    site = new_site(tmp_path / "site", free_udp_port())
    for name in ("keyring.db", "journal.db"):
        (site.folder / name).write_bytes(random.Random(1).randbytes(5 * PAGE))
    with start(site) as process:
        while not answers(site):
            assert process.poll() is None
        process.terminate()
        assert process.wait() == 0
    told = [Report.model_validate_json(str(row["report"])) for row in rows(site.journal, "event")]
    assert [(report.trouble, str(report.subject).partition("-")[0]) for report in told] == [
        (TroubleKind.FILE_DAMAGED, "journal.db.damaged"),
        (TroubleKind.FILE_DAMAGED, "keyring.db.damaged"),
    ]


class TestTheKeyring:
    """Of a damaged one each link that can be read goes on."""

    async def test_a_link_that_is_spoiled_takes_no_other_along(self, before: Before) -> None:
        path = before.folder / "keyring.db"
        ceilings = {row["node"]: int(str(row["ceiling"])) for row in rows(path, "link")}
        with closing(sqlite3.connect(path, isolation_level=None)) as file:
            file.execute("UPDATE link SET up = x'00' WHERE node = 2")
            file.execute("PRAGMA writable_schema = ON")
            file.execute("UPDATE sqlite_schema SET rootpage = 3 WHERE name = 'keypad'")  # two tables at one page
        keyring, name = await keyring_mended(path, journal_of(before), before.clock)
        assert name is not None
        assert (before.folder / name).exists()
        assert [link.id.address.node for link in keyring.links] == [1]
        assert rows(path, "link")[0]["ceiling"] == ceilings[1] + LEAP
        await keyring.close()
        async with started(before) as rooms:
            assert await rooms.verdict(before.node, before.node.press()) == Verdict.ACCEPTED

    @pytest.mark.parametrize("nodes", [[2], [1, 2]], ids=["the newest", "every one"])
    async def test_the_number_of_one_that_cannot_be_read_is_not_given_again(
        self, before: Before, nodes: list[int]
    ) -> None:
        """The journal knows how far it has counted: what a new node says under that number would be a replay."""
        path = before.folder / "keyring.db"
        with closing(sqlite3.connect(path, isolation_level=None)) as file:
            file.executemany("UPDATE link SET up = x'00' WHERE node = ?", [(node,) for node in nodes])
            file.execute("PRAGMA writable_schema = ON")
            file.execute("UPDATE sqlite_schema SET rootpage = 3 WHERE name = 'keypad'")
        keyring, _name = await keyring_mended(path, journal_of(before), before.clock)
        await keyring.close()
        async with started(before) as rooms:
            anew = await rooms.enrol("3-2-0502")
            assert anew.address.node > 2 + 1000
            assert await rooms.verdict(anew, anew.press()) == Verdict.ACCEPTED

    async def test_it_needs_no_journal(self, before: Before) -> None:
        path = before.folder / "keyring.db"
        overwritten(path, [0], random.Random(1))
        journal_of(before).write_bytes(b"no database at all" * 1000)
        keyring, name = await keyring_mended(path, journal_of(before), before.clock)
        assert name is not None
        assert (await keyring.enrol(1, HOUSEHOLD, ())).address.node >= 1
        await keyring.close()

    @pytest.mark.parametrize("seed", range(6))
    async def test_whatever_pages_are_overwritten_it_opens(self, before: Before, seed: int) -> None:
        path, chance = before.folder / "keyring.db", random.Random(seed)
        count = path.stat().st_size // PAGE
        overwritten(path, chance.sample(range(count), chance.choice([1, 2, count])), chance)
        keyring, _name = await keyring_mended(path, journal_of(before), before.clock)
        assert len((await keyring.journal_key()).public) == 32
        await keyring.close()


async def test_a_disk_that_is_full_or_read_only_is_said_and_the_file_stays(before: Before) -> None:
    damaged_file = overwritten(journal_of(before), [pages(before) // 2], random.Random(3))
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * PAGE, unlimited[1]))  # no file becomes longer than that
    try:
        with pytest.raises(LedgerError) as refused:
            async with started(before):
                pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert "full, read-only or failing" in str(refused.value)
    assert journal_of(before).read_bytes() == damaged_file
    async with started(before) as rooms:
        assert TroubleKind.FILE_DAMAGED in {report.trouble for report in rooms.reports()}


def _killed(*_args: object) -> None:
    raise KeyboardInterrupt
