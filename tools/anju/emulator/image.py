"""Which MicroPython the emulated board runs, and what lies in its flash."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from littlefs import LittleFS

from anju.service.errors import ServiceError
from anju.service.i18n import _

FIRMWARE = "ANJU_EMULATED_FIRMWARE"
"""Environment variable that names an image of your own."""
_SECTOR_BYTES = 4096
_SECTORS = 256
BLANK = b"\xff" * (_SECTOR_BYTES * _SECTORS)
"""A chip's content as it comes from its factory."""
_LITTLEFS_2_0 = 0x00020000
"""The format that MicroPython's littlefs writes; a newer one it would refuse."""


class NoFirmwareError(ServiceError):
    """There is no MicroPython for the emulated board, and it could not be built."""


def firmware() -> Path:
    """The board's MicroPython, out of the cache of `make firmware`, which builds it where it is not there yet."""
    if os.environ.get(FIRMWARE):
        return Path(os.environ[FIRMWARE])
    maker = Path(__file__).resolve().parents[3] / ".ci" / "firmware"
    if not maker.is_file():
        raise NoFirmwareError(
            _("The emulated board needs its own MicroPython, and this installation came without what builds it."),
            _("Nothing was started."),
            _("Run this in Anju's repository after make firmware, or name an image in %(name)s.") % {"name": FIRMWARE},
        )
    made = subprocess.run([maker, "--path"], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if made.returncode:
        raise NoFirmwareError(made.stderr.strip(), _("Nothing was started."), _("Type: make firmware"))
    return Path(made.stdout.strip())


def flash_image(*trees: Path) -> bytes:
    """A chip's content with these folders in it, merged: the staged bundle, say, and a folder with a node's label."""
    chip = LittleFS(block_size=_SECTOR_BYTES, block_count=_SECTORS, disk_version=_LITTLEFS_2_0)
    for tree in trees:
        for file in sorted(path for path in tree.rglob("*") if path.is_file()):
            name = file.relative_to(tree)
            chip.makedirs(name.parent.as_posix(), exist_ok=True)
            with chip.open(name.as_posix(), "wb") as target:
                target.write(file.read_bytes())
    return bytes(chip.context.buffer)


def read_flash(chip: bytes, name: str) -> bytes | None:
    """One file of a chip's content, or None if it is not there."""
    held = _mounted(chip)  # a file alone would not keep it alive
    try:
        with held.open(name, "rb") as file:
            return bytes(file.read())
    except FileNotFoundError:
        return None


def read_folder(chip: bytes, folder: str) -> dict[str, bytes]:
    """All files below a folder of a chip's content by their paths within it; none if it is not there."""
    held = _mounted(chip)
    files: dict[str, bytes] = {}
    for place, _folders, names in held.walk(folder):
        for name in names:
            with held.open(f"{place}/{name}", "rb") as file:
                files[f"{place}/{name}".removeprefix(folder + "/")] = bytes(file.read())
    return files


def write_flash(chip: bytes, name: str, content: bytes) -> bytes:
    """A chip's content with one file replaced."""
    held = _mounted(chip)
    with held.open(name, "wb") as file:
        file.write(content)
    return bytes(held.context.buffer)


def _mounted(chip: bytes) -> LittleFS:
    held = LittleFS(block_size=_SECTOR_BYTES, block_count=_SECTORS, mount=False)
    held.context.buffer = bytearray(chip)
    held.mount()
    return held
