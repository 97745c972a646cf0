"""`anju bench faults`: whatever fails, with whatever seed, nothing is lost, doubled or reordered, and nothing is left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ENOUGH = {
    "full disk", "slow disk", "clock step", "network cut", "air cut", "node without power", "backup restored",
    "receiver killed", "receiver refused", "receiver broke off", "receiver was late", "receiver answered another",
    "broker killed",
}  # fmt: skip


def ran(folder: Path, *words: str) -> tuple[int, dict[str, Any], str]:
    """Its exit code, its object, and what else it said."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "anju.cli", "bench", "faults", *words, "--json"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"TMPDIR": str(folder)},
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr


def check(folder: Path, events: int, kills: int, seed: int) -> None:
    code, told, said = ran(folder, "--events", str(events), "--kills", str(kills), "--loss", "30%", "--seed", str(seed))
    assert (told["lost"], told["duplicated"], told["reordered"], told["chain_faults"]) == (0, 0, 0, 0), said
    assert told["destinations"].keys() == {"dc09", "mqtt"}
    for one in told["destinations"].values():
        assert (one["lost"], one["duplicated"], one["reordered"]) == (0, 0, 0), said
        assert one["events"] > 0
    assert told["destinations"]["mqtt"]["events"] == told["events"]
    assert code == 0, said
    assert told["events"] >= events
    assert told["kills"] == kills
    assert told["faults"].keys() >= ENOUGH
    assert told["folder"] is None
    assert list(folder.iterdir()) == []


def test_nothing_is_lost_doubled_or_reordered(temporary: Path) -> None:
    check(temporary, events=500, kills=8, seed=1)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(1, 11))
def test_nor_of_twenty_thousand_events_among_fifty_kills(temporary: Path, seed: int) -> None:
    check(temporary, events=20_000, kills=50, seed=seed)
