"""Verifies Ed25519 signatures (RFC 8032, 5.1.7) in plain MicroPython. It cannot sign, so nothing here is secret or constant-time.

Without a cofactor, as OpenSSL does: the encoding of sB - kA must be the signature's R, bit for bit. Keys that OpenSSL would
take all the same, a y that is not below the prime and a point of small order, are refused: such a key signs everything.

About 3,500 products modulo the prime, a slice between two yields has nine of them at most. On the emulated Cortex-M4F, counted
with -icount: 67 million instructions for a message of 46 bytes, 141 million for one of 3,000, most slices below 0.2 million.
"""

from anju.update.sha512 import sha512

try:
    from collections.abc import Generator

    Point = tuple[int, int, int, int]
except ImportError:  # MicroPython
    pass

KEY_BYTES = 32
SIGNATURE_BYTES = 64
_SIGN = 1 << 255
"""Bit of an encoded point that says whether its x is odd."""
_P = _SIGN - 19
_ORDER = (_SIGN >> 3) + 27742317777372353535851937790883648493
# -121665/121666, the curve's own number; and one of the two square roots of -1 (RFC 8032, 5.1).
_D = 0x52036CEE2B6FFE738CC740797779E89800700A4D4141D8AB75EB4DCA135978A3
_ROOT_OF_MINUS_1 = 0x2B8324804FC1DF0B2B4D00993DFBD7A72F431806AD2FE478C4EE1B274A0EA0B0

_WINDOW = 4
_WINDOWS = 64
_ONES = 2 * _SIGN // 15
"""0x111…1: 64 digits."""
_EIGHTS = 8 * _ONES
"""Added to a scalar, it makes each four bits of the sum, less 8, a digit of the scalar from -8 to 7."""
_BASE_X = 0x216936D3CD6E53FEC0A4E231FDD6DC5C692CC7609525A7B2C9562D608F25D51A
_BASE_Y = 6 * _ONES - 14
"""The base point, y = 4/5 (RFC 8032, 5.1)."""

_CHAIN = ((1, 1), (2, 2), (4, 1), (5, 5), (10, 10), (20, 20), (40, 10), (50, 50), (100, 100), (200, 50))
"""How runs of binary ones are put together to an exponent of 250 of them."""

_SQUARES_A_SLICE = 8


def verify(key: bytes, signature: bytes, *message: bytes) -> "Generator[None, None, bool]":
    """Yields while it works; returns whether `signature` (64 bytes) over the message's parts is `key`'s (32 bytes)."""
    if len(key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    s = int.from_bytes(signature[KEY_BYTES:], "little")
    if s >= _ORDER:
        return False
    x, y = yield from _decoded(int.from_bytes(key, "little"))
    base = yield from _multiples(_BASE_X, _BASE_Y)
    owners = yield from _multiples(_P - x, y)
    minus, plus, _, _ = owners[-1]
    if (plus - minus) % _P == 0:  # no curve point, or eight times it is none: x = 0
        return False
    digest = yield from sha512(signature[:KEY_BYTES], key, *message)
    k = int.from_bytes(digest, "little") % _ORDER
    told = yield from _sum(s, base, k, owners)
    return told == int.from_bytes(signature[:KEY_BYTES], "little")


def _decoded(encoded: int) -> "Generator[None, None, tuple[int, int]]":
    """The point (RFC 8032, 5.1.3); (0, 1), which is of small order, if there is none."""
    y = encoded & _SIGN - 1
    if y >= _P:
        return 0, 1
    above, below = (y * y - 1) % _P, (_D * y * y + 1) % _P
    power = yield from _power(above * below**7 % _P)
    x = above * below**3 * power % _P
    if (below * x * x - above) % _P:
        x = x * _ROOT_OF_MINUS_1 % _P
        if (below * x * x - above) % _P:
            return 0, 1
    return (x if (x & 1) == encoded >> 255 else _P - x), y


def _encoded(e: int, f: int, g: int, h: int) -> "Generator[None, None, int]":
    """A point's encoding, from its factors."""
    z = f * g % _P
    power = yield from _power(z)
    inverse = pow(power, 8, _P) * z * z * z % _P
    return g * h * inverse % _P | (e * f * inverse % _P & 1) << 255


def _power(a: int) -> "Generator[None, None, int]":
    """`a` to the power 2^252 - 3, on which both roots and inverses stand."""
    ones = {1: a}
    for present, more in _CHAIN:
        power = yield from _squared(ones[present], more)
        ones[present + more] = power * ones[more] % _P
    power = yield from _squared(ones[250], 2)
    return power * a % _P


def _squared(a: int, times: int) -> "Generator[None, None, int]":
    for turn in range(times):
        if turn % _SQUARES_A_SLICE == 0:
            yield
        a = a * a % _P
    return a


def _sum(s: int, base: "list[Point]", k: int, owners: "list[Point]") -> "Generator[None, None, int]":
    """The encoding of s times the one point plus k times the other, given the first eight multiples of each."""
    e, f, g, h = 0, 1, 1, 1
    s += _EIGHTS
    k += _EIGHTS
    for place in range(_WINDOWS - 1, -1, -1):
        for _ in range(_WINDOW):
            e, f, g, h = _doubled(e * f % _P, g * h % _P, f * g % _P)
            yield
        for scalar, multiples in ((s, base), (k, owners)):
            digit = (scalar >> _WINDOW * place & 15) - 8
            if digit:
                minus, plus, twice_z, twice_dt = multiples[abs(digit) - 1]
                if digit < 0:
                    minus, plus, twice_dt = plus, minus, -twice_dt
                point = e * f % _P, g * h % _P, f * g % _P, e * h % _P
                e, f, g, h = _added(point, (minus, plus, twice_z, twice_dt))
                yield
    told = yield from _encoded(e, f, g, h)
    return told


def _multiples(x: int, y: int) -> "Generator[None, None, list[Point]]":
    """A point times 1 to 8, each as `_added` wants its second."""
    point = x, y, 1, x * y % _P
    first = _prepared(point)
    found = [first]
    while len(found) < 1 << _WINDOW - 1:
        yield
        e, f, g, h = _added(point, first)
        point = e * f % _P, g * h % _P, f * g % _P, e * h % _P
        found.append(_prepared(point))
    return found


def _prepared(point: "Point") -> "Point":
    x, y, z, t = point
    return y - x, y + x, 2 * z, 2 * _D * t % _P


# Points are x/z, y/z with xy = zt. Both formulas give the factors e, f, g, h of a point (ef, gh, fg, eh), because what comes
# next needs not all four products (RFC 8032, 5.1.4).


def _added(point: "Point", other: "Point") -> "Point":
    """The sum of any two points, the second prepared."""
    x, y, z, t = point
    minus, plus, twice_z, twice_dt = other
    a, b = (y - x) * minus % _P, (y + x) * plus % _P
    c, d = t * twice_dt % _P, z * twice_z % _P
    return b - a, d - c, d + c, b + a


def _doubled(x: int, y: int, z: int) -> "Point":
    """Twice a point."""
    a, b = x * x % _P, y * y % _P
    return a + b - (x + y) * (x + y) % _P, 2 * z * z % _P + a - b, a - b, a + b
