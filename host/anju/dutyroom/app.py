"""The duty room's wiring: nothing else knows every room."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

from anju.dutyroom import orders, terminals, uplink
from anju.dutyroom.core.own_trouble import OwnTrouble, Seen
from anju.dutyroom.desk import Desk
from anju.dutyroom.serve import listen_on_path, serving
from anju.dutyroom.sounder import Sounder
from anju.dutyroom.store.mended import open_mended
from anju.service.settings import Site


@asynccontextmanager
async def build(site: Site) -> AsyncIterator[None]:
    """The core: a desk over its store, and those who ask of it on a socket. The page is a process of its own."""
    path = site.dutyroom_socket
    store = await open_mended(site.dutyroom_db, time.time_ns() // 1_000_000)
    try:
        with closing(listen_on_path(path)) as uplink_socket:
            desk = Desk.of(store)
            others = orders.routes(desk) + terminals.routes(desk)
            async with (
                serving(uplink.application(desk, others), uplink_socket),
                asyncio.TaskGroup() as group,
            ):
                watches = [group.create_task(desk.watch())]
                if (address := site.dutyroom.uplink_address) is not None:
                    from anju.dutyroom import elsewhere

                    watches.append(group.create_task(elsewhere.keep(site, desk, *address)))
                if site.dutyroom.sounder:
                    sounder = Sounder(
                        site.dutyroom.sounder, desk.calls, lambda: desk.see(Seen(OwnTrouble.SOUNDER_DOWN))
                    )
                    watches.append(group.create_task(sounder.run()))
                try:
                    yield
                finally:
                    for watch in watches:
                        watch.cancel()
                    desk.stop()
            path.unlink(missing_ok=True)
    finally:
        await store.close()
