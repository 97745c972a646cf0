"""The estate's root key: nodes keep its public half from their pairing on, to know later who may speak for the estate.

The private half is made with the site and needed by no service: its owner takes it away and keeps it.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from anju.service import private_file
from anju.service.errors import ServiceError
from anju.service.i18n import _

PRIVATE, PUBLIC = "root-key.pem", "root-key.pub"
_KEY_BYTES = 32


def create(folder: Path) -> Path:
    """Make both halves in a site's folder (0600); the private one's path. ServiceError if there is either already."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    private, public = folder / PRIVATE, folder / PUBLIC
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        if public.exists():
            raise FileExistsError(17, _("it exists already"), str(public))
        private_file.create(private, pem)
        try:
            save_public(folder, key.public_key().public_bytes_raw())
        except OSError:
            private.unlink()
            raise
    except OSError as error:
        raise ServiceError(
            _("The root key %(file)s cannot be written: %(reason)s.")
            % {"file": error.filename or folder, "reason": error.strerror or error},
            _("No root key was made; what was there is as it was."),
            _("An estate keeps the root key that its nodes know. Only one that was never used may be moved away."),
        ) from error
    return private


def save_public(folder: Path, raw: bytes) -> None:
    """Write the public half of a site that has none; OSError if it could not be written."""
    private_file.create(folder / PUBLIC, raw.hex().encode() + b"\n")


def load_public(folder: Path) -> bytes:
    """The public half (32 bytes); ServiceError says why nothing can be paired."""
    path = folder / PUBLIC
    try:
        raw = bytes.fromhex(path.read_text("ascii").strip())
        if len(raw) != _KEY_BYTES:
            raise ValueError(_("it does not hold 64 hexadecimal digits"))
        Ed25519PublicKey.from_public_bytes(raw)
    except FileNotFoundError:
        raise ServiceError(
            _("This site has no root key: %(file)s is missing.") % {"file": path},
            _("Nothing was changed."),
            _("Bring back your copy of it. If it never had one, make it: anju keys new-root --site %(site)s")
            % {"site": folder},
        ) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else _("it does not hold 64 hexadecimal digits")
        raise ServiceError(
            _("The root key %(file)s cannot be used: %(reason)s.") % {"file": path, "reason": reason},
            _("Nothing was changed."),
            _("Bring back your copy of it."),
        ) from error
    return raw
