"""Puts what nodes run into the wheel, so that an installed `anju` can make a bundle without the repository."""

import runpy
import tempfile
import time
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PARTS = ("firmware", "boards", "protocol/anju/wire/table.py")


class FirmwareInWheel(BuildHookInterface[Any]):
    """Adds firmware/ and boards/ as anju/bundle/source/; an editable install reads them where they are."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it gathers files; `version` is "editable" or "standard"."""
        if version != "standard":
            return
        added = {name: f"anju/bundle/source/{name}" for name in ("firmware", "boards")}
        added[str(self._number())] = "anju/bundle/source/number"
        build_data["force_include"].update(added)

    def _number(self) -> Path:
        """A file with the number of bundles made of this wheel: installed files tell nothing about their age any more."""
        root = Path(self.root)
        number = int(time.time())
        if (root / ".git").exists():  # elsewhere, as in an archive of the source, every file may have one made-up time
            number = runpy.run_path(str(root / "tools/anju/bundle/number.py"))["last_change"](
                [root / part for part in PARTS]
            )
        self._scratch = tempfile.TemporaryDirectory()
        file = Path(self._scratch.name) / "number"
        file.write_text(str(number))
        return file
