"""As much of MicroPython's own module as the node's modules need under CPython."""

from typing import TypeVar

T = TypeVar("T")


def const(value: T) -> T:
    """There, a name with an underscore becomes its value when it is compiled, and takes no memory; here it is a name."""
    return value
