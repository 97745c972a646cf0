"""Looks after the duty room's own certificate, and tells of handshakes that did not come to be."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable

import structlog

from anju.dutyroom.core.own_trouble import OwnTrouble, Seen, out_of_time
from anju.dutyroom.core.ports import Estate
from anju.service.certs.own import Own
from anju.service.certs.places import DUTY_ROOM, URGE_DAYS, WARN_DAYS
from anju.service.certs.trust import Why, days_left, period, unix_ms

LOOK_S = 5.0
_logger = structlog.get_logger()


class Warden:
    """One duty room's."""

    def __init__(self, estate: Estate, own: Own, now: Callable[[], dt.datetime]) -> None:
        self._estate = estate
        self._own = own
        self._now = now
        self._shown = own.certificate
        self._tasks: set[asyncio.Task[None]] = set()

    def refused(self, why: Why) -> None:
        """A handshake ended because of who called; nobody can say who that was."""
        task = asyncio.get_running_loop().create_task(self._refused(why))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def watch(self, renew: Callable[[], None]) -> None:
        """Until cancelled: `renew` what is shown when it was renewed, and tell in time that it ends."""
        while True:
            certificate = self._own.certificate
            if certificate != self._shown:
                try:
                    renew()
                    self._shown = certificate
                except OSError as error:  # replaced once more meanwhile: the next look takes it
                    _logger.error("renewed certificate not usable; the one from before counts", error=str(error))
            trouble = self.trouble()
            if await self._estate.dates(DUTY_ROOM, trouble) and trouble:
                days = days_left(certificate, self._now())
                _logger.warning("own certificate", trouble=trouble.trouble.value, days=days)
            await asyncio.sleep(LOOK_S)

    def trouble(self) -> Seen | None:
        """What there is to say of the duty room's own certificate."""
        certificate, now = self._own.certificate, self._now()
        begins, ends = period(certificate)
        seen = out_of_time(DUTY_ROOM, unix_ms(begins), unix_ms(ends), unix_ms(now))
        days = days_left(certificate, now)
        if seen is None and days < WARN_DAYS:
            kind = OwnTrouble.CERTIFICATE_ENDS_SOON if days < URGE_DAYS else OwnTrouble.CERTIFICATE_ENDS
            seen = Seen(kind, DUTY_ROOM)
        return seen

    async def _refused(self, why: Why) -> None:
        if await self._estate.see(Seen(OwnTrouble.REFUSED, why=why.value)):
            _logger.warning("refused at the uplink", who="?", why=why.value)
