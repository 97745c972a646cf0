"""Identity and counter ceiling in small files with a CRC-32 each; any write may be cut short by the power.

    identity          written beside itself and renamed
    ceiling.0, .1     written in turn, so that one is always whole; they never go down, whatever the identity
    outbox            events that nobody has acknowledged, written beside itself and renamed
    label, pairing, root_key, evidence    notes of `anju.pair` and of the witness, written beside themselves and renamed
    enrolment.json    from the bench: taken over at boot, read back, then deleted

The two ceilings are one block apart at most. A broken one may have been the higher, so it is counted as one block above the
other: a slot that a power cut tore and one that rotted after use are then both safe. Without any, the node is unenrolled.
"""

import os
import struct
from binascii import crc32

from anju.node.counter import BLOCK
from anju.node.identity import Identity, IdentityError, StoreError

_CEILING = ">I"
_FRESH = ".new"
"""Behind the name of a file that is not whole yet."""


class LittlefsStore:
    """The files of one node in one folder, on littlefs or any file system whose rename is atomic."""

    def __init__(self, folder: str) -> None:
        self.complaint = ""
        """What `load` found wrong beside what it could use."""
        self._folder = folder + "/"
        self._identity = self._folder + "identity"
        self._enrolment = self._folder + "enrolment.json"
        self._ceilings = (self._folder + "ceiling.0", self._folder + "ceiling.1")
        self._turn = 0
        """Index of the ceiling to be written next: never the higher one."""

    def load(self) -> "tuple[Identity, int]":
        """Identity and ceiling; StoreError says why there are none."""
        self._import()
        identity = self._read_identity()
        if identity is None:
            raise StoreError(self.complaint or "no identity")
        ceiling = self._whole_ceiling()
        if ceiling is None:
            raise StoreError("both ceilings are broken: enrol this node again")
        return identity, ceiling

    def holds_identity(self) -> bool:
        """Whether there is an identity, and be it one that can't be read."""
        return _exists(self._identity)

    def save(self, identity: Identity) -> None:
        """Keep a new identity; StoreError if it, or a ceiling for it, could not be read back."""
        if self._whole_ceiling() is None:
            known = self._read_identity()
            if known is not None and known.up == identity.up:
                raise StoreError("the frame numbers of these keys are lost: enrol this node again")
            for path in self._ceilings:
                _write(path, struct.pack(_CEILING, 0))
        _replace(self._identity, identity.to_json().encode())

    def reserve(self, ceiling: int) -> None:
        """Keep a higher ceiling; StoreError if it could not be read back."""
        _write(self._ceilings[self._turn], struct.pack(_CEILING, ceiling))
        self._turn = 1 - self._turn

    def keep(self, outbox: bytes) -> None:
        """Hold these events for the next start; StoreError if they could not be read back, and then the old ones are held."""
        self.note("outbox", outbox)

    def kept(self) -> "bytes | None":
        """The events that were held; None if they can't be read, empty if there never were any."""
        return self.noted("outbox")

    def note(self, name: str, content: bytes) -> None:
        """Keep what `anju.pair` must not lose, under its name; StoreError as with `keep`."""
        _replace(self._folder + name, content)

    def noted(self, name: str) -> "bytes | None":
        """What was kept under this name; None if it can't be read, empty if there never was anything."""
        path = self._folder + name
        return _read(path) if _exists(path) else b""

    def wipe(self) -> None:
        """Forget everything but the ceilings and the label; StoreError if something of it is still there."""
        own = tuple([self._folder + name for name in ("identity", "outbox", "pairing", "root_key", "evidence")])
        for path in (self._enrolment,) + tuple([path + _FRESH for path in own]) + own:
            try:
                os.remove(path)
            except OSError:
                pass  # most often it was not there
            if _exists(path):
                raise StoreError("{} not removed".format(path))

    def _import(self) -> None:
        """Take over an enrolment that was left here. Interrupted anywhere, it starts again at the next boot."""
        self.complaint = ""
        try:
            with open(self._enrolment) as file:
                text = file.read()
        except OSError:
            return  # none: every boot but the first
        try:
            enrolled = Identity.from_json(text)
            known = self._read_identity()
            if known is None or known.to_json() != enrolled.to_json():
                self.save(enrolled)
            os.remove(self._enrolment)
        except (IdentityError, StoreError, OSError) as error:
            self.complaint = "enrolment.json: {}".format(error)

    def _read_identity(self) -> "Identity | None":
        kept = _read(self._identity)
        try:
            return None if kept is None else Identity.from_json(kept.decode())
        except (IdentityError, ValueError):
            return None

    def _whole_ceiling(self) -> "int | None":
        """The higher ceiling once both are whole again; None if neither is."""
        first, second = [_read_ceiling(path) for path in self._ceilings]
        if first is not None and second is not None:
            self._turn = 0 if first <= second else 1
            return max(first, second)
        if first is not None:
            self._turn, whole = 1, first
        elif second is not None:
            self._turn, whole = 0, second
        else:
            return None
        self.reserve(whole + BLOCK)
        return whole + BLOCK


def _write(path: str, content: bytes) -> None:
    """Write a file and read it back; StoreError if it is not what was written."""
    try:
        with open(path, "wb") as file:
            file.write(content + struct.pack(">I", crc32(content)))
            file.flush()  # to the flash itself, not only to a buffer
    except OSError as error:
        raise StoreError("{} not written: {}".format(path, error))
    if _read(path) != content:
        raise StoreError("{} does not read back".format(path))


def _replace(path: str, content: bytes) -> None:
    """Write a file beside itself and rename it: there is always a whole one. StoreError if it is still the old one."""
    _write(path + _FRESH, content)
    try:
        os.rename(path + _FRESH, path)
    except OSError as error:
        raise StoreError("{} not replaced: {}".format(path, error))


def _read(path: str) -> "bytes | None":
    """Content of a file, or None if it is missing or broken."""
    try:
        with open(path, "rb") as file:
            kept = file.read(os.stat(path)[6])  # without its size it would take 256 bytes for any
    except OSError:
        return None
    content, crc = kept[:-4], kept[-4:]
    return content if len(crc) == 4 and struct.unpack(">I", crc)[0] == crc32(content) else None


def _read_ceiling(path: str) -> "int | None":
    kept = _read(path)
    if kept is None or len(kept) != struct.calcsize(_CEILING):
        return None
    (ceiling,) = struct.unpack(_CEILING, kept)
    return int(ceiling)


def _exists(path: str) -> bool:
    try:
        os.stat(path)
    except OSError:
        return False
    return True
