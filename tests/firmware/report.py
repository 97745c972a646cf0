"""The node's own tests side by side: CPython, MicroPython as a process, MicroPython on the emulated board.

Printed at the end of each run of pytest that had any of them; `--node-report FILE` writes it to a file too. It tells of this run
alone: what was not run says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias, cast

import pytest

from firmware.modules import MODULES, PORTABLE, Run, functions

TITLE = "the node's own tests, from one source"
CPYTHON, UNIX, BOARD = COLUMNS = ("CPython", "unix port", "QEMU board")
_PROPERTY = "node's own tests"


_Told: TypeAlias = tuple[str, str, list[str], list[str]]


def told_by(column: str, module: Path, run: Run) -> tuple[str, _Told]:
    """A run under MicroPython, as a test hands it to `record_property`."""
    return _PROPERTY, (column, module.stem, sorted(run.passed), sorted(run.failed))


class NodeReport:
    """A plugin of pytest that keeps what each interpreter said of each module."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._passed: dict[tuple[str, str], set[str]] = {}
        self._failed: dict[tuple[str, str], set[str]] = {}

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in what has been told."""
        for name, value in report.user_properties if report.when == "call" else ():
            if name == _PROPERTY:
                self.add(*cast(_Told, value))
        path = Path(report.fspath)
        if path.parent.name == "portable" and path.stem in {module.stem for module in PORTABLE}:
            function = [report.location[2]]
            if report.failed:
                self.add(CPYTHON, path.stem, (), function)
            elif report.when == "call" and report.passed:
                self.add(CPYTHON, path.stem, function, ())

    @pytest.hookimpl
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print it, and write it to the file."""
        if self._file is not None:
            self._file.write_text("\n".join([TITLE, "", *self.lines()]) + "\n", encoding="utf-8")
        if self._passed:
            terminalreporter.section(TITLE)
            for line in self.lines():
                terminalreporter.write_line(line)

    def add(self, column: str, stem: str, passed: Iterable[str], failed: Iterable[str]) -> None:
        """Keep what an interpreter said of functions of one module."""
        self._passed.setdefault((column, stem), set()).update(passed)
        self._failed.setdefault((column, stem), set()).update(failed)

    def lines(self) -> list[str]:
        """A row for each module: passed / all there are, and what became of the others."""
        groups = [(module.stem, [module]) for module in MODULES] + [("all", MODULES)]
        rows = [["", *COLUMNS], *([name, *(self._cell(column, group) for column in COLUMNS)] for name, group in groups)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]

    def _cell(self, column: str, modules: list[Path]) -> str:
        meant = modules if column != CPYTHON else [module for module in modules if module in PORTABLE]
        if not meant:
            return "–"
        if not any((column, module.stem) in self._passed for module in meant):
            return "not run"
        total = sum(len(functions(module)) for module in meant)
        passed, failed = (
            sum(len(of.get((column, module.stem), ())) for module in meant) for of in (self._passed, self._failed)
        )
        others = [(failed, "failed"), (total - passed - failed, "not run")]
        return ", ".join([f"{passed}/{total}", *(f"{count} {what}" for count, what in others if count)])
