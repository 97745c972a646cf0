"""A font with Chinese letters: one that was named, else one that this machine has. We ship none: they weigh many megabytes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from fontTools.ttLib import TTCollection, TTFont, TTLibError

from anju.labels.drawing import captions
from anju.service.errors import ServiceError
from anju.service.i18n import _

_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", "/Library/Fonts", "C:/Windows/Fonts")
_NAMES = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "NotoSansSC-Regular.otf",
    "NotoSansSC-Regular.ttf",
    "SourceHanSansSC-Regular.otf",
    "SourceHanSansCN-Regular.otf",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "DroidSansFallbackFull.ttf",
    "msyh.ttc",
    "simhei.ttf",
    "STHeiti Light.ttc",
    "Hiragino Sans GB.ttc",
)
"""Fonts of Linux, Windows and macOS, the first one first."""


@dataclass(frozen=True, slots=True)
class Font:
    """A font file, and which of its faces."""

    path: Path
    face: int


def named(path: Path) -> Font:
    """The font in a file; ServiceError if it has not all that stands on a label."""
    try:
        found = _face(path)
        reason = _("it has not all Chinese letters of a label")
    except (OSError, TTLibError) as error:
        found, reason = None, str(error) or type(error).__name__
    if found is None:
        raise ServiceError(
            _("The font %(path)s cannot be used: %(reason)s.") % {"path": path, "reason": reason},
            _("Nothing was written."),
            _("Name another one with --font, or leave it out."),
        )
    return found


def installed() -> Font | None:
    """A font of this machine that has all that stands on a label."""
    for path in _candidates():
        try:
            found = _face(path)
        except (OSError, TTLibError):
            continue
        if found is not None:
            return found
    return None


def _candidates() -> Iterator[Path]:
    own = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "fonts"
    there: dict[str, Path] = {}
    for folder in (own, *map(Path, _FOLDERS)):
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            there.setdefault(path.name, path)
    yield from (there[name] for name in _NAMES if name in there)


def _face(path: Path) -> Font | None:
    """The first face that has every letter, simplified Chinese before others: a collection has a face for each country."""
    wanted = set(map(ord, "".join(captions().values()))) - {0x20}
    first = None
    with path.open("rb") as file:
        for number, font in enumerate(_faces(file)):
            is_simplified = " SC" in (font["name"].getDebugName(4) or "")
            if (first is None or is_simplified) and wanted <= (font.getBestCmap() or {}).keys():
                first = Font(path, number)
                if is_simplified:
                    break
    return first


def _faces(file: BinaryIO) -> list[TTFont]:
    is_collection = file.read(4) == b"ttcf"
    file.seek(0)
    return list(TTCollection(file, lazy=True).fonts) if is_collection else [TTFont(file, lazy=True)]
