"""Plans as TOML: a section for each household, and in it a line for each zone.

[3-2-0501]
"Front door" = "entry"
"Bedside" = "hold_up"
"""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

from anju.plan.model import Plan
from anju.planning.rows import Cell, Mistake, Row, shown
from anju.service.i18n import _

_SECTION = re.compile(r"(\s*)\[([^\[\]].*)\]\s*(?:#.*)?$")
_KEY = re.compile(r"""(\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)\s*=\s*""")
_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_Places = dict[tuple[str, ...], tuple[int, int, int]]
"""Line, column and column of the value of each section and key."""


def rows(raw: bytes) -> tuple[list[Row], list[Mistake]]:
    """The rows that a text says, and what is wrong with its form."""
    text = ""
    try:
        text = raw.decode("utf-8-sig")
        told: dict[str, Any] = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        return [], [Mistake(line, column, _("this is not UTF-8 text"))]
    except RecursionError:
        return [], [Mistake(1, 1, _("this is not TOML: %(reason)s") % {"reason": _("it is nested too deeply")})]
    except tomllib.TOMLDecodeError as error:
        return [], [_no_toml(str(error), text)]
    places = _places(text)
    found: list[Row] = []
    mistakes: list[Mistake] = []
    for household, zones in told.items():
        line, column, _value = places.get((household,), (1, 1, 1))
        if not isinstance(zones, dict):
            said = _("%(text)s is not in the section of a household; begin one with [3-2-0501]")
            mistakes.append(Mistake(line, column, said % {"text": shown(household)}))
            continue
        at = Cell(household, line, column)
        if not zones:
            found.append(Row(at, None, None))
        for name, kind in zones.items():
            line, column, value = places.get((household, name), (at.line, at.column, at.column))
            if isinstance(kind, str):
                found.append(Row(at, Cell(name, line, column), Cell(kind, line, value)))
            else:
                said = _("the kind of %(text)s is not a text in quotation marks") % {"text": shown(name)}
                mistakes.append(Mistake(line, value, said))
    return found, mistakes


def dump(plan: Plan) -> str:
    """A plan as TOML that `rows` reads."""
    parts = []
    for flat in plan.households:
        zones = [f'{json.dumps(zone.name, ensure_ascii=False)} = "{zone.kind.value}"' for zone in flat.zones]
        parts.append("\n".join([f"[{flat.household}]", *zones]) + "\n")
    return "\n".join(parts)


def _no_toml(reason: str, text: str) -> Mistake:
    found = _AT.search(reason)
    lines = text.splitlines() or [""]
    line, column = (int(found[1]), int(found[2])) if found and found[1] else (len(lines), len(lines[-1]) + 1)
    return Mistake(line, column, _("this is not TOML: %(reason)s") % {"reason": _AT.sub("", reason)})


def _places(text: str) -> _Places:
    """Where sections and keys stand, looked for by eye: tomllib does not keep it."""
    places: _Places = {}
    section: tuple[str, ...] = ()
    for number, line in enumerate(text.split("\n"), 1):
        header, key = _SECTION.match(line), _KEY.match(line)
        if header:
            section = _path(header[2])[:1]
            places.setdefault(section, (number, len(header[1]) + 1, len(header[1]) + 1))
        elif key:
            name = _path(key[2])
            places.setdefault((*section, *name), (number, len(key[1]) + 1, key.end() + 1))
    return places


def _path(key: str) -> tuple[str, ...]:
    """A key as TOML reads it."""
    try:
        told = tomllib.loads(f"[{key}]")
    except tomllib.TOMLDecodeError:
        return ()
    found = []
    while told:
        ((name, told),) = told.items()
        found.append(name)
    return tuple(found)
