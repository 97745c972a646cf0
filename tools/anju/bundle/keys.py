"""Release keys: whoever has the private half decides what the nodes that hold the public half will run.

They are made by the user and by nobody else; none is shipped. The private half is a PKCS#8 PEM file (0600), with a passphrase
if wanted; the public half is a text file of 64 hexadecimal digits, which is what a node keeps as `/release_key`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anju.bundle.errors import BundleError
from anju.service import private_file
from anju.service.i18n import _

PRIVATE, PUBLIC = "release-key.pem", "release-key.pub"
_MOST_BYTES = 16_384
_KEY_BYTES = 32
_PRIME = 2**255 - 19
_Y_OF_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_Y = {0, 1, _PRIME - 1, _Y_OF_ORDER_8, _PRIME - _Y_OF_ORDER_8}
"""The y of each point of small order: as a key it would make signing unnecessary."""


class ReleaseKeyError(BundleError):
    """A release key that cannot be made, read or used."""


def create(folder: Path, passphrase: str | None) -> tuple[Path, bytes]:
    """Make a key pair in `folder`, which may be new; path of the private half, and the public half (32 bytes).

    Neither file is ever written over: ReleaseKeyError if one of them exists.
    """
    from cryptography.hazmat.primitives import serialization  # with all that SSH needs: only where a file is to be made

    private, public = folder / PRIVATE, folder / PUBLIC
    key = Ed25519PrivateKey.generate()
    protection: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        protection = serialization.BestAvailableEncryption(passphrase.encode())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)
    raw = key.public_key().public_bytes_raw()
    for file in (private, public):
        if file.exists() or file.is_symlink():
            raise _exists(file)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        private_file.create(private, pem)
        try:
            private_file.create(public, raw.hex().encode() + b"\n", mode=0o644)
        except OSError:
            private.unlink()
            raise
    except OSError as error:
        if isinstance(error, FileExistsError) and error.filename != str(folder):  # somebody else was quicker
            raise _exists(Path(error.filename)) from None
        raise ReleaseKeyError(
            _("%(file)s cannot be written: %(reason)s.") % {"file": folder, "reason": error.strerror or error},
            _("No release key was made."),
            _("Choose a folder that you may write to with --out."),
        ) from error
    return private, raw


def load_private(path: Path, ask: Callable[[], str]) -> Ed25519PrivateKey:
    """The key to sign with; `ask()` is called for the passphrase if there is one. ReleaseKeyError says why it is not used."""
    from cryptography.hazmat.primitives import serialization

    pem = _read(path)
    if b"PRIVATE KEY" not in pem:
        hint = _("Name the private half, %(private)s.") % {"private": PRIVATE}
        raise _unusable(path, _("it holds no private key"), hint)
    others = path.stat().st_mode & 0o077
    if others:
        raise _unusable(
            path,
            _("other users of this machine may read or change it"),
            _("Think of who could have read it; if nobody, type: chmod 600 %(file)s") % {"file": path},
        )
    passphrase = ask().encode() if b"ENCRYPTED" in pem else None
    try:
        key = serialization.load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        if passphrase is not None:
            raise _unusable(path, _("the passphrase is wrong, or the file is damaged"), _("Type it again.")) from None
        raise _unusable(path, _("the file is damaged"), _("Bring back your copy of it.")) from None
    if not isinstance(key, Ed25519PrivateKey):
        hint = _("Make a release key: anju keys new-release")
        raise _unusable(path, _("its key is of another kind than Ed25519"), hint)
    return key


def load_public(path: Path) -> bytes:
    """The public half (32 bytes), as a node would accept it; ReleaseKeyError says why it is not used."""
    content = _read(path)
    hint = _("Name the public half, %(public)s.") % {"public": PUBLIC}
    if b"PRIVATE KEY" in content:
        raise _unusable(path, _("it is the private half, which belongs nowhere but to whoever signs"), hint)
    text = content.decode("ascii", "replace").removesuffix("\n")
    if len(text) != 2 * _KEY_BYTES or not set(text) <= set("0123456789abcdef"):
        raise _unusable(path, _("it does not hold 64 hexadecimal digits"), hint)
    raw = bytes.fromhex(text)
    y = int.from_bytes(raw, "little") % 2**255
    if y >= _PRIME or y in _SMALL_Y:
        raise _unusable(path, _("with this key anybody's signature would count"), hint)
    return raw


def fingerprint(public_key: bytes) -> str:
    """A short name of a key for people to compare: 64 bits of its SHA-256."""
    digits = hashlib.sha256(public_key).hexdigest()
    return "-".join(digits[start : start + 4] for start in range(0, 16, 4))


def _read(path: Path) -> bytes:
    try:
        if not path.is_file() and path.exists():
            raise _unusable(path, _("it is not a file"), _("Name the file of the key itself."))
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise _unusable(path, reason, _("Make a release key: anju keys new-release")) from None
    if len(content) > _MOST_BYTES:
        raise _unusable(path, _("it is too long for a key"), _("Name the file of the key itself."))
    return content


def _unusable(path: Path, why: str, next_step: str) -> ReleaseKeyError:
    return ReleaseKeyError(
        _("The release key %(file)s cannot be used: %(reason)s.") % {"file": path, "reason": why},
        _("Nothing was changed."),
        next_step,
    )


def _exists(path: Path) -> ReleaseKeyError:
    return ReleaseKeyError(
        _("%(file)s exists already.") % {"file": path},
        _(
            "It was left as it is, and no release key was made: nodes that were given the old one take no other's bundles."
        ),
        _("Choose another folder with --out."),
    )
