"""The codec against hostile input: only authentic frames become messages, and everything else is `Refused`."""

from __future__ import annotations

import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from anju.wire import table
from anju.wire.codec import Codec, Reason, Refused
from anju.wire.messages import Body, Extra, Header, Status, Unknown
from anju.wire.seal import Cipher
from unit.wire.frames import (
    CONCENTRATOR,
    DOWN,
    EPOCH,
    NETWORK,
    NODE,
    NODE_CODEC,
    UP,
    any_body,
    any_extras,
    codec,
    counters,
    directions,
    header,
)

PANIC = Status(table.Type.EVENT, 3, 1_767_225_600, 18, table.Code.PANIC, 0, 1, 165, 43, 0, 200)
FRAME = CONCENTRATOR.seal(header(table.LinkClass.UP, 18), PANIC, [Extra(table.Extra.BUILD, b"0.1.0")])
RECEIVERS = {table.LinkClass.UP: CONCENTRATOR, table.LinkClass.DOWN: NODE_CODEC}


def reason_of(receiver: Codec, frame: bytes) -> Reason:
    with pytest.raises(Refused) as refusal:
        receiver.open(frame)
    return refusal.value.reason


def authentic(plaintext: bytes, counter: int = 18) -> bytes:
    """A frame that only the key's owner can make, around any plaintext."""
    clear = struct.pack(table.format_of(table.HEADER), *header(table.LinkClass.UP, counter))
    return Cipher(UP).seal(clear, plaintext)


@given(directions, counters, any_body, any_extras)
def test_what_was_sealed_opens_to_the_same(
    direction: table.LinkClass, counter: int, body: Body, extras: tuple[Extra, ...]
) -> None:
    frame = CONCENTRATOR.seal(header(direction, counter), body, extras)
    message = RECEIVERS[direction].open(frame)
    assert message == (header(direction, counter), body, extras)
    assert type(message.body) is type(body)


@given(st.binary(max_size=600))
@example(b"")
@example(bytes(44))
@example(bytes(250))
def test_bytes_of_a_stranger_are_refused(frame: bytes) -> None:
    for receiver in RECEIVERS.values():
        reason_of(receiver, frame)


@given(st.binary(max_size=300), st.integers(0, 12))
def test_bytes_of_a_stranger_behind_a_good_header_are_refused(rest: bytes, kept: int) -> None:
    reason_of(CONCENTRATOR, FRAME[:kept] + rest)


@given(st.integers(0, len(FRAME) - 1), st.integers(1, 255))
def test_a_frame_with_one_changed_byte_is_refused(at: int, change: int) -> None:
    mutated = FRAME[:at] + bytes((FRAME[at] ^ change,)) + FRAME[at + 1 :]
    reason_of(CONCENTRATOR, mutated)


@pytest.mark.parametrize("length", range(len(FRAME)))
def test_every_truncation_is_refused(length: int) -> None:
    expected = Reason.LENGTH if length < table.LEAST_BYTES else Reason.TAG
    assert reason_of(CONCENTRATOR, FRAME[:length]) is expected


@given(st.binary(min_size=1, max_size=400))
def test_a_frame_with_anything_behind_it_is_refused(tail: bytes) -> None:
    expected = Reason.TAG if len(FRAME) + len(tail) <= table.MOST_BYTES else Reason.LENGTH
    assert reason_of(CONCENTRATOR, FRAME + tail) is expected


def test_the_first_failing_check_gives_the_reason() -> None:
    """A frame with everything wrong, put right from the first check to the last."""
    frame = bytearray(b"\xff" * 43)
    assert reason_of(CONCENTRATOR, bytes(frame)) is Reason.LENGTH
    frame.append(0xFF)
    assert reason_of(CONCENTRATOR, bytes(frame)) is Reason.HEADER
    frame[0] = table.MAGIC
    assert reason_of(CONCENTRATOR, bytes(frame)) is Reason.HEADER
    frame[3] = 0
    assert reason_of(CONCENTRATOR, bytes(frame)) is Reason.DIRECTION
    frame[1] = table.LinkClass.UP
    assert reason_of(CONCENTRATOR, bytes(frame)) is Reason.UNKNOWN_NODE
    frame[2], frame[4:8] = EPOCH, struct.pack(">HH", NETWORK, NODE)
    assert reason_of(CONCENTRATOR, bytes(frame)) is Reason.TAG


def test_a_frame_does_not_open_in_the_other_direction() -> None:
    assert reason_of(NODE_CODEC, FRAME) is Reason.DIRECTION
    reflected = FRAME[:1] + bytes((table.LinkClass.DOWN,)) + FRAME[2:]
    assert reason_of(NODE_CODEC, reflected) is Reason.TAG


@given(st.binary(max_size=table.BODY_BYTES - 1), counters)
def test_an_authentic_frame_without_a_whole_body_is_refused(plaintext: bytes, counter: int) -> None:
    """Its length is below the least, so even the key's owner cannot make a receiver read half a body."""
    assert reason_of(CONCENTRATOR, authentic(plaintext, counter)) is Reason.LENGTH


@given(st.binary(min_size=16, max_size=222))
def test_any_authentic_plaintext_becomes_a_message(plaintext: bytes) -> None:
    """A newer or broken peer raises nothing here: what cannot be read is `Unknown`, with its type and flags."""
    message = CONCENTRATOR.open(authentic(plaintext))
    if isinstance(message.body, Unknown):
        assert message.extras == ()
    assert message.body[:2] == (plaintext[0], plaintext[1])


@pytest.mark.parametrize("kind", sorted({*range(256)} - {*table.Type}))
def test_a_reserved_type_is_unknown(kind: int) -> None:
    assert CONCENTRATOR.open(authentic(bytes((kind, 3)) + bytes(14))).body == Unknown(kind, 3)


@pytest.mark.parametrize("kind", range(256))
def test_only_an_unknown_critical_extra_hides_the_body(kind: int) -> None:
    message = CONCENTRATOR.open(CONCENTRATOR.seal(header(table.LinkClass.UP, 1), PANIC, [Extra(kind, b"x")]))
    hidden = kind >= table.CRITICAL and kind not in set(table.Extra)
    assert message.body == (Unknown(PANIC.type, PANIC.flags) if hidden else PANIC)
    assert message.extras == (() if hidden else (Extra(kind, b"x"),))


def test_the_first_extra_of_a_kind_counts() -> None:
    extras = [Extra(1, b"first"), Extra(2, b""), Extra(1, b"second")]
    message = CONCENTRATOR.open(CONCENTRATOR.seal(header(table.LinkClass.UP, 1), PANIC, extras))
    assert [message.extra(kind) for kind in (1, 2, 3)] == [b"first", b"", None]


def test_the_longest_frame_is_250_bytes() -> None:
    longest = Extra(1, bytes(204))
    assert len(CONCENTRATOR.seal(header(table.LinkClass.UP, 1), PANIC, [longest])) == 250
    with pytest.raises(ValueError, match="250"):
        CONCENTRATOR.seal(header(table.LinkClass.UP, 1), PANIC, [Extra(1, bytes(205))])


def test_without_a_key_nothing_is_sealed() -> None:
    with pytest.raises(KeyError):
        CONCENTRATOR.seal(Header.up(NETWORK, NODE + 1, EPOCH, 1), PANIC)


@pytest.mark.parametrize("change", [{"time_s": 2**32}, {"time_s": -1}, {"temperature_half_c": 128}, {"event_id": 1.5}])
def test_a_value_that_does_not_fit_is_not_sealed(change: dict[str, int]) -> None:
    with pytest.raises(struct.error):
        CONCENTRATOR.seal(header(table.LinkClass.UP, 1), PANIC._replace(**change))


def test_each_epoch_has_its_own_keys_until_they_are_forgotten() -> None:
    made = codec(table.LinkClass.UP)
    made.learn(NETWORK, NODE, 2, up=bytes(16), down=bytes(15) + b"\1")
    second = made.seal(Header.up(NETWORK, NODE, 2, 1), PANIC)
    assert made.open(second).header.epoch == 2
    assert made.open(FRAME).header.epoch == EPOCH
    made.forget(NETWORK, NODE, EPOCH)
    made.forget(NETWORK, NODE, EPOCH)
    assert made.knows(NETWORK, NODE, 2)
    assert not made.knows(NETWORK, NODE, EPOCH)
    assert reason_of(made, FRAME) is Reason.UNKNOWN_NODE
    assert made.open(second).body == PANIC
    for forgotten in (Header.up(NETWORK, NODE, EPOCH, 1), Header.down(NETWORK, NODE, EPOCH, 1)):
        with pytest.raises(KeyError):
            made.seal(forgotten, PANIC)


@pytest.mark.parametrize(("up", "down"), [(UP, UP), (UP[:15], DOWN), (UP, DOWN + b"\0"), (b"", DOWN)])
def test_bad_keys_are_not_learned(up: bytes, down: bytes) -> None:
    made = Codec(table.LinkClass.UP)
    with pytest.raises(ValueError, match=r"key"):
        made.learn(NETWORK, NODE, EPOCH, up=up, down=down)
    assert not made.knows(NETWORK, NODE, EPOCH)


@given(any_body, any_body, counters)
def test_length_tells_nothing_about_the_kind(one: Body, other: Body, counter: int) -> None:
    frames = [CONCENTRATOR.seal(header(table.LinkClass.UP, counter), body) for body in (one, other)]
    assert [len(frame) for frame in frames] == [44, 44]
    assert frames[0][: table.HEADER_BYTES] == frames[1][: table.HEADER_BYTES]


def test_a_key_is_never_shown() -> None:
    shown = repr(vars(CONCENTRATOR)) + repr(Cipher(UP)) + str(Cipher(UP))
    assert UP.hex() not in shown
    assert repr(UP) not in shown


def test_a_refusal_says_its_reason() -> None:
    with pytest.raises(Refused, match=r"^frame refused: tag$"):
        CONCENTRATOR.open(FRAME[:-1])
