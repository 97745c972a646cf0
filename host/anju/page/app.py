"""The page's wiring."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

from anju.dutyroom import web
from anju.dutyroom.serve import listen_on_port, serving
from anju.page.terminal import Core, Terminal
from anju.service.settings import Site


@asynccontextmanager
async def build(site: Site) -> AsyncIterator[None]:
    """The page on its port, once the core answers; down again when left."""
    port = site.dutyroom.port
    core = Core(site.dutyroom_socket)
    try:
        with closing(listen_on_port(port)) as listener:
            terminal = Terminal(site.dutyroom_db, core, await core.answering(), _wall_ms, time.monotonic)
            try:
                page = web.application(terminal, site.estate.name, port)
                async with serving(page, listener), asyncio.TaskGroup() as group:
                    following = group.create_task(terminal.follow())
                    try:
                        yield
                    finally:
                        following.cancel()
                        terminal.stop()
            finally:
                terminal.close()
    finally:
        await core.close()


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000
