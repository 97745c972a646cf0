"""Reports go up until the duty room's receipt for exactly them, whatever it does meanwhile; commands come down once."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from anju.concentrator.core.ports import OwedRow
from anju.concentrator.destinations import duty_room
from anju.concentrator.destinations.duty_room import DutyRoom
from anju.service.local_http import LocalHttp
from anju.uplink.commands import CommandKind
from anju.uplink.reports import MOST_BYTES, MOST_ROWS, MOST_WALKED, Lane, ReportKind, WalkedZone, WalkTest, ZoneKind
from anju.wire.table import Code
from unit.concentrator.harness import DESTINATION, FIRST_COMMAND, Bench, running, until
from unit.concentrator.peer import Misdeed, Peer, response, serving

pytestmark = pytest.mark.anyio

A, B = "3-1-0101", "3-1-0102"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries at once, so that a test waits for conditions and for nothing else."""
    monkeypatch.setattr(duty_room, "FIRST_RETRY_S", 0.001)
    monkeypatch.setattr(duty_room, "LAST_RETRY_S", 0.001)
    monkeypatch.setattr(duty_room, "LAST_PAUSE_S", 0.001)


@pytest.fixture
def socket(tmp_path: Path) -> Path:
    return tmp_path / "dutyroom.sock"


@pytest.fixture
async def upwards(rooms: Bench, socket: Path) -> AsyncIterator[DutyRoom]:
    destination = DutyRoom(
        "3",
        LocalHttp(socket, duty_room.BASE),
        rooms.journal,
        rooms.downlink.accept,
        lambda: rooms.downlink.last_command,
    )
    yield destination
    await destination.close()


@pytest.fixture
async def peer(socket: Path) -> AsyncIterator[Peer]:
    peer = Peer()
    async with serving(peer, socket):
        yield peer


async def journalled(rooms: Bench, *households: str, lane: Lane = Lane.ROUTINE) -> None:
    async with rooms.journal.change() as draft:
        for household in households:
            draft.record(ReportKind.OPENED, lane, household=household)


def owed(rooms: Bench) -> list[int]:
    return [row.seq for row in rooms.journal.owed(DESTINATION, 10_000)]


async def test_everything_goes_up_as_it_was_hashed(rooms: Bench, upwards: DutyRoom, peer: Peer) -> None:
    node = await rooms.enrol()
    await rooms.receive(node, node.hello(), node.press(), node.event(Code.OPENED))
    async with running(upwards.forward()):
        await until(lambda: not owed(rooms))
        await rooms.receive(node, node.event(Code.CLOSED))
        await until(lambda: not owed(rooms))
    assert len(peer.held) == 4
    for seq, sha256 in peer.held.items():
        found = rooms.journal.report(seq)
        assert found is not None
        assert found[1] == sha256
    assert (peer.batch.concentrator, peer.batch.journal_id) == ("3", rooms.journal.journal_id)


async def test_a_long_backlog_goes_in_batches_panics_first(rooms: Bench, upwards: DutyRoom, peer: Peer) -> None:
    for _ in range(3):
        await journalled(rooms, *MOST_ROWS * [A])
    await journalled(rooms, B, lane=Lane.PANIC)
    async with running(upwards.forward()):
        await until(lambda: not owed(rooms))
    last = 3 * MOST_ROWS + 1
    assert peer.order == [last, *range(1, last)]
    assert peer.requests == 4


async def test_long_records_go_in_batches_that_fit(rooms: Bench, upwards: DutyRoom, peer: Peer) -> None:
    """A batch of 500 of them would be refused for ever."""
    zone = WalkedZone(name="😀" * 64, kind=ZoneKind.ENTRY, triggered_at_ms=1, restored_at_ms=2)
    record = WalkTest(begun_at_ms=1, zones=(zone,) * MOST_WALKED)
    for _ in range(2):
        async with rooms.journal.change() as draft:
            for _ in range(60):
                draft.record(ReportKind.WALK_TESTED, Lane.ROUTINE, household=A, walk_test=record)
    async with running(upwards.forward()):
        await until(lambda: not owed(rooms))
    assert len(peer.held) == 120
    assert peer.longest <= MOST_BYTES
    assert 2 < peer.requests < 10


def settled(rooms: Bench) -> dict[str, object]:
    """All that is stored, but for what only says that rows were sent and when they will be again."""
    stored = rooms.rows()
    stored.pop("attempt")
    return stored | {"outbox": [row[:-1] for row in stored["outbox"]]}


def saying(raw: bytes, *, close: bool = False) -> Misdeed:
    async def misdeed(_peer: Peer, writer: asyncio.StreamWriter, _body: bytes) -> None:
        writer.write(raw)
        if close:
            writer.close()

    return misdeed


def receipt(status: str = "200 OK", journal_id: str | None = None, **changed: object) -> Misdeed:
    async def misdeed(peer: Peer, writer: asyncio.StreamWriter, _body: bytes) -> None:
        text = peer.receipt(**changed)
        if journal_id:
            text = json.dumps(json.loads(text) | {"journal_id": journal_id})
        writer.write(response(text, status))

    return misdeed


async def half_a_receipt(peer: Peer, writer: asyncio.StreamWriter, _body: bytes) -> None:
    whole = response(peer.receipt())
    writer.write(whole[:-10])
    writer.close()


async def a_zipped_receipt(peer: Peer, writer: asyncio.StreamWriter, _body: bytes) -> None:
    writer.write(response(gzip.compress(peer.receipt().encode()), "200 OK", "content-encoding: gzip"))


async def silence(_peer: Peer, _writer: asyncio.StreamWriter, _body: bytes) -> None:
    """No answer, ever."""


async def an_endless_answer(_peer: Peer, writer: asyncio.StreamWriter, _body: bytes) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(64):
        writer.write(bytes(64 * 1024))
        await writer.drain()


async def a_dripping_answer(_peer: Peer, writer: asyncio.StreamWriter, _body: bytes) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n")
    while not writer.is_closing():
        writer.write(b" ")
        await asyncio.sleep(0.01)


MISDEEDS: dict[str, Misdeed] = {
    "a server error": saying(response('{"error": "no"}', "500 Internal Server Error")),
    "a refusal": saying(response('{"error": "no"}', "422 Unprocessable Content")),
    "a receipt under an error": receipt("503 Service Unavailable"),
    "a redirection": saying(response("", "302 Found", "location: http://elsewhere/")),
    "an empty answer": saying(response("")),
    "no content": saying(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "what is not JSON": saying(response(b"\xff\xfe{")),
    "JSON of another shape": saying(response('{"rows": "all of them"}')),
    "JSON too deep": saying(response("[" * 10_000)),
    "what is not HTTP": saying(b"OK, got them all\r\n\r\n", close=True),
    "nothing, and the end": saying(b"", close=True),
    "half a receipt": half_a_receipt,
    "a zipped receipt": a_zipped_receipt,
    "a receipt of no row": saying(response('{"version": 1, "journal_id": "' + 32 * "0" + '", "rows": []}')),
    "a receipt for another journal": receipt(journal_id="0" * 32),
    "a receipt for rows that were not sent": receipt(seq=99_999),
    "a receipt with another hash": receipt(sha256="0" * 64),
    "a conflict with our own hash": receipt(verdict="conflict"),
    "a receipt with more fields": receipt(trust="me"),
    "an endless answer": an_endless_answer,
}


@pytest.mark.parametrize("misdeed", MISDEEDS.values(), ids=MISDEEDS.keys())
async def test_nothing_is_believed_that_is_not_a_receipt(
    rooms: Bench, upwards: DutyRoom, peer: Peer, misdeed: Misdeed
) -> None:
    await journalled(rooms, A, B, A, B)
    before = settled(rooms)
    peer.misdeeds = [misdeed, misdeed]
    checked = []

    async def honest_at_last(honest: Peer, writer: asyncio.StreamWriter, body: bytes) -> None:
        checked.append(settled(rooms) == before)
        writer.write(response(honest.commit().model_dump_json()))

    peer.misdeeds.append(honest_at_last)
    async with running(upwards.forward()):
        await until(lambda: not owed(rooms))
    assert checked == [True]
    assert peer.order == [1, 2, 3, 4]
    assert peer.requests == 3


@pytest.mark.parametrize("misdeed", [silence, a_dripping_answer])
async def test_it_does_not_wait_for_ever(
    rooms: Bench, upwards: DutyRoom, peer: Peer, misdeed: Misdeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duty_room, "ANSWER_S", 0.05)
    await journalled(rooms, A)
    peer.misdeeds = [misdeed]
    async with running(upwards.forward()):
        await until(lambda: not owed(rooms))


async def test_a_receipt_for_some_rows_ends_those(rooms: Bench, upwards: DutyRoom, peer: Peer) -> None:
    await journalled(rooms, A, B, A, B)

    async def only_the_second(peer: Peer, writer: asyncio.StreamWriter, _body: bytes) -> None:
        whole = peer.commit()
        writer.write(response(whole.model_copy(update={"rows": whole.rows[1:2]}).model_dump_json()))

    async def then_look(peer: Peer, writer: asyncio.StreamWriter, _body: bytes) -> None:
        seen.extend(owed(rooms))
        writer.write(response(peer.commit().model_dump_json()))

    seen: list[int] = []
    peer.misdeeds = [only_the_second, then_look]
    async with running(upwards.forward()):
        await until(lambda: not owed(rooms))
    assert seen == [1, 3, 4]


async def test_a_row_that_the_duty_room_holds_otherwise_is_set_aside(
    rooms: Bench, upwards: DutyRoom, peer: Peer
) -> None:
    await journalled(rooms, A, A, A)
    peer.held[2] = "0" * 64
    with capture_logs() as logs:
        async with running(upwards.forward()):
            await until(lambda: not owed(rooms))
    assert sorted(peer.order) == [1, 3]
    assert [entry["seq"] for entry in logs if entry["log_level"] == "error"] == [2]
    assert len(rooms.rows()["outbox"]) == 3


async def test_the_first_word_about_a_row_counts(rooms: Bench, upwards: DutyRoom, peer: Peer) -> None:
    await journalled(rooms, A)

    async def both(peer: Peer, writer: asyncio.StreamWriter, _body: bytes) -> None:
        honest = json.loads(peer.commit().model_dump_json())
        honest["rows"].append({"seq": 1, "sha256": "0" * 64, "verdict": "conflict"})
        writer.write(response(json.dumps(honest)))

    peer.misdeeds = [both]
    async with running(upwards.forward()):
        await until(lambda: not owed(rooms))
    (row,) = rooms.rows()["outbox"]
    assert row[4] == 1


async def test_a_receipt_that_we_cannot_note_is_asked_for_again(rooms: Bench, upwards: DutyRoom, peer: Peer) -> None:
    await journalled(rooms, A, B)
    with rooms.disk.refuses():
        async with running(upwards.forward()):
            await until(lambda: peer.requests >= 2)
            assert owed(rooms) == [1, 2]
    async with running(upwards.forward()):
        await until(lambda: not owed(rooms))
    assert peer.order == [1, 2]


class TestOutage:
    async def test_what_was_journalled_meanwhile_goes_up_when_it_is_over(
        self, rooms: Bench, upwards: DutyRoom, socket: Path
    ) -> None:
        peer = Peer()
        async with running(upwards.forward()):
            for households in ((A,), (B, A), (A, B)):
                await journalled(rooms, *households)
                async with serving(peer, socket):
                    await until(lambda: not owed(rooms))
        assert peer.order == [1, 2, 3, 4, 5]

    async def test_it_is_logged_when_it_begins_and_when_it_ends(
        self, rooms: Bench, upwards: DutyRoom, socket: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tries = 0
        read = rooms.journal.owed

        def counted(destination: str, most: int, beside: int | None = None) -> list[OwedRow]:
            nonlocal tries
            tries += 1
            return read(destination, most, beside)

        monkeypatch.setattr(rooms.journal, "owed", counted)
        await journalled(rooms, A)
        with capture_logs() as logs:
            async with running(upwards.forward()):
                await until(lambda: tries > 5)
                assert [entry["log_level"] for entry in logs] == ["warning"]
                async with serving(Peer(), socket):
                    await until(lambda: not owed(rooms))
                    await until(lambda: len(logs) == 2)
                await journalled(rooms, B)
                await until(lambda: tries > 20)
        assert [entry["log_level"] for entry in logs] == ["warning", "info", "warning"]
        assert {entry["what"] for entry in logs} == {"reports"}

    async def test_a_fault_of_ours_ends_nothing(
        self, rooms: Bench, upwards: DutyRoom, peer: Peer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A row that cannot be read for a moment must not take the whole service down."""
        await journalled(rooms, A)
        faults = iter([ZeroDivisionError(), OSError("disk I/O error")])
        read = rooms.journal.owed

        def trip(destination: str, most: int, beside: int) -> object:
            for fault in faults:
                raise fault
            return read(destination, most, beside)

        monkeypatch.setattr(rooms.journal, "owed", trip)
        with capture_logs() as logs:
            async with running(upwards.forward()):
                await until(lambda: peer.held)
        assert isinstance(logs[0]["exc_info"], ZeroDivisionError)


PAGES: dict[str, Misdeed] = {
    "an error": saying(response("", "500 Internal Server Error")),
    "what is not JSON": saying(response("soon")),
    "a page of another shape": saying(response('{"commands": [{"number": 1}]}')),
    "the end": saying(b"", close=True),
    "an endless page": an_endless_answer,
    "an empty page at once": saying(response('{"version": 1, "commands": []}')),
}


class TestCommands:
    async def test_they_are_taken_once_and_asked_for_from_there_on(
        self, rooms: Bench, upwards: DutyRoom, peer: Peer
    ) -> None:
        node = await rooms.enrol()
        await rooms.receive(node, node.press())
        peer.commands = [rooms.command(CommandKind.SEEN, 1), rooms.command(CommandKind.RESET, 1, FIRST_COMMAND + 1)]
        async with running(upwards.listen()):
            await until(lambda: FIRST_COMMAND + 1 in peer.polls)
            assert list(rooms.journal.building.pending) == [FIRST_COMMAND]
        assert peer.polls[0] == 0
        assert rooms.kinds().count("latch_reset") == 1

    @pytest.mark.parametrize("misdeed", PAGES.values(), ids=PAGES.keys())
    async def test_a_bad_page_changes_nothing(
        self, rooms: Bench, upwards: DutyRoom, peer: Peer, misdeed: Misdeed
    ) -> None:
        node = await rooms.enrol()
        await rooms.receive(node, node.press())
        peer.misdeeds = [misdeed, misdeed]
        peer.commands = [rooms.command(CommandKind.RESET, 1)]
        async with running(upwards.listen()):
            await until(lambda: FIRST_COMMAND in peer.polls)
        assert peer.polls == [0, 0, 0, FIRST_COMMAND]
        assert rooms.kinds().count("latch_reset") == 1

    async def test_the_same_page_for_ever_is_taken_once_and_keeps_nobody_busy(
        self, rooms: Bench, upwards: DutyRoom, peer: Peer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        node = await rooms.enrol()
        await rooms.receive(node, node.press())
        page = '{"version": 1, "commands": [' + rooms.command(CommandKind.RESET, 1).model_dump_json() + "]}"
        peer.misdeeds = 100 * [saying(response(page))]
        pauses = []

        async def pause(seconds: float) -> None:
            pauses.append(seconds)

        monkeypatch.setattr("asyncio.sleep", pause)
        listening = asyncio.ensure_future(upwards.listen())
        while len(peer.polls) < 10:
            await asyncio.wait([listening], timeout=0.001)
        listening.cancel()
        await asyncio.wait([listening])
        assert len(pauses) >= 8
        assert rooms.kinds().count("latch_reset") == 1

    async def test_those_that_cannot_be_journalled_are_asked_for_again(
        self, rooms: Bench, upwards: DutyRoom, peer: Peer
    ) -> None:
        node = await rooms.enrol()
        await rooms.receive(node, node.press())
        peer.commands = [rooms.command(CommandKind.RESET, 1)]
        async with running(upwards.listen()):
            with rooms.disk.refuses():
                await until(lambda: len(peer.polls) > 2)
            await until(lambda: FIRST_COMMAND in peer.polls)
        assert rooms.kinds().count("latch_reset") == 1
