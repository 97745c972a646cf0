"""Two PCs: one with a building's concentrator, the duty room and its page, one with another building's concentrator.

The second one calls the first over TLS, through a wire that can be cut; nodes of both are in an air that loses datagrams.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import Any

from anju.bench.faults.crowd import Crowd, Resident
from anju.bench.faults.parties import Parties, Party
from anju.bench.faults.services import Lifeline, Service
from anju.bench.faults.testing.conditions import FakeMachine
from anju.bench.faults.wire import Wire
from anju.concentrator import control
from anju.concentrator.keyring import Keyring, Link
from anju.service import settings, site_template
from anju.service.certs import places
from anju.service.certs.authority import Authority
from anju.service.certs.holder import Holder
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.service.settings import Site
from anju.simulator.air import Air
from anju.simulator.crashes import CONCENTRATOR, DUTY_ROOM, PAGE
from anju.simulator.faults import Faults
from anju.simulator.flat import households
from anju.simulator.premises import free_port
from anju.uplink.reports import Zone, ZoneKind

NODES_A_FLAT = 2
_HOST = "127.0.0.1"
_ZONES = (
    Zone(number=0, name="front-door", kind=ZoneKind.ENTRY),
    Zone(number=1, name="bed", kind=ZoneKind.HOLD_UP),
)
_PASSPHRASE = b"correct horse battery staple\n"
"""Of the bench's own backups, which end with its folder."""


class Pc:
    """One machine: its site, its services, the air around its building."""

    def __init__(
        self, building: str, network: int, site: Site, names: tuple[str, ...], logs: Path, line: Lifeline, party: Party
    ):
        self.party = party
        self.building, self.network, self.site = building, network, site
        self.machine = FakeMachine(logs / f"machine-{building}")
        self.services = {name: Service(name, site, self.machine, logs, line) for name in names}
        self.air: Air
        self.restores = 0

    @property
    def udp(self) -> tuple[str, int]:
        """Where its concentrator listens."""
        address = self.site.concentrator.udp_address
        assert address is not None  # noqa: S101  # Estate.found wrote it
        return address

    async def status(self) -> dict[str, Any]:
        """What its concentrator says of itself; NotRunningError or CutOffError while it is down."""
        return await asyncio.to_thread(control.ask, self.site.control_socket, do="status")

    async def owes_nothing(self) -> bool:
        """Whether its concentrator is up and has a receipt for everything, from third parties too."""
        try:
            listed = await asyncio.to_thread(control.ask, self.site.control_socket, do="destinations")
            return int((await self.status())["outbox"]) == 0 and not any(one["owed"] for one in listed["destinations"])
        except (control.NotRunningError, control.CutOffError):
            return False

    async def back_up(self, file: Path) -> None:
        """`anju backup`, as typed. ServiceError: there is none."""
        await _typed("backup", str(file), "--site", str(self.site.folder))

    async def restore(self, file: Path) -> None:
        """`anju restore`, and what was brought by hand. Its services are halted; they begin on the new site."""
        old = self.site.folder
        self.restores += 1
        new = old.with_name(f"{self.building}r{self.restores}")
        await _typed("restore", str(file), "--site", str(new))
        await asyncio.to_thread(_bring_certificates, old, new)
        self.site = settings.load(new)
        self.party.begins(self.site.journal)
        for service in self.services.values():
            service.site = self.site


class Estate:
    """Made in a folder; between `open` and `close` it runs. ServiceError: there is no Mosquitto here."""

    def __init__(self, folder: Path, loss: float, seed: int, crowd: Crowd, flats: int) -> None:
        self._folder, self._faults, self._seed, self._flats = folder, Faults(loss, 0.02, 0.02), seed, flats
        self._lifeline = Lifeline()
        self.crowd = crowd
        self.parties = Parties(folder / "parties", ("3", "4"), flats)
        self.near, self.far, self.wire = self._found()

    @property
    def pcs(self) -> tuple[Pc, Pc]:
        """Both."""
        return self.near, self.far

    @property
    def services(self) -> list[Service]:
        """All, on both PCs."""
        return [service for pc in self.pcs for service in pc.services.values()]

    async def open(self) -> None:
        """Enrol the nodes, start the services, and give the nodes power once they are up."""
        links = [(pc, household, link) for pc in self.pcs for household, link in await self._enrol(pc)]
        await self.parties.open()
        await self.wire.open(*_split(self.far.site))
        for service in self.services:
            service.begin()
        for service in self.services:
            await service.ready()
        for pc in self.pcs:
            pc.party.begins(pc.site.journal)
            pc.air = Air(pc.udp, self._faults, self._seed)
        for pc, household, link in links:
            resident = Resident(link, household, self.crowd)
            self.crowd.residents.append(resident)
            await resident.open(pc.udp, pc.air)

    async def close(self) -> None:
        """End everything in order."""
        self.crowd.close()
        await self.wire.close()
        await asyncio.gather(*(service.leave() for service in self.services))
        await self.parties.close()
        self._lifeline.cut()

    def become_bad(self, pc: Pc) -> None:
        """The air of a building loses as much as it usually does."""
        pc.air.become(self._faults)

    @staticmethod
    def become_deaf(pc: Pc) -> None:
        """It loses everything."""
        pc.air.become(Faults(loss=1.0))

    def _found(self) -> tuple[Pc, Pc, Wire]:
        logs = self._folder / "logs"
        logs.mkdir()
        uplink, relay = (free_port(socket.SOCK_STREAM) for _ in range(2))
        now = dt.datetime.now(dt.UTC)
        near = self._site("3", 1, f'uplink = "{_HOST}:{uplink}"\n')
        far = self._site("4", 2, f'url = "https://{_HOST}:{relay}"\n')
        authority = Authority.create(near.folder, near.estate.name, now)
        authority.issue(Holder(), near.uplink_certificate, places.USUAL_DAYS, now)
        authority.issue(Holder("4"), far.uplink_certificate, places.USUAL_DAYS, now)
        pcs = (
            Pc("3", 1, near, (DUTY_ROOM, PAGE, CONCENTRATOR), logs, self._lifeline, self.parties.of["3"]),
            Pc("4", 2, far, (CONCENTRATOR,), logs, self._lifeline, self.parties.of["4"]),
        )
        return *pcs, Wire((_HOST, uplink))

    def _site(self, building: str, network: int, more: str) -> Site:
        site = site_template.create(
            self._folder / building,
            estate="Anju bench",
            building=building,
            network=network,
            udp=f"{_HOST}:{free_port(socket.SOCK_DGRAM)}",
            port=free_port(socket.SOCK_STREAM),
        )
        file = site.folder / settings.FILE_NAME
        file.write_text(file.read_text(encoding="utf-8") + more + self.parties.of[building].settings, encoding="utf-8")
        return settings.load(site.folder)

    async def _enrol(self, pc: Pc) -> list[tuple[str, Link]]:
        keyring = Keyring.open(pc.site.keyring)
        try:
            return [
                (household, await keyring.enrol(pc.network, household, _ZONES))
                for household in households(pc.building, self._flats)
                for _node in range(NODES_A_FLAT)
            ]
        finally:
            await keyring.close()


def _split(site: Site) -> tuple[str, int]:
    address = site.dutyroom.url_address
    assert address is not None  # noqa: S101  # _found wrote it
    return address


def _bring_certificates(old: Path, new: Path) -> None:
    """A backup holds no machine's own, nor the authority: they come on a stick once more."""
    shutil.copy2(old / places.FILE, new / places.FILE)
    if (old / places.FOLDER).exists():
        shutil.copytree(old / places.FOLDER, new / places.FOLDER, dirs_exist_ok=True)


async def _typed(*words: str) -> None:
    command = (sys.executable, "-P", "-m", "anju.cli", *words)
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=DEVNULL, stderr=PIPE)
    _out, said = await process.communicate(_PASSPHRASE)
    if process.returncode:
        raise ServiceError(
            _("anju %(command)s failed: %(reason)s")
            % {"command": words[0], "reason": said.decode(errors="replace").strip()},
            _("Nothing outside the bench's own folder was touched."),
            _("Type the command again with the same seed; if it fails again, report what it prints."),
        )
