"""A concentrator as a process, nodes as processes, and the air between them: all real, and each can lose its power.

What came of it is read from both ends: from a node's flash, and from the concentrator's keyring as it lies on the disk.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import sys
import tempfile
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from anju.bundle import stage
from anju.concentrator import control
from anju.service.errors import ServiceError
from anju.service.settings import Site
from anju.simulator.air import Air, Direction
from anju.simulator.faults import Faults
from anju.simulator.interpreter import micropython
from anju.simulator.node import NodeProcess, Place
from anju.simulator.output import Acked, Edge, Made, Output, Ready, Said, Unenrolled, parse
from anju.simulator.provision import provision
from anju.wire import pairing, table
from anju.wire.label import Label
from unit.concentrator.site import free_udp_port, new_site

BAD_AIR = Faults(loss=0.2, duplicate=0.05, reorder=0.05)
"""In both directions."""
PATIENCE_S = 60.0
"""Within this both ends have come to the same, once both are in reach (R131)."""
DOOR, BED = 0, 1
ZONES = json.dumps(
    [{"kind": "entry", "name": "Door", "number": DOOR}, {"kind": "hold_up", "name": "Bed", "number": BED}]
)
_LOOK_AGAIN_S = 0.05

Tap = Callable[[Direction, bytes], bool]


class Keys(NamedTuple):
    """One link as one end holds it."""

    node: int
    epoch: int
    up: bytes
    down: bytes


class Building:
    """One site: `async with building(…)` makes it, and takes everything away in the end."""

    def __init__(self, folder: Path, site: Site) -> None:
        self.site = site
        self.kills = 0
        self.taps: list[Tap] = []
        """Each sees every frame that is delivered; one that says False swallows it."""
        self.is_up = asyncio.Event()
        self._folder = folder
        self._process: Process | None = None
        self._log = folder / "concentrator.log"
        environment = {"PATH": os.environ["PATH"], "MICROPYPATH": ".frozen"}
        self.place = Place(micropython(), stage("unix_sim", folder / "bundle"), environment)
        self.air: Air

    async def start(self) -> None:
        """Switch the concentrator on, and wait until it answers."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "anju.concentrator", str(self.site.folder)),
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
            )
        while not self.is_up.is_set():
            assert self._process.returncode is None, self._log.read_text()
            with suppress(ServiceError):
                await self.ask("status")
                self.is_up.set()
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def kill(self) -> None:
        """kill -9."""
        self.is_up.clear()
        process = self._process
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def restart(self) -> None:
        """kill -9, and up again."""
        self.kills += 1
        await self.kill()
        await self.start()

    @asynccontextmanager
    async def copied(self) -> AsyncIterator[Building]:
        """Another concentrator that runs with a copy of this one's files, taken behind its back."""
        folder = self._folder / "copy"
        site = new_site(folder / "site", free_udp_port())
        for name in ("keyring", "journal"):
            with (
                closing(sqlite3.connect(getattr(self.site, name))) as source,
                closing(sqlite3.connect(getattr(site, name))) as target,
            ):
                source.backup(target)
        shutil.copy(self.site.folder / "root-key.pub", site.folder / "root-key.pub")
        made = Building(folder, site)
        try:
            await made.start()
            yield made
        finally:
            await made.kill()

    async def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """Over the control socket."""
        return await control.inquire(self.site.control_socket, do=do, **request)

    async def subject(self, name: str) -> Subject:
        """A new node with a label, switched off."""
        store = self._folder / "nodes" / name
        store.mkdir(parents=True)
        label = await asyncio.to_thread(provision, self.place, store)
        host, port = await self.air.path(name)
        made = Subject(label, store, NodeProcess(store, f"udp:{host}:{port}", self.place))
        self.taps.append(made.passes)
        return made

    def links(self, device: str) -> list[Keys]:
        """What is in force for a device, as it lies in the keyring."""
        query = "SELECT node, epoch, up, down FROM link WHERE device = ? AND NOT ended ORDER BY epoch"
        with closing(sqlite3.connect(self.site.keyring)) as keyring:
            return [Keys(*row) for row in keyring.execute(query, (device,))]

    def places(self, device: str) -> set[int]:
        """Every node id under which a device was ever heard here."""
        with closing(sqlite3.connect(self.site.keyring)) as keyring:
            return {node for (node,) in keyring.execute("SELECT node FROM link WHERE device = ?", (device,))}

    def reports(self) -> list[dict[str, Any]]:
        """All that is journalled."""
        with closing(sqlite3.connect(self.site.journal)) as journal:
            return [json.loads(text) for (text,) in journal.execute("SELECT report FROM event ORDER BY seq")]

    async def settled(self, subject: Subject) -> Keys | None:
        """Wait until both ends have come to the same: the keys that both hold, or None, paired on neither."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while True:
            if self._agree(subject):
                return subject.keys
            if not self.is_up.is_set():
                deadline = asyncio.get_running_loop().time() + PATIENCE_S
            if asyncio.get_running_loop().time() >= deadline:
                pytest.fail(f"{subject.keys}, {subject.is_bound}, {self.links(subject.label.device)}: {subject.lines}")
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def put_to_rest(self, subject: Subject) -> None:
        """Switch a node off for good where both ends agree: of a pairing that was given up, a GRANT may still be in the air."""
        while True:
            await subject.stop()
            if self._agree(subject):
                return
            await subject.start()
            await self.settled(subject)

    def _agree(self, subject: Subject) -> bool:
        with suppress(sqlite3.OperationalError):
            keys = subject.keys
            return not subject.is_bound and self.links(subject.label.device) == ([] if keys is None else [keys])
        return False

    def pass_(self, way: Direction, frame: bytes) -> bool:
        """Every tap sees it."""
        return all([tap(way, frame) for tap in self.taps])  # noqa: C419 - none may be left out


class Subject:
    """One node: its label, its flash, and its power."""

    def __init__(self, label: Label, store: Path, machine: NodeProcess) -> None:
        self.label = label
        self.lines: list[str] = []
        self.made: list[int] = []
        """Ids of the events that it told of."""
        self.acked: set[int] = set()
        self.untold: set[int] = set()
        """Of these, those whose answer it may have had without saying so: its power went, and it has not kept them."""
        self._paired_at = 0
        """How many events it had made when it was given the keys that it has."""
        self.dropped = 0
        """Presses that gave way to newer ones of the same button: its memory was full of them."""
        self.cuts = 0
        self.frames = 0
        """Of its pairings, delivered in either direction."""
        self.on_frame: Callable[[Direction, int], bool] = lambda _way, _step: True
        """Called with the step of each of them; False swallows it."""
        self.is_offering = False
        self._door = 0
        """What it last told of it since it has these keys."""
        self._store = store
        self._machine = machine
        self._changed = asyncio.Event()
        self._power = asyncio.Lock()

    async def start(self) -> None:
        """Switch it on."""
        async with self._power:
            await self._machine.start(self._hear)

    async def cut(self, pause_s: float) -> None:
        """Take its power away for so long."""
        async with self._power:
            self.cuts += 1
            await self._machine.cut_power()
            self.lines.append("power cut")
            self.untold |= set(self.made) - self.acked
            await asyncio.sleep(pause_s)
            await self._machine.start(self._hear)

    async def stop(self) -> None:
        """Switch it off for good."""
        async with self._power:
            await self._machine.stop()

    @asynccontextmanager
    async def in_reach_of(self, other: Building) -> AsyncIterator[None]:
        """Its power is cut, and for this while another concentrator is the one that hears it."""
        own = self._machine
        await self.stop()
        self._machine = NodeProcess(self._store, f"udp:{other.site.concentrator.udp}", other.place)
        try:
            await self.start()
            yield
        finally:
            await self.stop()
            self._machine = own
            await self.start()

    def drive(self, number: int, level: int) -> None:
        """Move a contact."""
        self._machine.drive(number, level)

    async def press_to_offer(self) -> None:
        """Press its button until it offers itself; it is unenrolled."""
        while not self.is_offering:
            self.drive(DOOR, 1)
            try:
                with suppress(TimeoutError):
                    await self.until(lambda: self.is_offering, 2.0)
            finally:
                self.drive(DOOR, 0)

    async def until(self, true: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
        """Wait for something that it says or does; TimeoutError with its words."""
        deadline = asyncio.get_running_loop().time() + patience_s
        while not true():
            self._changed.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._changed.wait()
            except TimeoutError:
                raise TimeoutError(self.lines[-60:]) from None

    async def event(self, number: int) -> None:
        """Press or open, and let go; the concentrator acknowledges that, and whatever came before under these keys."""
        before = len(self.made)
        self.drive(number, 1)
        if number == DOOR:
            await self.until(lambda: self._door == table.Code.OPENED)
            self.drive(number, 0)
            await self.until(lambda: self._door == table.Code.CLOSED)
        else:
            await self.until(lambda: len(self.made) > before)
            self.drive(number, 0)
        # Of what was made under other keys the answers may have gone astray; that is looked up in the journal.
        await self.until(lambda: self.acked | self.untold >= set(self.made[self._paired_at :]))

    @property
    def keys(self) -> Keys | None:
        """What its flash holds."""
        kept = self._kept("identity")
        if not kept:
            return None
        told = json.loads(kept)
        return Keys(told["node"], told["epoch"], bytes.fromhex(told["up"]), bytes.fromhex(told["down"]))

    @property
    def is_bound(self) -> bool:
        """Whether its flash holds a promise that nobody has decided upon."""
        return bool(self._kept("pairing"))

    def passes(self, way: Direction, frame: bytes) -> bool:
        """Whether a frame gets through; those of its pairings are counted."""
        if not pairing.is_pairing(frame) or frame[6:19] != self.label.device.encode():
            return True
        self.frames += 1
        self.lines.append(f"{way.value} {table.Step(frame[2]).name}")
        if frame[2] == table.Step.OFFER:
            self.is_offering = True
        self._changed.set()
        return self.on_frame(way, frame[2])

    def _kept(self, name: str) -> bytes:
        try:
            return (self._store / name).read_bytes()[:-4]
        except FileNotFoundError:
            return b""

    def _keeps(self, event_id: int) -> None:
        """It has an event of before its power went, of which it may not have told."""
        self.untold.discard(event_id)
        if event_id not in self.made:
            self.made.append(event_id)

    def _hear(self, line: str) -> None:
        output: Output = parse(line)
        if not isinstance(output, Edge):
            self.lines.append(line)
        match output:
            case Made(event_id, code, zone):
                self.made.append(event_id)
                self._door = code if zone == DOOR else self._door
            case Acked(event_id):
                self.acked.add(event_id)
            case Said("paired"):
                self._paired_at = len(self.made)
            case Said(text) if text.startswith("dropped "):
                self.dropped += 1
            case Said(text) if text.startswith("kept "):
                self._keeps(int(text.split()[1]))
            case Ready() | Unenrolled() | Said("pairing: nothing changed"):
                self.is_offering = False
                self._door = 0 if isinstance(output, Ready) else self._door
        self._changed.set()


@asynccontextmanager
async def building(faults: Faults, seed: int = 1) -> AsyncIterator[Building]:
    """A site whose concentrator runs; pytest's own folders are too deep for its socket."""
    with tempfile.TemporaryDirectory(prefix="anju-") as name:
        folder = Path(name)
        site = new_site(folder / "site", free_udp_port())
        made = Building(folder, site)
        address = site.concentrator.udp_address
        assert address is not None
        made.air = Air(address, faults, seed)
        made.air.tap = made.pass_
        try:
            await made.start()
            yield made
        finally:
            made.air.close()
            await made.kill()
