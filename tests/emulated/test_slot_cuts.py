"""Power cuts in the middle of the flash writes of an update: a whole slot runs afterwards, and a confirmed one is never lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from anju.bundle.manifest import NAME
from emulated.slot_victim import Aim, Victim
from emulated.slots import bundle, chip

pytestmark = pytest.mark.anyio
BOARDS = 2


@pytest.mark.timeout(1200)
async def test_thirty_cuts_leave_a_slot_that_runs(image: Path, tmp_path: Path) -> None:
    await _suffer(30, 1, image, tmp_path)


@pytest.mark.long
@pytest.mark.timeout(7200)
async def test_five_hundred_cuts_leave_a_slot_that_runs(image: Path, tmp_path: Path) -> None:
    await _suffer(500, 2, image, tmp_path)


async def _suffer(cuts: int, seed: int, image: Path, folder: Path) -> None:
    flash = _flash(folder)
    victims = [Victim(image, folder / str(number), flash, f"{seed} {number}") for number in range(BOARDS)]
    async with asyncio.TaskGroup() as group:
        for victim in victims:
            group.create_task(victim.suffer(cuts // BOARDS))
    struck = sum((victim.struck for victim in victims), start=type(victims[0].struck)())
    ran = sum((victim.ran for victim in victims), start=type(victims[0].ran)())
    assert struck.total() == cuts
    assert all(struck[aim] > cuts // 30 for aim in Aim), struck
    assert min(ran[1], ran[2]) > cuts // 30, ran


def _flash(folder: Path) -> bytes:
    """A confirmed node, and the manifests of two bundles that differ in their number alone."""
    first, second = (bundle(folder / f"bundle{number}", number) for number in (1, 2))
    root = folder / "root"
    root.mkdir()
    for number, slot in ((1, first), (2, second)):
        (root / f"manifest.{number}").write_bytes((slot / NAME).read_bytes())
    return chip(folder / "chip", {"a": first}, "a", more=[root])
