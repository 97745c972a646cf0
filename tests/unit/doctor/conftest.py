"""A site that lives no more: two nodes, some events, nothing running."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from anju.concentrator.core.panel.trouble import Fault
from anju.doctor.examine import CHECKS
from anju.doctor.finding import Finding
from anju.doctor.visit import Visit
from anju.service import settings
from anju.uplink.reports import TroubleKind
from unit.concentrator.harness import HandClock, bench
from unit.concentrator.site import new_site

LASTING = (
    Fault(TroubleKind.NODE_SILENT, "1/1"),
    Fault(TroubleKind.BATTERY_LOW, "1/2"),
    Fault(TroubleKind.UPS_LOW),
    Fault(TroubleKind.MAINS_DOWN),
    Fault(TroubleKind.LINK_DOWN, "serial:/dev/pts/none"),
)
Found = Callable[..., list[Finding]]


async def _lived(folder: Path) -> int:
    clock = HandClock()
    async with bench(folder, clock) as rooms:
        first, _second = await rooms.enrol(), await rooms.enrol("3-2-0502")
        for _ in range(30):
            await rooms.receive(first, first.press())
        async with rooms.journal.change() as draft:
            draft.trouble(TroubleKind.TWO_CONCENTRATORS, "3-2-0501")
            for fault in LASTING:
                draft.fault(fault)
        return clock().wall_ms


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """It, and when it ended."""
    folder = tmp_path_factory.mktemp("lived") / "site"
    new_site(folder, 7010)
    return folder, anyio.run(_lived, folder)


@pytest.fixture
def site(lived: tuple[Path, int], tmp_path: Path) -> Path:
    """A copy of it, to be spoiled."""
    return Path(shutil.copytree(lived[0], tmp_path / "site"))


@pytest.fixture
def found(site: Path, lived: tuple[Path, int], tmp_path: Path) -> Found:
    """`found("disk")`: what one check says of it, so many seconds after its end."""

    def look(check: str, after_s: int = 1) -> list[Finding]:
        visit = Visit(settings.load(site), lived[1] + after_s * 1000, units=tmp_path / "units")
        return list(CHECKS[check](visit))

    return look


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJU_LANG", "en")
