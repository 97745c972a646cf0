"""A drawing as SVG; its letters come from whoever shows it."""

from __future__ import annotations

from xml.sax.saxutils import escape

from anju.labels.drawing import Drawing, Face

_FAMILIES = {
    Face.CODE: "'DejaVu Sans Mono','Courier New',Courier,monospace",
    Face.PROSE: "'Noto Sans CJK SC','Noto Sans SC','Microsoft YaHei','PingFang SC',sans-serif",
}
_WEIGHTS = {Face.CODE: "bold", Face.PROSE: "normal"}


def svg(drawing: Drawing) -> bytes:
    """One label, in millimetres."""
    wide, high, module = drawing.width_mm, drawing.height_mm, drawing.module_mm
    path = "".join(f"M{x:.3f} {y:.3f}h{module:.3f}v{module:.3f}h-{module:.3f}z" for x, y in drawing.squares)
    words = "".join(
        f'<text x="{line.x_mm:.3f}" y="{line.y_mm:.3f}" font-size="{line.size_mm:.3f}" font-family="{_FAMILIES[line.face]}"'
        f' font-weight="{_WEIGHTS[line.face]}">{escape(line.text)}</text>\n'
        for line in drawing.lines
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:g}mm" height="{high:g}mm" viewBox="0 0 {wide:g} {high:g}">\n'
        f'<rect width="{wide:g}" height="{high:g}" fill="#fff"/>\n'
        f'<path d="{path}" shape-rendering="crispEdges"/>\n{words}</svg>\n'
    ).encode()
