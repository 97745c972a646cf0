"""Byte streams: any split gives the same frames, noise costs no memory, and the next frame is always found."""

from __future__ import annotations

import sys
import zlib
from itertools import pairwise

from cobs import cobs
from hypothesis import example, given
from hypothesis import strategies as st

from anju.wire import table
from anju.wire.framing import Deframer, LineFault, frame_to_stream

frames = st.binary(min_size=table.LEAST_BYTES, max_size=table.MOST_BYTES)
noise = st.binary(max_size=700)
FRAME = bytes(range(44))


def cut(data: bytes, places: list[int]) -> list[bytes]:
    borders = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(borders)]


@given(st.lists(frames, max_size=5))
@example([bytes(250)])
@example([b"\xff" * 250])
def test_frames_come_back_in_order(sent: list[bytes]) -> None:
    stream = b"".join(frame_to_stream(frame) for frame in sent)
    assert list(Deframer().feed(stream)) == sent


@given(frames)
def test_a_stream_holds_no_zero_but_its_delimiter(frame: bytes) -> None:
    stream = frame_to_stream(frame)
    assert stream.index(0) == len(stream) - 1
    assert len(stream) <= len(frame) + 4 + 1 + 1


@given(st.lists(frames.map(frame_to_stream) | noise | st.just(b"\0"), max_size=6), st.lists(st.integers(0, 5000)))
def test_any_split_of_any_stream_gives_the_same(parts: list[bytes], places: list[int]) -> None:
    stream = b"".join(parts)
    whole = list(Deframer().feed(stream))
    for pieces in (cut(stream, places), [bytes((byte,)) for byte in stream]):
        deframer = Deframer()
        assert [outcome for piece in pieces for outcome in deframer.feed(piece)] == whole


@given(noise, frames)
def test_after_noise_and_a_delimiter_the_next_frame_is_found(garbage: bytes, frame: bytes) -> None:
    outcomes = list(Deframer().feed(garbage + b"\0" + frame_to_stream(frame)))
    assert outcomes[-1] == frame
    # Only garbage that is itself a frame could give one; hypothesis does not guess a CRC-32.
    assert all(isinstance(outcome, LineFault) for outcome in outcomes[:-1])


@given(frames, st.integers(0, 8 * 270))
def test_one_turned_bit_is_never_a_frame(frame: bytes, bit: int) -> None:
    """CRC-32 finds every single error; a bit that makes or breaks a delimiter leaves pieces that are faults too."""
    stream = bytearray(frame_to_stream(frame))
    stream[bit // 8 % (len(stream) - 1)] ^= 1 << bit % 8
    outcomes = list(Deframer().feed(bytes(stream)))
    assert outcomes
    assert all(isinstance(outcome, LineFault) for outcome in outcomes)


@given(st.binary(max_size=table.LEAST_BYTES - 1) | st.binary(min_size=table.MOST_BYTES + 1, max_size=600))
def test_a_frame_of_the_wrong_length_is_a_line_fault(frame: bytes) -> None:
    assert list(Deframer().feed(frame_to_stream(frame))) == [LineFault.LENGTH]


def test_an_idle_line_says_nothing() -> None:
    assert list(Deframer().feed(bytes(1000))) == []


def test_endless_noise_is_remembered_within_one_frame() -> None:
    deframer = Deframer()
    for _ in range(100):
        assert list(deframer.feed(b"\xa5" * 1000)) == []
    held = sum(sys.getsizeof(value) for value in vars(deframer).values())
    assert held < 4 * table.MOST_BYTES
    assert list(deframer.feed(b"\0" + frame_to_stream(FRAME))) == [LineFault.LENGTH, FRAME]


def test_the_crc_stands_behind_the_frame_big_endian() -> None:
    decoded = cobs.decode(frame_to_stream(FRAME)[:-1])
    assert decoded == FRAME + zlib.crc32(FRAME).to_bytes(4, "big")
