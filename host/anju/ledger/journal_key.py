"""The public half of a journal's key as a file: 64 hexadecimal digits, for whoever verifies the journal or a copy of it."""

from __future__ import annotations

from pathlib import Path

from anju.ledger.head import KEY_BYTES
from anju.service import private_file
from anju.service.errors import ServiceError, of_os
from anju.service.i18n import _

PUBLIC = "journal-key.pub"


def save_public(folder: Path, raw: bytes) -> None:
    """Have it lie in a site's folder, in the place of another one's; ServiceError if it could not be written."""
    path, text = folder / PUBLIC, raw.hex().encode() + b"\n"
    try:
        if not path.exists() or path.read_bytes() != text:
            private_file.replace(path, text)
    except OSError as error:
        raise of_os(error)(
            _("%(path)s cannot be written: %(reason)s.") % {"path": path, "reason": error.strerror or error},
            _("Nothing was started."),
            _("See that the user who runs Anju may write there and that the disk has room, then start again."),
        ) from error


def load_public(path: Path) -> bytes:
    """From a file (32 bytes); ServiceError says why there is none."""
    try:
        raw = bytes.fromhex(path.read_text("ascii").strip())
        if len(raw) != KEY_BYTES:
            raise ValueError
    except FileNotFoundError:
        raise ServiceError(
            _("There is no public key %(path)s.") % {"path": path},
            _("Nothing was checked."),
            _("Name the file with --key. A concentrator puts its own into its site's folder when it starts."),
        ) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else _("it does not hold 64 hexadecimal digits")
        raise ServiceError(
            _("The public key %(path)s cannot be used: %(reason)s.") % {"path": path, "reason": reason},
            _("Nothing was checked."),
            _("Name another copy of it with --key."),
        ) from error
    return raw
