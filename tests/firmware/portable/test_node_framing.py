"""Frames on byte streams: whole again however the line cut them, and never something else."""

from anju.node.framing import Deframer, Framer
from anju.wire import table
from firmware.portable.kit import Dice


def _take(deframer: Deframer, data: bytes, dice: "Dice | None" = None) -> "list[bytes]":
    """Frames in `data`, fed in pieces of 1 to 9 bytes by chance, or whole."""
    frames = []
    at = 0
    while at < len(data):
        size = 1 + dice.below(9) if dice else len(data)
        deframer.feed(memoryview(data)[at : at + size])
        frame = deframer.take()
        while frame is not None:
            frames.append(frame)
            frame = deframer.take()
        at += size
    return frames


def _frames(dice: Dice, count: int) -> "list[bytes]":
    span = table.MOST_BYTES - table.LEAST_BYTES + 1
    frames = []
    for _ in range(count):
        frame = dice.bytes(table.LEAST_BYTES + dice.below(span))
        if dice.below(3) == 0:
            frame = bytes([value if value % 3 else 0 for value in frame])
        frames.append(frame)
    return frames


def test_frames_come_out_as_they_went_in() -> None:
    dice = Dice(21)
    framer = Framer()
    frames = _frames(dice, 100)
    line = b"".join([bytes(framer.encode(frame)) for frame in frames])
    assert _take(Deframer(), line) == frames
    assert _take(Deframer(), line, dice) == frames


def test_a_delimiter_ends_a_frame_and_occurs_nowhere_else() -> None:
    dice = Dice(22)
    framer = Framer()
    for frame in _frames(dice, 50):
        encoded = bytes(framer.encode(frame))
        assert encoded.find(b"\0") == len(encoded) - 1
        assert len(encoded) <= len(frame) + 4 + 2 + 1


def test_an_idle_line_is_no_fault() -> None:
    deframer = Deframer()
    assert _take(deframer, b"\0" * 100) == []
    assert deframer.faults == 0


def test_a_frame_after_any_garbage_is_found() -> None:
    dice = Dice(23)
    framer = Framer()
    for frame in _frames(dice, 50):
        garbage = dice.bytes(dice.below(600))
        deframer = Deframer()
        assert _take(deframer, garbage + b"\0" + bytes(framer.encode(frame)), dice)[-1] == frame
        assert len(garbage.replace(b"\0", b"")) == 0 or deframer.faults >= 1


def test_a_changed_byte_loses_the_frame_and_nothing_after_it() -> None:
    dice = Dice(24)
    framer = Framer()
    for frame in _frames(dice, 100):
        encoded = bytearray(framer.encode(frame))
        encoded[dice.below(len(encoded) - 1)] ^= 1 + dice.below(255)
        deframer = Deframer()
        found = _take(deframer, bytes(encoded) + bytes(framer.encode(frame)))
        assert found == [frame]
        assert deframer.faults >= 1


def test_a_length_that_no_frame_has_is_a_fault() -> None:
    dice = Dice(25)
    framer = Framer()
    for length in (0, 1, table.LEAST_BYTES - 1):
        deframer = Deframer()
        assert _take(deframer, bytes(framer.encode(dice.bytes(length)))) == []
        assert deframer.faults == 1


def test_endless_garbage_is_one_fault_and_no_memory() -> None:
    deframer = Deframer()
    assert _take(deframer, b"\x55" * 10000 + b"\0") == []
    assert deframer.faults == 1


def test_a_whole_frame_with_more_behind_it_is_a_fault() -> None:
    frame = bytes([1 + index % 255 for index in range(table.MOST_BYTES)])
    encoded = bytes(Framer().encode(frame))[:-1]
    assert len(encoded) == 255
    for tail, expected in ((b"\x01", [frame]), (b"\x01\x01", []), (b"\x01\x05\x05", [])):
        deframer = Deframer()
        assert _take(deframer, encoded + tail + b"\0") == expected
        assert deframer.faults == 1 - len(expected)
