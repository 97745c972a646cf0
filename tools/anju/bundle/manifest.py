"""What a bundle says of itself: the host's side of a slot's MANIFEST (protocol/README.md, part 13).

The node reads the same with code of its own, `anju.update.manifest`; tests hold the two against each other.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import Field, StringConstraints, ValidationError, field_validator

from anju.bundle.errors import BundleError
from anju.service.i18n import _
from anju.uplink.canonical import canonical
from anju.uplink.fields import Contract, Sha256

NAME = "MANIFEST"
SIGNED_PREFIX = b"anju bundle 1\n"
"""What is signed is this and line 1, so that a release key's signature of anything else is none of a bundle."""

MOST_BYTES = 8192
MOST_FILES = 64
MOST_NUMBER = 0xFFFF_FFFF
_SIGNATURE_BYTES = 64
_BYTE = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"

BoardName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,32}$")]
FileName = Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z0-9_]+(/[a-z0-9_]+)*\.mpy$")]
Version = Annotated[str, StringConstraints(pattern=rf"^{_BYTE}\.{_BYTE}\.{_BYTE}$")]


class ManifestError(BundleError):
    """A MANIFEST that cannot be made, or must not be believed."""


class Manifest(Contract):
    """Line 1 of a MANIFEST."""

    board: BoardName
    files: Annotated[dict[FileName, Sha256], Field(min_length=1, max_length=MOST_FILES)]
    """Path below the slot → SHA-256."""
    mpy: Annotated[int, Field(ge=1, le=0xFFFF)]
    """Of the bytecode: low 8 bits the ABI version, above them what native code would need; as `sys.implementation._mpy`."""
    number: Annotated[int, Field(ge=1, le=MOST_NUMBER)]
    """A later bundle has a higher one."""
    version: Version

    @field_validator("files")
    @classmethod
    def _in_order(cls, files: dict[str, str]) -> dict[str, str]:
        return dict(sorted(files.items()))

    def line(self) -> bytes:
        """Line 1, without its end."""
        return canonical(self)

    def content(self, key: Ed25519PrivateKey | None) -> bytes:
        """The whole file, signed if there is a release key; ManifestError if it is longer than a node will read."""
        content = self.line() + b"\n"
        if key is not None:
            content += key.sign(SIGNED_PREFIX + self.line()).hex().encode() + b"\n"
        if len(content) > MOST_BYTES:
            raise ManifestError(
                _("A manifest has at most %(most)d bytes; this bundle's would have %(bytes)d.")
                % {"most": MOST_BYTES, "bytes": len(content)},
                _("No bundle was made."),
                _("Put small modules together, or shorten their paths."),
            )
        return content

    @classmethod
    def parse(cls, content: bytes, source: Path) -> tuple[Self, bytes | None]:
        """The manifest in a whole file and its signature if it has one; ManifestError says what is wrong with `source`."""
        line, signature = _split(content, source)
        try:
            manifest = cls.model_validate_json(line)
        except ValidationError as error:
            place = error.errors()[0]["loc"]
            why = _("its %(field)s is not what belongs there") % {"field": place[0]} if place else _("it is not JSON")
            raise _refused(source, why) from None
        if manifest.line() != line:
            raise _refused(source, _("it is not in the one form that a manifest has"))
        return manifest, signature

    def is_signed_by(self, public_key: bytes, signature: bytes) -> bool:
        """Whether `signature` over this is that release key's (32 bytes, from `keys.load_public`)."""
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(signature, SIGNED_PREFIX + self.line())
        except InvalidSignature:
            return False
        return True


def _split(content: bytes, source: Path) -> tuple[bytes, bytes | None]:
    if len(content) > MOST_BYTES:
        raise _refused(source, _("it is longer than %(most)d bytes") % {"most": MOST_BYTES})
    line, *more = content.split(b"\n")
    if not 1 <= len(more) <= 2 or more[-1]:
        raise _refused(source, _("it is not whole"))
    if len(more) == 1:
        return line, None
    try:
        signature = bytes.fromhex(more[0].decode("ascii"))
    except ValueError:
        signature = b""
    if len(signature) != _SIGNATURE_BYTES or signature.hex().encode() != more[0]:
        raise _refused(
            source, _("its signature is not %(digits)d hexadecimal digits") % {"digits": 2 * _SIGNATURE_BYTES}
        )
    return line, signature


def _refused(source: Path, why: str) -> ManifestError:
    return ManifestError(
        _("%(file)s cannot be used: %(reason)s.") % {"file": source, "reason": why},
        _("Nothing was changed."),
        _("Build the bundle again: anju bundle build"),
    )
