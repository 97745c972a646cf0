"""X25519 (RFC 7748, 5) in plain MicroPython, in slices of one step of the ladder: 255 steps of ten products each.

Every secret takes the same steps, but MicroPython's long integers do not take the same time for all of them. A secret is
used for one pairing, in which nobody gets to measure it twice.
"""

from anju.update.field import P, inverse

try:
    from collections.abc import Generator
except ImportError:  # MicroPython
    pass

BASE = b"\x09" + bytes(31)
_TOP = 1 << 254


def x25519(secret: bytes, point: bytes) -> "Generator[None, None, bytes]":
    """Yields while it works; returns 32 bytes from 32 and 32. All zero: no secret is shared with that point."""
    k = int.from_bytes(secret, "little") & _TOP - 8 | _TOP
    u = int.from_bytes(point, "little") & 2 * _TOP - 1
    x2, z2, x3, z3, last = 1, 0, u, 1, 0
    for place in range(254, -1, -1):
        yield
        bit = k >> place & 1
        swap = bit ^ last
        last = bit
        dx, dz = swap * (x2 - x3), swap * (z2 - z3)
        x2, x3, z2, z3 = x2 - dx, x3 + dx, z2 - dz, z3 + dz
        a, b = x2 + z2, x2 - z2
        da, cb = (x3 - z3) * a % P, (x3 + z3) * b % P
        aa, bb = a * a % P, b * b % P
        a, b = da + cb, da - cb
        x3, z3 = a * a % P, b * b % P * u % P
        e = aa - bb
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    # The last bit is 0: there is nothing left to swap.
    z = yield from inverse(z2)
    return (x2 * z % P).to_bytes(32, "little")
