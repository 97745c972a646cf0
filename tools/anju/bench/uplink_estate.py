"""What the bench of the uplink runs: a concentrator and a duty room as processes, and flats whose frames come by UDP."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import re
import signal
import socket
import time
from asyncio.subprocess import Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self, cast

from anju.bench.result import Progress
from anju.concentrator.app import clock
from anju.concentrator.core import intake
from anju.concentrator.core.draft import Draft
from anju.concentrator.core.intake import Heard
from anju.concentrator.core.places import Placement, Route
from anju.concentrator.destinations.duty_room import NAME
from anju.concentrator.journal import Journal
from anju.concentrator.keyring import Keyring, Link
from anju.ledger.beside import reader
from anju.service import site_template
from anju.service.certs.authority import Authority
from anju.service.certs.holder import Holder
from anju.service.certs.places import USUAL_DAYS
from anju.service.i18n import _
from anju.service.log import AS_TEXT
from anju.service.settings import FILE_NAME, Site, load
from anju.simulator.host import spawned
from anju.simulator.premises import BUILDING, free_port
from anju.uplink.reports import ReportKind, Zone, ZoneKind
from anju.wire import bodies
from anju.wire.messages import Header, Message, Status
from anju.wire.seal import Cipher
from anju.wire.table import TAG_BYTES, Code, Flag, Type

LOOPBACK = "127.0.0.1"
_COMMIT = 250
"""Events in a commit while the journal is filled."""
_READY_S, _LEAVE_S, _LOOK_AGAIN_S = 60.0, 20.0, 0.02
_ZONES = (
    Zone(number=0, name="front-door", kind=ZoneKind.ENTRY),
    Zone(number=1, name="bedside", kind=ZoneKind.HOLD_UP),
)
_DOOR, _BUTTON = 0, 1


class Flat:
    """A node of a flat by its keys: it seals what it says under the next number."""

    def __init__(self, household: str, link: Link) -> None:
        self.household = household
        self._placement = Placement(household, _ZONES)
        self._link = link
        self._cipher = Cipher(link.up)
        self._counter = 0

    def journalled(self, draft: Draft) -> None:
        """Its door moves, as if the frame had come and been found fresh."""
        header, body = self._door()
        address = self._link.address
        before = draft.node(address)
        route = Route("udp", f"{LOOPBACK}:9")
        heard = before.heard(header.epoch, header.counter, bytes(TAG_BYTES), route, draft.moment.wall_ms)
        draft.nodes[address] = heard
        intake.take(draft, Heard(Message(header, body), self._placement, before.last_seen_ms), lambda _event: False)

    def door(self) -> bytes:
        """The frame of its door."""
        return self._sealed(*self._door())

    def panic(self) -> bytes:
        """The frame of the button by the bed."""
        return self._sealed(*self._says(Code.PANIC, _BUTTON, Flag.ACK_REQUESTED | Flag.URGENT))

    def _door(self) -> tuple[Header, Status]:
        code = Code.CLOSED if self._counter % 2 else Code.OPENED
        return self._says(code, _DOOR, Flag.ACK_REQUESTED)

    def _says(self, code: int, zone: int, flags: int) -> tuple[Header, Status]:
        self._counter += 1
        body = Status(Type.EVENT, flags, int(time.time()), self._counter & 0xFFFF, code, zone, 0, 150, 42, 1, 200)
        return Header.up(*self._link.address, self._link.epoch, self._counter), body

    def _sealed(self, header: Header, body: Status) -> bytes:
        packed: bytes = bodies.HEADER.build(header)
        return self._cipher.seal(packed, bodies.build(body, ()))


class Sites:
    """The folders of both services: one site, or with TLS two that know each other by certificates."""

    def __init__(self, building: Site, room: Site) -> None:
        self.building = building
        self.room = room

    @classmethod
    def create(cls, folder: Path, *, tls: bool) -> Self:
        """New ones, as `anju init` and `anju certs` make them."""
        building = _site(folder / "building")
        if not tls:
            return cls(building, building)
        room = _site(folder / "room")
        port = free_port(socket.SOCK_STREAM)
        now = dt.datetime.now(dt.UTC)
        authority = Authority.create(room.folder, "Anju bench", now)
        authority.issue(Holder(), room.uplink_certificate, USUAL_DAYS, now)
        authority.issue(Holder(BUILDING), building.uplink_certificate, USUAL_DAYS, now)
        return cls(
            with_more(building, f'url = "https://{LOOPBACK}:{port}"'), with_more(room, f'uplink = "{LOOPBACK}:{port}"')
        )

    async def fill(self, flats: int, speaking: int, events: int, progress: Progress) -> list[Flat]:
        """Enrol flats, and journal events of so many of them, which nobody has received."""
        keyring = Keyring.open(self.building.keyring)
        try:
            names = [f"{BUILDING}-{1 + number // 99}-{number % 99 + 1:02d}01" for number in range(flats)]
            made = [Flat(name, await keyring.enrol(1, name, _ZONES)) for name in names]
            journal = await Journal.open(self.building.journal, clock, (NAME,), await keyring.journal_key())
            try:
                await _journal(journal, made[:speaking], events, progress)
            finally:
                await journal.close()
        finally:
            await keyring.close()
        return made


class Service:
    """One service as a process of its own; it ends with us, however we end."""

    def __init__(self, name: str, site: Site) -> None:
        self._name = name
        self._site = site
        self._log = site.run / f"{name}.log"
        self._process: Process | None = None
        self._lifeline = -1

    async def start(self) -> None:
        """Start it and wait until it is up; RuntimeError with its last words if it does not come up."""
        theirs, self._lifeline = os.pipe()
        try:
            command = (f"anju.{self._name}", str(self._site.folder))
            self._process = await spawned(command, self._log, {**os.environ, **AS_TEXT}, theirs)
        finally:
            os.close(theirs)
        try:
            async with asyncio.timeout(_READY_S):
                while "event=ready" not in self._said():
                    if self._process.returncode is not None:
                        raise RuntimeError(self._said()[-2000:])
                    await asyncio.sleep(_LOOK_AGAIN_S)
        except TimeoutError:
            raise RuntimeError(self._said()[-2000:]) from None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None  # noqa: S101  # start() made it
        self._process.send_signal(number)

    def peak_rss_mb(self) -> float:
        """The most memory that it has had resident, in MiB, as the kernel has noted it; 0 where it does not."""
        assert self._process is not None  # noqa: S101  # start() made it
        with suppress(OSError):
            status = Path(f"/proc/{self._process.pid}/status").read_text()
            if found := re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE):
                return int(found[1]) / 1024
        return 0.0

    def cpu_us(self) -> float:
        """Processor time that it has used, in microseconds; 0 where the kernel does not say."""
        assert self._process is not None  # noqa: S101  # start() made it
        with suppress(OSError):
            told = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
            return sum(map(int, told[11:13])) * 1e6 / os.sysconf("SC_CLK_TCK")
        return 0.0

    async def stop(self) -> None:
        """End it in order; by force where that does not do."""
        process = self._process
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), _LEAVE_S)
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1

    def _said(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")


class Held:
    """What the duty room has committed, read beside it."""

    def __init__(self, path: Path) -> None:
        self._read = reader(path)

    def reports(self) -> int:
        """How many."""
        return int(self._read.execute("SELECT coalesce(max(rowid), 0) FROM reports").fetchone()[0])

    def of_kind(self, kind: ReportKind) -> int:
        """How many of a kind."""
        found = self._read.execute("SELECT count(*) FROM reports WHERE json_extract(body, '$.kind') = ?", (kind.value,))
        return int(found.fetchone()[0])

    def has_incident(self, household: str) -> bool:
        """Whether guards are called to a household."""
        found = self._read.execute("SELECT 1 FROM incidents WHERE place = ?", (household,))
        return found.fetchone() is not None

    def place(self, household: str) -> int:
        """As which of all reports the first one of a household came, from 1; 0: it has not."""
        found = self._read.execute("SELECT min(rowid) FROM reports WHERE household = ?", (household,))
        return int(found.fetchone()[0] or 0)

    def close(self) -> None:
        """Let go of the file."""
        self._read.close()


class Air(asyncio.DatagramProtocol):
    """All flats' way to the concentrator; `answers` counts what came back."""

    def __init__(self) -> None:
        self.answers = 0
        self.news = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def open(cls, site: Site) -> Self:
        """To a site's concentrator."""
        loop = asyncio.get_running_loop()
        _transport, air = await loop.create_datagram_endpoint(cls, remote_addr=site.concentrator.udp_address)
        return air

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As asyncio calls it."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: object) -> None:
        """As asyncio calls it."""
        del data, addr
        self.answers += 1
        self.news.set()

    def send(self, frame: bytes) -> None:
        """A frame goes up."""
        assert self._transport is not None  # noqa: S101  # connection_made was called
        self._transport.sendto(frame)

    def close(self) -> None:
        """Nothing more is sent."""
        if self._transport is not None:
            self._transport.close()


async def _journal(journal: Journal, flats: Sequence[Flat], events: int, progress: Progress) -> None:
    done = 0
    while done < events:
        async with journal.change() as draft:
            for _number in range(min(_COMMIT, events - done)):
                flats[done % len(flats)].journalled(draft)
                done += 1
        if done % (40 * _COMMIT) == 0:
            progress(_("Journalled %(done)d of %(count)d events") % {"done": done, "count": events})


def _site(folder: Path) -> Site:
    udp = f"{LOOPBACK}:{free_port(socket.SOCK_DGRAM)}"
    site = site_template.create(
        folder, estate="Anju bench", building=BUILDING, network=1, udp=udp, port=free_port(socket.SOCK_STREAM)
    )
    site.run.mkdir(mode=0o700)
    return site


def with_more(site: Site, text: str) -> Site:
    """The same site with more lines under [dutyroom], which is the last section of its settings, or with sections after it."""
    path = site.folder / FILE_NAME
    path.write_text(f"{path.read_text(encoding='utf-8')}{text}\n", encoding="utf-8")
    return load(site.folder)
