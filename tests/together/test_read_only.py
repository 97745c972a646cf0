"""A disk that takes nothing more: nobody is told that something is kept which is not, and afterwards everything is there once."""

from __future__ import annotations

import errno
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from structlog.testing import capture_logs

from anju.concentrator.core.panel.signals import Action
from anju.concentrator.destinations import duty_room as destination
from anju.concentrator.journal import Journal
from anju.concentrator.keyring import Keyring
from anju.dutyroom.core import incident as incidents
from anju.dutyroom.core.incident import Act, State
from anju.dutyroom.core.request import Arrival, Handling
from anju.dutyroom.store import Store, reports_held
from anju.ledger import LedgerError
from anju.ledger.head import JournalKey
from anju.uplink.reports import PanelMode, ReportKind
from anju.wire.table import Verdict
from together.estate import Building, Room, building, duty_room
from unit.concentrator.harness import DESTINATION, Disk, HandClock, until

T = TypeVar("T")
pytestmark = pytest.mark.anyio
HOUSEHOLD = "3-2-0501"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries at once, so that a test waits for conditions and for nothing else."""
    monkeypatch.setenv("ANJU_LANG", "en")
    for name in ("FIRST_RETRY_S", "LAST_RETRY_S", "LAST_PAUSE_S"):
        monkeypatch.setattr(destination, name, 0.01)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with duty_room(tmp_path) as made:
        yield made


@pytest.fixture
async def three(room: Room, tmp_path: Path) -> AsyncIterator[Building]:
    async with building(tmp_path / "3", room, room.estate.issue("3")) as made:
        yield made


def panics(folder: Path) -> int:
    """Panics that the duty room holds."""
    return sum(report.kind is ReportKind.HOLD_UP_ALARM for _, _, report in reports_held(folder / "dutyroom.db"))


def check_words(error: LedgerError, file: str) -> None:
    """What happened, what was not changed, what to do."""
    assert f"{file} could not be written: attempt to write a readonly database" in error.what
    assert error.unchanged == "Nothing of this transaction is in the file; what was written before is."
    assert error.next_step == "Look at the disk: is it full, read-only or failing?"


async def test_the_journal(room: Room, three: Building, tmp_path: Path) -> None:
    rooms = three.rooms
    node = await rooms.enrol(HOUSEHOLD)
    await rooms.receive(node, node.hello())
    press, before, panels = node.press(), rooms.rows()["event"], dict(rooms.journal.building.panels)
    async with three.speaking():
        with rooms.disk.read_only():
            with capture_logs() as logs:
                assert await rooms.receive(node, press) == []
            (said,) = (line["error"] for line in logs if line["log_level"] == "error")
            assert "journal.db could not be written" in said
            with pytest.raises(LedgerError) as refused:
                await rooms.ask(Action.ARM, HOUSEHOLD, mode=PanelMode.AWAY, anyway=True)
            check_words(refused.value, "journal.db")
            assert rooms.rows()["event"] == before
            assert rooms.journal.building.panels == panels
        assert await rooms.verdict(node, press) == Verdict.ACCEPTED
        await until(room.desk.queue)
        await until(lambda: not three.owed())
    assert panics(tmp_path) == 1


async def test_the_keyring(room: Room, three: Building, tmp_path: Path) -> None:
    """A press is durable, and guards are called; without a number that is reserved the node is not told."""
    rooms = three.rooms
    node, press = await rooms.enrol(HOUSEHOLD), b""
    async with three.speaking():
        with Disk(rooms.keyring.ledger).read_only():
            press = node.press()
            assert await rooms.receive(node, press) == []
            await until(room.desk.queue)
            with pytest.raises(LedgerError) as refused:
                await rooms.enrol("3-2-0502")
            check_words(refused.value, "keyring.db")
            assert rooms.keyring.households == {HOUSEHOLD}
        assert await rooms.verdict(node, press) == Verdict.DUPLICATE
        await until(lambda: not three.owed())
    assert panics(tmp_path) == 1


async def test_the_duty_rooms(room: Room, three: Building, tmp_path: Path) -> None:
    rooms = three.rooms
    node = await rooms.enrol(HOUSEHOLD)
    async with three.speaking():
        await rooms.receive(node, node.press())
        await until(lambda: not three.owed())
        (incident,) = room.desk.queue()
        person = await room.desk.sit_down(Arrival("Wang Qiang", "token", None, "page"))
        action = incidents.Action(Act.ACKNOWLEDGE, person.id, room.desk.now_ms())
        with Disk(room.desk._store._ledger).read_only():
            await rooms.receive(node, node.press())
            await until(lambda: rooms.journal.totals()["sent"] == rooms.journal.totals()["outbox"] == 1)
            await until(room.desk.is_faulty)
            with pytest.raises(LedgerError) as refused:
                await room.desk.handle(Handling(incident.id, action, "key-of-one-acknowledgement", "page"))
            check_words(refused.value, "dutyroom.db")
            assert room.desk.calls()
            assert three.owed() == 1
        await until(lambda: not three.owed())
        await room.desk.handle(Handling(incident.id, action, "key-of-one-acknowledgement", "page"))
        assert not room.desk.is_faulty()
    assert panics(tmp_path) == 2
    assert [one.state for one in room.desk.queue()] == [State.ACKNOWLEDGED]


@pytest.mark.parametrize("name", ["journal.db", "keyring.db", "dutyroom.db"])
async def test_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Nothing is made or changed, and it is said of which file."""
    path = tmp_path / name
    open_one: dict[str, Callable[[], Awaitable[Journal | Keyring | Store]]] = {
        "journal.db": lambda: Journal.open(path, HandClock(), (DESTINATION,), JournalKey.new()),
        "keyring.db": lambda: _ready(Keyring.open(path)),
        "dutyroom.db": lambda: _ready(Store.open(path)),
    }
    await (await open_one[name]()).close()
    before = path.read_bytes()
    really = os.open

    def refused_to_write(file: Any, flags: int, mode: int = 0o777, **how: Any) -> int:
        if flags & (os.O_RDWR | os.O_WRONLY):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), file)
        return really(file, flags, mode, **how)

    monkeypatch.setattr(os, "open", refused_to_write)
    with pytest.raises(LedgerError) as refused:
        await open_one[name]()
    monkeypatch.undo()
    assert refused.value.what == f"{path} cannot be opened: Read-only file system."
    assert refused.value.unchanged == "Nothing was written."
    assert "may read and write it, then start again" in refused.value.next_step
    assert path.read_bytes() == before


async def _ready(made: T) -> T:
    return made
