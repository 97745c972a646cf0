"""AES-256-GCM (NIST SP 800-38D) as Noise uses it, from the one AES mode that every MicroPython has."""

import struct

from cryptolib import aes
from micropython import const

_ECB = const(1)
_BLOCK = const(16)


def seal(key: bytes, number: int, clear: bytes, plaintext: bytes) -> bytes:
    """Ciphertext and tag; no number twice under one key."""
    stream = _stream(key, number, len(plaintext))
    sealed = _xor(plaintext, stream)
    return sealed + _tag(stream, clear, sealed)


def unseal(key: bytes, number: int, clear: bytes, sealed: bytes) -> "bytes | None":
    """Plaintext; None if anything at all was changed."""
    sealed, tag = sealed[:-_BLOCK], sealed[-_BLOCK:]
    stream = _stream(key, number, len(sealed))
    is_good = int.from_bytes(tag, "big") ^ int.from_bytes(_tag(stream, clear, sealed), "big") == 0
    return _xor(sealed, stream) if is_good and len(tag) == _BLOCK else None


def _stream(key: bytes, number: int, size: int) -> memoryview:
    """Encrypted: a block of zeros for the hash, one for the tag, and the key stream."""
    blocks = 2 + (size + _BLOCK - 1) // _BLOCK
    stream = memoryview(bytearray(blocks * _BLOCK))
    for block in range(1, blocks):
        struct.pack_into(">IQI", stream, block * _BLOCK, 0, number, block)
    aes(key, _ECB).encrypt(stream, stream)
    return stream


def _xor(text: bytes, stream: memoryview) -> bytes:
    return bytes([text[place] ^ stream[2 * _BLOCK + place] for place in range(len(text))])


def _tag(stream: memoryview, clear: bytes, sealed: bytes) -> bytes:
    multiples = [0]
    value = int.from_bytes(stream[:_BLOCK], "big")
    powers = [value]
    for _ in range(3):
        value = _halved(value)
        powers.append(value)
    for power in reversed(powers):
        multiples += [power ^ multiple for multiple in multiples]
    total = 0
    for part in (clear, sealed, struct.pack(">QQ", 8 * len(clear), 8 * len(sealed))):
        for at in range(0, len(part), _BLOCK):
            block = part[at : at + _BLOCK]
            total ^= int.from_bytes(block, "big") << 8 * (_BLOCK - len(block))
            product = 0
            for shift in range(0, 128, 4):
                product = product >> 4 ^ _CARRIES[product & 15] ^ multiples[total >> shift & 15]
            total = product
    return (total ^ int.from_bytes(stream[_BLOCK : 2 * _BLOCK], "big")).to_bytes(_BLOCK, "big")


def _halved(value: int) -> int:
    """Times x in GCM's field, whose bits run backwards."""
    return value >> 1 ^ (value & 1) * (0xE1 << 120)


_CARRIES = [_halved(_halved(_halved(_halved(nibble)))) for nibble in range(16)]
"""What four bits that are shifted out come back as."""
