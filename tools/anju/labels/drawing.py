"""One label as squares and lines of text, in millimetres from its upper left corner; every format draws the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

import segno

from anju.service.errors import ServiceError
from anju.service.i18n import _, translation
from anju.wire.label import Label

QUIET_MODULES = 4
QR_MODULES = 25
"""A side of version 2."""
_DOT_MM = 25.4 / 203
"""Of the common thermal printer: a module of whole dots is printed as sharp as it can be."""
_LEAST_DOTS, _MOST_DOTS = 3, 8
_QR_SHARE = 0.46
"""Of the label's width, at most."""
_MARGIN_MM = 1.2
_EM_WIDE = 0.6
"""Width of a letter of Courier, and of what else prints the codes, in its size."""
_LEADING = 1.22


class Face(Enum):
    """Which letters."""

    CODE = auto()
    """Digits and capitals that must not be misread."""
    PROSE = auto()
    """Words; Chinese ones too."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text: where it begins, its baseline, the size of its letters, and how wide it may become."""

    x_mm: float
    y_mm: float
    size_mm: float
    width_mm: float
    face: Face
    text: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """One label."""

    width_mm: float
    height_mm: float
    module_mm: float
    squares: tuple[tuple[float, float], ...]
    """Upper left corners of the QR code's dark modules."""
    lines: tuple[Line, ...]


def captions() -> dict[str, str]:
    """English words that stand on a label, each with its Chinese."""
    chinese = translation("zh_CN")
    return {"Setup code": chinese.gettext("Setup code"), "Anju node": chinese.gettext("Anju node")}


def draw(label: Label, board: str, width_mm: float, height_mm: float, *, is_chinese: bool) -> Drawing:
    """A label of this size; ServiceError if the QR code would be too small to scan. `is_chinese` adds Chinese captions."""
    side = QR_MODULES + 2 * QUIET_MODULES
    dots = min(_MOST_DOTS, int(min(height_mm, width_mm * _QR_SHARE) / side / _DOT_MM + 1e-6))
    if dots < _LEAST_DOTS:
        raise ServiceError(
            _("A label of %(width)g × %(height)g mm is too small: its QR code could not be scanned.")
            % {"width": width_mm, "height": height_mm},
            _("Nothing was written."),
            _("Take labels of at least %(width)d × %(height)d mm.") % {"width": 28, "height": 13},
        )
    module = dots * _DOT_MM
    top = (height_mm - side * module) / 2
    code = segno.make(label.qr_text, version=2, error="m", boost_error=False, micro=False)
    squares = tuple(
        ((QUIET_MODULES + column) * module, top + (QUIET_MODULES + row) * module)
        for row, modules in enumerate(code.matrix)
        for column, is_dark in enumerate(modules)
        if is_dark
    )
    left = side * module
    lines = tuple(_lines(_words(label, board, is_chinese=is_chinese), left, width_mm - left - _MARGIN_MM, height_mm))
    return Drawing(width_mm, height_mm, module, squares, lines)


def _words(label: Label, board: str, *, is_chinese: bool) -> list[tuple[Face, float, str]]:
    """Face, size in that of the setup code, text."""
    told = captions()
    setup_code, node = [f"{zh} {en}" if is_chinese else en for en, zh in told.items()]
    typed = label.code.typed
    return [
        (Face.PROSE, 0.72, node),
        (Face.CODE, 1.45, label.short_name),
        (Face.PROSE, 0.72, setup_code),
        (Face.CODE, 1.0, typed[:10]),
        (Face.CODE, 1.0, typed[10:]),
        (Face.CODE, 0.62, label.device),
        (Face.CODE, 0.62, board),
    ]


def _lines(words: list[tuple[Face, float, str]], left: float, width: float, height: float) -> Iterator[Line]:
    longest = max(share * len(text) for face, share, text in words[:-1] if face is Face.CODE)
    room = height - 2 * _MARGIN_MM
    size = min(width / longest / _EM_WIDE, room / _LEADING / sum(share for _face, share, _text in words))
    y = (height - size * _LEADING * sum(share for _face, share, _text in words)) / 2
    for face, share, text in words:
        own = size * share
        y += own * _LEADING
        if text:
            yield Line(left, y - own * (_LEADING - 0.9), own, width, face, text)
