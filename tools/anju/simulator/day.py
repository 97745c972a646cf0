"""A day in an estate: residents act and a guard answers, until it is enough; then what is on its way arrives."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from anju.service.i18n import _
from anju.simulator.background import Background
from anju.simulator.estate import Estate
from anju.simulator.guard import Guard, Reactions
from anju.simulator.page import Incident, Page
from anju.simulator.residents import Habits, Residents


class Day:
    """`async with Day(…)`: everybody acts from there on; `background.until(…)` waits and raises what goes wrong meanwhile."""

    def __init__(self, estate: Estate, habits: Habits, reactions: Reactions | None, seed: int) -> None:
        """`reactions` None: nobody is at the desk."""
        self.background = Background()
        self._estate = estate
        self._open = AsyncExitStack()
        self._at_rest = asyncio.Event()
        self._residents = Residents(estate.flats, habits, random.Random(f"{seed} residents"))
        self._page = Page(estate.address, self._shown)
        self._guard = (
            Guard(self._page, reactions, random.Random(f"{seed} guard"), estate.record)
            if reactions is not None
            else None
        )

    async def __aenter__(self) -> Self:
        try:
            await self._begin()
        except BaseException:
            await self._open.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def finish(self, patience_s: float) -> dict[str, int]:
        """Let residents come to an end and everything arrive; what had not arrived when patience ended, by name."""
        self._residents.stop()
        try:
            await self.background.until(self._all_arrived(), patience_s)
        except TimeoutError:
            return await self._estate.unfinished()
        return {}

    async def _begin(self) -> None:
        await self._open.enter_async_context(self._page)
        await self._open.enter_async_context(self.background)
        self.background.start(self._estate.any_end())
        self.background.start(self._page.watch())
        await self.background.until(self._estate.nodes_ready())
        await self.background.until(self._page.watching.wait())
        if self._guard is not None:
            await self.background.until(self._page.sit_down(_("Demo guard")))
            self.background.start(self._guard.work())
        self.background.start(self._live())

    async def _live(self) -> None:
        await self._residents.live()
        self._at_rest.set()

    async def _all_arrived(self) -> None:
        await self._at_rest.wait()
        await self._estate.drain()

    def _shown(self, incident: Incident, at: float) -> None:
        self._estate.record.shown(incident, at)
        if self._guard is not None:
            self._guard.shown(incident)
