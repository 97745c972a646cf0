"""What every form of a plan consists of: rows of cells that know where they stand, judged all at once."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from anju.plan.model import FORMULA_BEGINS, MOST_HOUSEHOLDS, MOST_ZONES, Plan, PlannedHousehold, PlannedZone, ZoneName
from anju.service import zone_words
from anju.service.i18n import _, translation
from anju.uplink.fields import Household
from anju.uplink.reports import ZoneKind

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−"), "-")
_HOUSEHOLD: TypeAdapter[str] = TypeAdapter(Household)
_ZONE: TypeAdapter[str] = TypeAdapter(ZoneName)


@dataclass(frozen=True, slots=True)
class Cell:
    """A text and where it stands: line and column from 1; a column of a table, or a character of a line."""

    text: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Row:
    """One zone of a household; without zone and kind, a household alone."""

    household: Cell
    zone: Cell | None
    kind: Cell | None


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong, where; a sentence for a person."""

    line: int
    column: int
    text: str

    def __str__(self) -> str:
        return _("line %(line)d, column %(column)d: %(mistake)s") % {
            "line": self.line,
            "column": self.column,
            "mistake": self.text,
        }


def kind_names() -> dict[ZoneKind, str]:
    """What people call each kind, in this process's language."""
    return zone_words.kind_names(_)


def judge(rows: Iterable[Row]) -> tuple[Plan, list[Mistake]]:
    """The plan that the rows say, and all that is wrong with them; the plan counts only without mistakes."""
    mistakes: list[Mistake] = []
    first_seen: dict[tuple[str, str], int] = {}
    flats: dict[str, list[PlannedZone]] = {}
    for row in rows:
        name = _household(row.household, mistakes)
        zone = _zone(row, mistakes)
        if name is None or (zone is None and row.zone is not None):
            continue
        key = (name, zone.name if zone else "")
        at = row.zone or row.household
        if key in first_seen:
            mistakes.append(_twice(at, key, first_seen[key]))
            continue
        first_seen[key] = at.line
        zones = flats.setdefault(name, [])
        if zone is not None:
            zones.append(zone)
        if len(zones) == MOST_ZONES + 1:
            mistakes.append(
                Mistake(at.line, at.column, _("a household has at most %(most)d zones") % {"most": MOST_ZONES})
            )
        if len(flats) == MOST_HOUSEHOLDS + 1 and not zones[1:]:
            mistakes.append(
                Mistake(at.line, at.column, _("a plan has at most %(most)d households") % {"most": MOST_HOUSEHOLDS})
            )
    if mistakes:
        return Plan(), sorted(mistakes, key=lambda one: (one.line, one.column))
    return Plan.of([PlannedHousehold(household=name, zones=tuple(zones)) for name, zones in flats.items()]), []


def plain(text: str) -> str:
    """As it is meant: full-width letters and dashes of Chinese keyboards, small letters, blanks at the ends don't matter."""
    return unicodedata.normalize("NFKC", text).translate(_DASHES).strip()


def _household(cell: Cell, mistakes: list[Mistake]) -> str | None:
    name = plain(cell.text).upper()
    try:
        return _HOUSEHOLD.validate_python(name)
    except ValidationError:
        said = (
            _("there is no household here; write building-unit-floor and door, such as 3-2-0501")
            if not name
            else _("%(text)s is not a household; write building-unit-floor and door, such as 3-2-0501")
            % {"text": shown(cell.text)}
        )
        mistakes.append(Mistake(cell.line, cell.column, said))
        return None


def _zone(row: Row, mistakes: list[Mistake]) -> PlannedZone | None:
    if row.zone is None or row.kind is None:
        return None
    before = len(mistakes)
    name, kind = row.zone.text.strip(), _kinds().get(plain(row.kind.text).lower().replace("-", "_"))
    try:
        _ZONE.validate_python(name)
    except ValidationError:
        mistakes.append(Mistake(row.zone.line, row.zone.column, _wrong_name(name)))
    if kind is None:
        told = {"text": shown(row.kind.text), "kinds": ", ".join(kind_names().values())}
        said = _("%(text)s is not a kind of zone; choose one of: %(kinds)s") % told
        if not row.kind.text.strip():
            said = _("the kind of this zone is missing; choose one of: %(kinds)s") % told
        mistakes.append(Mistake(row.kind.line, row.kind.column, said))
    return PlannedZone(name=name, kind=kind) if kind is not None and len(mistakes) == before else None


def _kinds() -> dict[str, ZoneKind]:
    """Each way to write a kind: its code, and what people call it in each language."""
    words = {kind.value: kind for kind in ZoneKind}
    for translate in (str, translation("zh_CN").gettext):
        words |= {word: kind for kind, word in zone_words.kind_names(translate).items()}
    return words


def _wrong_name(name: str) -> str:
    if not name:
        return _("the name of this zone is missing")
    if name.startswith(tuple(FORMULA_BEGINS)):
        return _("%(text)s begins like a formula; begin a zone's name with a letter or digit") % {"text": shown(name)}
    return _("%(text)s is not a name; write 1 to 64 printable characters") % {"text": shown(name)}


def _twice(at: Cell, key: tuple[str, str], line: int) -> Mistake:
    household, zone = key
    told = {"household": household, "zone": zone, "line": line}
    if zone:
        return Mistake(at.line, at.column, _("%(household)s has “%(zone)s” already, in line %(line)d") % told)
    return Mistake(at.line, at.column, _("%(household)s is there already, in line %(line)d") % told)


def shown(text: str) -> str:
    """A text from a file for a message: printable and not long."""
    safe = "".join(letter if letter.isprintable() else "·" for letter in text)
    return f"“{safe if len(safe) <= 40 else safe[:39] + '…'}”"


def listed(plan: Plan) -> list[tuple[str, PlannedZone | None]]:
    """A plan as rows: a household without zones has one row without any."""
    found: list[tuple[str, PlannedZone | None]] = []
    for flat in plan.households:
        zones: Sequence[PlannedZone | None] = flat.zones or (None,)
        found += [(flat.household, zone) for zone in zones]
    return found
