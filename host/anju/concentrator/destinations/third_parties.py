"""The third parties of a site: each is on or off, as a person says while it runs; one that is off is owed nothing.

One that the settings name for the first time is on, and is told what happens from then on. Switched off, or taken out of the
settings, it loses what it was owed: switched on again, it is told nothing of what was before.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from anju.concentrator.asked import not_understood
from anju.concentrator.core.ports import Clock, Destination, Journal, Outbox
from anju.concentrator.destinations.courier import Courier
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.uplink.reports import Lane, ReportKind

Handler = Callable[[dict[str, Any], str], Awaitable[dict[str, Any]]]


class Offer(NamedTuple):
    """A third party as the settings name it; `make` opens it, ServiceError if it can't be."""

    kind: str
    make: Callable[[], Destination]


class ThirdParties:
    """Runs a courier for each that is on, and answers requests about all."""

    def __init__(self, journal: Journal, outbox: Outbox, clock: Clock, offers: Mapping[str, Offer]) -> None:
        self._journal = journal
        self._outbox = outbox
        self._clock = clock
        self._kinds = {name: offer.kind for name, offer in offers.items()}
        self._couriers = {name: Courier(name, outbox, offer.make, clock) for name, offer in offers.items()}
        self._group: asyncio.TaskGroup | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._switching = asyncio.Lock()
        self.handlers: dict[str, Handler] = {
            "destinations": self._list,
            "destination_switch": self._switch,
            "destination_test": self._test,
        }

    @property
    def down_s(self) -> dict[str, Callable[[], float]]:
        """By name: for how long each has not been reached."""
        return {name: lambda one=one: one.down_s(time.monotonic()) for name, one in self._couriers.items()}  # type: ignore[misc]

    async def furnish(self) -> None:
        """Follow the settings: what is new is on, what is gone is owed nothing. LedgerError: nothing has changed."""
        known = self._journal.building.destinations
        async with self._journal.change() as draft:
            draft.destinations.update({name: True for name in self._couriers if name not in known})
            draft.destinations.update({name: None for name in known if name not in self._couriers})

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with asyncio.TaskGroup() as self._group:
            for name in self._couriers:
                if self._is_on(name):
                    self._start(name)
            await asyncio.Event().wait()

    def _start(self, name: str) -> None:
        if self._group and name not in self._tasks:
            self._tasks[name] = self._group.create_task(self._couriers[name].run())

    async def _stop(self, name: str) -> None:
        if task := self._tasks.pop(name, None):
            task.cancel()
            await asyncio.wait({task})

    def _is_on(self, name: str) -> bool:
        return self._journal.building.destinations.get(name, False)

    async def _list(self, _request: dict[str, Any], _person: str) -> dict[str, Any]:
        return {"destinations": [self._shown(name) for name in sorted(self._couriers)]}

    async def _switch(self, request: dict[str, Any], person: str) -> dict[str, Any]:
        name, is_on = self._named(request), request.get("on")
        if not isinstance(is_on, bool):
            raise not_understood()
        async with self._switching:  # two persons may want two things of one that takes its time to stop
            given_up = await self._switched(name, person, is_on=is_on) if is_on != self._is_on(name) else 0
            return self._shown(name) | {"given_up": given_up}

    async def _switched(self, name: str, person: str, *, is_on: bool) -> int:
        """How many reports are given up by it."""
        given_up = 0
        if not is_on:
            await self._stop(name)
            given_up = self._outbox.owing(name).rows
        try:
            async with self._journal.change() as draft:
                draft.destinations[name] = is_on
                kind = ReportKind.DESTINATION_ON if is_on else ReportKind.DESTINATION_OFF
                draft.record(kind, Lane.ROUTINE, person=person, subject=name)
        finally:
            if self._is_on(name):
                self._start(name)
        return given_up

    async def _test(self, request: dict[str, Any], _person: str) -> dict[str, Any]:
        name = self._named(request)
        courier = self._couriers[name]
        try:
            tested = await courier.test()
        finally:
            if name not in self._tasks:
                await courier.close()
        return {"name": name, "taken": tested.is_taken, "answer": tested.answer, "took_s": round(tested.took_s, 3)}

    def _named(self, request: dict[str, Any]) -> str:
        name = str(request.get("name"))
        if name not in self._couriers:
            raise ServiceError(
                _("There is no destination %(name)s.") % {"name": name if name.isprintable() else ascii(name)[1:-1]},
                _("Nothing was changed."),
                _("Those of site.toml are: %(names)s") % {"names": ", ".join(sorted(self._couriers)) or _("none")},
            )
        return name

    def _shown(self, name: str) -> dict[str, Any]:
        courier, owing, now_ms = self._couriers[name], self._outbox.owing(name), self._clock().wall_ms
        try:
            warnings, why = courier.warnings, courier.why
        except ServiceError as error:
            warnings, why = [], error.what
        return {
            "name": name,
            "kind": self._kinds[name],
            "on": self._is_on(name),
            "owed": owing.rows,
            "oldest_s": 0.0 if owing.oldest_ms is None else max(0.0, (now_ms - owing.oldest_ms) / 1000),
            "down_s": round(courier.down_s(time.monotonic()), 1),
            "taken_at_ms": courier.taken_at_ms,
            "why": why,
            "warnings": warnings,
        }
