"""Asks the concentrator of a site; what it refuses is a ServiceError."""

from pathlib import Path
from typing import Any


def ask(folder: Path, **request: Any) -> dict[str, Any]:
    """One request, one answer."""
    from anju.concentrator import control
    from anju.service import settings

    return control.ask(settings.load(folder).control_socket, **request)
