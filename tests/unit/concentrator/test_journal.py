"""The journal: one transaction a group, a chain over all rows, and an outbox whose rows end only by a receipt."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from anju.concentrator.core.panel.signals import Action, PersonSignal
from anju.concentrator.journal import Journal
from anju.ledger import LedgerError, chain
from anju.ledger.head import Head, JournalKey, is_signed
from anju.uplink.canonical import canonical, digest
from anju.uplink.commands import CommandKind
from anju.uplink.reports import MOST_ROWS, Lane, ReportKind
from anju.wire.table import Code
from unit.concentrator.harness import DESTINATION, FIRST_COMMAND, HOUSEHOLD, Bench, HandClock, bench, crash_image

pytestmark = pytest.mark.anyio


async def journalled(rooms: Bench, rows: Iterable[tuple[str | None, Lane]]) -> None:
    """Journal rows of households in lanes, in one transaction."""
    async with rooms.journal.change() as draft:
        for household, lane in rows:
            draft.record(ReportKind.OPENED, lane, household=household)


def owed(rooms: Bench, most: int = MOST_ROWS) -> list[int]:
    return [row.seq for row in rooms.journal.owed(DESTINATION, most)]


class TestOneTransaction:
    async def test_event_counter_panel_and_outbox_are_committed_together(self, rooms: Bench, tmp_path: Path) -> None:
        node = await rooms.enrol()
        before = rooms.disk.commits
        await rooms.receive(node, node.hello(), node.press(levels=2))
        assert rooms.disk.commits == before + 1
        async with bench(crash_image(tmp_path, tmp_path / "killed")) as after:
            assert after.rows() == rooms.rows()
            assert after.journal.building == rooms.journal.building
            assert owed(after) == [1, 2]

    async def test_a_group_that_fails_leaves_none_of_it(self, rooms: Bench) -> None:
        node = await rooms.enrol()
        before = rooms.rows()

        async def trip() -> None:
            async with rooms.journal.change() as draft:
                draft.ask(HOUSEHOLD, PersonSignal(Action.ARM, "Li Na"))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await trip()
        with rooms.disk.refuses():
            await rooms.receive(node, node.press())
        assert rooms.rows() == before
        assert rooms.journal.building.panels == {}

    async def test_nothing_to_change_is_no_commit(self, rooms: Bench) -> None:
        node = await rooms.enrol()
        frame = node.press()
        await rooms.receive(node, frame)
        before = rooms.disk.commits
        await rooms.receive(node, frame, b"noise")
        assert rooms.disk.commits == before


async def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    clock = HandClock()
    async with bench(tmp_path, clock) as rooms:
        node, neighbour = await rooms.enrol(), await rooms.enrol("3-2-0502")
        await rooms.receive(node, node.hello(), node.press(levels=2))
        await rooms.receive(neighbour, neighbour.event(Code.TAMPERED), neighbour.heartbeat(4))
        commands = [rooms.command(CommandKind.SEEN, 2), rooms.command(CommandKind.RESET, 3, FIRST_COMMAND + 1)]
        await rooms.downlink.accept(commands)
        building, journal_id, due = rooms.journal.building, rooms.journal.journal_id, owed(rooms)
        assert building.pending
    async with bench(tmp_path, clock) as rooms:
        assert rooms.journal.building == building
        assert rooms.journal.journal_id == journal_id
        assert owed(rooms) == due
        await rooms.receive(node, node.press())
        assert rooms.reports()[-1].seq == building.last_seq + 1


class TestChain:
    async def test_it_recomputes_from_the_reports(self, rooms: Bench) -> None:
        node = await rooms.enrol()
        for _ in range(3):
            await rooms.receive(node, node.press(), node.event(Code.OPENED))
        head = chain.GENESIS
        for seq, text, sha256, link in rooms.journal._ledger.read().execute(
            "SELECT seq, report, sha256, chain FROM event ORDER BY seq"
        ):
            found = rooms.journal.report(seq)
            assert found is not None
            report, hexadecimal = found
            assert canonical(report) == text.encode()
            assert digest(text.encode()) == hexadecimal == sha256.hex()
            head = chain.next_link(head, sha256)
            assert link == head
        assert seq == 6

    async def test_it_goes_on_after_a_restart_and_a_failed_commit(self, tmp_path: Path) -> None:
        clock = HandClock()
        async with bench(tmp_path, clock) as rooms:
            node = await rooms.enrol()
            await rooms.receive(node, node.press())
        async with bench(tmp_path, clock) as rooms:
            with rooms.disk.refuses():
                await rooms.receive(node, node.event(Code.CLOSED))
            await rooms.receive(node, node.press())
            links = rooms.journal._ledger.read().execute("SELECT sha256, chain FROM event ORDER BY seq").fetchall()
        first = chain.next_link(chain.GENESIS, links[0][0])
        assert links[0][1] == first
        assert links[1][1] == chain.next_link(first, links[1][0])

    async def test_the_end_is_signed_with_every_commit(self, rooms: Bench) -> None:
        key, node = await rooms.keyring.journal_key(), await rooms.enrol()
        for frames in ([node.hello()], [node.press(), node.event(Code.OPENED)], [node.heartbeat()]):
            await rooms.receive(node, *frames)
            ((seq, link, signature),) = rooms.rows()["head"]
            assert (seq, link) == (rooms.journal.building.last_seq, rooms.rows()["event"][-1][-1])
            assert is_signed(key.public, Head(rooms.journal.journal_id, seq, link), signature)


A, B, C = "3-1-0101", "3-1-0102", "3-1-0103"
ROWS = st.lists(st.tuples(st.sampled_from([A, B, C, None]), st.sampled_from(Lane)), max_size=30)


class TestLanes:
    async def test_a_household_with_a_panic_goes_first_in_its_own_order(self, rooms: Bench) -> None:
        rows = [
            (A, Lane.ROUTINE),
            (B, Lane.ROUTINE),
            (C, Lane.ALARM),
            (B, Lane.PANIC),
            (B, Lane.ROUTINE),
            (A, Lane.ROUTINE),
        ]
        await journalled(rooms, rows)
        assert owed(rooms) == [2, 4, 5, 3, 1, 6]
        assert owed(rooms, most=2) == [2, 4]
        assert owed(rooms, most=4) == [2, 4, 5, 3]

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(rows=ROWS, most=st.integers(1, 8))
    @example(rows=[(None, Lane.PANIC), (A, Lane.ROUTINE), (None, Lane.ROUTINE)], most=2)
    async def test_draining_in_batches_keeps_every_promise(
        self, rooms: Bench, rows: list[tuple[str | None, Lane]], most: int
    ) -> None:
        start = rooms.journal.building.last_seq
        await journalled(rooms, rows)
        left = dict(enumerate(rows, start + 1))
        while batch := owed(rooms, most):
            assert len(batch) == min(most, len(left))
            urgency: dict[str | None, int] = {}
            for household, lane in left.values():
                urgency[household] = min(RANK[lane], urgency.get(household, RANK[lane]))
            sent = [urgency[left[seq][0]] for seq in batch]
            kept = [urgency[household] for seq, (household, _) in left.items() if seq not in batch]
            assert sent == sorted(sent)  # the most urgent households first
            assert not kept or sent[-1] <= min(kept)  # and none of them left behind for another
            for household in urgency:
                in_order = [seq for seq, (other, _) in left.items() if other == household]
                of_it = [seq for seq in batch if left[seq][0] == household]
                assert of_it == in_order[: len(of_it)]
            await rooms.journal.settle(DESTINATION, batch, [])
            for seq in batch:
                del left[seq]
        assert not left


RANK = {Lane.PANIC: 0, Lane.ALARM: 1, Lane.ROUTINE: 2}


class TestReceipts:
    async def test_a_row_is_owed_until_its_receipt_and_over_restarts(self, tmp_path: Path) -> None:
        async with bench(tmp_path) as rooms:
            await journalled(rooms, 3 * [(A, Lane.ROUTINE)])
            await rooms.journal.settle(DESTINATION, [2], [])
        async with bench(tmp_path) as rooms:
            assert owed(rooms) == [1, 3]
            assert rooms.journal.totals() == {"rows": 3, "events": 0, "outbox": 2, "sent": 0}

    async def test_a_conflicting_row_is_set_aside_and_kept(self, rooms: Bench) -> None:
        await journalled(rooms, 3 * [(A, Lane.ROUTINE)])
        await rooms.journal.settle(DESTINATION, [], [1])
        assert owed(rooms) == [2, 3]
        assert rooms.journal.report(1) is not None
        assert len(rooms.rows()["outbox"]) == 3

    async def test_a_row_is_settled_once(self, rooms: Bench) -> None:
        await journalled(rooms, 2 * [(A, Lane.ROUTINE)])
        await rooms.journal.settle(DESTINATION, [1], [2])
        settled = rooms.rows()["outbox"]
        rooms.clock.advance(1)
        await rooms.journal.settle(DESTINATION, [2], [1])
        assert rooms.rows()["outbox"] == settled

    async def test_a_receipt_that_is_not_committed_ends_nothing(self, rooms: Bench) -> None:
        await journalled(rooms, [(A, Lane.ROUTINE)])
        with rooms.disk.refuses(), pytest.raises(LedgerError):
            await rooms.journal.settle(DESTINATION, [1], [])
        assert owed(rooms) == [1]

    async def test_each_destination_has_its_own(self, tmp_path: Path) -> None:
        journal = await Journal.open(tmp_path / "journal.db", HandClock(), ("duty_room", "dc09"), JournalKey.new())
        async with journal.change() as draft:
            draft.record(ReportKind.OPENED, Lane.ROUTINE, household=A)
        await journal.settle("dc09", [1], [])
        assert [row.seq for row in journal.owed("duty_room", 9)] == [1]
        assert journal.owed("dc09", 9) == []
        await journal.close()

    async def test_what_is_owed_is_the_text_that_was_hashed(self, rooms: Bench) -> None:
        node = await rooms.enrol()
        await rooms.receive(node, node.press())
        (row,) = rooms.journal.owed(DESTINATION, 9)
        assert digest(row.report.encode()) == row.sha256


async def test_whoever_waits_hears_of_every_commit_and_of_nothing_else(rooms: Bench) -> None:
    node = await rooms.enrol()
    committed = rooms.journal.subscribe()
    with rooms.disk.refuses():
        await rooms.receive(node, node.event(Code.OPENED))
    assert not committed.is_set()
    await rooms.receive(node, node.event(Code.OPENED))
    assert committed.is_set()


class TestFile:
    async def test_each_file_has_a_name_of_its_own(self, rooms: Bench, tmp_path: Path) -> None:
        (tmp_path / "other").mkdir()
        async with bench(tmp_path / "other") as other:
            assert other.journal.journal_id != rooms.journal.journal_id
            assert len(bytes.fromhex(other.journal.journal_id)) == 16

    async def test_only_its_owner_may_read_it(self, rooms: Bench) -> None:
        for file in rooms.folder.glob("journal.db*"):
            assert file.stat().st_mode & 0o777 == 0o600

    async def test_a_file_of_a_newer_release_is_refused_and_left_alone(self, tmp_path: Path) -> None:
        async with bench(tmp_path):
            pass
        path = tmp_path / "journal.db"
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA user_version = 99")
        connection.close()
        before = path.read_bytes()
        with pytest.raises(LedgerError, match="newer release"):
            await Journal.open(path, HandClock(), (DESTINATION,), JournalKey.new())
        assert path.read_bytes() == before

    async def test_a_second_process_is_kept_out(self, rooms: Bench) -> None:
        with pytest.raises(LedgerError, match="in use"):
            await Journal.open(rooms.folder / "journal.db", HandClock(), (DESTINATION,), JournalKey.new())

    async def test_no_key_is_in_it(self, rooms: Bench) -> None:
        node = await rooms.enrol()
        await rooms.receive(node, node.hello(), node.press())
        keys = rooms.keyring._ledger.read().execute("SELECT up, down FROM link").fetchone()
        keys = (*keys, (await rooms.keyring.journal_key()).private)
        written = b"".join(file.read_bytes() for file in rooms.folder.glob("journal.db*"))
        for key in keys:
            assert key not in written
            assert key.hex().encode() not in written
