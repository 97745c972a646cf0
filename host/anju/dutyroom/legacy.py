"""The wiring of the receiver for other makers' panels; a duty room that has none does not load it, nor what it stands on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial

import structlog

from anju.dutyroom.core import panels as core
from anju.dutyroom.core.own_trouble import OwnTrouble, Seen
from anju.dutyroom.desk import Desk
from anju.dutyroom.panels import listen
from anju.dutyroom.panels.receiver import Account, Receiver
from anju.dutyroom.store import Store
from anju.service import secret_file
from anju.service.errors import ServiceError
from anju.service.panels import Panel
from anju.service.settings import Site

_AGAIN_S = 5.0
_TICK_S = 1.0
_logger = structlog.get_logger()


def receiver(site: Site, store: Store, desk: Desk) -> Receiver:
    """One that knows the panels of a site."""
    accounts = {name: _account(site, name, panel) for name, panel in site.panels.accounts.items()}
    return Receiver(accounts, store.silent_panels(), desk, time.monotonic)


async def keep(site: Site, desk: Desk, made: Receiver) -> None:
    """Until cancelled, listen and look after silent panels. While an address can't be had, it is tried again."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_look(made))
        for transport, (host, port) in site.panels.listens.items():
            way = listen.tcp if transport == "tcp" else listen.udp
            group.create_task(_listen(desk, transport, f"{host}:{port}", partial(way, made, host, port)))


async def _listen(
    desk: Desk, transport: str, address: str, way: Callable[[], AbstractAsyncContextManager[object]]
) -> None:
    machine, is_told = f"{core.NAME} {transport}", False
    while True:
        try:
            async with way():
                _logger.info("listening for panels", transport=transport, address=address)
                is_told = False
                while True:  # what was wrong is over once that has been so for a while
                    await desk.dates(machine, None)
                    await asyncio.sleep(_AGAIN_S)
        except OSError as error:
            if not is_told:
                why = error.strerror or str(error)
                _logger.error("panels are not heard; trying again", transport=transport, address=address, error=why)
            is_told = True
            await desk.dates(machine, Seen(OwnTrouble.PANELS_DOWN, core.NAME))
            await asyncio.sleep(_AGAIN_S)


async def _look(made: Receiver) -> None:
    while True:
        await asyncio.sleep(_TICK_S)
        with suppress(ServiceError):  # not written: the page shows it, and the next look tells of it
            await made.look()


def _account(site: Site, name: str, panel: Panel) -> Account:
    key, is_usable = None, True
    if panel.key_file is not None:
        try:
            key = secret_file.key(site.folder / panel.key_file)
        except ServiceError as error:
            _logger.error("a panel is not heard", account=name, error=error.what, next=error.next_step)
            is_usable = False
    zones = {int(number): text for number, text in panel.zones.items()}
    formats = frozenset(form.upper() for form in panel.formats)
    more = (float(panel.supervision_s), zones, is_usable)
    return Account(panel.household, key, frozenset(panel.transports), formats, *more)
