"""Third parties of both buildings: a receiver of DC-09 for each, and one broker with programs that sign for what they hear."""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from anju.bench.broker import HOST, Broker
from anju.bench.faults.deeds import Deeds, EventName, Held, Verdict, name_of
from anju.bench.testing.centre import FakeCentre, Told, acknowledge
from anju.bench.testing.listener import FakeListener
from anju.concentrator.destinations.dc09 import events
from anju.concentrator.destinations.dc09.sender import sequence
from anju.concentrator.destinations.mqtt.events import is_told
from anju.concentrator.destinations.mqtt.topics import Topics
from anju.ledger.beside import reading
from anju.service import private_file
from anju.simulator.flat import households
from anju.simulator.premises import free_port
from anju.uplink.reports import Report

ARC, HOME = "arc", "home"
_ACCOUNT, _ANSWER_S, _TOO_LATE_S = "1A00", 1, 1.3
Rows = Mapping[tuple[str, int], Report]
"""By the journal's name and the row's number."""


class Arrival(NamedTuple):
    """A message that came: of which row it is (None: of none), what it says, and what a resend has to have in common with it."""

    row: tuple[str, int] | None
    text: str
    by: str = ""
    """Under the name of which journal, where that is said."""
    same: bytes = b""


class Count(NamedTuple):
    """What a destination was told. `resent`: told again as the same; `again`: told anew by a journal that was restored."""

    told: int
    resent: int
    again: int
    verdict: Verdict

    def as_json(self) -> dict[str, Any]:
        """One object."""
        return {
            "events": self.told,
            "lost": len(self.verdict.lost),
            "duplicated": len(self.verdict.duplicated),
            "reordered": len(self.verdict.reordered),
            "resent": self.resent,
            "again_after_restore": self.again,
        }


class Party:
    """What one building has: its receiver, its listener, and the journals that told them."""

    def __init__(self, building: str, flats: int, folder: Path, broker_port: int) -> None:
        self._folder, self._building, self._broker_port = folder, building, broker_port
        key, self._signs = secrets.token_bytes(16), Ed25519PrivateKey.generate()
        self.centre = FakeCentre(free_port(socket.SOCK_STREAM), key)
        self.listener = FakeListener(broker_port, Topics("anju", building), self._signs)
        self.turn = asyncio.Lock()
        """One thing at a time is wrong with its receiver."""
        self._journals: list[tuple[int, str]] = []
        """From which message to the receiver on it was which journal."""
        private_file.create(self._file("key"), f"hex:{key.hex()}\n".encode())
        self._accounts = {name: f"1A{number:02}" for number, name in enumerate(households(building, flats), 1)}
        lines = "".join(f"{name},{account}\n" for name, account in self._accounts.items())
        private_file.create(self._file("accounts"), lines.encode())

    @property
    def settings(self) -> str:
        """For `site.toml`. Files outside of the site stay where they are when it is restored."""
        public = self._signs.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
        return f"""
[destinations.{ARC}]
kind = "dc09"
receivers = ["{HOST}:{self.centre.port}"]
account = "{_ACCOUNT}"
accounts_file = "{self._file("accounts")}"
key_file = "{self._file("key")}"
transport = "tcp"
unprotected = true
answer_s = {_ANSWER_S}

[destinations.{HOME}]
kind = "mqtt"
broker = "{HOST}:{self._broker_port}"
transport = "tcp"
receipt_key = "{public}"
"""

    def begins(self, journal: Path) -> None:
        """From now on this journal tells."""
        with reading(journal) as read:
            row = read.execute("SELECT journal_id FROM journal").fetchone()
        self._journals.append((len(self.centre.taken), str(row[0])))

    def told_by_dc09(self, rows: Rows) -> Iterator[Arrival]:
        """What the receiver took: of which row each message was, by its sequence and what it says."""
        by_sequence = defaultdict[tuple[str, int], list[int]](list)
        for journal, seq in rows:
            by_sequence[journal, sequence(seq)].append(seq)
        last = 0
        for place, told in enumerate(self.centre.taken):
            fitting = [
                (journal, seq)
                for journal in self._known(place)
                for seq in by_sequence[journal, told.sequence]
                if self._says(rows[journal, seq]) == (told.account, told.content)
            ]
            row = min(fitting, key=lambda one: abs(one[1] - last), default=None)
            last = row[1] if row else last
            yield Arrival(row, f"{told.account} {told.content}")

    def told_by_mqtt(self, rows: Rows) -> Iterator[Arrival]:
        """What the listener heard, each by its id."""
        names = [journal for _place, journal in self._journals]
        for name, payload in self.listener.heard:
            journal, _dash, number = name.rpartition("-")
            known = _around(names, names.index(journal)) if journal in names else []
            row = next(((one, int(number)) for one in known if (one, int(number)) in rows), None)
            if row and not _is_of(json.loads(payload), rows[row]):
                row = None
            yield Arrival(row, payload.decode(), journal, payload)

    def _known(self, place: int) -> list[str]:
        """Names of the building's journals, the one first that told the receiver's message of that place."""
        telling = max(number for number, (since, _name) in enumerate(self._journals) if since <= place)
        return _around([name for _since, name in self._journals], telling)

    def _says(self, report: Report) -> tuple[str, str] | None:
        """Account and content of its message."""
        event = events.of(report)
        if event is None:
            return None
        account = self._accounts.get(report.household or "", _ACCOUNT)
        zone = report.zone.number + 1 if report.zone else 0
        return account, events.adm_cid(event, account, 1 if report.household else 0, zone)

    def _file(self, name: str) -> Path:
        return self._folder / f"{self._building}.{name}"


def _is_of(said: Mapping[str, Any], report: Report) -> bool:
    """Whether a payload tells of a report, and names its node's event, by which that is known under another id too."""
    name = name_of(report)
    if name is not None:
        of_node = (f"n{name.network}-{name.node}", f"{name.epoch}-{name.first_counter}")
        if (said.get("node"), said.get("node_event")) != of_node:
            return False
    return bool(said["kind"] == report.kind.value)


def _around(names: list[str], number: int) -> list[str]:
    """One first, then those before it, then those after it: what a backup held, the duty room may know by either name."""
    return [*names[number::-1], *names[number + 1 :]]


class Parties:
    """All of them; between `open` and `close` they listen."""

    def __init__(self, folder: Path, buildings: Iterable[str], flats: int) -> None:
        folder.mkdir(mode=0o700)
        self.broker = Broker(folder)
        self.broker_turn = asyncio.Lock()
        self.of = {name: Party(name, flats, folder, self.broker.port) for name in buildings}
        self._stack = AsyncExitStack()

    async def open(self) -> None:
        """Start the broker, then who listens there, and the receivers."""
        self._stack.push_async_callback(self.broker.stop)
        await self.broker.start()
        for party in self.of.values():
            await self._stack.enter_async_context(party.listener.listening())
            self._stack.push_async_callback(party.centre.close)
            await party.centre.open()

    async def close(self) -> None:
        """End all."""
        await self._stack.aclose()

    def count(self, deeds: Deeds, held: Iterable[tuple[str, int, Report]]) -> dict[str, Count]:
        """What each was told, against what nodes made; rows are as the duty room holds them, however often."""
        rows = {(journal, seq): report for journal, seq, report in held}
        parties = self.of.values()
        return {
            "dc09": counted(
                "the receiving centre",
                deeds,
                rows,
                chain.from_iterable(party.told_by_dc09(rows) for party in parties),
                lambda report: events.of(report) is not None,
            ),
            "mqtt": counted(
                "what MQTT told",
                deeds,
                rows,
                chain.from_iterable(party.told_by_mqtt(rows) for party in parties),
                lambda report: is_told(report, silent_alarms=False),
            ),
        }


def counted(
    where: str, deeds: Deeds, rows: Rows, arrivals: Iterable[Arrival], tells: Callable[[Report], bool]
) -> Count:
    """One destination. What a restored journal tells once more is told anew; what else comes under another name is doubled."""
    seen: dict[tuple[str, int], Arrival] = {}
    journals: dict[EventName, str] = {}
    there: list[Held] = []
    strange: list[str] = []
    resent = again = 0
    for arrival in arrivals:
        if (row := arrival.row) is None:
            strange.append(f"in {where}, and nobody recorded it: {arrival.text}")
            continue
        name, before = name_of(rows[row]), seen.setdefault(row, arrival)
        if before.by != arrival.by:
            again += 1
        elif before is not arrival:
            resent += 1
            if before.same != arrival.same:
                strange.append(f"in {where} once more, and not as before: {arrival.text}")
        elif name is not None and journals.get(name, row[0]) != row[0]:
            again += 1
        elif name is not None:
            journals[name] = row[0]
            there.append(Held(name, rows[row].household or "", rows[row].lane))
    told = {name for report in rows.values() if tells(report) and (name := name_of(report)) is not None}
    verdict = deeds.compare(there, where, told)
    return Count(len(there), resent, again, verdict._replace(duplicated=(*verdict.duplicated, *strange)))


async def refuse(centre: FakeCentre, told: Told) -> bytes | None:
    """It takes nothing, and says so."""
    return centre.answer("NAK", told)


async def hang_up(centre: FakeCentre, told: Told) -> bytes | None:
    """It takes it, and breaks off in the middle of its answer."""
    answer = await acknowledge(centre, told)
    centre.break_off(answer or b"")
    return None


async def answer_late(centre: FakeCentre, told: Told) -> bytes | None:
    """It takes it, and says so when nobody waits any more."""
    answer = await acknowledge(centre, told)
    await asyncio.sleep(_TOO_LATE_S)
    return answer


async def answer_another(centre: FakeCentre, told: Told) -> bytes | None:
    """It takes it, and acknowledges another number."""
    centre.take(told)
    return centre.answer("ACK", told, off=1)
