"""What the bench of destinations runs: both services of a site as processes, a broker, receivers, and flats that press."""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import NamedTuple

from anju.bench.broker import Broker
from anju.bench.dead import Dead
from anju.bench.testing.centre import HOST, FakeCentre, be_silent
from anju.bench.testing.listener import FakeListener
from anju.bench.uplink_estate import Air, Flat, Held, Service, Sites, with_more
from anju.concentrator import control
from anju.concentrator.destinations.dc09.sender import sequence
from anju.concentrator.destinations.duty_room import NAME as DUTY_ROOM
from anju.concentrator.destinations.mqtt.events import event_id
from anju.concentrator.destinations.mqtt.topics import Topics
from anju.ledger.beside import reader
from anju.service import private_file
from anju.service.settings import Site
from anju.simulator.premises import BUILDING, free_port
from anju.uplink.reports import ReportKind

SEALED, CLEAR, MQTT = "dc09_encrypted", "dc09_clear", "mqtt"
ALIVE = (DUTY_ROOM, SEALED, CLEAR, MQTT)
DEAD = "dead"
_ACCOUNT = "1A00"
_WINDOW = 128
"""Frames that are under way at a time: as many as a socket's buffer surely holds."""
_LOOK_S, _AGAIN_S, _PATIENCE_S = 0.02, 2.0, 900.0
_ALARM = f"json_extract(report, '$.kind') = '{ReportKind.HOLD_UP_ALARM.value}'"
_ALARMS = f"SELECT count(*) FROM event WHERE seq > ? AND {_ALARM}"  # noqa: S608  # a name of ours
_SEQS = f"SELECT seq FROM event WHERE {_ALARM} ORDER BY seq"  # noqa: S608  # the same
_OWED = "SELECT count(*) FROM outbox INDEXED BY outbox_in_order WHERE destination = ? AND state = 0"
_TAKEN = f"""
    SELECT json_extract(report, '$.recorded_at_ms'), settled_at_ms FROM event JOIN outbox USING (seq)
    WHERE destination = ? AND seq > ? AND seq <= ? AND state = 1 AND {_ALARM}
"""  # noqa: S608  # the same
_OWED_ALARMS = f"SELECT count(*) FROM event JOIN outbox USING (seq) WHERE destination = ? AND state = 0 AND {_ALARM}"  # noqa: S608


class Taken(NamedTuple):
    """When an alarm was recorded in the journal and when its receipt was noted there, both in Unix ms."""

    recorded_at_ms: int
    settled_at_ms: int


class Estate:
    """One site with all its destinations; between `start` and the end of its stack it runs."""

    def __init__(self, folder: Path, dead: Dead) -> None:
        key = secrets.token_bytes(32)
        self._broker = Broker(folder)
        sealed, clear, silent = (free_port(socket.SOCK_STREAM) for _each in range(3))
        self.centres = {SEALED: FakeCentre(sealed, key), CLEAR: FakeCentre(clear)}
        self._silent = FakeCentre(silent, say=be_silent)
        self._topics = Topics("anju", BUILDING)
        self.listener = FakeListener(self._broker.port, self._topics)
        site = Sites.create(folder, tls=False).building
        private_file.create(site.folder / "arc.key", f"hex:{key.hex()}\n".encode())
        told = _receiver(SEALED, sealed, 'format = "adm-cid"\nkey_file = "arc.key"')
        told += _receiver(CLEAR, clear, 'format = "sia-dcs"') + _broker(MQTT, self._broker.port)
        told += _receiver(DEAD, silent) if dead is Dead.RECEIVER else _broker(DEAD, free_port(socket.SOCK_STREAM))
        self.site: Site = with_more(site, told)
        self._concentrator = Service("concentrator", self.site)
        self._services = [Service("dutyroom", self.site), self._concentrator]
        self._flats: list[Flat] = []

    async def start(self, stack: AsyncExitStack, flats: int, progress: Callable[[str], None]) -> None:
        """Enrol flats, and start everything, those first that something is delivered to."""
        self._flats = await Sites(self.site, self.site).fill(flats, flats, 0, progress)
        stack.push_async_callback(self._broker.stop)
        await self._broker.start()
        await stack.enter_async_context(self.listener.listening())
        for centre in (*self.centres.values(), self._silent):
            stack.push_async_callback(centre.close)
            await centre.open()
        for service in self._services:
            stack.push_async_callback(service.stop)
            await service.start()
        self._air = await Air.open(self.site)
        stack.callback(self._air.close)
        self._read = stack.enter_context(closing(reader(self.site.journal)))
        self._held = stack.enter_context(closing(Held(self.site.dutyroom_db)))

    def cpu_us(self) -> float:
        """Processor time that the concentrator has used, in microseconds."""
        return self._concentrator.cpu_us()

    async def switch(self, *, is_on: bool) -> None:
        """Switch the dead destination on or off, as `anju destinations` does."""
        await asyncio.to_thread(control.ask, self.site.control_socket, do="destination_switch", name=DEAD, on=is_on)

    async def press(self, flats: Sequence[int], pauses_s: Sequence[float] = ()) -> None:
        """Buttons are pressed, one after another with pauses between, or as fast as the journal takes it; until it has all."""
        for first in range(0, len(flats), _WINDOW):
            before = self.newest
            frames = []
            for place, flat in enumerate(flats[first : first + _WINDOW], first):
                if pauses_s:
                    await asyncio.sleep(pauses_s[place])
                frames.append(self._flats[flat].panic())
                self._air.send(frames[-1])
            sent_s = time.monotonic()
            async with asyncio.timeout(_PATIENCE_S):
                while self._count(_ALARMS, before) < len(frames):
                    await asyncio.sleep(_LOOK_S)
                    if time.monotonic() - sent_s > _AGAIN_S:  # a datagram may be lost
                        sent_s = time.monotonic()
                        for frame in frames:
                            self._air.send(frame)

    async def delivered(self) -> None:
        """Wait until nothing is owed to anybody but the dead one. TimeoutError: it takes for ever."""
        async with asyncio.timeout(_PATIENCE_S):
            while any(self._count(_OWED, name) for name in ALIVE):  # noqa: ASYNC110  # nobody tells of it
                await asyncio.sleep(_LOOK_S)

    @property
    def newest(self) -> int:
        """Number of the journal's last row."""
        return self._count("SELECT coalesce(max(seq), 0) FROM event")

    def taken(self, name: str, after: int, last: int) -> list[Taken]:
        """Alarms of these rows that a destination has taken."""
        return [Taken(*row) for row in self._read.execute(_TAKEN, (name, after, last))]

    def kept_for_dead(self, after: int) -> tuple[int, int]:
        """Alarms after a row, and how many of them are still owed to the dead destination."""
        return self._count(_ALARMS, after), self._count(_OWED_ALARMS, DEAD)

    def missing(self) -> dict[str, int]:
        """By name: alarms of the journal that have not reached whoever should have them, as they themselves count."""
        seqs = [seq for (seq,) in self._read.execute(_SEQS)]
        numbers = Counter(map(sequence, seqs))
        (journal_id,) = self._read.execute("SELECT journal_id FROM journal").fetchone()
        heard = {name for name, _payload in self.listener.heard}
        found = {
            DUTY_ROOM: len(seqs) - self._held.of_kind(ReportKind.HOLD_UP_ALARM),
            MQTT: sum(event_id(journal_id, seq) not in heard for seq in seqs),
        }
        for name, centre in self.centres.items():
            there = Counter(told.sequence for told in centre.taken)
            found[name] = (numbers - there).total() + centre.unreadable
        return found

    def _count(self, query: str, *what: object) -> int:
        return int(self._read.execute(query, what).fetchone()[0])


def _receiver(name: str, port: int, more: str = "") -> str:
    return f"""
[destinations.{name}]
kind = "dc09"
receivers = ["{HOST}:{port}"]
account = "{_ACCOUNT}"
transport = "tcp"
unprotected = true
{more}
"""


def _broker(name: str, port: int) -> str:
    return f"""
[destinations.{name}]
kind = "mqtt"
broker = "{HOST}:{port}"
transport = "tcp"
"""
