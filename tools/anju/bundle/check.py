"""Looks at a bundle that somebody made."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from anju.bundle import keys, manifest
from anju.bundle.build import SLOT
from anju.bundle.errors import BundleError
from anju.bundle.manifest import Manifest, ManifestError
from anju.service.i18n import _


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle in a folder: every file is there, and is what the manifest says."""

    folder: Path
    manifest: Manifest
    signature: bytes | None
    bytecode_bytes: int

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read and check a bundle, but for its signature; BundleError says what is wrong with it."""
        slot = folder / SLOT
        name = slot / manifest.NAME
        if not slot.is_dir():
            raise BundleError(
                _("There is no bundle in %(folder)s.") % {"folder": folder},
                _("Nothing was changed."),
                _("Name the folder that anju bundle build has filled."),
            )
        try:
            with name.open("rb") as file:
                content = file.read(manifest.MOST_BYTES + 1)
            told, signature = Manifest.parse(content, name)
            there = {path.relative_to(slot).as_posix() for path in slot.rglob("*") if not path.is_dir()}
            for path, wanted in told.files.items():
                with (slot / path).open("rb") as file:
                    if hashlib.file_digest(file, "sha256").hexdigest() != wanted:
                        raise _damaged(slot / path, _("it is not what the manifest says"))
            size = sum((slot / path).stat().st_size for path in told.files)
        except OSError as error:
            raise _damaged(Path(error.filename or name), error.strerror or str(error)) from None
        for path in sorted(there - {*told.files, manifest.NAME}):
            raise _damaged(slot / path, _("the manifest does not know it"))
        return cls(folder, told, signature, size)

    def check_signature(self, public_key: bytes) -> None:
        """ManifestError unless it was signed with the release key that this is the public half of (`keys.load_public`)."""
        mark = keys.fingerprint(public_key)
        if self.signature is None:
            raise ManifestError(
                _("The bundle in %(folder)s is not signed: it is for development.") % {"folder": self.folder},
                _("Nothing was changed."),
                _("Build it with a release key: anju bundle build --key FILE"),
            )
        if not self.manifest.is_signed_by(public_key, self.signature):
            raise ManifestError(
                _("The bundle in %(folder)s was not signed with the release key %(key)s.")
                % {"folder": self.folder, "key": mark},
                _("Nothing was changed."),
                _("Do not flash it unless you know who made it. Is this the right key?"),
            )


def _damaged(path: Path, why: str) -> BundleError:
    return BundleError(
        _("This bundle is not whole: %(file)s: %(reason)s.") % {"file": path, "reason": why},
        _("Nothing was changed."),
        _("Build the bundle again: anju bundle build"),
    )
