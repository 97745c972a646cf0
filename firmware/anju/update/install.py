"""Checks the bundle in the idle slot and lets it run next; each call prints one line of JSON, for a host at the REPL.

    from anju.update import install
    install.check("b")   {"ok": true, "number": …} or {"ok": false, "why": "older", "detail": "…"}; changes nothing
    install.flip("b")    checks in the same way, then flips the pointer: the bundle runs from the next reset on

The host copies the files first and MANIFEST last; what a cut left of them is refused. `why` is one of

    slot       not the idle one, no slot runs, or the one that runs is on trial and has no other to fall back to
    manifest   none, not whole, or not one
    signature  missing or not by the key in /release_key; a node without that file, a development node, asks for none
    target     for another board or another bytecode
    older      its number is not above that of the bundle that runs; a development node does not mind
    files      one is missing, changed, or not of the bundle
    flash      the flash could not be read or written
"""

import json
import os
import sys
from binascii import hexlify
from hashlib import sha256

from anju.update.manifest import (
    MOST_BYTES,
    NAME,
    Manifest,
    ManifestError,
    check_files,
    check_signature,
    parse,
    release_key,
    split,
)
from anju.update.slots import SlotError, Slots

try:
    from collections.abc import Callable, Generator, Iterator
except ImportError:  # MicroPython
    pass

MPY = getattr(sys.implementation, "_mpy", 0)
_DIRECTORY = 0x4000
_MOST_KEY_BYTES = 256
_MOST_WORDS = 120


class Refused(Exception):
    """A bundle that must not run: `why` is a word from the list above; nothing was changed."""

    def __init__(self, why: str, detail: str) -> None:
        super().__init__(detail)
        self.why = why


def check(slot: str) -> None:
    """Print whether the bundle in `slot` may run."""
    _answer(slot, lambda slots, fingerprint: None)


def flip(slot: str) -> None:
    """Print whether the bundle in `slot` may run; if so, it does from the next reset on."""
    _answer(slot, lambda slots, fingerprint: slots.flip(fingerprint))


def examine(slots: Slots, slot: str) -> "Generator[None, None, tuple[Manifest, str]]":
    """Yields while it works; the manifest of the bundle in `slot`, and the SHA-256 of its file. Refused if it may not run."""
    try:
        if slot != slots.idle():
            raise Refused("slot", "slot {} runs".format(slot))
    except SlotError as error:
        raise Refused("slot", str(error))
    why = "manifest"
    try:
        content = _content(slots, slot)
        split(content)
        why = "signature"
        if not slots.is_development():
            yield from check_signature(content, _release_key(slots))
        why = "manifest"
        manifest = parse(content)
        own = parse(_content(slots, slots.running))
        why = "target"
        manifest.check_target(own.board, MPY)
        if not manifest.is_newer(own.number) and not slots.is_development():
            raise Refused("older", "number {}, and {} runs".format(manifest.number, own.number))
        why = "files"
        folder = slots.folder(slot)
        # check_files closes what is opened for it.
        yield from check_files(manifest, _files(folder, ""), lambda path: open(folder + "/" + path, "rb"))  # noqa: SIM115
    except ManifestError as error:
        raise Refused(why, str(error))
    return manifest, hexlify(sha256(content).digest()).decode()


def _answer(slot: str, then: "Callable[[Slots, str], None]") -> None:
    """Print what came of a bundle; `then(slots, sha256)` if it may run."""
    slots = Slots()
    told: "dict[str, object]" = {"slot": slot, "ok": False}
    try:
        manifest, fingerprint = _result(examine(slots, slot))
        then(slots, fingerprint)
        told.update({"ok": True, "number": manifest.number, "version": manifest.version})
    except Refused as error:
        told.update({"why": error.why, "detail": str(error)[:_MOST_WORDS]})
    except OSError as error:
        told.update({"why": "flash", "detail": repr(error)})
    print(json.dumps(told))


def _result(work: "Generator[None, None, tuple[Manifest, str]]") -> "tuple[Manifest, str]":
    try:
        while True:
            next(work)
    except StopIteration as end:
        manifest, fingerprint = end.value
        return manifest, fingerprint


def _content(slots: Slots, slot: str) -> bytes:
    """A slot's MANIFEST; ManifestError if there is none."""
    path = slots.folder(slot) + "/" + NAME
    try:
        with open(path, "rb") as file:
            # No more than it has: a heap that a node has run on may have no piece that takes the longest one.
            return bytes(file.read(min(os.stat(path)[6], MOST_BYTES) + 1))
    except OSError:
        raise ManifestError("not readable")


def _release_key(slots: Slots) -> bytes:
    """The public key of this node; ManifestError if its file holds none."""
    with open(slots.root + "/release_key", "rb") as file:
        content = file.read(_MOST_KEY_BYTES)
    try:
        return release_key(content.decode())
    except ValueError:
        raise ManifestError("release_key: not text")


def _files(folder: str, below: str) -> "Iterator[str]":
    """The paths of all files in a slot but its MANIFEST."""
    for name in os.listdir(folder + "/" + below):
        path = below + name
        if os.stat(folder + "/" + path)[0] & _DIRECTORY:
            yield from _files(folder, path + "/")
        elif path != NAME:
            yield path
