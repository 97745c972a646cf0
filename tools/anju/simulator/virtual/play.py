"""A day: which story happens in which flat and when, played to its end, and what is to be said of it."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from anju.simulator.virtual.agenda import Agenda
from anju.simulator.virtual.building import Building
from anju.simulator.virtual.flat import Flat
from anju.simulator.virtual.stories import STORIES
from anju.simulator.virtual.story import HOUR, MINUTE, SILENCES, Act, Step, Story
from anju.simulator.virtual.verdict import Owed, Verdict, judge, until_s

DAY_S = 24 * HOUR
FLATS_A_BUILDING = 50
_BEGINS_S = 5 * MINUTE
"""So much later everybody has said hello."""
_LATE_S = 2 * HOUR
"""After the day: what was on its way arrives."""
_MEMORY = Path("/dev/shm")  # noqa: S108  # a folder of ours is made in it, 0700
_FIRST = 3
"""Stories of a flat that need peace, and get their place before those that find one anywhere."""
_PATIENCE = 40
"""Places that are tried for a story of the whole building."""

Progress = Callable[[float], None]


@dataclass
class Outcome:
    """What a day came to."""

    flats: int
    seed: int
    verdict: Verdict = field(default_factory=Verdict)
    played: Counter[str] = field(default_factory=Counter)

    @property
    def is_good(self) -> bool:
        """Whether nothing was missed and nothing invented."""
        return not self.verdict.missed and not self.verdict.invented

    @property
    def nuisance_per_flat(self) -> float:
        """Alarms of the day that nobody needed."""
        return round(self.verdict.nuisance / self.flats, 3)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        verdict = self.verdict
        return {
            "flats": self.flats,
            "seed": self.seed,
            "alarms": verdict.alarms,
            "troubles": verdict.troubles,
            "missed": len(verdict.missed),
            "invented": len(verdict.invented),
            "nuisance_per_flat": self.nuisance_per_flat,
            "suppressed": dict(sorted(verdict.suppressed.items())),
        }


async def play(flats: int, seed: int, loss: float, progress: Progress) -> Outcome:
    """Play a day; `progress` is told the share of it that is over."""
    outcome = Outcome(flats, seed)
    folder = _memory()
    buildings = [range(first, min(first + FLATS_A_BUILDING, flats)) for first in range(0, flats, FLATS_A_BUILDING)]
    for number, indexes in enumerate(buildings, 1):
        share = partial(_share, progress, number - 1, len(buildings))
        with tempfile.TemporaryDirectory(prefix="anju-day-", dir=folder) as place:
            part = _BuildingsDay(Path(place), number, seed, loss, outcome.played)
            outcome.verdict.add(await part.play(len(indexes), share))
    return outcome


def _share(progress: Progress, done: int, buildings: int, of_this: float) -> None:
    progress((done + of_this) / buildings)


def _memory() -> Path | None:
    return _MEMORY if _MEMORY.is_dir() else None


class _BuildingsDay:
    """One concentrator's."""

    def __init__(self, folder: Path, number: int, seed: int, loss: float, played: Counter[str]) -> None:
        self._chance = random.Random(f"{seed} building {number}")
        self._agenda = Agenda()
        self._building = Building(folder, self._agenda, random.Random(f"{seed} air {number}"), loss)
        self._number = number
        self._played = played
        self._flats: list[Flat] = []
        self._busy: dict[Flat, list[tuple[float, float]]] = {}
        self._restless: list[tuple[float, float]] = []
        """When something happens to the whole building."""
        self._silences: list[float] = []
        """When nothing is heard any more for a while."""
        self._placed: list[tuple[Flat, float, Story]] = []

    async def play(self, flats: int, progress: Progress) -> Verdict:
        """From the first frame to the last."""
        await self._building.start()
        for index in range(flats):
            household = f"{self._number}-{index // 20 + 1}-{index % 20 + 101:04d}"
            flat = Flat(household, self._building, random.Random(self._chance.random()))
            await flat.furnish()
            self._flats.append(flat)
            self._busy[flat] = []
        self._plan()
        for hour in range(int((DAY_S + _LATE_S) / HOUR)):
            await self._agenda.run((hour + 1) * HOUR)
            progress((hour + 1) * HOUR / (DAY_S + _LATE_S))
        await self._building.stop()
        names = {number: name for flat in self._flats for number, name in flat.node_names.items()}
        return judge(self._building.told, self._owed(), names)

    def _plan(self) -> None:
        """Stories of the building first, one at a time; then each flat's own, around them."""
        stories = [teller(self._chance) for teller in STORIES]
        for story in self._chance.sample(shared := [one for one in stories if one.is_of_the_building], len(shared)):
            self._place_shared(story)
        for flat in self._flats:
            own = [teller(self._chance) for teller in self._chance.sample(STORIES, len(STORIES))]
            first = [story for story in own if story.needs_peace][:_FIRST]
            for story in [*first, *(story for story in own if story not in first)]:
                if not story.is_of_the_building:
                    self._place(flat, story)
        for flat, begin_s, story in self._placed:
            self._played[story.name] += 1
            for step in story.steps:
                self._agenda.at(begin_s + step.at_s, partial(self._do, flat, step))

    def _place_shared(self, story: Story) -> None:
        for _try in range(_PATIENCE):
            begin_s = self._chance.uniform(_BEGINS_S, DAY_S - story.lasts_s)
            span = (begin_s, begin_s + story.lasts_s)
            flat = self._chance.choice(self._flats)
            if not _meets(span, self._restless) and not _meets(span, self._busy[flat]):
                self._restless.append(span)
                self._silences += [begin_s + step.at_s for step in story.steps if step.act in SILENCES]
                self._busy[flat].append(span)
                self._placed.append((flat, begin_s, story))
                return

    def _place(self, flat: Flat, story: Story) -> None:
        """Into the first gap that is long enough, a little later by chance."""
        busy = self._busy[flat]
        for free_s in sorted([_BEGINS_S, *(over_s for _began, over_s in busy + self._restless)]):
            begin_s = free_s + self._chance.uniform(MINUTE, 20 * MINUTE)
            span = (begin_s, begin_s + story.lasts_s)
            is_free = span[1] < DAY_S and not _meets(span, busy)
            is_disturbed = story.needs_peace and _meets(span, self._restless)
            if is_free and not is_disturbed and not self._is_caught_open(story, begin_s):
                busy.append(span)
                self._placed.append((flat, begin_s, story))
                return

    def _is_caught_open(self, story: Story, begin_s: float) -> bool:
        """Whether the air goes while something stands open: it is then believed to do so, and nobody can know better."""
        return any(story.stands_open_at(at_s - begin_s) for at_s in self._silences)

    async def _do(self, flat: Flat, step: Step) -> None:
        building, agenda = self._building, self._agenda
        began_s = agenda.now_s
        match step.act:
            case Act.BLACKOUT:
                await building.stop()
                agenda.after(step.amount, self._power_is_back)
            case Act.CLOCK_IS_SET:
                building.clock.step(step.amount)
            case Act.JAMMED:
                building.air.jam()
                agenda.after(step.amount, partial(self._calms_down, began_s))
            case Act.DONGLE_OUT:
                building.air.is_open = False
                agenda.after(step.amount, partial(self._calms_down, began_s))
            case _:
                await flat.do(step)

    async def _power_is_back(self) -> None:
        self._building.clock.reboot()
        await self._building.start()

    def _calms_down(self, began_s: float) -> None:
        self._building.air.clear()
        self._building.air.is_open = True
        self._building.outage_over(began_s)

    def _owed(self) -> list[Owed]:
        owed: list[Owed] = []
        for flat, begin_s, story in self._placed:
            for promise in story.promises:
                from_s = begin_s + promise.at_s
                until = until_s(from_s, promise.within_s, () if promise.kind in _OF_THE_AIR else self._building.outages)
                if until > from_s + promise.within_s and promise.is_nuisance and promise.kind == "burglary":
                    promise = promise._replace(is_due=False)  # noqa: PLW2901  # whoever was late had more time to call it off
                is_shared = promise.is_trouble and not promise.thing
                owed.append(Owed(story.name, promise, None if is_shared else flat.household, from_s, until))
        return sorted(owed, key=lambda one: one.from_s)


_OF_THE_AIR = frozenset({"jammed", "link down"})
"""What an outage is reported as has to come during it."""


def _meets(span: tuple[float, float], others: list[tuple[float, float]]) -> bool:
    return any(span[0] < over_s and began_s < span[1] for began_s, over_s in others)
