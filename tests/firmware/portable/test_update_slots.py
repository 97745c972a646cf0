"""Which slot runs: after every history of updates, failures and power cuts, and whatever the files hold."""

from binascii import crc32

import boot
from anju.update.slots import NONE, Pointer, SlotError, Slots
from firmware.portable.flash import Flash, bundle, in_slot
from firmware.portable.histories import (
    LIVES,
    check_promises,
    copy,
    installed_first,
    live,
    number_in,
    start,
    update,
)
from firmware.portable.kit import Dice, raises

try:
    from collections.abc import Iterator
except ImportError:  # MicroPython
    pass


def _confirmed() -> "dict[str, bytes]":
    """A node whose first installation has shown that it works."""
    with Flash(installed_first()) as flash:
        Slots("", start()).confirm()
    return flash.files


# ---- A start without surprises


def test_without_slots_nothing_is_chosen() -> None:
    with Flash({"/main.py": b"", "/anju/role/start.py": b""}):
        assert boot.choose() is None


def test_a_first_installation_is_tried_until_it_is_confirmed() -> None:
    with Flash(installed_first()) as flash:
        assert [start() for _ in range(5)] == ["a"] * 5  # there is nothing to fall back to
        assert "boot: slot a: try 3 of 3" in flash.said
        assert Slots("", "a").is_trial()
        Slots("", "a").confirm()
        assert not Slots("", "a").is_trial()
        flash.said.clear()
        assert start() == "a"
        assert flash.said == []


def test_a_start_that_is_no_trial_writes_nothing() -> None:
    with Flash(_confirmed()) as flash:
        assert start() == "a"
        assert flash.left == []


def test_an_update_runs_and_is_confirmed() -> None:
    with Flash(_confirmed()) as flash:
        assert update(flash, "a", 2) == "b"
        assert start() == "b"
        Slots("", "b").confirm()
        for _ in range(5):
            assert start() == "b"
        assert update(flash, "b", 3) == "a"
        assert start() == "a"


def test_an_update_that_is_never_confirmed_runs_three_times() -> None:
    with Flash(_confirmed()) as flash:
        update(flash, "a", 2)
        assert [start() for _ in range(6)] == ["b", "b", "b", "a", "a", "a"]
        assert "boot: slot b: not confirmed in 3 tries" in flash.said
        # And it can be tried again, or another one.
        assert not Slots("", "a").is_trial()
        assert update(flash, "a", 3) == "b"
        assert [start() for _ in range(4)] == ["b", "b", "b", "a"]


def test_what_was_fallen_back_to_confirms_nothing_but_itself() -> None:
    with Flash(_confirmed()) as flash:
        update(flash, "a", 2)
        assert [start() for _ in range(4)] == ["b", "b", "b", "a"]
        before = flash.files["/slot"]
        Slots("", "a").confirm()
        assert flash.files["/slot"] == before


def test_a_bench_that_only_wants_the_repl_is_no_try() -> None:
    with Flash(_confirmed()) as flash:
        update(flash, "a", 2)
        assert [boot.choose() for _ in range(5)] == ["b"] * 5
        assert start() == "b"


def test_what_the_running_slot_falls_back_to_is_not_overwritten() -> None:
    with Flash(_confirmed()) as flash:
        update(flash, "a", 2)
        assert start() == "b"
        slots = Slots("", "b")
        assert slots.can_fall_back()
        assert "to fall back to" in raises(SlotError, slots.idle)
        assert "to fall back to" in raises(SlotError, slots.flip, "0" * 64)
        slots.confirm()
        assert slots.idle() == "a"


def test_without_a_slot_that_runs_nothing_is_installed() -> None:
    with Flash(_confirmed()):
        slots = Slots("", "")
        assert not slots.is_trial()
        assert not slots.can_fall_back()
        assert "no slot runs" in raises(SlotError, slots.idle)
    with Flash(installed_first()):
        assert "no slot runs" in raises(SlotError, Slots("", "a").idle)


def test_boot_and_slots_write_the_same_pointer() -> None:
    with Flash({}) as flash:
        for run, confirmed, tries in (("a", NONE, 0), ("b", "a", 3), ("a", "a", 0)):
            accepted = {"a": "1" * 64, "b": NONE}
            boot.write_pointer("", (run, confirmed, tries, accepted))
            line = flash.files["/slot"]
            pointer = Pointer.read("/slot")
            assert pointer is not None
            pointer.write("/slot")
            assert flash.files["/slot"] == line
            assert boot.read_pointer("") == (run, confirmed, tries, accepted)


# ---- Files that hold anything

GARBAGE = (
    b"",
    b"\xff" * 40,
    b"\x00",
    b"a",
    b"b - 0 - -",
    b"b - 0 - - 00000000\n",
    b"{}",
    b"null\n",
    b"[" * 5000,
    b'{"files":' * 600,
    b'{"files":[],"number":1}\n',
    b'{"files":{},"number":1}\n',
    b'{"files":{"":1},"number":[]}\n',
    b'{"files":{"../a":null},"number":1}\n',
    b'{"files":7,"number":null}\n',
)


def _lines() -> "Iterator[bytes]":
    """Pointers whose CRC is right and whose words are not."""
    for text in ("c a 0 - -", "a c 0 - -", "a a x - -", "a a 0 -", "a a 0 - - -", "", "  ", "a", "- - 0 - -"):
        yield "{} {:08x}\n".format(text, crc32(text.encode())).encode()


def test_a_broken_pointer_leads_to_the_older_whole_slot() -> None:
    for broken in GARBAGE + tuple(_lines()):
        with Flash(_confirmed()) as flash:
            update(flash, "a", 2)
            assert start() == "b"
            flash.files["/slot"] = broken
            assert [start() for _ in range(2)] == ["a", "a"], broken
            Slots("", "a").confirm()
            assert start() == "a"


def test_a_slot_that_is_not_whole_is_passed_over() -> None:
    for path in in_slot("b", bundle(2)):
        for broken in GARBAGE + (None,):
            with Flash(_confirmed()) as flash:
                update(flash, "a", 2)
                if broken is None:
                    del flash.files[path]
                else:
                    flash.files[path] = broken
                assert start() == "a", (path, broken)
                assert [line for line in flash.said if line.startswith("boot: slot b: ")]


def test_a_wake_from_sleep_believes_the_files_of_a_confirmed_slot_and_nothing_else() -> None:
    with Flash(_confirmed()) as flash:
        update(flash, "a", 2)
        flash.files["/b/board.mpy"] = b"rotten"
        assert boot.choose(is_wake=True) == "a"
        flash.files["/a/board.mpy"] = b"rotten"
        assert boot.choose(is_wake=True) == ""
    with Flash(_confirmed()) as flash:
        flash.files["/a/board.mpy"] = b"rotten"
        assert boot.choose(is_wake=True) == "a"
        assert boot.choose() == ""
        flash.files["/a/MANIFEST"] = bundle(2)["MANIFEST"]
        assert boot.choose(is_wake=True) == ""
    with Flash(installed_first()) as flash:
        flash.files["/a/board.mpy"] = b"rotten"
        assert boot.choose(is_wake=True) == ""


def test_the_confirmed_slot_may_rot_and_the_one_before_it_runs() -> None:
    with Flash(_confirmed()) as flash:
        update(flash, "a", 2)
        assert start() == "b"
        Slots("", "b").confirm()
        flash.files["/b/board.mpy"] = b"rotten"
        assert [start() for _ in range(5)] == ["a"] * 5
        # Installing into the broken one mends that.
        assert not Slots("", "a").is_trial()
        assert update(flash, "a", 3) == "b"
        assert [start() for _ in range(4)] == ["b", "b", "b", "a"]


def test_a_bundle_that_was_never_accepted_does_not_run() -> None:
    """Whole, but nobody has looked at its signature: what was copied and not flipped, or changed after the flip."""
    with Flash(_confirmed()) as flash:
        copy(flash, "b", bundle(2))
        flash.files["/a/board.mpy"] = b"rotten"
        assert boot.choose() == ""
        assert "boot: slot b: its MANIFEST is not the one that was accepted" in flash.said
    with Flash(_confirmed()) as flash:
        update(flash, "a", 2)
        flash.files.update(in_slot("b", bundle(3)))
        assert start() == "a"


def test_if_neither_slot_is_whole_nothing_runs_and_the_console_says_so() -> None:
    for broken in GARBAGE:
        for files in (installed_first(), _confirmed()):
            with Flash(files) as flash:
                flash.files["/a/MANIFEST"] = broken
                assert boot.choose() == ""
                assert "neither slot is whole" in flash.said[-1]
    with Flash({"/slot": b"garbage"}) as flash:
        assert boot.choose() == ""


def test_a_full_flash_falls_back_rather_than_try_without_counting() -> None:
    with Flash(_confirmed()) as flash:
        update(flash, "a", 2)
    with Flash(flash.files, room=20) as flash:
        assert start() == "a"
        assert [line for line in flash.said if "can't be counted" in line]
        assert number_in(flash.files, "b") == 2
    with Flash(installed_first(), room=20):
        assert start() == "a"


# ---- Histories


def test_after_any_history_a_whole_slot_runs_and_a_confirmed_one_is_never_lost() -> None:
    """By chance; `test_slot_histories.py` goes through all of them."""
    dice = Dice(4)
    files = installed_first()
    for _ in range(150):
        left = live(files, dice.below(len(LIVES)))
        files = left[dice.below(len(left))]
        check_promises(files)
