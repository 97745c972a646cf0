"""AES-CCM of the node: opens what it sealed, and nothing else. Known answers are in test_node_vectors."""

from anju.node.seal import Cipher
from anju.wire import table
from firmware.portable.kit import Dice

_LENGTHS = [table.LEAST_BYTES + size for size in (0, 1, 15, 16, 17, 40, 205, 206)]


def _sealed(dice: Dice, key: bytes, length: int) -> "tuple[bytes, bytes]":
    plain = dice.bytes(length)
    frame = bytearray(plain)
    Cipher(key).seal(frame)
    return plain, bytes(frame)


def test_it_opens_what_it_sealed() -> None:
    dice = Dice(11)
    for length in _LENGTHS:
        key = dice.bytes(16)
        plain, frame = _sealed(dice, key, length)
        assert frame[: table.HEADER_BYTES] == plain[: table.HEADER_BYTES]
        body = plain[table.HEADER_BYTES : -table.TAG_BYTES]
        assert frame[table.HEADER_BYTES : -table.TAG_BYTES] != body
        assert Cipher(key).open(frame) == body


def test_one_object_serves_many_frames() -> None:
    dice = Dice(12)
    key = dice.bytes(16)
    cipher = Cipher(key)
    for _ in range(50):
        plain, frame = _sealed(dice, key, _LENGTHS[dice.below(len(_LENGTHS))])
        again = bytearray(plain)
        cipher.seal(again)
        assert bytes(again) == frame
        assert cipher.open(frame) == plain[table.HEADER_BYTES : -table.TAG_BYTES]


def test_any_changed_bit_is_refused() -> None:
    dice = Dice(13)
    key = dice.bytes(16)
    _, frame = _sealed(dice, key, table.LEAST_BYTES + 3)
    for bit in range(8 * len(frame)):
        changed = bytearray(frame)
        changed[bit // 8] ^= 1 << bit % 8
        assert Cipher(key).open(bytes(changed)) is None


def test_any_shorter_or_longer_frame_is_refused() -> None:
    dice = Dice(14)
    key = dice.bytes(16)
    _, frame = _sealed(dice, key, 60)
    for length in range(table.HEADER_BYTES + table.TAG_BYTES, 60):
        assert Cipher(key).open(frame[:length]) is None
    assert Cipher(key).open(frame + b"\0") is None


def test_another_key_opens_nothing() -> None:
    dice = Dice(15)
    _, frame = _sealed(dice, dice.bytes(16), 44)
    assert Cipher(dice.bytes(16)).open(frame) is None
