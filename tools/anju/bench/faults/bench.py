"""The run: nodes make events until there are enough, everything fails meanwhile, all becomes calm, and then it is counted."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from anju.bench.faults.crowd import Crowd
from anju.bench.faults.deeds import Deeds, Verdict, events_of
from anju.bench.faults.estate import NODES_A_FLAT, Estate
from anju.bench.faults.hardships import Hardships
from anju.bench.faults.kills import Killer, Strike, planned
from anju.bench.faults.parties import Count
from anju.bench.result import Progress
from anju.concentrator.destinations.duty_room import NAME
from anju.concentrator.journal_audit import hashes, verify
from anju.dutyroom.store import held, reports_held
from anju.ledger import journal_key
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.simulator.background import Background, innermost

CALM_S = 180.0
"""Patience with what is on its way once nothing fails any more but the air."""
_EVENTS_A_NODE = 150
_MOST_FLATS = 32
_KILLS_A_HARDSHIP = 10
_LAST_SHARE, _SLOW_A_S = 0.9, 20.0
"""From this share of the events on, and until the last kill, only so many come a second."""
_BEGIN, _END = 0.02, 0.85
"""Between these shares of the events things fail."""
_LOOK_AGAIN_S = 0.1


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked for. `loss`: share of datagrams, each way."""

    events: int
    kills: int
    loss: float
    seed: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. `chains`: faults that the checks of both chains have found; `stuck`: what had not arrived in time."""

    load: Load
    events: int
    kills: int
    verdict: Verdict
    parties: Mapping[str, Count]
    """What came of third parties, by name."""
    chains: tuple[str, ...]
    stuck: tuple[str, ...]
    faults: dict[str, int]
    ended: int
    """Times that a service ended although nobody had killed it and its disk had room."""
    seconds: float
    folder: Path | None
    """What is left of it, where it is not good."""

    @property
    def is_good(self) -> bool:
        """Whether everything is where it should be."""
        told = (self.verdict, *(one.verdict for one in self.parties.values()))
        return all(one.is_good for one in told) and not self.chains and not self.stuck

    @property
    def complaints(self) -> tuple[str, ...]:
        """Line by line, what is wrong."""
        told = (self.verdict, *(one.verdict for one in self.parties.values()))
        return (*self.stuck, *(line for one in told for lines in one for line in lines), *self.chains)

    def as_json(self) -> dict[str, Any]:
        """One object."""
        return {
            "bench": "faults",
            "seed": self.load.seed,
            "loss": self.load.loss,
            "events": self.events,
            "kills": self.kills,
            "lost": len(self.verdict.lost),
            "duplicated": len(self.verdict.duplicated),
            "reordered": len(self.verdict.reordered),
            "destinations": {name: one.as_json() for name, one in self.parties.items()},
            "chain_faults": len(self.chains),
            "not_in_time": len(self.stuck),
            "ended_by_themselves": self.ended,
            "faults": self.faults,
            "seconds": round(self.seconds, 1),
            "folder": None if self.folder is None else str(self.folder),
        }


def measure(load: Load, progress: Progress) -> Outcome:
    """Run it; the folder stays where something is wrong. ServiceError: it could not be run."""
    folder = Path(tempfile.mkdtemp(prefix="anju-bench-"))
    outcome = None
    try:
        outcome = asyncio.run(_Run(load, folder, progress).run())
    finally:
        if outcome is None or outcome.is_good:
            shutil.rmtree(folder, ignore_errors=True)
    return outcome


class _Run:
    def __init__(self, load: Load, folder: Path, progress: Progress) -> None:
        self._load, self._folder, self._progress = load, folder, progress
        self._chance = random.Random(f"{load.seed} faults")
        self._deeds = Deeds()
        self._crowd = Crowd(self._deeds, load.seed)
        flats = max(1, min(_MOST_FLATS, load.events // (2 * NODES_A_FLAT * _EVENTS_A_NODE)))
        self._estate = Estate(folder, load.loss, load.seed, self._crowd, flats)
        self._hardships = Hardships(self._estate, folder, self._chance)
        self._left = 1
        """Kills and hardships that are to come or are going on."""
        self._going_on: list[str] = []
        self._slow_since_s: float | None = None

    async def run(self) -> Outcome:
        begun_s = time.monotonic()
        try:
            await self._estate.open()
            killer = Killer(self._estate)
            async with Background() as background:
                background.start(self._crowd.run(self._most))
                await background.until(self._fail(killer))
                stuck = await background.until(self._calm())
            verdict = self._deeds.compare(events_of(report for *_seq, report in reports_held(self._db, once=True)))
            parties = self._estate.parties.count(self._deeds, reports_held(self._db))
            chains = tuple(map(str, self._chains()))
        finally:
            await self._estate.close()
        found = Outcome(
            self._load,
            self._deeds.made,
            killer.kills,
            verdict,
            parties,
            chains,
            stuck,
            {**dict(sorted(killer.times.items())), **dict(sorted(self._hardships.times.items()))},
            sum(service.ended for service in self._estate.services),
            time.monotonic() - begun_s,
            None,
        )
        return found if found.is_good else replace(found, folder=self._folder)

    @property
    def _db(self) -> Path:
        return self._estate.near.site.dutyroom_db

    def _most(self) -> int:
        """Events that there may be by now: the last ones come slowly, until there is nothing left that is to fail among them."""
        events = self._load.events
        few = int(events * _LAST_SHARE)
        if not self._left or self._deeds.made < few:
            return few if self._left else events
        if self._slow_since_s is None:
            self._slow_since_s = time.monotonic()
        return min(events, few + int((time.monotonic() - self._slow_since_s) * _SLOW_A_S))

    async def _fail(self, killer: Killer) -> None:
        """Let everything fail, each at its time, until there are all events."""
        strikes = list(planned(self._load.kills, self._chance))
        due: list[tuple[float, Strike | str]] = [
            (_BEGIN + (_END - _BEGIN) * number / len(strikes), strike) for number, strike in enumerate(strikes)
        ]
        times = max(1, self._load.kills // _KILLS_A_HARDSHIP)
        due += [(self._chance.uniform(_BEGIN, _END), name) for name in self._hardships.often for _again in range(times)]
        due += [(self._chance.uniform(0.3, 0.6), name) for name in self._hardships.once]
        due.sort(key=lambda one: one[0])
        self._left = len(due)
        try:
            async with asyncio.TaskGroup() as group:
                for share, what in due:
                    await self._until_made(int(share * self._load.events))
                    begun = killer.strike(what) if isinstance(what, Strike) else self._hardships.befall(what)
                    group.create_task(self._one_less(begun, str(what)))
                await self._until_over()
        except BaseExceptionGroup as several:
            raise innermost(several) from several
        await self._until_made(self._load.events)

    async def _one_less(self, one: Awaitable[None], name: str) -> None:
        self._going_on.append(name)
        await one
        self._going_on.remove(name)
        self._left -= 1

    async def _until_over(self) -> None:
        """Wait for whatever is still failing; ServiceError: one of it does not end, which is the bench's fault."""
        deadline_s = time.monotonic() + CALM_S
        while self._left:
            if time.monotonic() > deadline_s:
                raise ServiceError(
                    _("These did not come to their end: %(what)s") % {"what": ", ".join(self._going_on)},
                    _("Nothing was counted."),
                    _("Type the command again when nothing else keeps this machine busy."),
                )
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def _until_made(self, events: int) -> None:
        while self._deeds.made < events:
            self._progress(
                _("%(made)d of %(events)d events, %(waiting)d on their way")
                % {"made": self._deeds.made, "events": self._load.events, "waiting": self._deeds.unacked}
            )
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def _calm(self) -> tuple[str, ...]:
        """Wait until nothing is on its way any more; what still is when patience ends."""
        left: list[str] = []
        try:
            async with asyncio.timeout(CALM_S):
                while left := await self._unfinished():
                    self._progress(_("Waiting until everything has arrived: %(left)s") % {"left": ", ".join(left)})
                    await asyncio.sleep(_LOOK_AGAIN_S)
        except TimeoutError:
            return tuple(left)
        return ()

    async def _unfinished(self) -> list[str]:
        left = [
            f"{service.site.folder.name} {service.name} is not up"
            for service in self._estate.services
            if not service.is_ready
        ]
        if self._deeds.unacked:
            left.append(f"{self._deeds.unacked} events not acknowledged")
        left += [f"concentrator {pc.building} owes reports" for pc in self._estate.pcs if not await pc.owes_nothing()]
        return left

    def _chains(self) -> list[object]:
        """What the checks of both chains say, and of receipts against what the duty room holds."""
        found: list[object] = []
        for pc in self._estate.pcs:
            key = journal_key.load_public(pc.site.folder / journal_key.PUBLIC)
            receipts = [held.Held(*row) for row in hashes(pc.site.journal, NAME)]
            journalled = [held.Held(*row) for row in hashes(pc.site.journal)]
            found += verify(pc.site.journal, key).faults
            found += held.verify(self._db, receipts, journalled).faults
        return found
