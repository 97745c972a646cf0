"""First code after a reset, and never updated in place: chooses the slot that runs, whatever the files hold.

    /a /b    slots: folders with a whole firmware, and in MANIFEST, written last, the SHA-256 of each of its files
    /slot    the pointer, one line: which slot is to run, which was confirmed last (or -), how often the first was tried since
             it was installed, the SHA-256 of the MANIFEST accepted for a and for b (or -), and a CRC-32 of all that

A slot that is not confirmed is tried TRIES times, each counted before it runs (by main.py: a bench that only wants the REPL is no
try); then the other one runs, whatever its number. Nothing runs whose MANIFEST is another than the accepted one, or one file
of which has another hash; but after a deep sleep the files of a confirmed slot are believed. Without a pointer, as after a
first installation, the whole slot with the lower number is tried. The pointer is written beside itself and renamed:
whenever the power fails, the old one or the new one is there.

This file imports nothing from a slot, so it reads pointer and MANIFEST by itself; `anju.update` does the same on its side.
"""

import hashlib
import json
import os
import sys
from binascii import crc32, hexlify

try:
    from typing import Any
except ImportError:  # MicroPython
    pass

TRIES = 3
SLOTS = ("a", "b")
NONE = "-"
_MOST_POINTER = 256
_MOST_MANIFEST = 16384
_PIECE = 512


def choose(root: str = "", tries: int = TRIES, is_wake: bool = False) -> "str | None":
    """The slot to run, "" if neither is whole, None if there are no slots; says on the console what it passes over and why.

    `is_wake`: the board was only asleep, and the files of a confirmed slot are not hashed again.
    """
    if not any(_exists(root + name) for name in ("/slot", "/a", "/b")):
        return None
    pointer = read_pointer(root)
    if pointer is None:
        print("boot: no pointer")
        order = sorted(SLOTS, key=lambda slot: _number(root + "/" + slot))
        accepted: "dict[str, str]" = {}
        trusted = ""
    else:
        run, confirmed, tried, accepted = pointer
        order = [run, _other(run)]
        trusted = run if is_wake and run == confirmed else ""
        if run != confirmed and tried >= tries:
            print("boot: slot {}: not confirmed in {} tries".format(run, tried))
            order = [_other(run), run]
    for slot in order:
        fault = _fault(root + "/" + slot, accepted.get(slot), slot != trusted)
        if not fault:
            return slot
        print("boot: slot {}: {}".format(slot, fault))
    print("boot: neither slot is whole, and nothing is started. Install again from the bench.")
    return ""


def count(slot: str, root: str = "") -> str:
    """Keep that `slot` is tried once more, if it is on trial; the slot to run, another one if that can't be kept."""
    pointer = read_pointer(root)
    if pointer is None:
        accepted = {slot: hexlify(_sha256(root + "/" + slot + "/MANIFEST")).decode(), _other(slot): NONE}
        pointer = slot, NONE, 0, accepted
    run, confirmed, tried, accepted = pointer
    if not slot == run != confirmed or tried >= TRIES:
        return slot
    try:
        write_pointer(root, (run, confirmed, tried + 1, accepted))
    except OSError as error:
        print("boot: slot {}: its try can't be counted: {}".format(slot, error))
        return choose(root, 0) or slot
    print("boot: slot {}: try {} of {}".format(slot, tried + 1, TRIES))
    return slot


def read_pointer(root: str) -> "tuple[str, str, int, dict[str, str]] | None":
    """Slot to run, slot confirmed last, tries, and the SHA-256 of each accepted MANIFEST; None if missing or broken."""
    try:
        with open(root + "/slot", "rb") as file:
            line = file.read(_MOST_POINTER)
        text, _, crc = line.rstrip().decode().rpartition(" ")
        run, confirmed, tried, of_a, of_b = text.split(" ")
        if crc != _crc(text) or run not in SLOTS or confirmed not in SLOTS + (NONE,):
            return None
        return run, confirmed, int(tried), {"a": of_a, "b": of_b}
    except (OSError, ValueError):
        return None


def write_pointer(root: str, pointer: "tuple[str, str, int, dict[str, str]]") -> None:
    """Replace the pointer; OSError if that can't be done, and then the old one stands."""
    run, confirmed, tried, accepted = pointer
    text = "{} {} {} {} {}".format(run, confirmed, tried, accepted["a"], accepted["b"])
    with open(root + "/slot.new", "wb") as file:
        file.write("{} {}\n".format(text, _crc(text)).encode())
    os.rename(root + "/slot.new", root + "/slot")


def _fault(folder: str, accepted: "str | None", is_thorough: bool) -> str:
    """What is wrong with a slot; "" if nothing is. `accepted` is the SHA-256 that its MANIFEST must have, None for any.

    If not thorough, the MANIFEST is all that is looked at.
    """
    name = "MANIFEST"
    try:
        if accepted is not None and hexlify(_sha256(folder + "/MANIFEST")).decode() != accepted:
            return "its MANIFEST is not the one that was accepted"
        if not is_thorough:
            return ""
        files = _manifest(folder)["files"]
        for name in files:
            if hexlify(_sha256(folder + "/" + name)).decode() != files[name]:
                return "{}: not what its MANIFEST says".format(name)
        return "" if files else "it has no files"
    except Exception as error:  # noqa: BLE001 (whatever these files hold, the other slot must be looked at)
        return "{}: {}".format(name, repr(error))


def _number(folder: str) -> float:
    """Number of the bundle in a slot; beyond all others if it has none."""
    try:
        return int(_manifest(folder)["number"])
    except Exception:  # noqa: BLE001 (the same)
        return float("inf")


def _manifest(folder: str) -> "Any":
    with open(folder + "/MANIFEST", "rb") as file:
        return json.loads(file.read(_MOST_MANIFEST).split(b"\n")[0])


def _sha256(path: str) -> bytes:
    digest = hashlib.sha256()
    piece = memoryview(bytearray(_PIECE))
    with open(path, "rb") as file:
        size = file.readinto(piece)
        while size:
            digest.update(piece[:size])
            size = file.readinto(piece)
    return bytes(digest.digest())


def _crc(text: str) -> str:
    return "{:08x}".format(crc32(text.encode()))


def _other(slot: str) -> str:
    return "b" if slot == "a" else "a"


def _exists(path: str) -> bool:
    try:
        os.stat(path)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    import machine
    import micropython

    # An error inside an interrupt cannot allocate its own traceback. (The stubs describe the unix port, which has no interrupts.)
    micropython.alloc_emergency_exception_buf(100)  # type: ignore[attr-defined]
    # Hashing would take 0.1 s of each wake, and a battery has thousands of them. A file that rots meanwhile is found all the
    # same: the slot fails, main.py makes a reset of that, and a reset is no wake.
    slot = choose(is_wake=machine.reset_cause() == getattr(machine, "DEEPSLEEP_RESET", None))
    if slot:
        # What the slot lacks must not be found in the root beside it.
        sys.path[:] = ["/" + slot, ".frozen"]
