"""The file of an exported identity or a backup: a clear header, a proof of the passphrase, the content sealed. Its one place.

    keys     scrypt (RFC 7914) of the passphrase and the salt: 32 bytes to prove, 32 to seal
    proof    HMAC-SHA256 of the header. It tells a wrong passphrase from an altered file, and binds the file to one passphrase,
             which AES-GCM alone does not
    sealed   AES-256-GCM of the content; header and proof are its associated data

SealError   the file is not what it should be, or the passphrase is not its own; nothing of the content was believed
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import struct
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.wire import table

MAGIC = b"anju-id\n"
BACKUP = b"anju-bk\n"
"""Of a backup, whose content is another; all else is the same."""
VERSION = 1
HEADER = """
    8s  magic
    I   version
    16s salt
    12s nonce
    Q   length
"""
"""All that is clear; rows as in `anju.wire.table`. `length` counts what is sealed, with its tag."""
PROOF_BYTES, TAG_BYTES = 32, 16
SCRYPT_N, SCRYPT_R, SCRYPT_P = 1 << 17, 8, 1
"""128 MiB and a few tenths of a second for each guess: what OWASP's Password Storage Cheat Sheet asks of scrypt. Another cost
is another version: a number that a stranger has written sizes no memory."""
LEAST_CHARACTERS, LEAST_DIFFERENT = 14, 6
MOST_CHARACTERS = 1024
MOST_BYTES = 256 * 1024 * 1024

_FORMAT = table.format_of(HEADER)
_SEALED_AT = struct.calcsize(_FORMAT) + PROOF_BYTES
_SALT_BYTES, _NONCE_BYTES = 16, 12


class SealError(ServiceError):
    """The file cannot be opened."""


class Keys(NamedTuple):
    """What a passphrase is made into. Secret."""

    proof: bytes
    seal: bytes


def check_passphrase(passphrase: str) -> None:
    """Whether a passphrase is worth a new file; ServiceError if it is not."""
    plain = _plain(passphrase)
    if LEAST_CHARACTERS <= len(plain) <= MOST_CHARACTERS and len(set(plain)) >= LEAST_DIFFERENT:
        return
    raise ServiceError(
        _("This passphrase is too weak: %(rule)s.") % {"rule": passphrase_rule()},
        _("No file was written."),
        _("Take five or six words that nobody would guess together, and type the command again."),
    )


def passphrase_rule() -> str:
    """What is asked of a passphrase, in words."""
    least = {"characters": LEAST_CHARACTERS, "different": LEAST_DIFFERENT}
    return _("at least %(characters)d characters, %(different)d of them different") % least


def seal(content: bytes, passphrase: str, magic: bytes = MAGIC) -> bytes:
    """The file of a content. No two are alike: salt and nonce are random."""
    salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
    header = struct.pack(_FORMAT, magic, VERSION, salt, nonce, len(content) + TAG_BYTES)
    keys = derive(passphrase, salt)
    clear = header + _proof(keys, header)
    return clear + AESGCM(keys.seal).encrypt(nonce, content, clear)


def look(file: bytes, magic: bytes = MAGIC) -> None:
    """What can be told without the passphrase: SealError unless it is a whole file of this version."""
    if not file.startswith(magic):
        what = _("this is no backup") if magic == BACKUP else _("this is no exported identity")
        raise _refused(what, _named(magic))
    if len(file) < _SEALED_AT:
        raise _not_whole()
    version, length = int.from_bytes(file[8:12], "big"), struct.unpack_from(_FORMAT, file)[-1]
    if version != VERSION:
        raise _refused(
            _("it was made by another release of Anju (format %(version)d; this release reads %(known)d)")
            % {"version": version, "known": VERSION},
            _("Install the release that has made it, or a newer one, and type the command again."),
        )
    if len(file) != _SEALED_AT + length:
        raise _not_whole()


def opened(file: Path, ask: Callable[[], str], nothing: str, magic: bytes = MAGIC) -> bytes:
    """The content of a file on a disk; it is asked for its passphrase once it looks like one. ServiceError, SealError among
    them, says what was wrong, and that `nothing` was done.
    """
    try:
        with file.open("rb") as source:
            raw = source.read(MOST_BYTES + 1)
    except OSError as error:
        raise ServiceError(
            _("%(file)s cannot be read: %(reason)s.") % {"file": file, "reason": error.strerror or error},
            nothing,
            _named(magic),
        ) from error
    look(raw, magic)
    return unseal(raw, ask(), magic)


def unseal(file: bytes, passphrase: str, magic: bytes = MAGIC) -> bytes:
    """The content of a file; SealError if it is not whole, was altered, or has another passphrase."""
    look(file, magic)
    clear = file[:_SEALED_AT]
    header, proof = clear[:-PROOF_BYTES], clear[-PROOF_BYTES:]
    _magic, _version, salt, nonce, _length = struct.unpack(_FORMAT, header)
    keys = derive(passphrase, salt)
    if not hmac.compare_digest(proof, _proof(keys, header)):
        raise _refused(
            _("the passphrase is wrong, or the beginning of the file was altered"),
            _("Type it again. If it is right, bring another copy of the file."),
        )
    try:
        return AESGCM(keys.seal).decrypt(nonce, file[_SEALED_AT:], clear)
    except InvalidTag:
        raise _refused(
            _("the passphrase is right, but the file was altered since it was written"),
            _("Bring another copy of the file, or another one."),
        ) from None


def derive(passphrase: str, salt: bytes) -> Keys:
    """The keys of a passphrase; takes its time and 128 MiB."""
    raw = Scrypt(salt, 64, SCRYPT_N, SCRYPT_R, SCRYPT_P).derive(_plain(passphrase).encode())
    return Keys(raw[:32], raw[32:])


def _proof(keys: Keys, header: bytes) -> bytes:
    return hmac.digest(keys.proof, header, hashlib.sha256)


def _plain(passphrase: str) -> str:
    """One form of what keyboards and input methods write in several (Unicode's NFKC)."""
    return unicodedata.normalize("NFKC", passphrase)


def _not_whole() -> SealError:
    return _refused(_("it is not whole, or its length was altered"), _("Copy the file once more, and whole."))


def _named(magic: bytes) -> str:
    if magic == BACKUP:
        return _("Name the file that anju backup has written.")
    return _("Name the file that anju export-identity has written.")


def _refused(why: str, next_step: str) -> SealError:
    return SealError(_("The file cannot be used: %(reason)s.") % {"reason": why}, _("Nothing was changed."), next_step)
