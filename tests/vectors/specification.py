"""protocol/README.md as data: its tables and examples."""

from __future__ import annotations

import re
from typing import NamedTuple

from vectors.golden import ROOT

TEXT = (ROOT / "protocol" / "README.md").read_text("utf-8")


class Field(NamedTuple):
    """One row of a byte table."""

    name: str
    offset: int
    size: int
    letter: str


def _rows(head: str, after: str) -> list[list[str]]:
    """Cells of the first table with this head behind a place in the text."""
    lines = TEXT[TEXT.index(after) :].splitlines()
    start = lines.index(head) + 2
    table = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split("|")])
    return table


def byte_table(name: str) -> list[Field]:
    """The rows of the byte table called `name`."""
    head = "| offset | bytes | format | field | meaning |"
    return [
        Field(field, int(offset), int(size), letter)
        for offset, size, letter, field, _ in _rows(head, f"table `{name}`")
    ]


def codes(name: str) -> dict[str, int]:
    """Names and values of the table of codes called `name`."""
    return {code: int(value) for code, value, _ in _rows("| name | value | meaning |", f"\n`{name}`, ")}


def extras() -> dict[str, int]:
    """Names and types of the extras."""
    return {name: int(kind, 16) for name, kind, *_ in _rows("| name | type | where | value |", "### 1.3 Extras")}


def numbers() -> list[tuple[str, float, list[str]]]:
    """Rows of the table of numbers: what it is, its value, and where the code has it."""
    rows = _rows("| number | value | in code |", "## 10 Numbers")
    return [(what, float(value), re.findall(r"`([\w.]+)`", places)) for what, value, places in rows]


def report_fields() -> list[str]:
    """Fields of a report, in their order."""
    return [field for field, *_ in _rows("| field of a report | type | when |", "### 9.1")]


def examples(language: str) -> list[str]:
    """The blocks of one language."""
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def manifest_fields() -> list[str]:
    """Fields of a manifest, in their order."""
    return [field for field, _ in _rows("| field | value |", "## 13 Bundles")]


def threats() -> list[list[str]]:
    """Rows of the threat model: attack, what stands against it, rules, the test that shows it."""
    return _rows("| attack | what stands against it | rules | shown by |", "## 11 Threat model")


def rule(number: str) -> str:
    """The line of one rule."""
    (line,) = re.findall(rf"^\*\*{number}\*\* .*$", TEXT, re.MULTILINE)
    return str(line)


def identity_fields() -> list[str]:
    """Fields of an exported identity, in their order."""
    return [field for field, _ in _rows("| field | value |", "## 18 Exported identity")]
