"""Verifies Ed25519 signatures (RFC 8032, 5.1.7) in plain MicroPython, and has the arithmetic for signing (`anju.update.sign`).

Every scalar takes the same steps, but MicroPython's long integers do not take the same time for all of them.

Without a cofactor, as OpenSSL does: the encoding of sB - kA must be the signature's R, bit for bit. Keys that OpenSSL would
take all the same, a y that is not below the prime and a point of small order, are refused: such a key signs everything.

About 3,500 products modulo the prime, a slice between two yields has nine of them at most. On the emulated Cortex-M4F, counted
with -icount: 67 million instructions for a message of 46 bytes, 141 million for one of 3,000, most slices below 0.2 million.
"""

from anju.update.field import SIGN, P, inverse, power
from anju.update.sha512 import cube_roots, sha512

try:
    from collections.abc import Generator

    Point = tuple[int, int, int, int]
except ImportError:  # MicroPython
    pass

KEY_BYTES = 32
SIGNATURE_BYTES = 64
ORDER = (SIGN >> 3) + 27742317777372353535851937790883648493
# -121665/121666, the curve's own number; and one of the two square roots of -1 (RFC 8032, 5.1). As bytes: bytecode keeps a
# long number as its decimal digits, which are more than twice as long.
_D = int.from_bytes(
    b"\x52\x03\x6c\xee\x2b\x6f\xfe\x73\x8c\xc7\x40\x79\x77\x79\xe8\x98"
    b"\x00\x70\x0a\x4d\x41\x41\xd8\xab\x75\xeb\x4d\xca\x13\x59\x78\xa3",
    "big",
)
_ROOT_OF_MINUS_1 = int.from_bytes(
    b"\x2b\x83\x24\x80\x4f\xc1\xdf\x0b\x2b\x4d\x00\x99\x3d\xfb\xd7\xa7"
    b"\x2f\x43\x18\x06\xad\x2f\xe4\x78\xc4\xee\x1b\x27\x4a\x0e\xa0\xb0",
    "big",
)

_WINDOW = 4
_WINDOWS = 64
_ONES = 2 * SIGN // 15
"""0x111…1: 64 digits."""
_EIGHTS = 8 * _ONES
"""Added to a scalar, it makes each four bits of the sum, less 8, a digit of the scalar from -8 to 7."""
BASE_X = int.from_bytes(
    b"\x21\x69\x36\xd3\xcd\x6e\x53\xfe\xc0\xa4\xe2\x31\xfd\xd6\xdc\x5c"
    b"\x69\x2c\xc7\x60\x95\x25\xa7\xb2\xc9\x56\x2d\x60\x8f\x25\xd5\x1a",
    "big",
)
BASE_Y = 6 * _ONES - 14
"""The base point, y = 4/5 (RFC 8032, 5.1)."""


def verify(key: bytes, signature: bytes, *message: bytes) -> "Generator[None, None, bool]":
    """Yields while it works; returns whether `signature` (64 bytes) over the message's parts is `key`'s (32 bytes)."""
    if len(key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    s = int.from_bytes(signature[KEY_BYTES:], "little")
    if s >= ORDER:
        return False
    x, y = yield from _decoded(int.from_bytes(key, "little"))
    base = yield from multiples(BASE_X, BASE_Y)
    owners = yield from multiples(P - x, y)
    minus, plus, _, _ = owners[-1]
    if (plus - minus) % P == 0:  # no curve point, or eight times it is none: x = 0
        return False
    roots = yield from cube_roots()
    digest = yield from sha512(roots, signature[:KEY_BYTES], key, *message)
    k = int.from_bytes(digest, "little") % ORDER
    told = yield from summed((s, base), (k, owners))
    return told == int.from_bytes(signature[:KEY_BYTES], "little")


def _decoded(encoded: int) -> "Generator[None, None, tuple[int, int]]":
    """The point (RFC 8032, 5.1.3); (0, 1), which is of small order, if there is none."""
    y = encoded & SIGN - 1
    if y >= P:
        return 0, 1
    above, below = (y * y - 1) % P, (_D * y * y + 1) % P
    root = yield from power(above * below**7 % P)
    x = above * below**3 * root % P
    if (below * x * x - above) % P:
        x = x * _ROOT_OF_MINUS_1 % P
        if (below * x * x - above) % P:
            return 0, 1
    return (x if (x & 1) == encoded >> 255 else P - x), y


def summed(*terms: "tuple[int, list[Point]]") -> "Generator[None, None, int]":
    """The encoding of a sum of products: each term is a scalar below 2^254 and the first multiples of a point."""
    e, f, g, h = 0, 1, 1, 1
    for place in range(_WINDOWS - 1, -1, -1):
        for _ in range(_WINDOW):
            e, f, g, h = _doubled(e * f % P, g * h % P, f * g % P)
            yield
        for scalar, points in terms:
            digit = (scalar + _EIGHTS >> _WINDOW * place & 15) - 8
            minus, plus, twice_z, twice_dt = points[abs(digit)]
            if digit < 0:
                minus, plus, twice_dt = plus, minus, -twice_dt
            point = e * f % P, g * h % P, f * g % P, e * h % P
            e, f, g, h = _added(point, (minus, plus, twice_z, twice_dt))
            yield
    z = yield from inverse(f * g % P)
    return g * h * z % P | (e * f * z % P & 1) << 255


def multiples(x: int, y: int) -> "Generator[None, None, list[Point]]":
    """A point times 0 to 8, each as `_added` wants its second."""
    point = x, y, 1, x * y % P
    first = _prepared(point)
    found = [_prepared((0, 1, 1, 0)), first]
    while len(found) <= 1 << _WINDOW - 1:
        yield
        e, f, g, h = _added(point, first)
        point = e * f % P, g * h % P, f * g % P, e * h % P
        found.append(_prepared(point))
    return found


def _prepared(point: "Point") -> "Point":
    x, y, z, t = point
    return y - x, y + x, 2 * z, 2 * _D * t % P


# Points are x/z, y/z with xy = zt. Both formulas give the factors e, f, g, h of a point (ef, gh, fg, eh), because what comes
# next needs not all four products (RFC 8032, 5.1.4).


def _added(point: "Point", other: "Point") -> "Point":
    """The sum of any two points, the second prepared."""
    x, y, z, t = point
    minus, plus, twice_z, twice_dt = other
    a, b = (y - x) * minus % P, (y + x) * plus % P
    c, d = t * twice_dt % P, z * twice_z % P
    return b - a, d - c, d + c, b + a


def _doubled(x: int, y: int, z: int) -> "Point":
    """Twice a point."""
    a, b = x * x % P, y * y % P
    return a + b - (x + y) * (x + y) % P, 2 * z * z % P + a - b, a - b, a + b
