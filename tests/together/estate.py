"""A duty room with an uplink for other PCs, and the concentrators of several buildings, each on its own files, in one process."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from starlette.types import ASGIApp

from anju.concentrator.destinations.duty_room import DutyRoom
from anju.concentrator.destinations.signed_http import SignedHttp
from anju.dutyroom import uplink
from anju.dutyroom.core.change import Change, What
from anju.dutyroom.desk import Desk
from anju.dutyroom.gate import Gate
from anju.dutyroom.serve import listen_on_address, serving
from anju.dutyroom.store import Store
from anju.dutyroom.warden import Warden
from anju.service.certs import tls
from anju.service.certs.own import Own
from anju.service.certs.trust import Trust
from unit.concentrator.harness import DESTINATION, Bench, HandClock, bench, running
from unit.service.certs_kit import Estate

HOST = "127.0.0.1"


@dataclass
class Time:
    """The clocks that certificates are judged by; a test sets each machine's."""

    duty_room: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    buildings: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))


class Room(NamedTuple):
    """A duty room that is called at a port."""

    estate: Estate
    own: Own
    desk: Desk
    warden: Warden
    context: ssl.SSLContext
    port: int
    time: Time
    clock: HandClock

    def troubles(self) -> list[dict[str, str]]:
        """What it has seen itself, oldest first, without the addresses."""
        seen = [one for one in reversed(self.desk.troubles()) if one.what is What.TROUBLE and one.report is None]
        return [{name: value for name, value in one.detail.items() if name != "origin"} for one in seen]

    def log(self, what: What) -> list[Change]:
        """The rows of its log of one kind."""
        return [one for one in self.desk._store.changes_after(0, 10_000) if one.what is what]


class Building(NamedTuple):
    """A concentrator that reports to the duty room while `speaking`."""

    rooms: Bench
    line: SignedHttp
    upwards: DutyRoom

    def owed(self) -> int:
        """How many rows it still owes."""
        return len(self.rooms.journal.owed(DESTINATION, 10_000))

    @asynccontextmanager
    async def speaking(self) -> AsyncIterator[None]:
        """Forward and listen."""
        async with running(self.upwards.forward(), self.upwards.listen()):
            yield


@asynccontextmanager
async def duty_room(folder: Path, around: Callable[[ASGIApp], ASGIApp] | None = None) -> AsyncIterator[Room]:
    """A duty room of a new estate, listening with TLS; `around` puts something before its gate."""
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240  # nobody else waits for this loop
    time, clock = Time(), HandClock()
    estate = Estate(folder / "estate", time.duty_room)
    own = estate.issue("duty-room")
    store = Store.open(folder / "dutyroom.db")
    desk = Desk(store, lambda: clock().wall_ms, lambda: clock().monotonic_s)
    warden = Warden(desk, own, lambda: time.duty_room)
    context = tls.server_context(own, warden.refused)
    gate: ASGIApp = Gate(uplink.application(desk), desk, own, estate.trust(), lambda: time.duty_room)
    try:
        with closing(listen_on_address(HOST, 0)) as listener:
            async with serving(around(gate) if around else gate, listener, context):
                port = listener.getsockname()[1]
                yield Room(estate, own, desk, warden, context, port, time, clock)
                desk.stop()
    finally:
        await store.close()


@asynccontextmanager
async def building(
    folder: Path, room: Room, own: Own, name: str | None = None, port: int = 0, clock: HandClock | None = None
) -> AsyncIterator[Building]:
    """A concentrator with a certificate; `name`: the building that it says it is of, `clock`: one of its own."""
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240  # nobody else waits for this loop
    trust = Trust(own.authority, folder / "revoked.pem", must_exist=False)
    async with AsyncExitStack() as stack:
        rooms = await stack.enter_async_context(bench(folder, clock or room.clock))
        line = SignedHttp.over_tls(HOST, port or room.port, own, trust, lambda: room.time.buildings)
        stack.push_async_callback(line.close)
        said = name or own.holder.building or ""
        upwards = DutyRoom(said, line, rooms.journal, rooms.downlink.accept, lambda: rooms.downlink.last_command)
        yield Building(rooms, line, upwards)
