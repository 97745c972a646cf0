"""Arithmetic in slices, worked out at once."""

from anju.pair import gcm

try:
    from collections.abc import Generator
    from typing import Any
except ImportError:  # MicroPython
    pass


def finished(steps: "Generator[None, None, Any]") -> "tuple[Any, int]":
    """What a generator returns, and in how many slices."""
    slices = 0
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value, slices
        slices += 1


def result_of(steps: "Generator[None, None, Any]") -> "Any":
    """What a generator returns."""
    return finished(steps)[0]


def sealed_by(key: bytes, number: int, clear: bytes, plaintext: bytes) -> bytes:
    """AES-256-GCM by a node."""
    sealed: bytes = result_of(gcm.seal(key, number, clear, plaintext))
    return sealed


def unsealed(key: bytes, number: int, clear: bytes, sealed: bytes) -> "bytes | None":
    """The other way."""
    plaintext: "bytes | None" = result_of(gcm.unseal(key, number, clear, sealed))
    return plaintext
