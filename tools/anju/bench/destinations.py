"""Every destination at once: how fast alarms get to each, and how soon, alone and while one of them is dead.

Both services are processes of their own, presses are real frames by UDP; the duty room, a receiver of DC-09 with encryption, one
without, and a Mosquitto are told of each over real sockets. In each round buttons are pressed now and then, for the latency,
and then as fast as the journal takes it, for the rate; once with the dead destination switched off and once with it on.
Latency is from the row's time to that of the receipt in the journal: a destination has taken it by then.

The limit is a bare echo by UDP in another process: one datagram, one row, one commit (WAL, synchronous=FULL), the datagram back,
one after another. The destinations share a processor and one journal among them, which it does not. Where others work on the
machine too, rates of two legs differ by that as well; the processor's time for one alarm does not.
"""

from __future__ import annotations

import asyncio
import platform
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from anju.bench.dead import Dead
from anju.bench.destinations_estate import ALIVE, CLEAR, MQTT, SEALED, Estate, Taken
from anju.bench.node import Figure, limits_of
from anju.bench.result import Progress
from anju.concentrator.destinations.duty_room import NAME as DUTY_ROOM
from anju.service.i18n import _

EVENTS, FLATS, ROUNDS = 400, 32, 5
PER_S, P99_MS, SLOWDOWN = 50, 1000, 2.0
_APART_S = 0.04
"""Between two presses for the latency, on average."""
_SPARSE = 4
"""One for the latency comes on so many for the rate."""
_PATIENCE_S = 30.0


class Leg(NamedTuple):
    """Part of a round: when alarms were taken, by destination; first those that came now and then, then those at once."""

    sparse: Mapping[str, Sequence[Taken]]
    dense: Mapping[str, Sequence[Taken]]
    cpu_us: float = 0.0
    """Of the processor, in the concentrator, for one of those at once."""

    def per_s(self, name: str) -> float:
        """Alarms a second to a destination, from the first one's row to the last one's receipt."""
        taken = self.dense[name]
        began_ms = min((one.recorded_at_ms for one in taken), default=0)
        ended_ms = max((one.settled_at_ms for one in taken), default=0)
        return 1000 * len(taken) / max(1, ended_ms - began_ms)


class Round(NamedTuple):
    """The same twice, and what the limit did beside it."""

    alone: Leg
    beside_dead: Leg
    bare_per_s: float


@dataclass(frozen=True, slots=True)
class Reached:
    """What was found of one destination: `alone` with the dead one switched off, all else while it was on."""

    per_s: float
    alone_per_s: float
    slowdown: float
    waits_ms: Sequence[int]
    """Of all alarms that came now and then, in order of length."""
    alone_p99_ms: int
    lost: int

    @classmethod
    def of(cls, name: str, rounds: Sequence[Round], lost: int) -> Reached:
        """Medians of all rounds."""
        with_dead, alone = ([leg.per_s(name) for leg in legs] for legs in _legs(rounds))
        waits, alone_waits = (
            sorted(one.settled_at_ms - one.recorded_at_ms for leg in legs for one in leg.sparse[name])
            for legs in _legs(rounds)
        )
        return cls(
            median(with_dead),
            median(alone),
            median(before / after for before, after in zip(alone, with_dead, strict=True)),
            waits,
            quantile(alone_waits, 0.99),
            lost,
        )


def _legs(rounds: Sequence[Round]) -> tuple[list[Leg], list[Leg]]:
    return [one.beside_dead for one in rounds], [one.alone for one in rounds]


def quantile(ordered: Sequence[int], share: float) -> int:
    """The value that so many are not above; 0 of none."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found. `kept`: alarms since the dead destination was on, and how many of them are still owed to it."""

    seed: int
    dead: Dead
    events: int
    rounds: int
    reached: Mapping[str, Reached]
    kept: tuple[int, int]
    bare_per_s: float
    cpu_us: float
    alone_cpu_us: float
    """Of the processor, in the concentrator, for one alarm to everybody."""

    @property
    def ratio(self) -> float:
        """Of the slowest destination to the limit."""
        return min(one.per_s for one in self.reached.values()) / self.bare_per_s

    @property
    def lost(self) -> int:
        """Alarms that did not come to whoever should have had them, or that are not owed any more to the dead one."""
        made, owed = self.kept
        return sum(one.lost for one in self.reached.values()) + abs(made - owed)

    @property
    def figures(self) -> tuple[Figure, ...]:
        """For people, and their limits."""
        found = [one for name in ALIVE for one in self._of(name)]
        made, owed = self.kept
        return (
            *found,
            Figure(
                "dead.owed",
                _("still owed to the dead one"),
                _("of %(count)d") % {"count": made},
                owed,
                made,
                is_least=True,
            ),
            Figure("lost", _("lost"), _("events"), self.lost, 0),
            Figure("cpu_us", _("processor, concentrator, one alarm to all"), _("µs"), round(self.cpu_us)),
            Figure("alone_cpu_us", _("the same while none is dead"), _("µs"), round(self.alone_cpu_us)),
            Figure("ratio", _("slowest one, of what a bare echo with one commit each does"), "×", round(self.ratio, 2)),
        )

    def _of(self, name: str) -> tuple[Figure, ...]:
        one, who = self.reached[name], {"who": words()[name]}
        return (
            Figure(f"{name}.per_s", words()[name], _("events/s"), round(one.per_s), PER_S, is_least=True),
            Figure(f"{name}.p50_ms", _("%(who)s: until it is taken, p50") % who, _("ms"), quantile(one.waits_ms, 0.5)),
            Figure(f"{name}.p99_ms", _("%(who)s: p99") % who, _("ms"), quantile(one.waits_ms, 0.99), P99_MS),
            Figure(f"{name}.max_ms", _("%(who)s: slowest") % who, _("ms"), max(one.waits_ms, default=0)),
            Figure(
                f"{name}.slowdown_by_dead",
                _("%(who)s: slower by the dead one") % who,
                "×",
                round(one.slowdown, 2),
                SLOWDOWN,
            ),
        )

    @property
    def is_good(self) -> bool:
        """Whether nothing is lost, and every limit is kept."""
        return all(figure.is_met for figure in self.figures)

    def as_json(self) -> dict[str, Any]:
        """One object."""
        return {
            "bench": "destinations",
            "seed": self.seed,
            "events": self.events,
            "rounds": self.rounds,
            "dead": {"how": self.dead.value, "events": self.kept[0], "owed": self.kept[1]},
            "destinations": {
                name: {
                    "per_s": round(one.per_s, 1),
                    "alone_per_s": round(one.alone_per_s, 1),
                    "slowdown_by_dead": round(one.slowdown, 3),
                    "ratio": round(one.per_s / self.bare_per_s, 3),
                    "p50_ms": quantile(one.waits_ms, 0.5),
                    "p99_ms": quantile(one.waits_ms, 0.99),
                    "max_ms": max(one.waits_ms, default=0),
                    "alone_p99_ms": one.alone_p99_ms,
                    "lost": one.lost,
                }
                for name, one in self.reached.items()
            },
            "lost": self.lost,
            "cpu_us": round(self.cpu_us),
            "alone_cpu_us": round(self.alone_cpu_us),
            "ratio": round(self.ratio, 3),
            "limit": "a bare echo by UDP with one SQLite commit a datagram, one after another",
            "limit_per_s": round(self.bare_per_s),
            "limits": limits_of(self.figures),
            "python": platform.python_version(),
            "machine": platform.machine(),
        }


def words() -> dict[str, str]:
    """What people call the destinations."""
    return {
        DUTY_ROOM: _("duty room"),
        SEALED: _("DC-09, encrypted"),
        CLEAR: _("DC-09, in the clear"),
        MQTT: "MQTT",
    }


def measure(
    progress: Progress, *, events: int = EVENTS, seed: int = 1, dead: Dead = Dead.RECEIVER, rounds: int = ROUNDS
) -> Outcome:
    """Run it all in a folder of its own, which is gone afterwards. ServiceError: there is no Mosquitto here."""
    return asyncio.run(_measure(progress, events, seed, dead, rounds))


async def _measure(progress: Progress, events: int, seed: int, dead: Dead, rounds: int) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="anju-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        run = _Run(Estate(folder, dead), folder, events, random.Random(seed))
        async with AsyncExitStack() as stack:
            progress(_("Starting the services…"))
            await run.estate.start(stack, FLATS, progress)
            await run.warm_up()
            found = []
            for number in range(rounds):
                progress(_("Round %(number)d of %(count)d") % {"number": number + 1, "count": rounds})
                found.append(await run.round(dead_first=number % 2 == 1))
            kept = await run.kept()
            missing = run.estate.missing()
        return Outcome(
            seed,
            dead,
            events,
            rounds,
            {name: Reached.of(name, found, missing[name]) for name in ALIVE},
            kept,
            median(one.bare_per_s for one in found),
            *(median(leg.cpu_us for leg in legs) for legs in _legs(found)),
        )


class _Run:
    def __init__(self, estate: Estate, folder: Path, events: int, chance: random.Random) -> None:
        self.estate = estate
        self._folder, self._events, self._chance = folder, events, chance
        self._since = 0
        """Row after which the dead one has been on."""

    async def warm_up(self) -> None:
        """Have everything been used once."""
        await self._leg(is_dead_on=False)

    async def round(self, *, dead_first: bool) -> Round:
        """Both legs, in an order that changes, and the limit between them."""
        first = await self._leg(is_dead_on=dead_first)
        bare = await asyncio.to_thread(bare_per_s, self._folder, self._events)
        second = await self._leg(is_dead_on=not dead_first)
        return Round(second, first, bare) if dead_first else Round(first, second, bare)

    async def kept(self) -> tuple[int, int]:
        """Alarms since the dead one is on, and those owed to it; it is switched on once more if it is off."""
        if not self._since:
            await self._leg(is_dead_on=True)
        return self.estate.kept_for_dead(self._since)

    async def _leg(self, *, is_dead_on: bool) -> Leg:
        await self.estate.switch(is_on=is_dead_on)
        began = self.estate.newest
        self._since = began if is_dead_on else 0
        count = max(1, self._events // _SPARSE)
        await self.estate.press(self._flats(count), [self._chance.uniform(0, 2 * _APART_S) for _each in range(count)])
        await self.estate.delivered()
        between, before_us = self.estate.newest, self.estate.cpu_us()
        await self.estate.press(self._flats(self._events))
        await self.estate.delivered()
        ended = self.estate.newest
        return Leg(
            {name: self.estate.taken(name, began, between) for name in ALIVE},
            {name: self.estate.taken(name, between, ended) for name in ALIVE},
            (self.estate.cpu_us() - before_us) / self._events,
        )

    def _flats(self, count: int) -> list[int]:
        return [self._chance.randrange(FLATS) for _each in range(count)]


def bare_per_s(folder: Path, events: int) -> float:
    """Round trips a second to the echo, one after another."""
    place = Path(tempfile.mkdtemp(dir=folder))
    command = (sys.executable, "-P", "-m", "anju.bench.echo", str(place))
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0) as process,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link,
    ):
        assert process.stdin is not None  # noqa: S101  # it is a pipe of ours
        assert process.stdout is not None  # noqa: S101  # the same
        with process.stdin:
            link.settimeout(_PATIENCE_S)
            link.connect(("127.0.0.1", int(process.stdout.readline())))
            began = time.perf_counter()
            for number in range(events):
                link.send(number.to_bytes(44, "big"))
                link.recv(64)
            return events / (time.perf_counter() - began)
