"""The power fails at every single write of a real littlefs while slots are filled, flipped, tried and confirmed.

Whatever it leaves: a whole slot runs at the next start, the one that was confirmed is whole, and the update that was cut can be
made anew.
"""

import os

import boot
from anju.update.install import Refused
from anju.update.slots import NONE, Pointer, SlotError, Slots
from firmware.portable.flash import bundle
from firmware.portable.histories import examined
from firmware.portable.supply import MOUNT, Supply

try:
    from collections.abc import Callable
except ImportError:  # MicroPython
    pass

setattr(boot, "print", lambda *words: None)  # noqa: B010 (thousands of lines)

_BLOCKS = 64
_NUMBERS = (1, 2, 3)


def _life(supply: Supply, then: "Callable[[Slots], None]") -> "tuple[str, int]":
    """Start, do something, lose the power; the slot that ran, and the number of its bundle (or what is known at a cut)."""
    slot, number = "", 0
    try:
        supply.mount()
        slot = boot.choose(MOUNT) or ""
        if slot:
            slot = boot.count(slot, MOUNT)
            number = _number(slot)
            _check_confirmed()
            then(Slots(MOUNT, slot))
    except (OSError, SlotError, Refused):
        assert not supply.is_on
    finally:
        supply.end()
    return slot, number


def _number(slot: str) -> int:
    """Of the bundle in a slot, all of whose files are there, and no others; 0 if there is none."""
    for number in _NUMBERS:
        files = bundle(number)
        if all(_content("{}/{}/{}".format(MOUNT, slot, path)) == files[path] for path in files):
            return number
    return 0


def _check_confirmed() -> None:
    pointer = Pointer.read(MOUNT + "/slot")
    if pointer is not None and pointer.confirmed != NONE:
        assert _number(pointer.confirmed), "what was confirmed is whole"


def _content(path: str) -> "bytes | None":
    try:
        with open(path, "rb") as file:
            return bytes(file.read())
    except OSError:
        return None


def _fill(slot: str, number: int) -> None:
    """As a host does: the old MANIFEST goes first, the new one comes last."""
    folder = MOUNT + "/" + slot
    for path in ("", "/anju"):
        try:
            os.mkdir(folder + path)
        except OSError:
            pass  # most often it is there
    files = bundle(number)
    order = sorted(files, key=lambda path: path == "MANIFEST")
    for path in reversed(order):
        try:
            os.remove(folder + "/" + path)
        except OSError:
            pass  # it was not
    for path in order:
        with open(folder + "/" + path, "wb") as file:
            file.write(files[path])


def _rest(slots: Slots) -> None:
    pass


def _confirm(slots: Slots) -> None:
    slots.confirm()


def _update(slots: Slots) -> None:
    """To the next of three bundles."""
    idle = slots.idle()
    _fill(idle, _number(slots.running) % 3 + 1)
    slots.flip(examined(slots, idle))


def _confirm_and_update(slots: Slots) -> None:
    _confirm(slots)
    _update(slots)


def _installed() -> bytearray:
    """After the first installation."""
    supply = Supply.formatted(_BLOCKS)
    supply.mount()
    _fill("a", 1)
    supply.end()
    return supply.data


def _check_every_cut(before: bytearray, then: "Callable[[Slots], None]", known: "tuple[int, ...]") -> None:
    """Cut that life at each of its writes, in two ways: one of the `known` bundles runs then, and an update of it succeeds."""
    uncut = Supply(bytearray(before))
    _life(uncut, then)
    assert uncut.writes >= 2, uncut.writes
    for cut in range(uncut.writes):
        for torn in (0, 17):
            data = bytearray(before)
            _life(Supply(data, cut, torn), then)
            _, number = _life(Supply(data), _confirm_and_update)
            assert number in known, (cut, torn, number)
            _, next_number = _life(Supply(data), _rest)
            assert next_number == number % 3 + 1, (cut, torn, next_number)


def test_the_first_start_survives_every_cut() -> None:
    _check_every_cut(_installed(), _confirm, (1,))


def test_an_update_over_an_older_bundle_survives_every_cut() -> None:
    data = _installed()
    for then in (_confirm, _update, _confirm):
        _life(Supply(data), then)
    _check_every_cut(data, _update, (2, 3))


def test_a_try_and_its_confirmation_survive_every_cut() -> None:
    data = _installed()
    for then in (_confirm, _update):
        _life(Supply(data), then)
    _check_every_cut(data, _confirm, (2,))


def test_a_fall_back_survives_every_cut() -> None:
    data = _installed()
    for then in (_confirm, _update, _rest, _rest):
        _life(Supply(data), then)
    _check_every_cut(data, _rest, (1, 2))
    assert _life(Supply(data), _rest) == ("b", 2)
    assert _life(Supply(data), _rest) == ("a", 1)


def test_one_cut_after_another() -> None:
    data = _installed()
    _life(Supply(data), _confirm)
    ran = set()
    for life in range(40):
        _life(Supply(data, life * 7 % 61, (0, 17)[life % 2]), _confirm_and_update)
        slot, number = _life(Supply(data), _rest)
        assert number, (life, slot)
        ran.add((slot, number))
    assert len(ran) > 2
