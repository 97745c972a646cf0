"""A node on the emulated board: from a settled contact to the line, and what it needs of heap and flash.

Everything is in the board's own time and with seeded chance, so that every figure repeats: the scenario of the reactions runs
twice, and both records, of all pins, lamps, bytes and words, have to be the same to the microsecond. The board is a model in
which every instruction takes 8 ns: these are no figures of a microcontroller, but they show what a change of the firmware costs.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from anju.bench import memory, reaction
from anju.bench.installed import Installed
from anju.bench.memory import KIB, Heap
from anju.bench.reaction import Reaction
from anju.bench.result import Progress
from anju.emulator.image import firmware
from anju.service.i18n import _

_PAIRING = ("anju/pair/", "anju/update/sign.", "anju/node/unenrolled.")
"""What runs while a node is not enrolled, or is paired, and is loaded for that."""

TURNS = 8
STORM_S = 600.0
_RUNS = 2


@dataclass(frozen=True, slots=True)
class Figure:
    """One that may not be above its limit, if it has one, or not below it. The key is for programs, label and unit for people."""

    key: str
    label: str
    unit: str
    value: float
    limit: float | None = None
    is_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether it keeps to that."""
        return self.limit is None or (self.value >= self.limit if self.is_least else self.value <= self.limit)


def limits_of(figures: Iterable[Figure]) -> dict[str, dict[str, Any]]:
    """For JSON: the limit of each that has one, and whether it keeps to it."""
    return {one.key: {"limit": one.limit, "met": one.is_met} for one in figures if one.limit is not None}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found. Reactions are in microseconds of the board's clock, all sizes in bytes."""

    seed: int
    reactions: Sequence[Reaction]
    identical: bool
    """Whether every run of the scenario left the same record."""
    heap: Heap
    modules: dict[str, int]
    """Bytecode of each in the bundle's slot."""

    @property
    def figures(self) -> tuple[Figure, ...]:
        """All but the sizes of the modules."""
        first, last = [one.first_us for one in self.reactions], [one.last_us for one in self.reactions]
        us, size, heap = _("µs"), _("bytes"), self.heap
        return (
            Figure("edge_to_first_byte_us", _("settled contact to first byte, slowest"), us, max(first), 2500),
            Figure("edge_to_first_byte_p50_us", _("settled contact to first byte, p50"), us, round(median(first))),
            Figure("edge_to_last_byte_us", _("settled contact to last byte, slowest"), us, max(last)),
            Figure("edge_to_last_byte_p50_us", _("settled contact to last byte, p50"), us, round(median(last))),
            Figure("heap_after_import", _("heap after the imports"), size, heap.after_import, 48 * KIB),
            Figure("heap_ready", _("heap of a node that is ready"), size, heap.ready),
            Figure("heap_live_peak", _("heap in a storm, after collections"), size, heap.live_peak),
            Figure("heap_peak", _("smallest heap that survives the storm"), size, heap.peak, memory.PEAK_LIMIT),
            Figure("mpy_bytes", _("bytecode of what runs enrolled"), size, self._bytecode(pairing=False), 40 * KIB),
            Figure("mpy_pairing_bytes", _("bytecode of what pairs it"), size, self._bytecode(pairing=True)),
        )

    def _bytecode(self, *, pairing: bool) -> int:
        """Of the modules that are for pairing, or of the others."""
        return sum(size for name, size in self.modules.items() if name.startswith(_PAIRING) == pairing)

    @property
    def is_good(self) -> bool:
        """Whether every limit is kept, and every run was the same."""
        return self.identical and all(figure.is_met for figure in self.figures)

    def as_json(self) -> dict[str, Any]:
        """One object."""
        return {
            "bench": "node",
            "seed": self.seed,
            "edges": len(self.reactions),
            "runs": _RUNS,
            "identical": self.identical,
            **{figure.key: figure.value for figure in self.figures},
            "mpy_bytes": {
                **self.modules,
                "enrolled": self._bytecode(pairing=False),
                "total": sum(self.modules.values()),
            },
            "storm": asdict(self.heap.storm),
            "limits": limits_of(self.figures),
            "measured_on": "QEMU's ast1030-evb at 8 ns an instruction: a model, not an MCU",
        }


def measure(seed: int, progress: Progress, turns: int = TURNS, storm_s: float = STORM_S) -> Outcome:
    """Find everything; ten minutes of storm take some of ours."""
    return asyncio.run(_measure(seed, progress, turns, storm_s))


async def _measure(seed: int, progress: Progress, turns: int, storm_s: float) -> Outcome:
    image = firmware()
    with tempfile.TemporaryDirectory(prefix="anju-node-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        flat = await Installed.make(image, folder / "flat", reaction.INPUTS, seed)
        runs = []
        for number in range(_RUNS):
            progress(_("Reactions, run %(number)d of %(count)d") % {"number": number + 1, "count": _RUNS})
            runs.append(await reaction.record(flat, folder / f"run{number}", turns))
        (recorded, peer), *others = runs
        progress(_("A storm of %(seconds)d virtual seconds, again and again") % {"seconds": storm_s})
        full = await Installed.make(image, folder / "full", memory.INPUTS, seed)
        return Outcome(
            seed,
            reaction.reactions(recorded, peer),
            all(recorded == other for other, _peer in others),
            await memory.heap(full, folder, storm_s),
            {file.relative_to(flat.slot).as_posix(): file.stat().st_size for file in sorted(flat.slot.rglob("*.mpy"))},
        )
