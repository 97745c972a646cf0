"""How long a technician waits for `anju flash`, beside plain `mpremote cp -r` and `mpytool cp`, in the same run."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from anju.bench.result import Progress
from anju.bundle import build
from anju.bundle.build import SLOT
from anju.bundle.stage import STARTERS
from anju.emulator.cable import cabled
from anju.emulator.image import firmware
from anju.service.errors import ServiceError
from anju.service.i18n import _

ROUNDS = 3
PORTS = 8
BAUD = 115_200
_BOARD = "qemu_ast1030"
_MPREMOTE, _MPYTOOL = "mpremote", "mpytool"
LIMITS = {
    "ratio_first": (2.2, True),
    "ratio_unchanged": (3.0, True),
    "ratio_first_mpytool": (0.95, True),
    "ratio_unchanged_mpytool": (0.95, True),
    "ratio_8_ports": (1.5, False),
}
"""What each must be: at least so much (True) or at most."""


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds that one tool took at a blank board, and again where nothing had changed."""

    first: float
    unchanged: float


@dataclass(frozen=True, slots=True)
class Round:
    """One of each, one after another."""

    ours: Times
    mpremote: Times
    mpytool: Times
    eight: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """All rounds; a ratio is the median of the rounds' own."""

    rounds: Sequence[Round]
    bundle_bytes: int

    @property
    def ratios(self) -> dict[str, float]:
        """By the names that `LIMITS` has. All but the last: how many times as long the other tool takes."""

        def of(ratio: Callable[[Round], float]) -> float:
            return median(map(ratio, self.rounds))

        return {
            "ratio_first": of(lambda one: one.mpremote.first / one.ours.first),
            "ratio_unchanged": of(lambda one: one.mpremote.unchanged / one.ours.unchanged),
            "ratio_first_mpytool": of(lambda one: one.mpytool.first / one.ours.first),
            "ratio_unchanged_mpytool": of(lambda one: one.mpytool.unchanged / one.ours.unchanged),
            "ratio_8_ports": of(lambda one: one.eight / one.ours.first),
        }

    def is_met(self, key: str) -> bool:
        """Whether a ratio keeps its limit."""
        limit, is_least = LIMITS[key]
        return self.ratios[key] >= limit if is_least else self.ratios[key] <= limit

    @property
    def is_good(self) -> bool:
        """Whether all do."""
        return all(map(self.is_met, LIMITS))

    @property
    def seconds(self) -> dict[str, float]:
        """Medians of what the ratios are made of."""
        return {
            **{
                f"{tool}_{what}": median(getattr(getattr(one, tool), what) for one in self.rounds)
                for tool in ("ours", _MPREMOTE, _MPYTOOL)
                for what in ("first", "unchanged")
            },
            "ours_8_ports": median(one.eight for one in self.rounds),
        }

    def as_json(self) -> dict[str, Any]:
        """One object."""
        return {
            "bench": "flash",
            **{key: round(value, 3) for key, value in self.ratios.items()},
            "limits": {key: {"limit": limit, "met": self.is_met(key)} for key, (limit, _is_least) in LIMITS.items()},
            "seconds": {key: round(value, 3) for key, value in self.seconds.items()},
            "bundle_bytes": self.bundle_bytes,
            "baud": BAUD,
            "ports": PORTS,
            "rounds": len(self.rounds),
            "python": platform.python_version(),
            "machine": platform.machine(),
            "measured_on": "QEMU's ast1030-evb: emulated boards share this machine's processors, real ones don't",
        }


def measure(progress: Progress, rounds: int = ROUNDS, ports: int = PORTS) -> Outcome:
    """Find everything; ServiceError if a tool is missing or fails."""
    for tool in (_MPREMOTE, _MPYTOOL):
        if find_spec(tool) is None:
            raise ServiceError(
                _("The tool to compare with, %(name)s, is not installed.") % {"name": tool},
                _("Nothing was measured."),
                _("Type make venv in Anju's repository, and use the anju in its .venv."),
            )
    return asyncio.run(_measure(progress, rounds, ports))


async def _measure(progress: Progress, rounds: int, ports: int) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="anju-flash-", ignore_cleanup_errors=True) as name:
        bench = _Bench(Path(name), firmware())
        told = []
        for number in range(rounds):
            progress(_("Round %(number)d of %(count)d") % {"number": number + 1, "count": rounds})
            told.append(
                Round(
                    await bench.both(bench.ours),
                    await bench.both(bench.mpremote),
                    await bench.both(bench.mpytool),
                    await bench.first(ports),
                )
            )
        return Outcome(told, sum(file.stat().st_size for file in bench.bundle.rglob("*.mpy")))


class _Bench:
    """A bundle, the same files as the other tools would copy them, and boards to bring them to."""

    def __init__(self, folder: Path, image: Path) -> None:
        self._folder = folder
        self._image = image
        self._boards = 0
        self._environment: Mapping[str, str] = {**os.environ, "XDG_DATA_HOME": str(folder), "NO_COLOR": "1"}
        self.bundle = folder / "bundle"
        build(_BOARD, self.bundle)
        self._plain = folder / "plain"
        shutil.copytree(self.bundle / SLOT, self._plain / "a")
        for name in STARTERS:
            shutil.copy(self.bundle / name, self._plain / name)

    def ours(self, *urls: str) -> Sequence[str]:
        """The command for these ports."""
        return ["-m", "anju.cli", "flash", *urls, "--bundle", str(self.bundle)]

    def mpremote(self, url: str) -> Sequence[str]:
        """Likewise, for one."""
        return ["-m", _MPREMOTE, "connect", url, "cp", "-r", "a", *STARTERS, ":"]

    def mpytool(self, url: str) -> Sequence[str]:
        """Likewise."""
        return ["-c", "from mpytool.mpytool import main; main()", "-p", url, "cp", "a", *STARTERS, ":/"]

    async def both(self, command: Callable[[str], Sequence[str]]) -> Times:
        """A tool at a new board, twice."""
        async with cabled(self._image, self._place(), 1, BAUD) as (_boards, (cable,)):
            return Times(await self._timed(command(cable.url)), await self._timed(command(cable.url)))

    async def first(self, ports: int) -> float:
        """Ours at so many new boards."""
        async with cabled(self._image, self._place(), ports, BAUD) as (_boards, cables):
            return await self._timed(self.ours(*(cable.url for cable in cables)))

    def _place(self) -> Path:
        self._boards += 1
        place = self._folder / str(self._boards)
        place.mkdir()
        return place

    async def _timed(self, command: Sequence[str]) -> float:
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", *command),
            cwd=self._plain,
            env=self._environment,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            told, _nothing = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode:
            raise ServiceError(
                _("%(command)s failed: %(reason)s")
                % {"command": " ".join(command), "reason": told.decode(errors="replace").strip()},
                _("Nothing was measured."),
                _("Type the command again when nothing else keeps this machine busy."),
            )
        return time.monotonic() - began
