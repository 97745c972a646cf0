"""AES-256-GCM (NIST SP 800-38D) as Noise uses it, from the one AES mode that every MicroPython has, in slices of a block."""

import struct

from cryptolib import aes
from micropython import const

try:
    from collections.abc import Generator
except ImportError:  # MicroPython
    pass

_ECB = const(1)
_BLOCK = const(16)
_BYTES = const(255)
_LOWEST = int.from_bytes(b"\1" * _BYTES, "big")
_DIGITS = int.from_bytes(b"0" * _BYTES, "big")


def seal(key: bytes, number: int, clear: bytes, plaintext: bytes) -> "Generator[None, None, bytes]":
    """Yields while it works; returns ciphertext and tag. No number twice under one key."""
    stream = _stream(key, number, len(plaintext))
    sealed = _xor(plaintext, stream)
    tag = yield from _tag(stream, clear, sealed)
    return sealed + tag


def unseal(key: bytes, number: int, clear: bytes, sealed: bytes) -> "Generator[None, None, bytes | None]":
    """Yields while it works; returns the plaintext, or None if anything at all was changed."""
    sealed, tag = sealed[:-_BLOCK], sealed[-_BLOCK:]
    stream = _stream(key, number, len(sealed))
    expected = yield from _tag(stream, clear, sealed)
    is_good = int.from_bytes(tag, "big") ^ int.from_bytes(expected, "big") == 0
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


def _tag(stream: memoryview, clear: bytes, sealed: bytes) -> "Generator[None, None, bytes]":
    key = _spread(int.from_bytes(stream[:_BLOCK], "big"))
    total = 0
    for part in (clear, sealed, struct.pack(">QQ", 8 * len(clear), 8 * len(sealed))):
        for at in range(0, len(part), _BLOCK):
            yield
            block = part[at : at + _BLOCK]
            total ^= int.from_bytes(block, "big") << 8 * (_BLOCK - len(block))
            total = _reduced(_gathered(_spread(total) * key))
    return (total ^ int.from_bytes(stream[_BLOCK : 2 * _BLOCK], "big")).to_bytes(_BLOCK, "big")


# Products without carries by multiplication with them: each bit gets a byte of its own, in which its sums have room (128 at
# most), and of each sum the lowest bit is what it is modulo 2. The first bit is the factor of 1, the last that of x^127.


def _spread(bits: int) -> int:
    """Each bit of up to 128 in a byte of its own."""
    return int.from_bytes(bin(bits)[2:].encode(), "big") & _LOWEST


def _gathered(product: int) -> int:
    """Bit by bit the lowest of each of 255 bytes."""
    return int((product & _LOWEST | _DIGITS).to_bytes(_BYTES, "big"), 2)


def _reduced(product: int) -> int:
    """The rest of up to x^254 divided by x^128 + x^7 + x^2 + x + 1."""
    over = (product & (1 << 127) - 1) << 1
    folded = over << 7 ^ over << 6 ^ over << 5 ^ over
    again = (folded & 127) << 121
    return product >> 127 ^ folded >> 7 ^ again ^ again >> 1 ^ again >> 2 ^ again >> 7
