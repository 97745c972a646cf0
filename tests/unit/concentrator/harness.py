"""A concentrator's rooms in one process, on real files, with a clock that tests move and links that only remember."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from anju.concentrator.core.moment import Moment
from anju.concentrator.core.pairing import state as pairing
from anju.concentrator.core.pairing.note import Note
from anju.concentrator.core.panel.signals import Action, PersonSignal, Times
from anju.concentrator.core.places import Address, Placement, Route
from anju.concentrator.core.ports import Destination
from anju.concentrator.core.premises import Chosen
from anju.concentrator.core.supervision import Supervision
from anju.concentrator.downlink import Downlink
from anju.concentrator.journal import Journal
from anju.concentrator.keyring import Keyring, Link
from anju.concentrator.premises import Furnished
from anju.concentrator.reception import Arrival, Reception
from anju.ledger import Ledger
from anju.uplink.commands import FEEDBACK_VALID_S, CommandKind, EstateCommand, ReportRef
from anju.uplink.reports import PanelMode, Refusal, Report, Zone, ZoneKind
from anju.wire import bodies
from anju.wire.codec import Codec
from anju.wire.messages import Ack, Body, Command, Header, Hello, Message, Status
from anju.wire.messages import Extra as ExtraItem
from anju.wire.seal import Cipher
from anju.wire.table import Code, Extra, Flag, InputKind, LinkClass, Type, Verdict

HOUSEHOLD = "3-2-0501"
FIRST_COMMAND = 1_790_000_000
"""As a duty room gives them: from a Unix time on."""
DESTINATION = "duty_room"
ZONES = (
    Zone(number=0, name="front-door", kind=ZoneKind.ENTRY),
    Zone(number=1, name="bedside", kind=ZoneKind.HOLD_UP),
    Zone(number=2, name="case", kind=ZoneKind.TAMPER),
)
DOOR, BUTTON, CASE = 0, 1, 2
PATIENCE_S = 20.0
"""How long a condition may take to come true before its test fails: far longer than it ever does."""


class HandClock:
    """Both clocks, moved by the test."""

    def __init__(self) -> None:
        self.now = Moment(1_790_000_000_000, 1000.0)

    def __call__(self) -> Moment:
        return self.now

    @property
    def unix_s(self) -> int:
        """Unix time in seconds."""
        return self.now.wall_ms // 1000

    def advance(self, seconds: float) -> None:
        """Let time pass on both clocks."""
        self.now = self.now._replace(
            wall_ms=self.now.wall_ms + int(seconds * 1000), monotonic_s=self.now.monotonic_s + seconds
        )


class FarNode:
    """The node's end of a link: seals frames as a node would, opens what comes down. No rules of its own."""

    def __init__(self, link: Link, clock: HandClock, route: Route, household: str = HOUSEHOLD) -> None:
        self.address = link.address
        self.household = household
        self.counter = 0
        self.route = route
        self._epoch = link.epoch
        self._clock = clock
        self._cipher = Cipher(link.up)
        self._codec = Codec(receives=LinkClass.DOWN)
        self._codec.learn(*link.address, link.epoch, up=link.up, down=link.down)

    def frame(self, body: Body, extras: tuple[ExtraItem, ...] = (), counter: int | None = None) -> bytes:
        """A sealed frame, under the next counter unless one is given."""
        return self.sealed(bodies.build(body, extras), counter)

    def sealed(self, plaintext: bytes, counter: int | None = None) -> bytes:
        """Any plaintext, sealed with the node's key."""
        if counter is None:
            self.counter += 1
            counter = self.counter
        header: bytes = bodies.HEADER.build(Header.up(*self.address, self._epoch, counter))
        return self._cipher.seal(header, plaintext)

    def status(
        self,
        code: int,
        zone: int = DOOR,
        *,
        event_id: int | None = None,
        time_s: int | None = None,
        levels: int = 0,
        flags: int | None = None,
    ) -> Status:
        """The body of an EVENT; its id is the low half of its counter, as on a node, and its time is now."""
        if event_id is None:
            event_id = (self.counter + 1) & 0xFFFF
        if flags is None:
            flags = Flag.ACK_REQUESTED | (Flag.URGENT if code == Code.PANIC else 0)
        at_s = self._clock.unix_s if time_s is None else time_s
        return Status(Type.EVENT, flags, at_s, event_id, code, zone, levels, 0, -128, 0, 0)

    def event(self, code: int, zone: int = DOOR, **how: Any) -> bytes:
        """A sealed EVENT; `how` as in `status`."""
        return self.frame(self.status(code, zone, **how))

    def press(self, **how: Any) -> bytes:
        """The button by the bed."""
        return self.event(Code.PANIC, BUTTON, **how)

    def heartbeat(self, levels: int = 0) -> bytes:
        """A sealed HEARTBEAT."""
        at_s = self._clock.unix_s
        return self.frame(Status(Type.HEARTBEAT, Flag.ACK_REQUESTED, at_s, 0, 0, 0, levels, 0, -128, 0, 0))

    def hello(self, challenge: bytes = b"8 random", build: bytes = b"0.1.0 test", cause: int = 1) -> bytes:
        """A sealed HELLO."""
        body = Hello(Type.HELLO, Flag.ACK_REQUESTED, challenge, 0, 1, 0, cause, 3, 0)
        return self.frame(body, (ExtraItem(Extra.BUILD, build),))

    def answer(self, command: Message, verdict: int = Verdict.ACCEPTED) -> bytes:
        """The sealed ACK of a COMMAND."""
        assert isinstance(command.body, Command)
        header, low_bits = command.header, command.body.command_id & 0xFFFF
        return self.frame(Ack(Type.ACK, 0, 0, header.epoch, verdict, header.counter, low_bits, 0, 0))

    def open(self, frame: bytes) -> Message:
        """What the concentrator sent."""
        return self._codec.open(frame)


class Disk:
    """Stands between a ledger's writer and SQLite; tests make it refuse, wait, or fill up."""

    def __init__(self, ledger: Ledger) -> None:
        self.commits = 0
        self.held = False
        self.refusing = False
        self.refused = 0
        self._open = threading.Event()
        self._open.set()
        self._connection: sqlite3.Connection = ledger._writer._connection
        ledger._writer._connection = self  # type: ignore[assignment]  # as much of a connection as the writer uses

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if sql == "COMMIT":
            self.held = True
            self._open.wait(PATIENCE_S)
            self.held = False
            if self.refusing:
                self.refused += 1
                raise sqlite3.OperationalError("disk I/O error")
            self.commits += 1
        return self._connection.execute(sql, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    @property
    def row_factory(self) -> Any:
        """How rows come out."""
        return self._connection.row_factory

    @row_factory.setter
    def row_factory(self, factory: Any) -> None:
        self._connection.row_factory = factory

    @contextmanager
    def slow(self) -> Iterator[None]:
        """No COMMIT ends within the block; `held` while one waits."""
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()

    @contextmanager
    def refuses(self) -> Iterator[None]:
        """Every COMMIT within the block fails."""
        self.refusing = True
        try:
            yield
        finally:
            self.refusing = False

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """SQLite may read the file within the block and write nothing, as on a disk that was mounted anew after an error."""
        path = self._connection.execute("PRAGMA database_list").fetchone()[2]
        writing, self._connection = (
            self._connection,
            sqlite3.connect(f"{Path(path).as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False),
        )
        try:
            yield
        finally:
            self._connection.close()
            self._connection = writing

    @contextmanager
    def full(self) -> Iterator[None]:
        """SQLite itself finds no room within the block."""
        pages = self._connection.execute("PRAGMA page_count").fetchone()[0]
        most = self._connection.execute("PRAGMA max_page_count").fetchone()[0]
        self._connection.execute(f"PRAGMA max_page_count = {pages}")
        try:
            yield
        finally:
            self._connection.execute(f"PRAGMA max_page_count = {most}")


class Bench:
    """The rooms, and what they sent."""

    def __init__(self, folder: Path, clock: HandClock, keyring: Keyring, journal: Journal) -> None:
        self.folder = folder
        self.clock = clock
        self.keyring = keyring
        self.journal = journal
        self.disk = Disk(journal._ledger)
        self.supervision = Supervision()
        journal.building.premises = Furnished(keyring, self.supervision, Chosen())
        self.sent: list[tuple[Route, bytes]] = []
        self.on_send: Callable[[], None] | None = None
        self.reception = Reception(keyring.codec, keyring, journal, self._send, clock)
        self.downlink = Downlink(keyring.codec, keyring, journal, self._send, clock)

    def _send(self, route: Route, frame: bytes) -> None:
        self.sent.append((route, frame))
        if self.on_send:
            self.on_send()

    async def enrol(self, household: str = HOUSEHOLD, zones: tuple[Zone, ...] = ZONES) -> FarNode:
        """A node that both ends know."""
        link = await self.keyring.enrol(1, household, zones)
        return FarNode(link, self.clock, Route("udp", f"127.0.0.1:{5000 + link.address.node}"), household)

    def choose(self, times: Times) -> None:
        """Other times for all households."""
        self.journal.building.premises = Furnished(self.keyring, self.supervision, Chosen(times))

    async def ask(
        self, action: Action, household: str = HOUSEHOLD, person: str = "Li Na", **how: Any
    ) -> Refusal | None:
        """What a person asks of a panel; the refusal, if it was one."""
        async with self.journal.change() as draft:
            return draft.ask(household, PersonSignal(action, person, **how)).refusal

    async def arm(self, mode: PanelMode, household: str = HOUSEHOLD) -> None:
        """Armed, whatever there is to warn of, and everybody has left; or disarmed."""
        if mode is PanelMode.OFF:
            await self.ask(Action.DISARM, household)
            return
        await self.ask(Action.ARM, household, mode=mode, anyway=True)
        self.clock.advance(Times().exit_s)
        await self.look(household)

    async def comes_in_and_stays(self, household: str = HOUSEHOLD) -> None:
        """Entry and abort window pass, and nobody disarms."""
        for seconds in (Times().entry_s, Times().abort_s):
            self.clock.advance(seconds)
            await self.look(household)

    async def look(self, household: str = HOUSEHOLD) -> None:
        """What the timekeeper does when a deadline has come."""
        async with self.journal.change() as draft:
            draft.look(household)

    async def pair(self, device: str, public_key: bytes, zones: tuple[Zone, ...] = ZONES) -> FarNode:
        """A node that was paired by its label."""
        note = Note(Placement(HOUSEHOLD, zones), "Wang Wei")
        address, epoch = self.keyring.place(1, device, note, ())
        up, down = secrets.token_bytes(16), secrets.token_bytes(16)
        kinds = tuple(InputKind.ENTRY for _zone in zones)
        made = pairing.Link(device, public_key, note.to_json(), address, epoch, kinds, up, down)
        decision = pairing.Decision(pairing.Pairings(), link=made)
        await self.keyring.carry_out(decision, (), self.clock.now.wall_ms, ())
        return FarNode(Link(address, epoch, up, down), self.clock, Route("udp", f"127.0.0.1:{5000 + address.node}"))

    async def receive(self, node: FarNode, *frames: bytes) -> list[Message]:
        """Let frames arrive together; what was sent back to the node."""
        return await self.receive_by(node.route, node, *frames)

    async def receive_by(self, route: Route, node: FarNode, *frames: bytes) -> list[Message]:
        """The same, by another route."""
        before = len(self.sent)
        await self.reception.receive([Arrival(frame, route) for frame in frames])
        return [node.open(frame) for _, frame in self.sent[before:]]

    async def acks(self, node: FarNode, *frames: bytes) -> list[Ack]:
        """The bodies of the acknowledgements that frames got."""
        return [message.body for message in await self.receive(node, *frames) if isinstance(message.body, Ack)]

    async def verdict(self, node: FarNode, frame: bytes) -> int | None:
        """The verdict that a frame alone got, or None for no answer."""
        answers = await self.acks(node, frame)
        assert len(answers) <= 1
        return answers[0].verdict if answers else None

    def reports(self) -> list[Report]:
        """Everything journalled, in order."""
        found = [self.journal.report(seq) for seq in range(1, self.journal.building.last_seq + 1)]
        return [report for report, _sha256 in filter(None, found)]

    def kinds(self) -> list[str]:
        """The kinds of everything journalled, in order."""
        return [report.kind.value for report in self.reports()]

    def levels(self, node: FarNode) -> int:
        """The node's input levels as the concentrator believes them."""
        return self.journal.building.nodes[Address(*node.address)].levels

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table of the journal, as it is on the disk."""
        read = self.journal._ledger.read()
        tables = [name for (name,) in read.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
        return {table: read.execute(f"SELECT * FROM {table}").fetchall() for table in tables}

    def command(self, kind: CommandKind, seq: int, number: int = FIRST_COMMAND, **changed: Any) -> EstateCommand:
        """A command that answers the report `seq`; `changed` fields as given."""
        found = self.journal.report(seq)
        assert found is not None
        report, sha256 = found
        assert report.household is not None
        fields: dict[str, Any] = {
            "number": number,
            "kind": kind,
            "report": ReportRef(journal_id=self.journal.journal_id, seq=seq, sha256=sha256),
            "household": report.household,
            "person": "Wang Wei",
            "at_ms": self.clock.now.wall_ms,
            "valid_s": FEEDBACK_VALID_S,
        }
        return EstateCommand(**fields | changed)


@asynccontextmanager
async def bench(folder: Path, clock: HandClock | None = None) -> AsyncIterator[Bench]:
    """A concentrator on the files of a folder, receiving; used again on the same folder it is a restart."""
    clock = clock or HandClock()
    keyring = Keyring.open(folder / "keyring.db")
    try:
        journal = await Journal.open(folder / "journal.db", clock, (DESTINATION,), await keyring.journal_key())
        try:
            yield Bench(folder, clock, keyring, journal)
        finally:
            await journal.close()
    finally:
        await keyring.close()


def crash_image(folder: Path, image: Path) -> Path:
    """What a killed process would leave of a folder at this moment; locks and shared memory die with the process."""
    image.mkdir()
    for file in folder.iterdir():
        if file.is_file() and not file.name.endswith((".lock", "-shm")):
            shutil.copyfile(file, image / file.name)
    return image


def mode(path: Path) -> int:
    """Who may do what with a file."""
    return path.stat().st_mode & 0o777


async def until(condition: Callable[[], object]) -> None:
    """Let the loop run until a condition holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.002)


async def kept(destination: Destination) -> None:
    """Have a third party show its line, again and again, as while there is nothing to tell it."""
    while True:
        await destination.idle()


@asynccontextmanager
async def running(*loops: Any) -> AsyncIterator[None]:
    """Run loops beside the block; they end with it, and a loop that ends by itself fails the test."""
    tasks = [asyncio.ensure_future(loop) for loop in loops]
    try:
        yield
        assert not any(task.done() for task in tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
