"""Ed25519's curve as plainly and slowly as RFC 8032 writes it: for making what no honest signer makes."""

from __future__ import annotations

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int]
NEUTRAL: Point = (0, 1)


def plus(one: Point, other: Point) -> Point:
    (x1, y1), (x2, y2) = one, other
    product = D * x1 * x2 * y1 * y2
    return (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P


def times(count: int, point: Point) -> Point:
    total = NEUTRAL
    while count:
        if count & 1:
            total = plus(total, point)
        point, count = plus(point, point), count >> 1
    return total


def with_y(y: int) -> Point | None:
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    root = pow(square, (P + 3) // 8, P)
    for x in (root, root * pow(2, (P - 1) // 4, P) % P):
        if x * x % P == square:
            return x, y
    return None


def encoded(point: Point) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


BASE: Point = (
    15112221349535400772501151409588531511454012693041857206046113283949847762202,
    46316835694926478169428394003475163141307993866256225615783033603165251855960,
)


def torsion() -> list[Point]:
    """The eight points of small order, the neutral one first."""
    for y in range(2, 200):
        point = with_y(y)
        small = times(ORDER, point) if point else NEUTRAL
        if times(4, small) != NEUTRAL:
            return [times(count, small) for count in range(8)]
    raise AssertionError


SMALL = torsion()


def bad_keys() -> list[bytes]:
    """All encodings of points of small order, and what OpenSSL reads as a point though its y is beyond the prime."""
    ys = {point[1] for point in SMALL} | {0, 1, P - 1}
    numbers = {y + more for y in ys for more in (0, P) if y + more < 2**255} | set(range(P, 2**255))
    return [(number | sign).to_bytes(32, "little") for number in sorted(numbers) for sign in (0, 2**255)]
