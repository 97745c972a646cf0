"""Where the firmware's source is: in the repository (editable install), or packed into the wheel."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anju.wire.table
from anju.bundle.errors import BundleError
from anju.service.i18n import _

PACKED = "source"
"""Folder beside this module in which a wheel carries `firmware/` and `boards/`."""


@dataclass(frozen=True, slots=True)
class Source:
    """The three places a bundle is made of."""

    firmware: Path
    boards: Path
    table: Path
    number: Path
    """A wheel writes here when its source was last changed; in a repository there is no such file."""

    @classmethod
    def find(cls, here: Path = Path(__file__)) -> Source:
        """The source that belongs to this installation; BundleError if it came without one."""
        repository, packed = here.resolve().parents[3], here.resolve().with_name(PACKED)
        for root in (repository, packed):
            if (root / "firmware" / "main.py").is_file() and (root / "boards").is_dir():
                return cls(root / "firmware", root / "boards", Path(anju.wire.table.__file__), root / "number")
        raise BundleError(
            _("The firmware's source is neither in %(repository)s nor in %(packed)s.")
            % {"repository": repository, "packed": packed},
            _("Nothing was changed."),
            _("Install Anju from its repository (make venv), or from a complete wheel."),
        )

    def board(self, name: str) -> Path:
        """Folder of one board; BundleError that lists the boards there are."""
        there = sorted(folder.name for folder in self.boards.iterdir() if (folder / "board.py").is_file())
        if name not in there:
            raise BundleError(
                _("There is no board called %(name)s.") % {"name": name},
                _("Nothing was changed."),
                _("Boards: %(boards)s") % {"boards": ", ".join(there)},
            )
        return self.boards / name

    def mcus(self, board: str) -> tuple[str, ...]:
        """The microcontrollers that a board may have, as MicroPython calls them; none for a process, or if we don't have it."""
        file = self.boards / board / "board.py"
        return tuple(literal(file, "MCUS") or ()) if file.is_file() else ()


def literal(file: Path, name: str) -> Any:
    """What a source says `name` is, at its top level and as a literal; None if it does not. Nothing of it is run."""
    for statement in ast.parse(file.read_text("utf-8")).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=found)], value=value) if found == name:
                return ast.literal_eval(value)
    return None
