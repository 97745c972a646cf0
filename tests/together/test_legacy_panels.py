"""A concentrator plays an alarm panel to a duty room that takes DC-09: over TCP and UDP, encrypted and not, in both tongues."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from anju.concentrator.destinations.third_parties import Offer, ThirdParties
from anju.dutyroom.core import panels
from anju.dutyroom.core.incident import IncidentKind
from anju.dutyroom.desk import Desk
from anju.dutyroom.panels import listen
from anju.dutyroom.panels.receiver import Account, Outcome, Receiver
from anju.dutyroom.store import Store, held, reports_held
from anju.uplink.reports import ReportKind
from unit.concentrator.dc09 import kit
from unit.concentrator.harness import HOUSEHOLD, Bench

pytestmark = pytest.mark.anyio
EVERY_WAY = frozenset({"tcp", "udp"})
EVERY_FORM = frozenset({"ADM-CID", "SIA-DCS"})


@pytest.fixture
async def desk(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Desk]:
    store = Store.open(tmp_path / "dutyroom.db")
    yield Desk.of(store)
    await store.close()


def receiver(desk: Desk, key: bytes | None) -> Receiver:
    """It knows the flat and the building."""
    plain: tuple[Any, ...] = (key, EVERY_WAY, EVERY_FORM, 300.0, {2: "bedside"})
    accounts = {kit.FLAT: Account(HOUSEHOLD, *plain), kit.ACCOUNT: Account("3-1-0000", *plain)}
    return Receiver(accounts, set(), desk, time.monotonic)


@asynccontextmanager
async def listening(made: Receiver, transport: str) -> AsyncIterator[int]:
    """On which port."""
    way: AbstractAsyncContextManager[Any] = (listen.tcp if transport == "tcp" else listen.udp)(made, "127.0.0.1", 0)
    async with way as opened_way:
        name = opened_way.sockets[0].getsockname() if transport == "tcp" else opened_way.get_extra_info("sockname")
        yield int(name[1])


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("form", ["adm-cid", "sia-dcs"])
@pytest.mark.parametrize("size", [0, 16, 24, 32])
async def test_a_day_in_the_life_of_a_flat(
    rooms: Bench, desk: Desk, tmp_path: Path, transport: str, form: str, size: int
) -> None:
    key = kit.KEYS[size] if size else None
    made = receiver(desk, key)
    async with listening(made, transport) as port:
        assert await kit.a_day(rooms, lambda: kit.way_to(tmp_path, rooms, port, transport, form, key)) == "ACK"
    told = [(one.kind, one.household) for journal, _seq, one in reports_held(tmp_path / "dutyroom.db")]
    assert told == [
        (ReportKind.HOLD_UP_ALARM, HOUSEHOLD),
        (ReportKind.ARMED, HOUSEHOLD),
        (ReportKind.DISARMED, HOUSEHOLD),
        (ReportKind.TROUBLE, "3-1-0000"),
        (ReportKind.TROUBLE_RESTORED, "3-1-0000"),
        (ReportKind.PANEL_EVENT, "3-1-0000"),
    ]
    (incident,) = desk.queue()
    assert (incident.kind, incident.household, incident.sources[0].zone and incident.sources[0].zone.name) == (
        IncidentKind.HOLD_UP,
        HOUSEHOLD,
        "bedside",
    )
    assert {journal for journal, _seq, _one in reports_held(tmp_path / "dutyroom.db")} == {panels.JOURNAL}
    assert held.verify(tmp_path / "dutyroom.db").faults == []
    assert set(made.outcomes) <= {Outcome.TAKEN, Outcome.SUPERVISION, Outcome.TIME}
    assert bool(made.outcomes[Outcome.TIME]) == bool(key)  # its clock ran ahead at the arming, and was put right by NAK


async def test_a_panel_with_another_key_is_refused_and_owes_it_still(rooms: Bench, desk: Desk, tmp_path: Path) -> None:
    made = receiver(desk, kit.KEYS[32])
    async with listening(made, "tcp") as port:
        way = kit.way_to(tmp_path, rooms, port, "tcp", "adm-cid", kit.KEYS[16])
        shown = ThirdParties(rooms.journal, rooms.journal, rooms.clock, {"arc": Offer("dc09", lambda: way)})
        assert not (await shown.handlers["destination_test"]({"name": "arc"}, "anna"))["taken"]
    assert set(made.outcomes) == {Outcome.NOT_OPENED}
    assert list(reports_held(tmp_path / "dutyroom.db")) == []
