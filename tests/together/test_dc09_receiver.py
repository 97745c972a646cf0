"""A concentrator tells a receiver that somebody else wrote (pysiaalarm): encrypted and not, over TCP and UDP, in both tongues."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pysiaalarm.account import SIAAccount
from pysiaalarm.event import SIAEvent
from pysiaalarm.sync.client import SIAClient
from pysiaalarm.utils.enums import CommunicationsProtocol, MessageTypes

from anju.concentrator.destinations.dc09 import events
from anju.concentrator.destinations.third_parties import Offer, ThirdParties
from anju.uplink.reports import Lane, ReportKind, TroubleKind, Zone, ZoneKind
from unit.concentrator.dc09 import kit
from unit.concentrator.harness import HOUSEHOLD, Bench

pytestmark = pytest.mark.anyio


class Receiver:
    """What it has taken, and on which port."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.naks = 0
        """How often it found our clock wrong; known in the end."""
        self.events: list[SIAEvent] = []

    def hear(self, event: SIAEvent) -> None:
        self.events.append(event)

    @property
    def told(self) -> list[SIAEvent]:
        """Without supervision, as they were numbered: it acknowledges each before it tells of it, in a thread of its own."""
        told = [event for event in self.events if event.message_type is not MessageTypes.NULL]
        return sorted(told, key=lambda event: int(event.sequence or 0))


@asynccontextmanager
async def receiver(transport: str, key: bytes | None) -> AsyncIterator[Receiver]:
    made = Receiver(_free_port())
    accounts = [SIAAccount(account, key.decode() if key else None) for account in (kit.FLAT, kit.ACCOUNT)]
    how = CommunicationsProtocol.UDP if transport == "udp" else CommunicationsProtocol.TCP
    client = SIAClient("127.0.0.1", made.port, accounts, made.hear, protocol=how)
    client.start()
    try:
        yield made
    finally:
        await asyncio.to_thread(client.stop)
    assert (client.counts.error_crc, client.counts.error_format, client.counts.error_code) == (0, 0, 0)
    made.naks = client.counts.error_timestamp


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("form", ["adm-cid", "sia-dcs"])
@pytest.mark.parametrize("size", [0, 16, 24, 32])
async def test_it_takes_a_day_in_the_life_of_a_flat(
    rooms: Bench, tmp_path: Path, transport: str, form: str, size: int
) -> None:
    key = kit.KEYS[size] if size else None
    async with receiver(transport, key) as made:
        assert await kit.a_day(rooms, lambda: kit.way_to(tmp_path, rooms, made.port, transport, form, key)) == "ACK"
    said = [(event.code, event.account) for event in made.told]
    assert said == [
        ("PA", kit.FLAT),
        ("CL", kit.FLAT),
        ("OP", kit.FLAT),
        ("AT", kit.ACCOUNT),
        ("AR", kit.ACCOUNT),
        ("RX", kit.ACCOUNT),
    ]
    assert made.naks == 1  # the exit time passed on our clock alone, which it has put right


@pytest.mark.parametrize("form", ["adm-cid", "sia-dcs"])
async def test_it_takes_every_kind_of_event_that_there_is(rooms: Bench, tmp_path: Path, form: str) -> None:
    async with receiver("tcp", kit.KEYS[16]) as made:
        way = kit.way_to(tmp_path, rooms, made.port, "tcp", form, kit.KEYS[16])
        async with rooms.journal.change() as draft:
            told = [
                draft.record(kind, Lane.ALARM, household=HOUSEHOLD, zone=zone, trouble=trouble)
                for kind in ReportKind
                for zone in (None, *(Zone(kind=one, name="z", number=0) for one in ZoneKind))
                for trouble in (TroubleKind if kind.value.startswith("trouble") and zone is None else (None,))
            ]
        delivered = await way.deliver(told)
        await way.close()
    assert delivered.refused == []
    assert len(delivered.taken) == len(told)
    assert len(made.told) == sum(events.of(one) is not None for one in told)


async def test_with_another_key_it_takes_nothing_and_nothing_is_lost(rooms: Bench, tmp_path: Path) -> None:
    async with receiver("tcp", None) as made:
        way = kit.way_to(tmp_path, rooms, made.port, "tcp", "adm-cid", kit.KEYS[16])
        shown = ThirdParties(rooms.journal, rooms.journal, rooms.clock, {"arc": Offer("dc09", lambda: way)})
        answer = await shown.handlers["destination_test"]({"name": "arc"}, "anna")
    assert not answer["taken"]
