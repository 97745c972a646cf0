"""Paper: where each label lies on a page. A roll is a page for each label."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from anju.service.errors import ServiceError
from anju.service.i18n import _

_LEAST_MM, _MOST_MM = 10.0, 300.0


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page and the labels on it, in millimetres."""

    page: tuple[float, float]
    label: tuple[float, float]
    columns: int = 1
    rows: int = 1
    left: float = 0.0
    top: float = 0.0
    pitch: tuple[float, float] = (0.0, 0.0)
    """From one label's corner to the next one's."""

    @property
    def places(self) -> int:
        """Labels on a page."""
        return self.columns * self.rows

    def check_skip(self, skip: int) -> None:
        """ServiceError if so many places cannot have been used before."""
        if skip >= self.places:
            raise ServiceError(
                _("A sheet has %(places)d labels: %(skip)d of them cannot be skipped.")
                % {"places": self.places, "skip": skip},
                _("Nothing was written."),
                _("Skip as many as are gone from the first sheet, 0 to %(most)d.") % {"most": self.places - 1},
            )

    def corners(self, count: int, skip: int) -> Iterator[tuple[int, float, float]]:
        """Page (from 0) and upper left corner of each of `count` labels, row by row, without the first `skip` places."""
        for place in range(skip, skip + count):
            page, on_page = divmod(place, self.places)
            row, column = divmod(on_page, self.columns)
            yield page, self.left + column * self.pitch[0], self.top + row * self.pitch[1]


_A4 = (210.0, 297.0)
SHEETS = {
    "a4-70x37": Sheet(_A4, (70.0, 37.0), 3, 8, 0.0, 0.5, (70.0, 37.0)),
    "a4-38x21": Sheet(_A4, (38.1, 21.2), 5, 13, 4.75, 10.7, (40.6, 21.2)),
}
"""Sheets of adhesive labels that are sold everywhere: 24 and 65 on a page."""


def sheet(name: str) -> Sheet:
    """The sheet of a name, or a roll of labels of WIDTHxHEIGHT millimetres."""
    if name in SHEETS:
        return SHEETS[name]
    size = re.fullmatch(r"(\d{1,3}(?:\.\d)?)[xX×*](\d{1,3}(?:\.\d)?)", name.strip())
    if size is None or not all(_LEAST_MM <= float(side) <= _MOST_MM for side in size.groups()):
        raise ServiceError(
            _("%(name)s is no sheet of labels.") % {"name": name},
            _("Nothing was written."),
            _("Choose %(sheets)s, or for a roll the size of a label in mm, such as 40x30.")
            % {"sheets": ", ".join(SHEETS)},
        )
    own = (float(size[1]), float(size[2]))
    return Sheet(own, own)
