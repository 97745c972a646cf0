"""The node's end of a pairing handshake: Noise_NNpsk0_25519_AESGCM_SHA256, revision 34, as responder, in slices.

-> psk, e          `hear`: refused by its tag before any curve is touched
<- e, ee           `answer`
"""

from hashlib import sha256

from anju.pair.gcm import seal, unseal
from anju.pair.x25519 import BASE, x25519

try:
    from collections.abc import Generator
except ImportError:  # MicroPython
    pass

_PROTOCOL = b"Noise_NNpsk0_25519_AESGCM_SHA256"
_KEY_BYTES = 32
_NO_SECRET = bytes(32)
_INNER = int.from_bytes(b"\x36" * 64, "big")
_OUTER = int.from_bytes(b"\x5c" * 64, "big")


def hmac(key: bytes, *parts: bytes) -> bytes:
    """HMAC-SHA256 (RFC 2104) of a message in parts, under a key of at most 64 bytes."""
    pad = int.from_bytes(key, "big") << 8 * (64 - len(key))
    inner = sha256((pad ^ _INNER).to_bytes(64, "big"))
    for part in parts:
        inner.update(part)
    return _hash((pad ^ _OUTER).to_bytes(64, "big"), inner.digest())


def hkdf(salt: bytes, material: bytes, info: bytes, size: int) -> bytes:
    """RFC 5869 with SHA-256."""
    key = hmac(salt, material)
    block = whole = b""
    while len(whole) < size:
        block = hmac(key, block, info, bytes((len(whole) // 32 + 1,)))
        whole += block
    return whole[:size]


def psk_of(code: bytes, device: bytes) -> bytes:
    """The pre-shared key of a setup code and a device id (ASCII)."""
    return hkdf(device, code, b"", _KEY_BYTES)


class Responder:
    """One handshake, begun by the other end."""

    digest = down = up = b""
    """Of the whole handshake, once `answer` is done: its hash, the key of what the initiator says, and of what we say."""

    def __init__(self, psk: bytes, prologue: bytes) -> None:
        keys = hkdf(_PROTOCOL, psk, b"", 96)
        self._begun = keys[:32], _hash(_hash(_PROTOCOL, prologue), keys[32:64])
        self._heard = b""

    def hear(self, message: bytes) -> "bytes | None":
        """The payload of the first message, 48 bytes or more; None if it is from somebody without the key."""
        theirs, sealed = message[:_KEY_BYTES], message[_KEY_BYTES:]
        chain, digest = self._begun
        digest = _hash(digest, theirs)
        keys = hkdf(chain, theirs, b"", 64)
        payload = at_once(unseal(keys[32:], 0, digest, sealed))
        if payload is not None:
            self._heard = theirs
            self._chain, self._digest = keys[:32], _hash(digest, sealed)
        return payload

    def answer(self, ephemeral: bytes, payload: bytes) -> "Generator[None, None, bytes]":
        """Yields while it works; returns the second message, empty if no secret is shared with what was heard."""
        theirs, chain, digest = self._heard, self._chain, self._digest
        ours = yield from x25519(ephemeral, BASE)
        shared = yield from x25519(ephemeral, theirs)
        if shared == _NO_SECRET:
            return b""
        yield
        digest = _hash(digest, ours)
        chain = hkdf(chain, ours, b"", 64)[:32]
        keys = hkdf(chain, shared, b"", 64)
        yield
        sealed = yield from seal(keys[32:], 0, digest, payload)
        self.digest = _hash(digest, sealed)
        yield
        keys = hkdf(keys[:32], b"", b"", 64)
        self.down, self.up = keys[:32], keys[32:]
        return ours + sealed

    def statement(self, grant: bytes) -> "tuple[bytes, bytes]":
        """What is signed: that we took part in this handshake and were told this; in two parts."""
        return b"anju/1 pair", _hash(self.digest, grant)

    def link_key(self, network: int, node: int, direction: int) -> bytes:
        """The key of one direction of the link that this handshake makes; 16 bytes."""
        place = network.to_bytes(2, "big") + node.to_bytes(2, "big") + bytes((direction,))
        return hkdf(b"", self.down + self.up, b"anju/1 link" + self.digest + place, 16)


def at_once(steps: "Generator[None, None, bytes | None]") -> "bytes | None":
    """What comes of something so short that nobody need have a turn in between."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            value: "bytes | None" = end.value
            return value


def _hash(digest: bytes, data: bytes) -> bytes:
    return bytes(sha256(digest + data).digest())
