"""The table of the node's own tests on three interpreters: it tells what ran, what failed, and what nobody has run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from firmware.modules import HERE, Run, functions
from firmware.report import BOARD, CPYTHON, UNIX, NodeReport, told_by

ROOT = HERE.parents[1]
CLOCK = HERE / "portable" / "test_node_clock.py"
ALL = sorted(functions(CLOCK))


def _row(report: NodeReport, name: str = "test_node_clock") -> list[str]:
    [line] = [line for line in report.lines() if line.startswith(name + " ")]
    return [cell.strip() for cell in line.removeprefix(name).split("  ") if cell.strip()]


def test_what_was_not_run_says_so() -> None:
    assert _row(NodeReport()) == ["not run"] * 3
    assert _row(NodeReport(), "torn_writes") == ["–", "not run", "not run"]
    assert _row(NodeReport(), "all") == ["not run"] * 3


def test_a_failure_and_what_it_kept_from_running_are_told_apart() -> None:
    report = NodeReport()
    report.add(CPYTHON, CLOCK.stem, ALL, ())
    report.add(UNIX, CLOCK.stem, ALL[2:], ALL[:1])
    report.add(BOARD, CLOCK.stem, (), ())
    count = len(ALL)
    assert _row(report) == [
        f"{count}/{count}",
        f"{count - 2}/{count}, 1 failed, 1 not run",
        f"0/{count}, {count} not run",
    ]


def test_what_a_runner_prints_is_understood() -> None:
    run = Run.read("ok test_a\nfailed test_b\nTraceback (most recent call last):\nok, it says\nok test_c\n")
    assert run == Run(frozenset({"test_a", "test_c"}), frozenset({"test_b"}))
    assert told_by(BOARD, CLOCK, run)[1] == (BOARD, CLOCK.stem, ["test_a", "test_c"], ["test_b"])


def test_a_run_of_pytest_ends_with_it(tmp_path: Path) -> None:
    """Two of the three interpreters, and of one of them a single function."""
    file = tmp_path / "report"
    tests = [f"{CLOCK}::{ALL[0]}", f"{HERE}/test_on_micropython.py"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={tmp_path / 'own'}"]
    run = subprocess.run(
        [*command, *tests, "-k", "test_node_clock", "--node-report", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    count = len(ALL)
    [row] = [line for line in file.read_text("utf-8").splitlines() if line.startswith("test_node_clock")]
    assert row.split("  ")[0] == "test_node_clock"
    assert f" 1/{count}, {count - 1} not run " in row
    assert f" {count}/{count} " in row
    assert row.endswith(" not run")
    assert row in run.stdout
