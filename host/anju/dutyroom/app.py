"""The duty room's wiring: nothing else knows every room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

from anju.dutyroom import orders, uplink, web
from anju.dutyroom.desk import Desk
from anju.dutyroom.serve import listen_on_path, listen_on_port, serving
from anju.dutyroom.store import Store
from anju.service.settings import Site


@asynccontextmanager
async def build(site: Site) -> AsyncIterator[None]:
    """The page on its port and the uplink on its socket, over one store; down again when left."""
    port, path = site.dutyroom.port, site.dutyroom_socket
    store = Store.open(site.dutyroom_db)
    try:
        with closing(listen_on_port(port)) as page_socket, closing(listen_on_path(path)) as uplink_socket:
            desk = Desk.of(store)
            page = web.application(desk, site.estate.name, port)
            async with (
                serving(uplink.application(desk, orders.routes(desk)), uplink_socket),
                serving(page, page_socket),
                asyncio.TaskGroup() as group,
            ):
                watch = group.create_task(desk.watch())
                try:
                    yield
                finally:
                    watch.cancel()
                    desk.stop()
            path.unlink(missing_ok=True)
    finally:
        await store.close()
