"""Arithmetic in slices, worked out at once."""

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
