"""The two slots, seen from the one that runs: whether it is on trial, confirming it, and naming another one to run next.

The pointer `/slot` and what a start makes of it are described in `boot.py`, which reads and writes it by itself: it is never
updated, so the pointer's form is fixed for good. Nothing here ever writes into the running slot.
"""

import errno
import os
import sys
from binascii import crc32

from micropython import const

SLOTS = ("a", "b")
NONE = "-"
_MOST_POINTER = const(256)


class SlotError(Exception):
    """A slot cannot be used as it was meant to be; nothing was changed."""


class Pointer:
    """What `/slot` says."""

    def __init__(self, run: str, confirmed: str, tries: int, accepted: "dict[str, str]") -> None:
        self.run = run
        """The slot that is to run."""
        self.confirmed = confirmed
        """The slot that has last shown that it works, or NONE."""
        self.tries = tries
        """Starts of `run` since it was installed, up to its confirmation."""
        self.accepted = accepted
        """SHA-256 of the one MANIFEST with which a slot may run, or NONE, for both."""

    @classmethod
    def read(cls, path: str) -> "Pointer | None":
        """What is written there; None if there is nothing, or nothing whole."""
        try:
            with open(path, "rb") as file:
                text, _, crc = file.read(_MOST_POINTER).rstrip().decode().rpartition(" ")
            run, confirmed, tries, of_a, of_b = text.split(" ")
            if crc != _crc(text) or run not in SLOTS or confirmed not in SLOTS + (NONE,):
                return None
            return cls(run, confirmed, int(tries), {"a": of_a, "b": of_b})
        except (OSError, ValueError):
            return None

    def write(self, path: str) -> None:
        """Take the place of what is written there; OSError if that can't be done, and then the old one stands."""
        text = "{} {} {} {} {}".format(self.run, self.confirmed, self.tries, self.accepted["a"], self.accepted["b"])
        with open(path + ".new", "wb") as file:
            file.write("{} {}\n".format(text, _crc(text)).encode())
        os.rename(path + ".new", path)


class Slots:
    """Both slots of a node below `root`; `running` is that of this program, "" if it runs in none."""

    def __init__(self, root: str = "", running: "str | None" = None) -> None:
        self.root = root
        self.running = _running(root) if running is None else running
        self._path = root + "/slot"

    def folder(self, slot: str) -> str:
        """Where a slot's files are."""
        return self.root + "/" + slot

    def pointer(self) -> "Pointer | None":
        """The pointer as it is now."""
        return Pointer.read(self._path)

    def is_trial(self) -> bool:
        """Whether the running slot has yet to be confirmed."""
        pointer = self.pointer() if self.running else None
        return pointer is not None and self.running == pointer.run != pointer.confirmed

    def can_fall_back(self) -> bool:
        """Whether there is another slot that may run if this one is given up."""
        pointer = self.pointer() if self.running else None
        return pointer is not None and pointer.accepted[other(self.running)] != NONE

    def confirm(self) -> None:
        """The running slot works: from now on it runs without being counted, and is what a later one falls back to."""
        pointer = self.pointer()
        if pointer is not None and self.running == pointer.run:
            Pointer(self.running, self.running, 0, pointer.accepted).write(self._path)

    def idle(self) -> str:
        """The slot that a new firmware goes into; SlotError if there is none for now."""
        return self._idle()[0]

    def flip(self, manifest_sha256: str) -> None:
        """Let the idle slot run from the next start on, with the MANIFEST of this hash; SlotError, OSError: nothing changed."""
        idle, pointer = self._idle()
        # What was overwritten is no longer what was confirmed.
        confirmed = self.running if pointer.confirmed == idle else pointer.confirmed
        accepted = {idle: manifest_sha256, self.running: pointer.accepted[self.running]}
        Pointer(idle, confirmed, 0, accepted).write(self._path)

    def is_development(self) -> bool:
        """Whether this node takes bundles that nobody has signed: one without `/release_key`, from the bench."""
        return not _exists(self.root + "/release_key")

    def markings(self) -> "tuple[str, ...]":
        """What a HELLO must not hide of a node that runs in a slot: `development`, `unsigned`."""
        words: "tuple[str, ...]" = ()
        if self.running:
            if self.is_development():
                words += ("development",)
            if not self._is_signed():
                words += ("unsigned",)
        return words

    def _idle(self) -> "tuple[str, Pointer]":
        pointer = self.pointer() if self.running else None
        if pointer is None:
            raise SlotError("no slot runs")
        idle = other(self.running)
        if self.is_trial() and pointer.confirmed == idle:
            raise SlotError("slot {} is on trial, with slot {} to fall back to".format(self.running, idle))
        return idle, pointer

    def _is_signed(self) -> bool:
        """Whether the running slot's MANIFEST has a second line; it was verified before the flip, if a slot ran then."""
        try:
            with open(self.folder(self.running) + "/MANIFEST", "rb") as file:
                file.readline()
                return bool(file.readline())
        except OSError:
            return False


def other(slot: str) -> str:
    """The one beside it."""
    return "b" if slot == "a" else "a"


def _running(root: str) -> str:
    for slot in SLOTS:
        if root + "/" + slot in sys.path:
            return slot
    return ""


def _exists(path: str) -> bool:
    try:
        os.stat(path)
    except OSError as error:
        return error.errno != errno.ENOENT  # what can't be looked at is not gone
    return True


def _crc(text: str) -> str:
    return "{:08x}".format(crc32(text.encode()))
