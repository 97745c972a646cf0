"""The arithmetic of pairing gives the published answers, in slices. More of it, beside other libraries, in test_pair_agrees."""

from hashlib import sha256

from anju.pair.noise import Responder, hkdf, hmac
from anju.pair.x25519 import BASE, x25519
from anju.update.ed25519 import verify
from anju.update.sign import Signer
from firmware.portable import noise
from firmware.portable.rfc8032 import SEEDS, VECTORS
from firmware.portable.slices import finished, sealed_by, unsealed


def _hex(value: bytes) -> str:
    return "".join(["{:02x}".format(byte) for byte in value])


def test_x25519_of_the_rfc() -> None:
    """RFC 7748, 5.2: two answers, and the first of a chain."""
    for secret, point, result in (
        (
            "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
            "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
        ),
        (
            "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
            "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
            "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
        ),
        (_hex(BASE), _hex(BASE), "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"),
    ):
        told, slices = finished(x25519(bytes.fromhex(secret), bytes.fromhex(point)))
        assert _hex(told) == result, secret
        assert slices > 255


def test_a_point_without_a_secret_gives_zero() -> None:
    for point in noise.SMALL_ORDER:
        assert finished(x25519(bytes(range(32)), bytes.fromhex(point)))[0] == bytes(32), point


def test_aes_gcm_of_the_submission() -> None:
    """Cases 13 and 14 of the GCM submission to NIST, which have a nonce of zeros."""
    key = bytes(32)
    assert _hex(sealed_by(key, 0, b"", b"")) == "530f8afbc74536b9a963b4f1c4cb738b"
    sealed = sealed_by(key, 0, b"", bytes(16))
    assert _hex(sealed) == "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
    assert unsealed(key, 0, b"", sealed) == bytes(16)


def test_any_changed_bit_truncation_and_addition_is_refused() -> None:
    key = bytes(range(32))
    sealed = sealed_by(key, 7, b"clear", b"seventeen bytes!!")
    assert unsealed(key, 7, b"clear", sealed) == b"seventeen bytes!!"
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1 << place % 8
        assert unsealed(key, 7, b"clear", bytes(changed)) is None
        assert unsealed(key, 7, b"clear", sealed[:place]) is None
    assert unsealed(key, 7, b"clear", sealed + b"\0") is None
    assert unsealed(key, 7, b"Clear", sealed) is None
    assert unsealed(key, 8, b"clear", sealed) is None
    assert unsealed(bytes(32), 7, b"clear", sealed) is None


def test_hmac_and_hkdf_of_the_rfcs() -> None:
    """RFC 4231, 4.2 and 4.3; RFC 5869, A.1 and A.3."""
    assert _hex(hmac(b"\x0b" * 20, b"Hi ", b"There")) == (
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    )
    assert _hex(hmac(b"Jefe", b"what do ya want for nothing?")) == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )
    assert _hex(hkdf(bytes(range(13)), b"\x0b" * 22, bytes(range(0xF0, 0xFA)), 42)) == (
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    )
    assert _hex(hkdf(b"", b"\x0b" * 22, b"", 42)) == (
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    )


def test_ed25519_signs_as_the_rfc() -> None:
    for name, seed in SEEDS.items():
        key, signature, message = VECTORS[name]
        signer = Signer(bytes.fromhex(seed))
        _, slices = finished(signer.prepare())
        assert _hex(signer.public) == key, name
        assert slices > 300
        half = len(message) // 4 * 2
        told, slices = finished(signer.sign(bytes.fromhex(message[:half]), bytes.fromhex(message[half:])))
        assert _hex(told) == signature, name
        assert slices > 300


def test_what_it_signs_it_verifies() -> None:
    signer = Signer(sha256(b"a node").digest())
    finished(signer.prepare())
    signature, _ = finished(signer.sign(b"anju/1 pair", bytes(32)))
    assert finished(verify(signer.public, signature, b"anju/1 pair" + bytes(32)))[0]


def test_the_published_handshake() -> None:
    messages = [(bytes.fromhex(said), bytes.fromhex(sent)) for said, sent in noise.MESSAGES]
    responder = Responder(bytes.fromhex(noise.PSK), bytes.fromhex(noise.PROLOGUE))
    assert responder.hear(messages[0][1]) == messages[0][0]
    answer, slices = finished(responder.answer(bytes.fromhex(noise.RESPONDER), messages[1][0]))
    assert answer == messages[1][1]
    assert slices > 510
    for place, (said, sent) in enumerate(messages[2:]):
        key = responder.up if place % 2 else responder.down
        assert unsealed(key, place // 2, b"", sent) == said
        assert sealed_by(key, place // 2, b"", said) == sent


def test_a_first_message_of_somebody_else_is_refused_and_does_no_harm() -> None:
    psk, prologue = bytes.fromhex(noise.PSK), bytes.fromhex(noise.PROLOGUE)
    said, good = [bytes.fromhex(part) for part in noise.MESSAGES[0]]
    assert Responder(bytes(32), prologue).hear(good) is None
    assert Responder(psk, prologue + b"!").hear(good) is None
    responder = Responder(psk, prologue)
    for place in range(len(good)):
        changed = bytearray(good)
        changed[place] ^= 1
        assert responder.hear(bytes(changed)) is None, place
        assert responder.hear(good[:place]) is None, place
    assert responder.hear(good) == said


def test_a_key_without_a_secret_ends_the_handshake() -> None:
    """Only who has the code can make a first message with such a key; it gets no answer."""
    psk = bytes(32)
    for point in noise.SMALL_ORDER:
        theirs = bytes.fromhex(point)
        responder = Responder(psk, b"")
        responder.hear(_first(psk, b"", theirs))
        assert finished(responder.answer(bytes(range(32)), b""))[0] == b"", point
        assert responder.down == b""


def _first(psk: bytes, prologue: bytes, ephemeral: bytes) -> bytes:
    """A first message with any ephemeral key, by the framework's words (5.2, 9)."""
    name = b"Noise_NNpsk0_25519_AESGCM_SHA256"
    keys = hkdf(name, psk, b"", 96)
    digest = sha256(sha256(sha256(name + prologue).digest() + keys[32:64]).digest() + ephemeral).digest()
    return ephemeral + sealed_by(hkdf(keys[:32], ephemeral, b"", 64)[32:], 0, digest, b"")
