"""The node's own tests, from one source: which modules there are, and what MicroPython says of a run of one of them."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Self

HERE = Path(__file__).parent
PORTABLE = sorted(HERE.glob("portable/test_*.py"))
"""Run under CPython as well: pytest finds them by itself."""
MODULES = [*PORTABLE, *sorted(HERE.glob("only_micropython/*.py"))]


def name_of(module: Path) -> str:
    """As `runner.py` imports it, with `tests/` on the path."""
    return ".".join(module.relative_to(HERE.parent).with_suffix("").parts)


def functions(module: Path) -> frozenset[str]:
    """All that has to pass."""
    body = ast.parse(module.read_text("utf-8")).body
    return frozenset(part.name for part in body if isinstance(part, ast.FunctionDef) and part.name.startswith("test_"))


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one module: the functions that passed, and those that failed."""

    passed: frozenset[str]
    failed: frozenset[str]

    @classmethod
    def read(cls, told: str) -> Self:
        """What `runner.py` printed."""
        lines = told.splitlines()

        def after(word: str) -> frozenset[str]:
            return frozenset(line.removeprefix(word) for line in lines if line.startswith(word + "test_"))

        return cls(after("ok "), after("failed "))
