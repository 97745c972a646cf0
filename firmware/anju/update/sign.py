"""Signs with Ed25519 (RFC 8032, 5.1.6) in plain MicroPython, in slices. The same message always gets the same signature."""

from anju.update.ed25519 import BASE_X, BASE_Y, KEY_BYTES, ORDER, multiples, summed
from anju.update.sha512 import cube_roots, sha512

try:
    from collections.abc import Generator
except ImportError:  # MicroPython
    pass


class Signer:
    """One key pair, from its 32 secret bytes. The public half, if it is known, is the one that `prepare` has worked out before,
    kept beside the secret under one checksum: with a wrong one a signature gives the secret away."""

    def __init__(self, seed: bytes, public: bytes = b"") -> None:
        self.public = public
        """32 bytes, once `prepare` is done."""
        self._seed = seed

    def prepare(self) -> "Generator[None, None, None]":
        """Yields while it works out what `sign` needs."""
        self._roots = yield from cube_roots()
        digest = yield from sha512(self._roots, self._seed)
        # The rest of a division by the base's order gives the same point, and is as small as `summed` needs it.
        self._scalar = (int.from_bytes(digest[:KEY_BYTES], "little") & (1 << 254) - 8 | 1 << 254) % ORDER
        self._prefix = digest[KEY_BYTES:]
        self._base = yield from multiples(BASE_X, BASE_Y)
        if not self.public:
            self.public = yield from self._point(self._scalar)

    def sign(self, *message: bytes) -> "Generator[None, None, bytes]":
        """Yields while it works, after `prepare`; returns the 64 bytes over the message's parts."""
        digest = yield from sha512(self._roots, self._prefix, *message)
        nonce = int.from_bytes(digest, "little") % ORDER
        point = yield from self._point(nonce)
        digest = yield from sha512(self._roots, point, self.public, *message)
        s = (nonce + int.from_bytes(digest, "little") * self._scalar) % ORDER
        return point + s.to_bytes(KEY_BYTES, "little")

    def _point(self, scalar: int) -> "Generator[None, None, bytes]":
        encoded = yield from summed((scalar, self._base))
        return encoded.to_bytes(KEY_BYTES, "little")
