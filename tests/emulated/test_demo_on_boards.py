"""`anju demo --board qemu` as somebody types it: four flats on eight boards, and nothing lost or doubled."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from crash.leftovers import check_nothing_left


def test_a_demo_on_emulated_boards(monkeypatch: pytest.MonkeyPatch) -> None:
    command = (sys.executable, "-m", "anju.cli", "demo", "--board", "qemu", "--headless", "--seconds", "10", "--json")
    with tempfile.TemporaryDirectory(prefix="anju-") as temporary:  # pytest's own is too deep for a socket
        monkeypatch.setenv("TMPDIR", temporary)
        demo = subprocess.run(command, capture_output=True, text=True, check=False)
        assert demo.returncode == 0, demo.stderr
        check_nothing_left(Path(temporary))
    figures = json.loads(demo.stdout.splitlines()[-1])
    assert (figures["flats"], figures["nodes"]) == (4, 8)
    assert figures["firmware"].endswith("qemu_ast1030")
    assert (figures["lost"], figures["duplicated"]) == (0, 0)
    assert figures["presses"] > 0
    assert figures["presses"] < figures["events_sent"] == figures["events_committed"] == figures["reports_received"]
    assert figures["frames"]["refused"] == 0
    for latency in figures["latency_ms"].values():
        assert 0 < latency["p50"] <= latency["p99"] <= latency["max"]
