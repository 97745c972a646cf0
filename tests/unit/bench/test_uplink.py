"""The bench of the uplink: real services, and a panic that overtakes what waits."""

from __future__ import annotations

import asyncio
import json
import signal
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from anju.bench.uplink import BACKLOG, Outcome, Panic, _Run, measure
from anju.bench.uplink_estate import Sites
from anju.uplink.reports import MOST_ROWS

FIGURES = {
    "received_per_s", "backlog_s", "panic_overtakes_s", "accepted_per_s", "live_received_per_s",
    "rss_mb", "dutyroom_rss_mb", "cpu_us", "dutyroom_cpu_us", "ratio",
}  # fmt: skip
GOOD = Outcome(
    tls=False,
    backlog=BACKLOG,
    backlog_s=60.0,
    received_per_s=1700.0,
    live=20_000,
    accepted_per_s=2500.0,
    live_received_per_s=2400.0,
    panics=(Panic(0.1, 5_001), Panic(0.2, 50_002)),
    rss_mb=73.0,
    dutyroom_rss_mb=60.0,
    cpu_us=230.0,
    dutyroom_cpu_us=100.0,
    bare_per_s=20_000.0,
)


def quiet(_line: str) -> None:
    """Nobody watches."""


@pytest.mark.parametrize("tls", [False, True], ids=["socket", "tls"])
def test_it_measures_real_services_and_leaves_nobody(folder: Path, tls: bool) -> None:
    outcome = measure(quiet, tls=tls, backlog=1200, live=200)
    said = json.loads(json.dumps(outcome.as_json()))
    assert said.keys() - FIGURES == {
        "bench", "tls", "backlog", "live", "panics", "limit", "limit_per_s", "limits", "python", "machine"
    }  # fmt: skip
    assert (said["bench"], said["tls"], said["backlog"], said["live"]) == ("uplink", tls, 1200, 200)
    assert min(said[name] for name in FIGURES - {"ratio"}) > 0
    assert len(said["panics"]) == 4
    assert list(folder.iterdir()) == []
    assert not [one for one in psutil.process_iter(["cmdline"]) if str(folder) in str(one.info["cmdline"])]


def test_a_panic_waits_for_one_batch_and_not_for_the_backlog(folder: Path) -> None:
    async def placed() -> tuple[int, int]:
        sites = Sites.create(folder / "estate", tls=False)
        *_, flat = await sites.fill(9, 8, 4 * MOST_ROWS, quiet)
        run = _Run(sites, quiet)
        async with AsyncExitStack() as stack:
            await run.start(stack, meanwhile=signal.SIGSTOP)
            while not run.air.answers:  # until it is journalled
                run.air.send(flat.panic())
                await asyncio.sleep(0.1)
            run.room.signal(signal.SIGCONT)
            await run.arrived(4 * MOST_ROWS + 1)
            return run.held.place(flat.household), run.held.reports()

    place, reports = asyncio.run(placed())
    assert place <= MOST_ROWS + 1
    assert reports >= 4 * MOST_ROWS + 1


def test_each_limit_is_one() -> None:
    limits = GOOD.as_json()["limits"]
    assert {name: one["limit"] for name, one in limits.items()} == {
        "received_per_s": 1000,
        "backlog_s": 300,
        "panic_overtakes_s": 1.0,
        "accepted_per_s": 2000,
        "live_received_per_s": 1000,
        "rss_mb": 120,
    }
    assert GOOD.is_good
    missed: dict[str, Any] = {
        "received_per_s": 999.0,
        "backlog_s": 301.0,
        "panics": (Panic(0.1, 1), Panic(1.1, 1)),
        "accepted_per_s": 1999.0,
        "live_received_per_s": 999.0,
        "rss_mb": 121.0,
    }
    for name, value in missed.items():
        assert not replace(GOOD, **{name: value}).is_good
