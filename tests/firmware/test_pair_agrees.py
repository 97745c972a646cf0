"""A node's arithmetic of pairing beside the libraries of the host, and its end of the handshake with ours and somebody else's."""

from __future__ import annotations

from hashlib import sha512
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from noise.connection import NoiseConnection

from anju.pair.noise import Responder, hkdf, psk_of
from anju.pair.x25519 import x25519
from anju.update.sign import Signer
from anju.wire import handshake
from anju.wire.table import LinkClass
from firmware.portable.slices import result_of, sealed_by, unsealed

P = 2**255 - 19
PSK = bytes(range(32))
PROLOGUE = b"what both must have heard"


def test_x25519() -> None:
    dice = Random(1)
    for _ in range(40):
        secret, point = dice.randbytes(32), dice.randbytes(32)
        expected = X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(point))
        assert result_of(x25519(secret, point)) == expected


@pytest.mark.parametrize("secret", [bytes(32), b"\xff" * 32, b"\x80" + bytes(30) + b"\x80"], ids=bytes.hex)
def test_x25519_at_the_edges(secret: bytes) -> None:
    """Numbers at the prime and beyond it, with the highest bit set, and next to the points of small order."""
    private = X25519PrivateKey.from_private_bytes(secret)
    edges = {2, 3, 4, 9, P - 3, P - 2, P + 2, P + 9, 2**255 - 1, 2**255 - 2, 2**254, 2**192, 2**128 - 1}
    for number in sorted(edges | {edge | 2**255 for edge in edges}):
        point = number.to_bytes(32, "little")
        assert result_of(x25519(secret, point)) == private.exchange(X25519PublicKey.from_public_bytes(point)), number


def test_aes_gcm() -> None:
    dice = Random(2)
    for size in [*range(70), 200]:
        key, clear, plain, number = (
            dice.randbytes(32),
            dice.randbytes(size % 41),
            dice.randbytes(size),
            dice.getrandbits(64),
        )
        sealed = AESGCM(key).encrypt(bytes(4) + number.to_bytes(8, "big"), plain, clear)
        assert sealed_by(key, number, clear, plain) == sealed
        assert unsealed(key, number, clear, sealed) == plain


def test_hkdf() -> None:
    dice = Random(3)
    for size in (1, 16, 31, 32, 33, 64, 96, 100):
        salt, material, info = (dice.randbytes(dice.randrange(65)) for _ in range(3))
        assert hkdf(salt, material, info, size) == HKDF(SHA256(), size, salt, info).derive(material)


def test_ed25519() -> None:
    dice = Random(4)
    for size in (0, 1, 43, 47, 48, 79, 80, 300):
        seed, message = dice.randbytes(32), dice.randbytes(size)
        signer, private = Signer(seed), Ed25519PrivateKey.from_private_bytes(seed)
        result_of(signer.prepare())
        assert signer.public == private.public_key().public_bytes_raw()
        assert result_of(signer.sign(message[:20], message[20:])) == private.sign(message)


def test_ed25519_of_every_size_of_scalar() -> None:
    dice = Random(5)
    tops: set[int] = set()
    while len(tops) < 16:
        seed = dice.randbytes(32)
        top = sha512(seed).digest()[31] >> 2 & 15
        if top not in tops:
            tops.add(top)
            signer, private = Signer(seed), Ed25519PrivateKey.from_private_bytes(seed)
            result_of(signer.prepare())
            assert signer.public == private.public_key().public_bytes_raw(), top
            assert result_of(signer.sign(seed)) == private.sign(seed), top


def test_with_our_initiator() -> None:
    dice = Random(5)
    code, device = dice.randbytes(10), b"47Z33QX1AJH62"
    assert psk_of(code, device) == handshake.psk_of(code, device)
    for payload in (b"", b"x", dice.randbytes(36)):
        initiator = handshake.Initiator(psk_of(code, device), PROLOGUE, dice.randbytes(32))
        responder = Responder(psk_of(code, device), PROLOGUE)
        assert responder.hear(initiator.first()) == b""
        session, told = initiator.second(result_of(responder.answer(dice.randbytes(32), payload)))
        assert told == payload
        assert session == (responder.digest, responder.down, responder.up)
        directions = LinkClass.UP, LinkClass.DOWN
        assert session.link_keys(1, 7) == tuple(responder.link_key(1, 7, direction) for direction in directions)


def test_with_an_initiator_of_somebody_else() -> None:
    noise = NoiseConnection.from_name(handshake.PROTOCOL)
    noise.set_as_initiator()
    noise.set_psks(PSK)
    noise.set_prologue(PROLOGUE)
    noise.start_handshake()
    responder = Responder(PSK, PROLOGUE)
    assert responder.hear(bytes(noise.write_message(b"one"))) == b"one"
    assert noise.read_message(result_of(responder.answer(bytes(range(32)), b"two"))) == b"two"
    assert noise.get_handshake_hash() == responder.digest
    assert unsealed(responder.down, 0, b"", bytes(noise.encrypt(b"down"))) == b"down"
    assert noise.decrypt(sealed_by(responder.up, 0, b"", b"up")) == b"up"
