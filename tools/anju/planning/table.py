"""Plans as tables: CSV as Excel, WPS and others write it: BOM or none, UTF-8, UTF-16 or GB18030, comma, semicolon or tab."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from anju.plan.model import Plan
from anju.planning.rows import Cell, Mistake, Row, kind_names, listed, plain, shown
from anju.service.i18n import _, translation

_COLUMNS = ("household", "zone", "kind")
_SEPARATORS = ",;\t"
_UTF_8_BOM = "\ufeff".encode()


def rows(raw: bytes) -> tuple[list[Row], list[Mistake]]:
    """The rows of a table below its headings, and what is wrong with its form."""
    try:
        text = _decoded(raw)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        return [], [Mistake(line, column, _("this is text in no encoding that is known; save it as UTF-8"))]
    records = list(_records(text))
    if not records:
        return [], [Mistake(1, 1, _("the table is empty; its first line is: household,zone,kind"))]
    headings, *below = records
    places, mistakes = _places(headings)
    if mistakes:
        return [], mistakes
    return [_row(cells, places, mistakes) for cells in below], mistakes


def dump(plan: Plan) -> str:
    """A plan as a table that `rows` reads, in this process's language."""
    names = kind_names()
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow([_("household"), _("zone"), _("kind")])
    for household, zone in listed(plan):
        writer.writerow([household, zone.name, names[zone.kind]] if zone else [household, "", ""])
    return buffer.getvalue()


def _decoded(raw: bytes) -> str:
    """By its BOM; else UTF-8, which nothing else looks like by accident; else what Chinese Excel writes."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16")
    if raw.startswith(_UTF_8_BOM):
        return raw.decode("utf-8-sig")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("gb18030")


def _records(text: str) -> Iterator[list[Cell]]:
    """Lines that are not empty, as cells; a quoted cell may hold a line break, and then the next line's number is higher."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    told = first.strip().removeprefix("sep=") if first.lower().startswith("sep=") else ""
    separator = told if told and told in _SEPARATORS else max(_SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    begins = 1
    for cells in reader:
        if any(cell.strip() for cell in cells) and not (told and begins == 1):
            yield [Cell(cell, begins, column) for column, cell in enumerate(cells, 1)]
        begins = reader.line_num + 1


def _places(headings: list[Cell]) -> tuple[dict[str, int], list[Mistake]]:
    """Where each column stands, by its heading in either language."""
    chinese = translation("zh_CN")
    known = {word: name for name in _COLUMNS for word in (name, chinese.gettext(name))}
    places: dict[str, int] = {}
    mistakes = []
    for place, cell in enumerate(headings):
        word = plain(cell.text).lower()
        name = known.get(word)
        if name is None and word:
            said = _("%(text)s is not a column; a plan has: household, zone, kind") % {"text": shown(cell.text)}
            mistakes.append(Mistake(cell.line, cell.column, said))
        elif name in places:
            mistakes.append(Mistake(cell.line, cell.column, _("this column is there twice")))
        elif name is not None:
            places[name] = place
    if not mistakes:
        for missing in (name for name in _COLUMNS if name not in places):
            said = _("the column “%(name)s” is missing; the first line is: household,zone,kind") % {"name": _(missing)}
            mistakes.append(Mistake(headings[0].line, len(headings) + 1, said))
    return places, mistakes


def _row(cells: list[Cell], places: dict[str, int], mistakes: list[Mistake]) -> Row:
    line = cells[0].line
    by_name = {
        name: cells[place] if place < len(cells) else Cell("", line, place + 1) for name, place in places.items()
    }
    for place, cell in enumerate(cells):
        if place not in places.values() and cell.text.strip():
            said = _("%(text)s stands beside the table; is there a separator too many?") % {"text": shown(cell.text)}
            mistakes.append(Mistake(line, cell.column, said))
    zone, kind = by_name["zone"], by_name["kind"]
    if not zone.text.strip() and not kind.text.strip():
        return Row(by_name["household"], None, None)
    return Row(by_name["household"], zone, kind)
