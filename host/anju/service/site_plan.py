"""Where a site keeps its plan: `plan.json` in its folder, beside `site.toml`. Written by `anju plan import` alone."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import ValidationError

from anju.plan.model import Plan
from anju.service import private_file
from anju.service.errors import ServiceError
from anju.service.i18n import _

FILE_NAME = "plan.json"
_MOST_BYTES = 64 * 1024 * 1024


def load(folder: Path) -> Plan | None:
    """The plan of a site; None if it has none yet, ServiceError if it cannot be read."""
    path = folder / FILE_NAME
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
        if len(raw) > _MOST_BYTES:
            raise ValueError(_("it is larger than %(most)d bytes") % {"most": _MOST_BYTES})
        return Plan.model_validate_json(raw)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise ServiceError(
            _("The site plan %(path)s cannot be used: %(reason)s.") % {"path": path, "reason": reason},
            _("Nothing was changed."),
            _("Import it again: anju plan import FILE. Until then no node can be enrolled."),
        ) from error


def save(folder: Path, plan: Plan) -> Path:
    """Put a plan in the place of the one before, as a whole or not at all; ServiceError if it could not be written."""
    path = folder / FILE_NAME
    fresh = path.with_suffix(f".{os.getpid()}.new")
    try:
        fresh.unlink(missing_ok=True)
        private_file.create(fresh, plan.model_dump_json(indent=1).encode() + b"\n")
        fresh.replace(path)
        private_file.sync_folder(folder)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise ServiceError(
            _("%(path)s cannot be written: %(reason)s.") % {"path": path, "reason": error.strerror or error},
            _("The plan from before was left as it is."),
            _("Make room on the disk, or give yourself the right to write there, then import it again."),
        ) from error
    return path
