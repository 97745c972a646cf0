"""From labels to files: which format, and what each file is called. They hold setup codes: their owner alone may read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from anju.labels.drawing import Drawing, draw
from anju.labels.font import Font
from anju.labels.sheets import Sheet
from anju.service import private_file
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.wire.label import Label


class Format(StrEnum):
    """What labels become."""

    PDF = "pdf"
    ZPL = "zpl"
    PNG = "png"
    SVG = "svg"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Paper:
    """How to print: `skip` places of the first sheet are used already, `dpi` is the printer's."""

    sheet: Sheet
    skip: int = 0
    dpi: int = 203
    font: Font | None = None


def content(labels: Sequence[tuple[Label, str]], form: Format, paper: Paper) -> dict[str, bytes]:
    """What to write for labels and the boards they are for: one file called "", or one for each label by its name."""
    if form is Format.TEXT:
        return {"": "".join(_text(label, board) for label, board in labels).encode()}
    is_chinese = paper.font is not None or form is Format.SVG
    drawings = [draw(label, board, *paper.sheet.label, is_chinese=is_chinese) for label, board in labels]
    if form is Format.PDF:
        from anju.labels.pdf import pdf

        return {"": pdf(drawings, paper.sheet, paper.skip, paper.font)}
    if form is Format.SVG:
        from anju.labels.vector import svg

        return {f"{label.device}.svg": svg(drawing) for (label, _board), drawing in zip(labels, drawings, strict=True)}
    return _dots(labels, drawings, form, paper)


def write(out: Path, files: dict[str, bytes]) -> list[Path]:
    """Write them, 0600, all or none; ServiceError if one is there already or cannot be written."""
    targets = [out / name if name else out for name in files]
    written: list[Path] = []
    target = out
    try:
        for target in targets:
            if target.exists():
                raise ServiceError(
                    _("%(file)s exists already.") % {"file": target},
                    _("Nothing was written; the file was left as it is."),
                    _("Choose another place with --out, or remove the file."),
                )
        for target, told in zip(targets, files.values(), strict=True):
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            private_file.create(target, told)
            written.append(target)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        raise ServiceError(
            _("%(file)s cannot be written: %(reason)s.") % {"file": target, "reason": error.strerror or error},
            _("No label was written."),
            _("Choose a place that you may write to with --out."),
        ) from error
    return written


def _dots(
    labels: Sequence[tuple[Label, str]], drawings: Sequence[Drawing], form: Format, paper: Paper
) -> dict[str, bytes]:
    from anju.labels import raster

    if form is Format.ZPL:
        return {"": b"".join(raster.zpl(drawing, paper.dpi, paper.font) for drawing in drawings)}
    return {
        f"{label.device}.png": raster.png(drawing, paper.dpi, paper.font)
        for (label, _board), drawing in zip(labels, drawings, strict=True)
    }


def _text(label: Label, board: str) -> str:
    """One line, for whoever prints with a program of their own."""
    return f"{label.short_name}\t{label.device}\t{label.code.typed}\t{label.qr_text}\t{board}\n"
