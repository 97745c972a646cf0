"""The wiring of the uplink for concentrators on other PCs; a duty room of one PC does not load it, nor what it stands on."""

from __future__ import annotations

import asyncio
import datetime as dt
from contextlib import closing

import structlog

from anju.dutyroom import uplink
from anju.dutyroom.core.own_trouble import OwnTrouble, Seen
from anju.dutyroom.desk import Desk
from anju.dutyroom.gate import Gate
from anju.dutyroom.serve import listen_on_address, serving
from anju.dutyroom.warden import Warden
from anju.service.certs import tls
from anju.service.certs.holder import Holder
from anju.service.certs.own import Own
from anju.service.certs.trust import Trust
from anju.service.errors import ServiceError
from anju.service.settings import Site

_AGAIN_S = 5.0
_logger = structlog.get_logger()


async def keep(site: Site, desk: Desk, host: str, port: int) -> None:
    """Until cancelled, listen at an address. While it can't be had, the one on this PC is heard."""
    outage = False
    while True:
        try:
            await _serve(site, desk, host, port)
        except ServiceError as error:
            if not outage:
                _logger.error("no uplink for other PCs; trying again", error=error.what, next=error.next_step)
            outage = True
            await desk.see(Seen(OwnTrouble.UPLINK_DOWN))
            await asyncio.sleep(_AGAIN_S)


async def _serve(site: Site, desk: Desk, host: str, port: int) -> None:
    own = Own.open(site.uplink_certificate, Holder())
    trust = Trust(own.authority, site.revoked, must_exist=True)
    warden = Warden(desk, own, _now)
    context = tls.server_context(own, warden.refused)
    gate = Gate(uplink.application(desk), desk, own, trust, _now)
    with closing(listen_on_address(host, port)) as listener:
        async with serving(gate, listener, context):
            _logger.info("uplink for other PCs", address=f"{host}:{port}")
            await warden.watch(lambda: tls.renew(context, own))


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
