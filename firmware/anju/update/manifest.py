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
_SUFFIX = ".mpy"
_DIGITS = "0123456789"
_HEX = _DIGITS + "abcdef"
_NAME = _HEX + "ghijklmnopqrstuvwxyz_"
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
    _check("form", b"[" not in line and line.count(b"{") == 2)
    try:
        told = json.loads(line)
        manifest = Manifest(told["board"], told["files"], told["mpy"], told["number"], told["version"])
        is_canonical = manifest.line() == line
    except (KeyError, TypeError, ValueError):
        raise ManifestError("not a manifest")
    # What two parsers could read differently ends here: wrong types, keys told twice or not known, escapes, white space.
    _check("form", is_canonical)
    _check("board", _is_of(_NAME, manifest.board, _MOST_NAME))
    _check("files", 0 < len(manifest.files) <= MOST_FILES)
    for path, digest in manifest.files.items():
        _check(path, _is_path(path) and len(digest) == 2 * _KEY_BYTES and _is_of(_HEX, digest, MOST_BYTES))
    for number, most in ((manifest.mpy, 0xFFFF), (manifest.number, 0xFFFFFFFF)):
        _check("mpy or number", isinstance(number, int) and 0 < number <= most)
    _check("version", _is_version(manifest.version.split(".")))
    return manifest


def split(content: bytes) -> "tuple[bytes, bytes | None]":
    """Line 1 without its end, and the signature, or None if there is none; ManifestError if the file is not whole."""
    _check("length", len(content) <= MOST_BYTES)
    lines = content.split(b"\n")
    if not 2 <= len(lines) <= 3 or lines[-1]:
        raise ManifestError("not whole")
    if len(lines) == 2:
        return lines[0], None
    try:
        signature = unhexlify(lines[1])
    except ValueError:
        signature = b""
    _check("signature", len(signature) == _SIGNATURE_BYTES and hexlify(signature) == lines[1])
    return lines[0], signature


def release_key(text: str) -> bytes:
    """The public key in a `release_key` file; ManifestError if it holds none."""
    digits = text[:-1] if text.endswith("\n") else text
    _check("release_key", len(digits) == 2 * _KEY_BYTES and _is_of(_HEX, digits, MOST_BYTES))
    return unhexlify(digits)


def check_signature(content: bytes, key: bytes) -> "Iterator[None]":
    """Yields while it works; ManifestError unless line 1 was signed with the release key whose public half is `key`."""
    line, signature = split(content)
    if signature is None:
        raise ManifestError("signature: missing")
    # Four kilobytes of bytecode that hardly ever run: loaded for this alone.
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


def _check(what: str, is_good: bool) -> None:
    if not is_good:
        raise ManifestError(what + ": not what belongs there")


def _is_of(letters: str, text: str, most: int) -> bool:
    """Whether a text has from one to `most` letters, and only these."""
    for letter in text:
        if letter not in letters:
            return False
    return 0 < len(text) <= most


def _is_path(path: str) -> bool:
    """Names between strokes, so that a path leads nowhere but downwards."""
    if len(path) > _MOST_PATH or not path.endswith(_SUFFIX):
        return False
    for name in path[: -len(_SUFFIX)].split("/"):
        if not _is_of(_NAME, name, _MOST_PATH):
            return False
    return True


def _is_version(numbers: "list[str]") -> bool:
    """A HELLO has three bytes for them."""
    for number in numbers:
        if not _is_of(_DIGITS, number, 3) or int(number) > 0xFF or str(int(number)) != number:
            return False
    return len(numbers) == 3
