"""Signatures of releases: what RFC 8032 says is good is good, and nothing near it is; in slices. More in test_ed25519_agrees."""

from binascii import hexlify

from anju.update.ed25519 import verify
from anju.update.sha512 import cube_roots, sha512
from firmware.portable.rfc8032 import VECTORS
from firmware.portable.slices import finished

_ORDER = 0x1000000000000000000000000000000014DEF9DEA2F79CD65812631A5CF5D3ED
_PRIME = (1 << 255) - 19


def _is_good(key: bytes, signature: bytes, message: bytes) -> bool:
    return bool(finished(verify(key, signature, message))[0])


def _vector(name: str) -> "tuple[bytes, bytes, bytes]":
    key, signature, message = VECTORS[name]
    return bytes.fromhex(key), bytes.fromhex(signature), bytes.fromhex(message)


def test_the_vectors_of_the_rfc() -> None:
    for name in VECTORS:
        assert _is_good(*_vector(name)), name


def test_sha512_of_the_examples() -> None:
    """FIPS 180-4's own: one block, and two because the length no longer fits into the first."""
    known = {
        b"abc": "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        b"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu": (
            "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
            "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909"
        ),
    }
    for message, digest in known.items():
        assert hexlify(finished(sha512(finished(cube_roots())[0], message))[0]).decode() == digest


def test_one_changed_bit_is_refused() -> None:
    key, signature, message = _vector("TEST 3")
    for place, bit in ((0, 1), (31, 0x80), (32, 1), (62, 0x10)):
        changed = bytearray(signature)
        changed[place] ^= bit
        assert not _is_good(key, bytes(changed), message), place
    assert not _is_good(key, signature, b"\xaf\x83")
    other = bytearray(key)
    other[31] ^= 0x80
    assert not _is_good(bytes(other), signature, message)


def test_another_length_is_refused() -> None:
    key, signature, message = _vector("TEST 2")
    assert not _is_good(key[:-1], signature, message)
    assert not _is_good(key + b"\0", signature, message)
    assert not _is_good(key, signature[:-1], message)
    assert not _is_good(key, signature + b"\0", message)
    assert not _is_good(b"", b"", message)


def test_a_second_signature_cannot_be_made_of_the_first() -> None:
    """s and s + L solve the same equation: only the lower one counts."""
    key, signature, message = _vector("TEST 2")
    s = int.from_bytes(signature[32:], "little") + _ORDER
    assert not _is_good(key, signature[:32] + s.to_bytes(32, "little"), message)
    assert not _is_good(key, signature[:32] + b"\xff" * 32, message)


def test_keys_that_would_sign_everything_are_refused() -> None:
    """With a key of small order, R = sB - kA is easily met; here A is (0, 1), R = B, s = 1."""
    base = b"\x58" + b"\x66" * 31
    one = (1).to_bytes(32, "little")
    keys = [1, _PRIME - 1, 0, 1 << 255, 1 + (1 << 255), _PRIME, _PRIME + 1]
    for key in keys:
        assert not _is_good(key.to_bytes(32, "little"), base + one, b"anything"), key


def test_a_key_that_is_no_point_is_refused() -> None:
    _, signature, message = _vector("TEST 2")
    assert not _is_good((2).to_bytes(32, "little"), signature, message)


def test_it_stops_for_others_again_and_again() -> None:
    key, signature, message = _vector("TEST 2")
    is_good, slices = finished(verify(key, signature, message))
    assert is_good
    assert slices > 450
