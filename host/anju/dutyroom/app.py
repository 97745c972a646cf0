"""The duty room's wiring: nothing else knows every room."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING

from anju.dutyroom import orders, terminals, uplink
from anju.dutyroom.core.own_trouble import OwnTrouble, Seen
from anju.dutyroom.desk import Desk
from anju.dutyroom.serve import listen_on_path, serving
from anju.dutyroom.sounder import Sounder
from anju.dutyroom.store import Store
from anju.dutyroom.store.mended import open_mended
from anju.service.settings import Site
from anju.service.watchdog import Alive

if TYPE_CHECKING:
    from anju.dutyroom.panels.receiver import Receiver


@asynccontextmanager
async def build(site: Site) -> AsyncIterator[Alive]:
    """The core, alive while its file's writer goes round: a desk over its
    store, and those who ask of it on a socket. The page is a process of its own."""
    path = site.dutyroom_socket
    store = await open_mended(site.dutyroom_db, time.time_ns() // 1_000_000)
    try:
        with closing(listen_on_path(path)) as uplink_socket:
            desk = Desk.of(store)
            others = orders.routes(desk) + terminals.routes(desk)
            panels = _panels(site, store, desk)
            async with (
                serving(uplink.application(desk, others), uplink_socket),
                _metrics(site, desk, store, panels),
                asyncio.TaskGroup() as group,
            ):
                watches = [group.create_task(desk.watch())]
                if (address := site.dutyroom.uplink_address) is not None:
                    from anju.dutyroom import elsewhere

                    watches.append(group.create_task(elsewhere.keep(site, desk, *address)))
                if panels is not None:
                    from anju.dutyroom import legacy

                    watches.append(group.create_task(legacy.keep(site, desk, panels)))
                if site.dutyroom.sounder:
                    sounder = Sounder(
                        site.dutyroom.sounder, desk.calls, lambda: desk.see(Seen(OwnTrouble.SOUNDER_DOWN))
                    )
                    watches.append(group.create_task(sounder.run()))
                try:
                    yield store.breathe
                finally:
                    for watch in watches:
                        watch.cancel()
                    desk.stop()
            path.unlink(missing_ok=True)
    finally:
        await store.close()


def _panels(site: Site, store: Store, desk: Desk) -> Receiver | None:
    """The receiver of other makers' panels, where the site has any; elsewhere nothing of that is loaded."""
    if not site.panels.listens:
        return None
    from anju.dutyroom import legacy

    return legacy.receiver(site, store, desk)


@asynccontextmanager
async def _metrics(site: Site, desk: Desk, store: Store, panels: Receiver | None) -> AsyncIterator[None]:
    """Figures for Prometheus, where somebody wants them; elsewhere nothing of that is loaded."""
    port = site.metrics.dutyroom_port
    if port is None:
        yield
        return
    from anju.dutyroom.figures import Figures
    from anju.service import metrics

    async with metrics.serving(port, Figures(desk.queue, desk.links, desk.is_faulty, panels), store.measure):
        yield
