"""AES-CCM with the wire's parameters, held against published answers and against the RFC worked out by hand."""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from anju.wire import table
from anju.wire.seal import Cipher
from vectors.golden import Case, cases, each


def parts(case: Case) -> tuple[bytes, bytes, bytes, bytes, bytes]:
    key, nonce, aad, plaintext, sealed = (
        bytes.fromhex(case[name]) for name in ("key", "nonce", "aad", "plaintext", "sealed")
    )
    return key, nonce, aad, plaintext, sealed


def aes(key: bytes, block: bytes) -> bytes:
    return BlockCipher(algorithms.AES(key), modes.ECB()).encryptor().update(block)  # one block of it


def xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=False))


def ccm_by_hand(key: bytes, nonce: bytes, aad: bytes, plaintext: bytes) -> bytes:
    """RFC 3610, 2.2 and 2.3, with M = 16, L = 2 and associated data, from single AES blocks."""

    def padded(data: bytes) -> bytes:
        return data + bytes(-len(data) % 16)

    flags = 0b01_111_001  # Adata, (M - 2) / 2, L - 1
    covered = bytes((flags,)) + nonce + len(plaintext).to_bytes(2, "big")
    covered += padded(len(aad).to_bytes(2, "big") + aad) + padded(plaintext)
    mac = bytes(16)
    for at in range(0, len(covered), 16):
        mac = aes(key, xor(mac, covered[at : at + 16]))
    stream = [aes(key, b"\x01" + nonce + n.to_bytes(2, "big")) for n in range(len(plaintext) // 16 + 2)]
    return xor(plaintext, b"".join(stream[1:])) + xor(mac, stream[0])


@each("ccm")
def test_the_library_agrees(case: Case) -> None:
    key, nonce, aad, plaintext, sealed = parts(case)
    cipher = AESCCM(key, tag_length=table.TAG_BYTES)
    assert cipher.encrypt(nonce, plaintext, aad) == sealed
    assert cipher.decrypt(nonce, sealed, aad) == plaintext


@each("ccm")
def test_the_rfc_by_hand_agrees(case: Case) -> None:
    key, nonce, aad, plaintext, sealed = parts(case)
    assert ccm_by_hand(key, nonce, aad, plaintext) == sealed


def test_a_cipher_takes_the_header_as_nonce_and_associated_data() -> None:
    ours = [case for case in cases("ccm") if case["source"].startswith("anju/1: ")]
    assert ours
    for case in ours:
        key, nonce, aad, plaintext, sealed = parts(case)
        assert nonce == aad + b"\0"
        assert Cipher(key).seal(aad, plaintext) == aad + sealed
        assert Cipher(key).open(aad, sealed) == plaintext
