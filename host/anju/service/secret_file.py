"""A secret that a person has put into a file of the site: read only where nobody else can read it."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from anju.service.errors import ServiceError
from anju.service.i18n import _

_MOST_BYTES = 4096
_KEY_BYTES = frozenset({16, 24, 32})


def read(path: Path) -> bytes:
    """What is in the file, without spaces and line ends around it; ServiceError if others may read it, or nobody can."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise _refused(_("%(path)s is no file.") % {"path": path}, path)
            if status.st_mode & 0o077:
                raise _refused(_("Others may read %(path)s: it holds a secret.") % {"path": path}, path)
            return file.read(_MOST_BYTES).strip()
    except OSError as error:
        raise _refused(
            _("%(path)s cannot be read: %(reason)s.") % {"path": path, "reason": error.strerror or error}, path
        ) from error


def text(path: Path) -> str:
    """The same as text; ServiceError also where it is not in UTF-8."""
    raw = read(path)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        why = {"path": path, "reason": _("it is not text in UTF-8")}
        raise _refused(_("%(path)s cannot be read: %(reason)s.") % why, path) from None  # the error holds the secret


def key(path: Path) -> bytes:
    """A key for AES: `hex:` and 32, 48 or 64 hex digits, or `text:` and 16, 24 or 32 characters; ServiceError as `read`."""
    raw = read(path)
    how, _colon, text = raw.partition(b":")
    found = text.strip() if how == b"text" else b""
    if how == b"hex" and re.fullmatch(rb"[0-9A-Fa-f]*", text.strip()) and len(text.strip()) % 2 == 0:
        found = bytes.fromhex(text.strip().decode("ascii"))
    if len(found) not in _KEY_BYTES:
        raise ServiceError(
            _("%(path)s holds no key.") % {"path": path},
            _("Nothing was sent."),
            _("Write `hex:` and 32, 48 or 64 hex digits into it, or `text:` and 16, 24 or 32 characters."),
        )
    return found


def _refused(what: str, path: Path) -> ServiceError:
    return ServiceError(
        what,
        _("Nothing was sent."),
        _("Put the secret there, for the user who runs Anju alone: chmod 600 %(path)s") % {"path": path},
    )
