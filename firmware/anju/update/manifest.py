"""The MANIFEST of a slot: what a bundle says of itself, read without trust. Specified in protocol/README.md, part 13.

    line 1    JSON in its one canonical form: board, files and their SHA-256, mpy, number, version
    line 2    Ed25519 signature of line 1 as 128 hexadecimal digits; a development bundle has no such line

The order is the caller's to keep: `check_signature` before `parse`, `check_files` before anything in the slot is run. What
takes long is a generator that yields every few milliseconds, so that a node goes on answering its inputs meanwhile.
"""

import json
from binascii import hexlify, unhexlify
from hashlib import sha256

try:
    from collections.abc import Callable, Iterable, Iterator
    from typing import BinaryIO
except ImportError:  # MicroPython
    pass

NAME = "MANIFEST"
SIGNED_PREFIX = b"anju bundle 1\n"
"""What is signed is this and line 1, so that a release key's signature of anything else is none of a bundle."""

MOST_BYTES = 8192
MOST_FILES = 64
_MOST_PATH = 64
_MOST_NAME = 32
_MOST_NUMBER = 0xFFFFFFFF
_MOST_MPY = 0xFFFF
_SUFFIX = ".mpy"
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_"
_HEX = "0123456789abcdef"
_KEY_BYTES = 32
_SIGNATURE_BYTES = 64
_CHUNK_BYTES = 1024


class ManifestError(Exception):
    """A manifest, a signature or a file that must not be used; says which part of it and why."""


class Manifest:
    """What line 1 says."""

    def __init__(self, board: str, files: "dict[str, str]", mpy: int, number: int, version: str) -> None:
        self.board = board
        self.files = files
        """Path below the slot → SHA-256 as hexadecimal digits."""
        self.mpy = mpy
        """Of the bytecode: low 8 bits the ABI version, above them what native code would need; as `sys.implementation._mpy`."""
        self.number = number
        """A later bundle has a higher one."""
        self.version = version

    def is_newer(self, number: int) -> bool:
        """Whether this comes after the bundle of that number."""
        return self.number > number

    def check_target(self, board: str, mpy: int) -> None:
        """ManifestError unless this bundle is for `board` and its bytecode for a MicroPython whose `_mpy` is `mpy`."""
        if self.board != board:
            raise ManifestError("board: made for {}, this is {}".format(self.board, board))
        own = mpy if self.mpy >> 8 else mpy & 0xFF
        if self.mpy != own:
            raise ManifestError("mpy: made for {}, this is {}".format(self.mpy, own))

    def line(self) -> bytes:
        """Line 1, without its end."""
        files = ",".join(['"{}":"{}"'.format(path, self.files[path]) for path in sorted(self.files)])
        form = '{{"board":"{}","files":{{{}}},"mpy":{},"number":{},"version":"{}"}}'
        return form.format(self.board, files, self.mpy, self.number, self.version).encode()


def parse(content: bytes) -> Manifest:
    """What the whole file says; ManifestError names the first thing wrong with it. The signature is not looked at."""
    line, _ = split(content)
    # Nothing nested, so that a parser needs no more memory than the line is long.
    if b"[" in line or line.count(b"{") != 2:
        raise ManifestError("not the form of a manifest")
    try:
        told = json.loads(line)
    except ValueError:
        raise ManifestError("not JSON")
    if not isinstance(told, dict):
        raise ManifestError("not the form of a manifest")
    files = told.get("files")
    if not isinstance(files, dict) or not 0 < len(files) <= MOST_FILES:
        raise ManifestError("files: from 1 to {}".format(MOST_FILES))
    for path in files:
        _check_path(path)
        _check_hex(files[path], _KEY_BYTES, path)
    manifest = Manifest(
        _name(told.get("board")),
        files,
        _number(told, "mpy", _MOST_MPY),
        _number(told, "number", _MOST_NUMBER),
        _version(told.get("version")),
    )
    # Whatever two parsers could understand differently is refused here: keys told twice, escapes, white space, fields of others.
    if manifest.line() != line:
        raise ManifestError("not in canonical form")
    return manifest


def split(content: bytes) -> "tuple[bytes, bytes | None]":
    """Line 1 without its end, and the signature, or None if there is none; ManifestError if the file is not whole."""
    if len(content) > MOST_BYTES:
        raise ManifestError("longer than {} bytes".format(MOST_BYTES))
    lines = content.split(b"\n")
    if not 2 <= len(lines) <= 3 or lines[-1]:
        raise ManifestError("not whole: one or two lines, each with its end")
    if len(lines) == 2:
        return lines[0], None
    try:
        signature = unhexlify(lines[1])
    except ValueError:
        signature = b""
    if len(signature) != _SIGNATURE_BYTES or hexlify(signature) != lines[1]:
        raise ManifestError("signature: {} hexadecimal digits".format(2 * _SIGNATURE_BYTES))
    return lines[0], signature


def release_key(text: str) -> bytes:
    """The public key in a `release_key` file; ManifestError if it holds none."""
    digits = text[:-1] if text.endswith("\n") else text
    _check_hex(digits, _KEY_BYTES, "release_key")
    return unhexlify(digits)


def check_signature(content: bytes, key: bytes) -> "Iterator[None]":
    """Yields while it works; ManifestError unless line 1 was signed with the release key whose public half is `key`."""
    line, signature = split(content)
    if signature is None:
        raise ManifestError("signature: missing")
    # Some kilobytes of code, for a minute in a year.
    from anju.update import ed25519

    if not (yield from ed25519.verify(key, signature, SIGNED_PREFIX, line)):
        raise ManifestError("signature: not by this release key")


def check_files(manifest: Manifest, paths: "Iterable[str]", open_file: "Callable[[str], BinaryIO]") -> "Iterator[None]":
    """Yields while it works; ManifestError unless a slot holds these files, each with its hash, and no others.

    `paths` are all files that the slot holds, below it, without the manifest itself: a stranger such as `board.py` would be
    imported before the `board.mpy` that was signed. `open_file(path)` opens one to read bytes.
    """
    for path in paths:
        if path not in manifest.files:
            raise ManifestError("{}: not of this bundle".format(path))
    for path in sorted(manifest.files):
        hashed = sha256()
        try:
            with open_file(path) as file:
                while True:
                    chunk = file.read(_CHUNK_BYTES)
                    if not chunk:
                        break
                    hashed.update(chunk)
                    yield
        except OSError:
            raise ManifestError("{}: not readable".format(path))
        if hexlify(hashed.digest()).decode() != manifest.files[path]:
            raise ManifestError("{}: not what its hash says".format(path))


def _check_path(path: object) -> None:
    if not isinstance(path, str) or len(path) > _MOST_PATH or not path.endswith(_SUFFIX):
        raise ManifestError("files: a path has at most {} characters and ends in {}".format(_MOST_PATH, _SUFFIX))
    for part in path[: -len(_SUFFIX)].split("/"):
        if not _is_of(part, _LETTERS):
            raise ManifestError("files: a path is made of names with a-z, 0-9 and _")


def _check_hex(value: object, size: int, what: str) -> None:
    if not isinstance(value, str) or len(value) != 2 * size or not _is_of(value, _HEX):
        raise ManifestError("{}: {} hexadecimal digits".format(what, 2 * size))


def _name(value: object) -> str:
    if not isinstance(value, str) or len(value) > _MOST_NAME or not _is_of(value, _LETTERS):
        raise ManifestError("board: a name with a-z, 0-9 and _")
    return value


def _number(told: "dict[str, object]", name: str, most: int) -> int:
    value = told.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= most:
        raise ManifestError("{}: a whole number from 1 to {}".format(name, most))
    return value


def _version(value: object) -> str:
    """Three numbers, as a HELLO has three bytes for them."""
    parts = value.split(".") if isinstance(value, str) and len(value) <= _MOST_NAME else []
    for part in parts:
        if not _is_of(part, "0123456789") or int(part) > 0xFF or str(int(part)) != part:
            parts = []
    if not isinstance(value, str) or len(parts) != 3:
        raise ManifestError("version: three numbers from 0 to 255")
    return value


def _is_of(text: str, letters: str) -> bool:
    """Whether a text that is not empty has only these letters."""
    for letter in text:
        if letter not in letters:
            return False
    return bool(text)
