"""The sounder: a command that sounds while an alarm is unseen, and is started again whatever ends it."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from anju.dutyroom import sounder as sounders
from anju.dutyroom.sounder import Sounder
from unit.concentrator.harness import running, until

pytestmark = pytest.mark.anyio


class Siren:
    """A command that notes each of its processes in a file, and is wanted while a test says so."""

    def __init__(self, folder: Path, does: str) -> None:
        self._pids = folder / "pids"
        self.is_wanted = False
        self.told = 0
        program = f"import os, sys, time\nopen({str(self._pids)!r}, 'a').write(f'{{os.getpid()}}\\n')\n{does}"
        self.sounder = Sounder([sys.executable, "-S", "-c", program], lambda: self.is_wanted, self._tell)

    async def _tell(self) -> None:
        self.told += 1

    def pids(self) -> list[int]:
        """Its processes so far."""
        return [int(line) for line in self._pids.read_text().split()] if self._pids.exists() else []

    def is_heard(self) -> bool:
        """Whether the last one runs."""
        try:
            os.kill(self.pids()[-1], 0)
        except (IndexError, ProcessLookupError):
            return False
        return True


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sounders, "LOOK_S", 0.01)
    monkeypatch.setattr(sounders, "LONGEST_WAIT_S", 0.05)


async def test_it_sounds_while_it_is_wanted_and_not_longer(tmp_path: Path) -> None:
    siren = Siren(tmp_path, "time.sleep(1000)")
    async with running(siren.sounder.run()):
        siren.is_wanted = True
        await until(siren.is_heard)
        siren.is_wanted = False
        await until(lambda: not siren.is_heard())
        siren.is_wanted = True
        await until(lambda: len(siren.pids()) == 2)
    assert not siren.is_heard()
    assert siren.told == 0


async def test_a_sound_that_ends_or_is_killed_begins_again(tmp_path: Path) -> None:
    siren = Siren(tmp_path, "time.sleep(1000)")
    siren.is_wanted = True
    async with running(siren.sounder.run()):
        for count in (1, 2, 3):
            await until(lambda count=count: len(siren.pids()) == count)  # type: ignore[misc]
            await until(siren.is_heard)
            os.kill(siren.pids()[-1], signal.SIGKILL)
    assert len(siren.pids()) >= 3


async def test_one_that_fails_is_told_of_and_tried_again(tmp_path: Path) -> None:
    siren = Siren(tmp_path, "sys.exit(1)")
    siren.is_wanted = True
    async with running(siren.sounder.run()):
        await until(lambda: siren.told >= 2)


async def test_one_that_fails_after_a_while_is_told_of(tmp_path: Path) -> None:
    """A player that waits for a sound card that is gone."""
    siren = Siren(tmp_path, "time.sleep(0.6); sys.exit(1)")
    siren.is_wanted = True
    async with running(siren.sounder.run()):
        await until(lambda: siren.told >= 1)


async def test_one_that_ends_well_begins_again_and_nobody_is_told(tmp_path: Path) -> None:
    siren = Siren(tmp_path, "")
    siren.is_wanted = True
    async with running(siren.sounder.run()):
        await until(lambda: len(siren.pids()) >= 3)
    assert siren.told == 0


async def test_one_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    told = 0

    async def tell() -> None:
        nonlocal told
        told += 1

    async with running(Sounder([str(tmp_path / "nothing")], lambda: True, tell).run()):
        await until(lambda: told >= 2)
