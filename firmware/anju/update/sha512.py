"""SHA-512 (FIPS 180-4) in plain MicroPython, which brings SHA-256 alone. What it hashes is public: nothing is constant-time."""

import struct

try:
    from collections.abc import Generator, Sequence
except ImportError:  # MicroPython
    pass

_BLOCK_BYTES = 128
_ROUNDS = 80
_ROUNDS_A_SLICE = 4
_WORD = 0xFFFFFFFFFFFFFFFF
_TWICE = 0x10000000000000001
"""A word times this stands beside itself: the low half of what is then shifted right is the word rotated."""
_SQUARE_ROOTS = (
    b"\x6a\x09\xe6\x67\xf3\xbc\xc9\x08\xbb\x67\xae\x85\x84\xca\xa7\x3b\x3c\x6e\xf3\x72\xfe\x94\xf8\x2b"
    b"\xa5\x4f\xf5\x3a\x5f\x1d\x36\xf1\x51\x0e\x52\x7f\xad\xe6\x82\xd1\x9b\x05\x68\x8c\x2b\x3e\x6c\x1f"
    b"\x1f\x83\xd9\xab\xfb\x41\xbd\x6b\x5b\xe0\xcd\x19\x13\x7e\x21\x79"
)
"""The first 64 bits behind the point of the square roots of the first 8 primes (FIPS 180-4, 5.3.5)."""


def sha512(roots: bytearray, *parts: bytes) -> "Generator[None, None, bytes]":
    """Of all parts, one behind the other; `roots` are what `cube_roots` returns. Yields while it works; returns the 64 bytes."""
    state: "Sequence[int]" = struct.unpack(">8Q", _SQUARE_ROOTS)
    length = sum([len(part) for part in parts])
    padding = b"\x80" + bytes(-(length + 17) % _BLOCK_BYTES) + struct.pack(">QQ", 0, 8 * length)
    block = bytearray(_BLOCK_BYTES)
    filled = 0
    for part in parts + (padding,):
        rest = memoryview(part)
        while rest:
            taken = rest[: _BLOCK_BYTES - filled]
            block[filled : filled + len(taken)] = taken
            filled += len(taken)
            rest = rest[len(taken) :]
            if filled == _BLOCK_BYTES:
                state = yield from _compressed(state, struct.unpack(">16Q", block), roots)
                filled = 0
    return struct.pack(">8Q", *state)


def _compressed(state: "Sequence[int]", block: "Sequence[int]", roots: bytearray) -> "Generator[None, None, list[int]]":
    """The state after one block of 16 words (FIPS 180-4, 6.4.2)."""
    words = list(block)
    a, b, c, d, e, f, g, h = state
    for turn in range(_ROUNDS):
        if turn % _ROUNDS_A_SLICE == 0:
            yield
        word = words[turn & 15]
        if turn >= 16:
            early, late = words[(turn + 1) & 15], words[(turn + 14) & 15]
            early = early >> 7 ^ (early * _TWICE >> 1 ^ early * _TWICE >> 8) & _WORD
            late = late >> 6 ^ (late * _TWICE >> 19 ^ late * _TWICE >> 61) & _WORD
            word = (word + early + words[(turn + 9) & 15] + late) & _WORD
            words[turn & 15] = word
        doubled = e * _TWICE
        first = h + ((doubled >> 14 ^ doubled >> 18 ^ doubled >> 41) & _WORD) + (g ^ e & (f ^ g)) + word
        first += int(struct.unpack_from(">Q", roots, 8 * turn)[0])
        doubled = a * _TWICE
        second = ((doubled >> 28 ^ doubled >> 34 ^ doubled >> 39) & _WORD) + (a & (b | c) | b & c)
        a, b, c, d, e, f, g, h = (first + second) & _WORD, a, b, c, (d + first) & _WORD, e, f, g
    after = a, b, c, d, e, f, g, h
    return [(state[place] + after[place]) & _WORD for place in range(8)]


def cube_roots() -> "Generator[None, None, bytearray]":
    """The first 64 bits behind the point of the cube roots of the first 80 primes (FIPS 180-4, 4.2.3).

    Worked out where they are needed: a table would lie in every node's flash for good. As bytes, because eighty long integers
    would take four times the memory.
    """
    roots = bytearray(8 * _ROUNDS)
    place, number = 0, 1
    while place < len(roots):
        yield
        number += 1
        if 0 not in [number % smaller for smaller in range(2, min(number, 21))]:  # the 80th prime is below 21 * 21
            cube, root = number << 192, 1 << 67
            while root * root * root > cube:  # Newton's method, from above
                root = (2 * root + cube // (root * root)) // 3
            struct.pack_into(">Q", roots, place, root & _WORD)
            place += 8
    return roots
