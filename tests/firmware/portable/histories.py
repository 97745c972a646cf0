"""Lives of a node with two slots on a made-up flash, and what must hold after each of them."""

from binascii import hexlify
from hashlib import sha256

import boot
from anju.update import install
from anju.update.slots import NONE, Pointer, SlotError, Slots, other
from firmware.portable.flash import Flash, bundle, in_slot

NUMBERS = (1, 2, 3)
"""Bundles that these lives install, one after another and round again."""


def installed_first() -> "dict[str, bytes]":
    """A node after its first installation: one whole slot, and no pointer."""
    return in_slot("a", bundle(1))


def start() -> str:
    """What a reset comes to: the slot that runs."""
    slot = boot.choose()
    return boot.count(slot) if slot else ""


def copy(flash: Flash, slot: str, files: "dict[str, bytes]") -> None:
    """What a host does before a flip: the old MANIFEST goes first, the new one comes last."""
    old = [path for path in flash.files if path.startswith("/" + slot + "/")]
    for path in sorted(old, key=lambda path: not path.endswith("MANIFEST")):
        flash.remove(path)
    for path in sorted(files, key=lambda path: path == "MANIFEST"):
        with flash.open("/{}/{}".format(slot, path), "wb") as file:
            file.write(files[path])


def update(flash: Flash, running: str, number: int) -> str:
    """Install a bundle beside the running one; the slot it is in. SlotError, Refused: it does not run."""
    slots = Slots("", running)
    idle = slots.idle()
    copy(flash, idle, bundle(number))
    slots.flip(examined(slots, idle))
    return idle


def examined(slots: Slots, slot: str) -> str:
    """Fingerprint of a bundle that may run; Refused if it may not."""
    work = install.examine(slots, slot)
    try:
        while True:
            next(work)
    except StopIteration as end:
        return str(end.value[1])


def number_in(files: "dict[str, bytes]", slot: str) -> int:
    """Number of the whole bundle in a slot; 0 if it has none."""
    found = {path: files[path] for path in files if path.startswith("/" + slot + "/")}
    for number in NUMBERS:
        if found == in_slot(slot, bundle(number)):
            return number
    return 0


def rest(flash: Flash, running: str) -> None:
    """A life in which nothing happens."""


def confirm(flash: Flash, running: str) -> None:
    """One in which the image shows that it works."""
    Slots("", running).confirm()


def renew(flash: Flash, running: str) -> None:
    """One in which another bundle is installed, if there is a slot for it."""
    try:
        update(flash, running, number_in(flash.files, running) % len(NUMBERS) + 1)
    except SlotError:
        pass


LIVES = (rest, confirm, renew)


def live(files: "dict[str, bytes]", kind: int) -> "list[dict[str, bytes]]":
    """One life of LIVES: a start with whatever is on the flash, and what follows. All that its end may leave on the flash."""
    with Flash(files) as flash:
        running = start()
        assert number_in(flash.files, running), "a whole slot runs"
        LIVES[kind](flash, running)
    return flash.left + [flash.files]


def check_promises(files: "dict[str, bytes]") -> None:
    """What was confirmed is there; what is on trial runs three times, and then what there is beside it."""
    with Flash(files):
        pointer = Pointer.read("/slot")
        if pointer is None:
            assert start() == "a", "without a pointer there is one slot"
            return
        if pointer.confirmed != NONE:
            assert number_in(files, pointer.confirmed), "what was confirmed is whole"
        if pointer.confirmed == pointer.run:
            assert start() == pointer.run
            return
        for _ in range(boot.TRIES - pointer.tries):
            assert start() == pointer.run
        beside = other(pointer.run)
        assert start() == (beside if _is_accepted(files, beside, pointer) else pointer.run)


def _is_accepted(files: "dict[str, bytes]", slot: str, pointer: Pointer) -> bool:
    if not number_in(files, slot):
        return False
    return pointer.accepted[slot] == hexlify(sha256(files["/" + slot + "/MANIFEST"]).digest()).decode()
