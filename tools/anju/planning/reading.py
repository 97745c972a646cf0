"""From a file to a plan: all mistakes at once, or the plan."""

from __future__ import annotations

from pathlib import Path

from anju.plan.model import Plan
from anju.planning import table, toml
from anju.planning.rows import Mistake, judge
from anju.service.errors import ServiceError
from anju.service.i18n import _, ngettext

_MOST_BYTES = 16 * 1024 * 1024
_MOST_SHOWN = 40


class PlanError(ServiceError):
    """A file is no plan; `mistakes` has every one, with its place."""

    def __init__(self, path: Path, mistakes: list[Mistake]) -> None:
        self.mistakes = mistakes
        count = len(mistakes)
        head = ngettext("%(path)s has %(count)d mistake:", "%(path)s has %(count)d mistakes:", count)
        lines = [head % {"path": path, "count": count}, *map(str, mistakes[:_MOST_SHOWN])]
        if count > _MOST_SHOWN:
            lines.append(_("and %(count)d more") % {"count": count - _MOST_SHOWN})
        super().__init__(
            "\n  ".join(lines), _("The site plan was not changed."), _("Correct the file, then type the command again.")
        )


def read(path: Path) -> Plan:
    """The plan in a file, TOML by its name, else a table; ServiceError says what is wrong with it, and where."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ServiceError(
            _("%(path)s cannot be read: %(reason)s.") % {"path": path, "reason": error.strerror or error},
            _("The site plan was not changed."),
            _("Name a table (CSV) or a TOML file."),
        ) from error
    if len(raw) > _MOST_BYTES:
        raise PlanError(path, [Mistake(1, 1, _("the file is larger than %(most)d bytes") % {"most": _MOST_BYTES})])
    return parse(raw, path)


def parse(raw: bytes, path: Path) -> Plan:
    """The plan in a text; PlanError has all that is wrong with it."""
    form = toml if path.suffix.lower() == ".toml" else table
    rows, mistakes = form.rows(raw)
    plan, more = judge(rows)
    if mistakes or more:
        raise PlanError(path, sorted({*mistakes, *more}, key=lambda one: (one.line, one.column, one.text)))
    return plan
