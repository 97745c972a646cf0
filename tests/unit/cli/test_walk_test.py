"""`anju walk-test` and `anju survey` as they are typed, with a real concentrator and a real node that somebody goes to."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pytest

from anju.bundle import stage
from anju.simulator.interpreter import micropython
from anju.simulator.node import Place
from anju.simulator.provision import provision
from anju.uplink.reports import Report, ReportKind
from firmware.node_process import NodeProcess
from unit.cli.conftest import Anju
from unit.concentrator.harness import PATIENCE_S
from unit.concentrator.pairing_kit import HOUSEHOLD, Estate, estate

ZONES = [{"kind": "hold_up", "name": "bed", "number": 0}, {"kind": "entry", "name": "door", "number": 1}]
TESTED, HELD = "@pwm buzzer 1500", "@pwm buzzer 2000"


class Home:
    """A flat with a button at input 0 and a door at input 1."""

    def __init__(self, site: Estate, node: NodeProcess) -> None:
        self.site = site
        self.folder = site.site.folder
        self.node = node

    def press(self, feedback: str) -> None:
        """Shortly, until the button has shown what became of it."""
        self.node.drive("pin input0 1")
        self.node.expect("event ")
        self.node.drive("pin input0 0")
        self.node.expect(feedback)

    def use_door(self) -> None:
        """Open it, and shut it."""
        for level in (1, 0):
            self.node.drive(f"pin input1 {level}")
            self.node.expect("acked")

    def wait_until_sure(self) -> None:
        """Until whatever happens is a TEST."""
        shown = self.site.ask("walk_test_watch", household=HOUSEHOLD, wait_s=0)
        while time.time() * 1000 < shown["sure_at_ms"] + 1000:
            time.sleep(0.05)

    def alarms(self) -> list[Report]:
        return [one for one in self.site.reports() if one.kind is ReportKind.HOLD_UP_ALARM]


class Walker:
    """`anju walk-test` as a process; what it says, line by line."""

    def __init__(self, home: Home, *arguments: str) -> None:
        start = ["env", "--default-signal=INT", sys.executable, "-P", "-m", "anju.cli", "walk-test"]
        environment = {**os.environ, "ANJU_LANG": "en", "TERM": "dumb", "NO_COLOR": "1"}
        self.process = subprocess.Popen(
            [*start, *arguments, "--site", str(home.folder)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def expect(self, part: str) -> str:
        """The next line with this in it."""
        deadline = time.monotonic() + PATIENCE_S
        while part not in (line := self._lines.get(timeout=max(0, deadline - time.monotonic()))):
            assert line, "it has ended"
        return line

    def code(self) -> int:
        return self.process.wait(PATIENCE_S)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    bundle = stage("unix_sim", tmp_path / "bundle")
    place = Place(micropython(), bundle, {"PATH": os.environ["PATH"], "MICROPYPATH": ".frozen"})
    store = tmp_path / "store"
    store.mkdir()
    with ExitStack() as stack:
        site = stack.enter_context(estate())
        label = provision(place, store)
        address = site.site.concentrator.udp_address
        assert address
        node = stack.enter_context(NodeProcess(bundle, store, f"udp:{address[0]}:{address[1]}"))
        site.pair(label.qr_text, household=HOUSEHOLD, zones=json.dumps(ZONES))
        node.drive("pin input0 1")
        node.expect("paired", "acked")
        node.drive("pin input0 0")
        site.ask("reset", household=HOUSEHOLD)  # that press was one already
        yield Home(site, node)


def test_every_zone_is_tried_and_the_record_shown(home: Home, anju: Anju) -> None:
    with Walker(home, HOUSEHOLD) as walker:
        walker.expect(f"{HOUSEHOLD} is on TEST until")
        walker.expect("○ bed: hold it for one second, not for three")
        home.wait_until_sure()
        home.press(TESTED)
        walker.expect("✓ bed: pressed at")
        home.use_door()
        walker.expect("✓ door: opened at")
        walker.expect(f"✓ {HOUSEHOLD}: all 2 zones work.")
        assert walker.code() == 0
    kinds = [kind for kind in home.site.kinds() if kind != "evidence"]  # which comes when it comes
    assert kinds[-2:] == ["walk_tested", "test_ended"]
    assert home.alarms()[-1].test
    shown = anju("walk-test", "--show", HOUSEHOLD, "--site", home.folder).out
    assert f"✓ {HOUSEHOLD}: all 2 zones work." in shown
    (record,) = [
        json.loads(line)
        for line in anju("walk-test", "--show", "--json", "--site", home.folder).out.split("\n")
        if line
    ]
    assert all(zone["delay_ms"] >= 0 and zone["round_trip_ms"] >= 1 for zone in record["zones"])
    home.press(HELD)  # and behind it a press is one
    assert not home.alarms()[-1].test


def test_broken_off_it_is_taken_up_again_over_a_restart_of_the_concentrator(home: Home, anju: Anju) -> None:
    with Walker(home, HOUSEHOLD, "--json") as walker:
        walker.expect('"door"')
        home.wait_until_sure()
        home.use_door()
        walker.expect('"restored_at_ms"')
        walker.process.send_signal(signal.SIGINT)
        walker.expect("what was ticked stays ticked")
        assert walker.code() == 130
    home.site.restart()
    with Walker(home, HOUSEHOLD) as walker:
        walker.expect("○ bed")
        walker.expect("✓ door")
        said = anju("walk-test", HOUSEHOLD, "--end", "--site", home.folder)
        assert (said.code, said.out) == (3, f"✗ {HOUSEHOLD}: 1 of 2 zones work; missing: bed\n")
        assert walker.code() == 3
    assert "On TEST" not in anju("panel", HOUSEHOLD, "--site", home.folder).out


def test_a_button_that_is_held_is_an_alarm_while_on_test(home: Home, anju: Anju) -> None:
    with Walker(home, HOUSEHOLD) as walker:
        walker.expect("○ bed")
        home.wait_until_sure()
        home.node.drive("pin input0 1")
        walker.expect("✓ bed: pressed at")
        walker.expect("! A real alarm waits for a reset: hold-up.")
        home.node.expect(HELD)
        home.node.drive("pin input0 0")
    assert [one.test for one in home.alarms()[-2:]] == [True, False]
    assert "On TEST for 30 min more" in anju("panel", HOUSEHOLD, "--site", home.folder).out
    assert anju("panel", HOUSEHOLD, "test-end", "--site", home.folder).code == 0
    said = anju("panel", HOUSEHOLD, "test-end", "--site", home.folder)
    assert (said.code, said.err.splitlines()[0]) == (1, f"✗ {HOUSEHOLD} is not on TEST.")


def test_a_node_that_is_awake_is_measured(home: Home, anju: Anju) -> None:
    said = anju("survey", HOUSEHOLD, "--times", "3", "--json", "--site", home.folder)
    (node,) = [json.loads(line) for line in said.out.splitlines()]
    assert (said.code, node["answered"], node["asked"]) == (0, 3, 3)
    assert 1 <= node["round_trip_ms"] <= node["slowest_ms"]
    again = anju("survey", "--show", "--site", home.folder).out
    assert "3/3" in again
    assert "surveyed" in home.site.kinds()
