"""Golden byte streams: the frames and line faults in them, however they arrive."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cobs import cobs

from anju.wire.framing import Deframer, LineFault, frame_to_stream
from vectors.golden import Case, cases, each


def told(outcomes: Iterator[bytes | LineFault]) -> list[str]:
    return [outcome.hex() if isinstance(outcome, bytes) else f"!{outcome.value}" for outcome in outcomes]


@each("stream")
def test_a_stream_gives_its_frames_and_faults(case: Case) -> None:
    assert told(Deframer().feed(bytes.fromhex(case["stream"]))) == case["yields"]


@each("stream")
@pytest.mark.parametrize("step", [1, 2, 3, 7, 61])
def test_a_stream_in_pieces_gives_the_same(case: Case, step: int) -> None:
    deframer, stream = Deframer(), bytes.fromhex(case["stream"])
    outcomes = [
        outcome for at in range(0, len(stream), step) for outcome in told(deframer.feed(stream[at : at + step]))
    ]
    assert outcomes == case["yields"]


@pytest.mark.parametrize("case", [case for case in cases("stream") if case["encodes"]], ids=lambda case: case["name"])
def test_a_sender_writes_exactly_this(case: Case) -> None:
    (frame,) = case["yields"]
    assert frame_to_stream(bytes.fromhex(frame)).hex() == case["stream"]


def test_each_fault_and_a_run_of_254_are_there() -> None:
    outcomes = {outcome for case in cases("stream") for outcome in case["yields"]}
    assert {outcome for outcome in outcomes if outcome.startswith("!")} == {f"!{fault.value}" for fault in LineFault}
    runs = [bytes.fromhex(case["stream"])[0] for case in cases("stream") if case["encodes"]]
    assert cobs.encode(bytes(range(1, 255)))[0] == 0xFF in runs
