"""The concentrator's end of a pairing handshake: Noise_NNpsk0_25519_AESGCM_SHA256 (Noise Protocol Framework, revision 34).

    HandshakeError     what came is not from the other end of this handshake; nothing of it was believed

The pattern has two messages, both ends prove that they know the pre-shared key, and `Session` is what both then have:

    -> psk, e          `Initiator.first`
    <- e, ee           `Initiator.second`

Only the initiator is here: the responder is a node, in `anju.pair`. Section numbers are those of the framework.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from anju.wire.seal import KEY_BYTES
from anju.wire.table import LinkClass

PROTOCOL = b"Noise_NNpsk0_25519_AESGCM_SHA256"
"""As long as a hash, so that it is the first `h` as it stands (5.2)."""
SECRET_BYTES = 32
"""Of a pre-shared key, an ephemeral key, a public key and a cipher key."""
PROOF = b"anju/1 pair"
"""What a node's signature over a pairing begins with."""
_LINK = b"anju/1 link"
_TAG_BYTES = 16


class HandshakeError(Exception):
    """What came is not from the other end of this handshake."""


class Session(NamedTuple):
    """A finished handshake. `down` seals what the concentrator says, `up` what the node says. Secret."""

    digest: bytes
    down: bytes
    up: bytes

    def link_keys(self, network: int, node: int) -> tuple[bytes, bytes]:
        """The keys of the link up and down; 16 bytes each."""
        place = network.to_bytes(2, "big") + node.to_bytes(2, "big")
        up, down = (
            HKDF(SHA256(), KEY_BYTES, None, _LINK + self.digest + place + bytes((direction,))).derive(
                self.down + self.up
            )
            for direction in (LinkClass.UP, LinkClass.DOWN)
        )
        return up, down

    def statement(self, grant: bytes) -> bytes:
        """What the node signs: that it took part in this handshake and was told this."""
        return PROOF + hashlib.sha256(self.digest + grant).digest()


class Initiator:
    """One handshake, begun by us. `ephemeral` is 32 secret bytes that were never used with another prologue."""

    def __init__(self, psk: bytes, prologue: bytes, ephemeral: bytes) -> None:
        """ValueError unless `psk` and `ephemeral` have 32 bytes."""
        if len(psk) != SECRET_BYTES:
            raise ValueError(f"a pre-shared key has {SECRET_BYTES} bytes, not {len(psk)}")
        self._key = X25519PrivateKey.from_private_bytes(ephemeral)
        self._state = _SymmetricState(prologue)
        self._state.mix_key_and_hash(psk)

    def first(self, payload: bytes = b"") -> bytes:
        """The first message."""
        ours = self._key.public_key().public_bytes_raw()
        self._state.mix_hash(ours)
        self._state.mix_key(ours)
        return ours + self._state.seal(payload)

    def second(self, message: bytes) -> tuple[Session, bytes]:
        """What the second message makes of it, and that message's payload; HandshakeError changes nothing here."""
        if len(message) < SECRET_BYTES + _TAG_BYTES:
            raise HandshakeError("too short")
        theirs = message[:SECRET_BYTES]
        state = self._state.copy()
        state.mix_hash(theirs)
        state.mix_key(theirs)
        try:
            state.mix_key(self._key.exchange(X25519PublicKey.from_public_bytes(theirs)))
        except ValueError:  # an all-zero result: a point of small order
            raise HandshakeError("no secret is shared with that key") from None
        payload = state.open(message[SECRET_BYTES:])
        return state.split(), payload


def psk_of(code: bytes, device: bytes) -> bytes:
    """The pre-shared key of a setup code and the device id (ASCII) of the label that it stands on."""
    return HKDF(SHA256(), SECRET_BYTES, device, b"").derive(code)


def seal(key: bytes, number: int, clear: bytes, plaintext: bytes) -> bytes:
    """Ciphertext and tag of a message behind the handshake; no number twice under one key."""
    return AESGCM(key).encrypt(_nonce(number), plaintext, clear)


def unseal(key: bytes, number: int, clear: bytes, sealed: bytes) -> bytes:
    """Plaintext of ciphertext and tag; HandshakeError if anything at all was changed."""
    try:
        return AESGCM(key).decrypt(_nonce(number), sealed, clear)
    except InvalidTag:
        raise HandshakeError("the tag does not verify") from None


class _SymmetricState:
    """Chaining key, hash and cipher key while a handshake lasts (5.2)."""

    def __init__(self, prologue: bytes) -> None:
        self._chain = self._digest = PROTOCOL
        self._cipher = b""
        self._number = 0
        self.mix_hash(prologue)

    def copy(self) -> _SymmetricState:
        """The same state, apart."""
        other = object.__new__(_SymmetricState)
        other.__dict__.update(self.__dict__)
        return other

    def mix_hash(self, data: bytes) -> None:
        self._digest = hashlib.sha256(self._digest + data).digest()

    def mix_key(self, material: bytes) -> None:
        self._chain, self._cipher = _kdf(self._chain, material, 2)
        self._number = 0

    def mix_key_and_hash(self, psk: bytes) -> None:
        self._chain, mixed, self._cipher = _kdf(self._chain, psk, 3)
        self.mix_hash(mixed)
        self._number = 0

    def seal(self, plaintext: bytes) -> bytes:
        sealed = seal(self._cipher, self._number, self._digest, plaintext)
        self._number += 1
        self.mix_hash(sealed)
        return sealed

    def open(self, sealed: bytes) -> bytes:
        plaintext = unseal(self._cipher, self._number, self._digest, sealed)
        self._number += 1
        self.mix_hash(sealed)
        return plaintext

    def split(self) -> Session:
        return Session(self._digest, *_kdf(self._chain, b"", 2))


def _kdf(chain: bytes, material: bytes, outputs: int) -> list[bytes]:
    """Noise's HKDF (4.3): that of RFC 5869 with `chain` as salt and no info."""
    whole = HKDF(SHA256(), 32 * outputs, chain, b"").derive(material)
    return [whole[at : at + 32] for at in range(0, len(whole), 32)]


def _nonce(number: int) -> bytes:
    """Of AES-GCM (12.3)."""
    return bytes(4) + number.to_bytes(8, "big")
