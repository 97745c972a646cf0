"""Puts together the tree that a node runs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from anju.bundle.errors import BundleError
from anju.bundle.source import Source
from anju.service.i18n import _

STARTERS = ("boot.py", "main.py")
TABLE = Path("anju/wire/table.py")
_TYPES_ALONE = Path("anju/role/needs.py")
"""Read by people and type checkers: MicroPython could not even parse it."""


def stage(board: str, target: Path) -> Path:
    """Fill the new or empty folder `target` with what a node on `board` runs, and return it.

    MicroPython does not merge namespace folders, so `firmware/anju` and the protocol's table come together here. BundleError
    if the source is not found, the board is unknown, `target` is not empty, or two parts bring the same file.
    """
    source = Source.find()
    parts = list(_parts(source, source.board(board)))
    names = [name for name, _ in parts]
    doubles = sorted({str(name) for name in names if names.count(name) > 1})
    if doubles:
        raise BundleError(
            _("Two parts of the bundle bring the same file: %(files)s.") % {"files": ", ".join(doubles)},
            _("Nothing was changed."),
            _("Rename one of them."),
        )
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BundleError(
            _("%(folder)s is not an empty folder.") % {"folder": target},
            _("Nothing was changed."),
            _("Name a new one."),
        )
    for name, file in parts:
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)
    return target


def _parts(source: Source, board: Path) -> Iterator[tuple[Path, Path]]:
    """(name in the bundle, file) of everything a node needs."""
    for starter in STARTERS:
        yield Path(starter), source.firmware / starter
    for file in sorted((source.firmware / "anju").rglob("*.py")):
        if (name := file.relative_to(source.firmware)) != _TYPES_ALONE:
            yield name, file
    yield TABLE, source.table
    for file in sorted(board.glob("*.py")):
        yield Path(file.name), file
