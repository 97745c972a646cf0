"""Drawings on pages of a PDF: text stays text, squares stay sharp at any size; Chinese letters are embedded, and only those."""

from __future__ import annotations

from collections.abc import Sequence

from fpdf import FPDF

from anju.labels.drawing import Drawing, Face
from anju.labels.font import Font
from anju.labels.sheets import Sheet

_POINTS_PER_MM = 72 / 25.4
_CHINESE = "chinese"


def pdf(drawings: Sequence[Drawing], sheet: Sheet, skip: int, font: Font | None) -> bytes:
    """All of them on as many pages as they need; print at 100 %, without "fit to page"."""
    paper = FPDF(unit="mm", format=sheet.page)
    paper.set_auto_page_break(False)
    paper.set_margin(0)
    paper.set_creator("Anju")
    if font is not None:
        paper.add_font(_CHINESE, fname=font.path, collection_font_number=font.face)
    for drawing, (page, x, y) in zip(drawings, sheet.corners(len(drawings), skip), strict=True):
        while paper.page <= page:
            paper.add_page()
        _draw(paper, drawing, x, y, has_chinese=font is not None)
    return bytes(paper.output())


def _draw(paper: FPDF, drawing: Drawing, x: float, y: float, *, has_chinese: bool) -> None:
    paper.set_fill_color(0)
    for left, top in drawing.squares:
        paper.rect(x + left, y + top, drawing.module_mm, drawing.module_mm, style="F")
    for line in drawing.lines:
        if line.face is Face.CODE:
            paper.set_font("Courier", "B")
        else:
            paper.set_font(_CHINESE if has_chinese else "Helvetica", "")
        points = line.size_mm * _POINTS_PER_MM
        paper.set_font_size(points)
        wide = paper.get_string_width(line.text)
        if wide > line.width_mm:
            paper.set_font_size(points * line.width_mm / wide)
        paper.text(x + line.x_mm, y + line.y_mm, line.text)
