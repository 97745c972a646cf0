"""When an image is confirmed, and when it is given up: by its self-test, and by the concentrator's answer."""

import json
import sys

from anju.node.identity import StoreError
from anju.role import selftest, trial
from anju.role.trial import ANSWER_MS, Trial, TrialError
from anju.store.memory import MemoryStore
from anju.update.slots import Slots
from firmware.portable.flash import Flash, bundle
from firmware.portable.histories import installed_first, start, update
from firmware.portable.kit import identity, raises

try:
    from collections.abc import Callable
    from typing import Any
except ImportError:  # MicroPython
    pass


class Pin:
    """A terminal that reads `level`."""

    def __init__(self, level: int = 0) -> None:
        self.level = level

    def value(self) -> int:
        """That level."""
        return self.level


class Link:
    """A link that opens, or does not."""

    def __init__(self, is_there: bool = True) -> None:
        self.is_there = is_there
        self.calls: "list[str]" = []

    def open(self) -> None:
        """OSError unless it is there."""
        self.calls.append("open")
        if not self.is_there:
            raise OSError(19)

    def close(self) -> None:
        """Let go."""
        self.calls.append("close")


class BrokenStore(MemoryStore):
    """Holds an identity that this image cannot read."""

    def load(self) -> "tuple[object, int]":  # type: ignore[override]
        """Never."""
        raise StoreError("both ceilings are broken")

    def holds_identity(self) -> bool:
        """Of another image."""
        return True


class FakeBoard:
    """As much of a board as a self-test looks at."""

    def __init__(self) -> None:
        self.memory = MemoryStore()
        self.wire = Link()
        self.pins = [Pin(), Pin(1)]

    def store(self) -> MemoryStore:
        """What the test put there."""
        return self.memory

    def inputs(self) -> "list[Pin]":
        """Two terminals."""
        return self.pins

    def link(self) -> Link:
        """The link."""
        return self.wire


def _board(enrolled: bool = False) -> "Any":
    """A good one; not all of a `Board`."""
    board = FakeBoard()
    if enrolled:
        board.memory.save(identity())
    return board


def _on_trial(flash: Flash, then: "Callable[[Slots, Trial], None]") -> None:
    """Start what is on the flash, and hand its slots and its trial to `then`."""
    slots = Slots("", start())
    then(slots, Trial(slots))


def _updated() -> "dict[str, bytes]":
    """A confirmed node with another bundle that has yet to run."""
    with Flash(installed_first()) as flash:
        Slots("", start()).confirm()
        update(flash, "a", 2)
    return flash.files


# ---- The self-test


def test_a_good_board_has_no_faults() -> None:
    for enrolled in (False, True):
        board = _board(enrolled)
        assert selftest.faults(board) == []
        assert board.link().calls == ["open", "close"]


def test_each_fault_is_named_and_hides_no_other() -> None:
    board = _board()
    board.memory = BrokenStore()
    board.pins[1].level = 7
    board.wire.is_there = False
    told = selftest.faults(board)
    assert [fault.split(":")[0] for fault in told] == ["store", "inputs", "link"]
    assert "ceilings" in told[0]
    assert "terminal 1 reads 7" in told[1]


def test_a_cipher_that_errs_is_found() -> None:
    class Null:
        def __init__(self, key: bytes) -> None:
            pass

        def seal(self, frame: bytearray) -> None:
            pass

        def open(self, frame: bytes) -> bytes:
            return b""

    kept = getattr(selftest, "Cipher")  # noqa: B009 (imported there, not offered)
    setattr(selftest, "Cipher", Null)  # noqa: B010 (the same, for a while)
    try:
        assert [fault.split(":")[0] for fault in selftest.faults(_board())] == ["cipher"]
    finally:
        setattr(selftest, "Cipher", kept)  # noqa: B010 (the same)


def test_the_bench_gets_one_line_of_json() -> None:
    said: "list[str]" = []
    kept = sys.modules.get("board")
    sys.modules["board"] = _board()
    setattr(selftest, "print", said.append)  # noqa: B010 (the same)
    try:
        selftest.report()
    finally:
        delattr(selftest, "print")
        del sys.modules["board"]
        if kept is not None:
            sys.modules["board"] = kept
    assert [json.loads(line) for line in said] == [{"ok": True, "faults": []}]


# ---- The trial


def test_an_unenrolled_node_confirms_after_the_self_test() -> None:
    def check(slots: Slots, trial: Trial) -> None:
        trial.begin(_board())
        assert slots.is_trial()
        trial.look(False, 0)
        assert not slots.is_trial()

    with Flash(_updated()) as flash:
        _on_trial(flash, check)
        assert start() == "b"


def test_an_enrolled_node_confirms_with_the_first_answer() -> None:
    def check(slots: Slots, trial: Trial) -> None:
        trial.begin(_board(enrolled=True))
        for now in range(0, 100000, 10000):
            trial.look(False, now)
        assert slots.is_trial()
        trial.look(True, 100000)
        assert not slots.is_trial()

    with Flash(_updated()) as flash:
        _on_trial(flash, check)


def test_a_node_must_not_sleep_before_its_image_is_confirmed_or_nobody_has_answered_for_long() -> None:
    def check(slots: Slots, trial: Trial) -> None:
        trial.begin(_board(enrolled=True))
        assert trial.needs_ms(0) == ANSWER_MS
        assert trial.needs_ms(ANSWER_MS - 1) == 1
        assert not trial.needs_ms(ANSWER_MS)
        trial.look(True, 1000)
        assert not trial.needs_ms(1000)

    with Flash(_updated()) as flash:
        _on_trial(flash, check)


def test_a_fault_gives_the_image_up_and_the_old_one_comes_back() -> None:
    def check(slots: Slots, trial: Trial) -> None:
        board = _board()
        board.memory = BrokenStore()
        assert "store: both ceilings are broken" in raises(TrialError, trial.begin, board)
        assert slots.is_trial()

    with Flash(_updated()) as flash:
        for _ in range(3):
            _on_trial(flash, check)
        assert start() == "a"


def test_an_image_that_nobody_answers_is_given_up_if_there_is_another() -> None:
    def check(slots: Slots, image: Trial) -> None:
        image.begin(_board(enrolled=True))
        image.look(False, trial.ANSWER_MS)
        assert "nobody has answered" in raises(TrialError, image.look, False, trial.ANSWER_MS + 1)

    def wait(slots: Slots, image: Trial) -> None:
        image.begin(_board(enrolled=True))
        image.look(False, 100 * trial.ANSWER_MS)
        assert slots.is_trial()

    with Flash(_updated()) as flash:
        _on_trial(flash, check)
    with Flash(installed_first()) as flash:
        _on_trial(flash, wait)


def test_a_confirmed_image_and_one_without_slots_are_not_tested() -> None:
    def check(slots: Slots, image: Trial) -> None:
        board = _board()
        board.wire.is_there = False
        image.begin(board)
        image.look(False, 100 * trial.ANSWER_MS)
        assert board.wire.calls == []

    with Flash(installed_first()) as flash:
        Slots("", start()).confirm()
        _on_trial(flash, check)
        check(Slots("", ""), Trial(Slots("", "")))
    with Flash({}):
        assert Slots("", "").markings() == ()


def test_what_a_hello_must_not_hide() -> None:
    with Flash(installed_first()) as flash:
        slots = Slots("", "a")
        assert slots.markings() == ("development", "unsigned")
        flash.files["/a/MANIFEST"] += b"5a" * 64 + b"\n"
        assert slots.markings() == ("development",)
        flash.files["/release_key"] = b""
        assert slots.markings() == ()
        flash.files["/a/MANIFEST"] = bundle(1)["MANIFEST"]
        assert slots.markings() == ("unsigned",)
