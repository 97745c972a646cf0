"""Numbers modulo 2^255 - 19, on which both curves stand: X25519 (`anju.pair.x25519`) and Ed25519 (`anju.update.ed25519`)."""

try:
    from collections.abc import Generator
except ImportError:  # MicroPython
    pass

SIGN = 1 << 255
"""Bit of an encoded point of Ed25519 that says whether its x is odd."""
P = SIGN - 19

_CHAIN = ((1, 1), (2, 2), (4, 1), (5, 5), (10, 10), (20, 20), (40, 10), (50, 50), (100, 100), (200, 50))
"""How runs of binary ones are put together to an exponent of 250 of them."""

_SQUARES_A_SLICE = 8


def inverse(z: int) -> "Generator[None, None, int]":
    """1 / z; 0 for 0."""
    raised = yield from power(z)
    return pow(raised, 8, P) * z * z * z % P


def power(a: int) -> "Generator[None, None, int]":
    """`a` to the power 2^252 - 3, on which both roots and inverses stand."""
    ones = {1: a}
    for present, more in _CHAIN:
        raised = yield from _squared(ones[present], more)
        ones[present + more] = raised * ones[more] % P
    raised = yield from _squared(ones[250], 2)
    return raised * a % P


def _squared(a: int, times: int) -> "Generator[None, None, int]":
    for turn in range(times):
        if turn % _SQUARES_A_SLICE == 0:
            yield
        a = a * a % P
    return a
