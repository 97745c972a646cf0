"""Puts what nodes run into the wheel, so that an installed `anju` can stage a bundle without the repository."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class FirmwareInWheel(BuildHookInterface[Any]):
    """Adds firmware/ and boards/ as anju/bundle/source/; an editable install reads them where they are."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it gathers files; `version` is "editable" or "standard"."""
        if version == "standard":
            build_data["force_include"].update({name: f"anju/bundle/source/{name}" for name in ("firmware", "boards")})
