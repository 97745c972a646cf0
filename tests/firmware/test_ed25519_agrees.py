"""Bench and node must agree on every signature: the node's own Ed25519 beside the one of `cryptography`, which is OpenSSL's.

They may differ in one thing only: a key of small order or with a y beyond the prime is refused by the node, always.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from anju.bundle import stage
from anju.simulator.interpreter import micropython
from anju.update.ed25519 import verify
from anju.update.sha512 import cube_roots, sha512
from firmware.curve import BASE, NEUTRAL, ORDER, SMALL, P, Point, bad_keys, encoded, plus, times
from firmware.portable.slices import result_of


def on_node(key: bytes, signature: bytes, message: bytes) -> bool:
    return bool(result_of(verify(key, signature, message)))


def on_bench(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def both(key: bytes, signature: bytes, message: bytes) -> bool:
    """What both say; AssertionError if they don't agree."""
    said = on_bench(key, signature, message)
    assert on_node(key, signature, message) == said
    return said


def challenge(r: bytes, key: bytes, message: bytes) -> int:
    return int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % ORDER


def signed(secret: int, key: Point, nonce: int, message: bytes, r: Point | None = None) -> tuple[bytes, bytes]:
    """(key, signature) by a signer who may choose everything: what R is said to be, and which key stands beside `secret`."""
    said = encoded(r or times(nonce, BASE))
    s = (nonce + challenge(said, encoded(key), message) * secret) % ORDER
    return encoded(key), said + s.to_bytes(32, "little")


def test_what_is_signed_is_good() -> None:
    dice = Random(1)
    for size in (0, 1, 46, 47, 48, 63, 64, 175, 176, 1000, 5000):
        private = Ed25519PrivateKey.from_private_bytes(dice.randbytes(32))
        message = dice.randbytes(size)
        assert both(private.public_key().public_bytes_raw(), private.sign(message), message)


def test_what_was_changed_is_not() -> None:
    dice = Random(2)
    for _ in range(60):
        private = Ed25519PrivateKey.from_private_bytes(dice.randbytes(32))
        message = dice.randbytes(dice.randrange(1, 200))
        told = [
            bytearray(private.public_key().public_bytes_raw()),
            bytearray(private.sign(message)),
            bytearray(message),
        ]
        part = dice.choice(told)
        part[dice.randrange(len(part))] ^= 1 << dice.randrange(8)
        assert not both(*map(bytes, told))


def test_random_bytes_are_refused_by_both() -> None:
    dice = Random(3)
    for _ in range(60):
        assert not both(dice.randbytes(32), dice.randbytes(63) + b"\x0f", dice.randbytes(20))


@pytest.mark.parametrize("more", [1, 2, 7, 15])
def test_s_from_the_order_upwards_is_refused(more: int) -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    key, signature = private.public_key().public_bytes_raw(), private.sign(b"m")
    s = int.from_bytes(signature[32:], "little") + more * ORDER
    assert both(key, signature, b"m")
    assert not both(key, signature[:32] + s.to_bytes(32, "little"), b"m")


@pytest.mark.parametrize("s", [0, 1, ORDER - 1, ORDER, ORDER + 1, 2**252, 2**253 - 1, 2**255, 2**256 - 1])
def test_the_edges_of_s(s: int) -> None:
    """R made to fit s, so that only the range of s decides."""
    key = times(5, BASE)
    r = encoded(times(s % ORDER, BASE))
    assert not both(encoded(key), r + s.to_bytes(32, "little"), b"m")
    # A nonce chosen backwards: R = sB - kA would need k before R, so use the key's own secret.
    known, signature = signed(5, key, (s - 1) % ORDER, b"m")
    assert both(known, signature, b"m")


@pytest.mark.parametrize("number", range(1, 8))
def test_a_key_with_a_small_part_counts_as_openssl_counts_it(number: int) -> None:
    """Without a cofactor, about one signature in eight fits such a key; both must pick the same ones."""
    key = plus(times(9, BASE), SMALL[number])
    said = [both(*signed(9, key, nonce, b"m"), b"m") for nonce in range(1, 25)]
    assert any(said)
    assert not all(said)


@pytest.mark.parametrize("number", range(1, 8))
def test_r_with_a_small_part_is_refused(number: int) -> None:
    """With a cofactor it would be good."""
    key, signature = signed(9, times(9, BASE), 77, b"m", plus(times(77, BASE), SMALL[number]))
    assert not both(key, signature, b"m")


def test_r_beyond_the_prime_is_refused() -> None:
    """R = neutral, written as 1 and as 1 + P: only the first is its encoding."""
    key = times(9, BASE)
    assert both(*signed(9, key, 0, b"m"), b"m")
    for r in (1 + P, 1 + 2**255, 1 + P + 2**255):
        said = r.to_bytes(32, "little")
        s = challenge(said, encoded(key), b"m") * 9 % ORDER
        assert not both(encoded(key), said + s.to_bytes(32, "little"), b"m")


def test_digits_of_every_kind_in_both_scalars() -> None:
    """Scalars whose windows are all the same digit, or all but one empty."""
    for digit in range(1, 16):
        for scalar in (digit * (16**63 - 1) // 15 % ORDER, digit << 200, digit):
            key, signature = signed(scalar, times(scalar, BASE), scalar, b"m")
            assert both(key, signature, b"m")


@pytest.mark.parametrize("key", bad_keys(), ids=lambda key: key.hex())
def test_a_bad_key_never_verifies_on_a_node(key: bytes) -> None:
    for nonce in range(8):
        signature = encoded(times(nonce, BASE)) + nonce.to_bytes(32, "little")
        assert not on_node(key, signature, b"m")


def test_openssl_alone_would_take_a_bad_key() -> None:
    """Why the bench looks at a key before it uses it."""
    neutral = encoded(NEUTRAL)
    assert on_bench(neutral, encoded(BASE) + (1).to_bytes(32, "little"), b"whatever")


def test_sha512_of_every_length_around_its_blocks() -> None:
    dice = Random(4)
    roots = result_of(cube_roots())
    for size in (*range(260), 1000, 4096):
        message = dice.randbytes(size)
        cut = dice.randrange(size + 1)
        assert result_of(sha512(roots, message[:cut], message[cut:])) == hashlib.sha512(message).digest()


def test_no_slice_is_long() -> None:
    """Counted in bytecode operations: the most are four rounds of the hash, about a thousand."""
    longest = 0
    count = 0

    def look(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return look

    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    message = bytes(1000)
    steps = verify(private.public_key().public_bytes_raw(), private.sign(message), message)
    before = sys.gettrace()
    sys.settrace(look)
    try:
        for _ in steps:
            longest, count = max(longest, count), 0
    finally:
        sys.settrace(before)
    assert 100 < longest < 1500


def test_it_needs_little_memory(tmp_path: Path) -> None:
    """On MicroPython of 64 bits, where everything is twice as large as on a board: the largest manifest in 64 KB of heap."""
    bundle = stage("unix_sim", tmp_path / "bundle")
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    message = bytes(8192)
    program = (
        "import sys\n"
        "from anju.update.ed25519 import verify\n"
        f"steps = verify(bytes.fromhex({private.public_key().public_bytes_raw().hex()!r}),"
        f" bytes.fromhex({private.sign(message).hex()!r}), bytes({len(message)}))\n"
        "try:\n    while True: next(steps)\nexcept StopIteration as end: print(end.value)\n"
    )
    run = subprocess.run(
        [micropython(), "-X", "heapsize=64k", "-c", program],
        env=os.environ | {"MICROPYPATH": f"{bundle}:.frozen"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (run.stdout, run.stderr) == ("True\n", "")
