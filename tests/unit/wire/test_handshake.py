"""The concentrator's end of the handshake: the published answer, somebody else's responder, and what must be refused."""

from __future__ import annotations

import hashlib
import hmac
from random import Random

import pytest
from cryptography.exceptions import InvalidTag
from noise.connection import NoiseConnection

from anju.wire import handshake
from anju.wire.handshake import HandshakeError, Initiator, Session, psk_of, seal, unseal
from firmware.portable.noise import INITIATOR, MESSAGES, SMALL_ORDER
from firmware.portable.noise import PROLOGUE as TOLD
from firmware.portable.noise import PSK as SHARED

PSK = bytes(range(32))
PROLOGUE = b"what both must have heard"
EPHEMERAL = bytes(range(32, 64))


class Responder:
    """The other end, by the library `noiseprotocol`."""

    def __init__(self, psk: bytes = PSK, prologue: bytes = PROLOGUE) -> None:
        self.noise = NoiseConnection.from_name(handshake.PROTOCOL)
        self.noise.set_as_responder()
        self.noise.set_psks(psk)
        self.noise.set_prologue(prologue)
        self.noise.start_handshake()


def shaken(payload: bytes = b"hello") -> tuple[Session, Responder]:
    initiator, responder = Initiator(PSK, PROLOGUE, EPHEMERAL), Responder()
    assert responder.noise.read_message(initiator.first()) == b""
    session, told = initiator.second(bytes(responder.noise.write_message(payload)))
    assert told == payload
    return session, responder


def test_the_published_handshake() -> None:
    first, second, *later = [(bytes.fromhex(said), bytes.fromhex(sent)) for said, sent in MESSAGES]
    psk, prologue, ephemeral = (bytes.fromhex(told) for told in (SHARED, TOLD, INITIATOR))
    initiator = Initiator(psk, prologue, ephemeral)
    assert initiator.first(first[0]) == first[1]
    session, told = initiator.second(second[1])
    assert told == second[0]
    for place, (said, sent) in enumerate(later):
        key = session.up if place % 2 else session.down
        assert seal(key, place // 2, b"", said) == sent
        assert unseal(key, place // 2, b"", sent) == said


def test_with_a_responder_of_somebody_else() -> None:
    session, responder = shaken()
    assert responder.noise.get_handshake_hash() == session.digest
    for number in range(3):
        assert responder.noise.decrypt(seal(session.down, number, b"", b"down")) == b"down"
        assert unseal(session.up, number, b"", bytes(responder.noise.encrypt(b"up"))) == b"up"


@pytest.mark.parametrize(("psk", "prologue"), [(bytes(32), PROLOGUE), (PSK, b"something else")])
def test_another_code_or_another_prologue_shows_in_the_first_message(psk: bytes, prologue: bytes) -> None:
    with pytest.raises(InvalidTag):
        Responder(psk, prologue).noise.read_message(Initiator(PSK, PROLOGUE, EPHEMERAL).first())


def test_every_changed_byte_of_the_second_message_is_refused_and_does_no_harm() -> None:
    initiator, responder = Initiator(PSK, PROLOGUE, EPHEMERAL), Responder()
    responder.noise.read_message(initiator.first())
    good = bytes(responder.noise.write_message(b"hello"))
    for place in range(len(good)):
        spoiled = bytearray(good)
        spoiled[place] ^= 1
        with pytest.raises(HandshakeError):
            initiator.second(bytes(spoiled))
    for size in range(len(good)):
        with pytest.raises(HandshakeError):
            initiator.second(good[:size])
    assert initiator.second(good)[1] == b"hello"


@pytest.mark.parametrize("point", SMALL_ORDER)
def test_a_point_that_shares_no_secret_is_refused(point: str) -> None:
    initiator = Initiator(PSK, PROLOGUE, EPHEMERAL)
    initiator.first()
    with pytest.raises(HandshakeError, match="no secret is shared"):
        initiator.second(bytes.fromhex(point) + bytes(16))


def test_a_changed_byte_behind_the_handshake_is_refused() -> None:
    session, _ = shaken()
    sealed = seal(session.down, 0, b"clear", b"grant")
    for place in range(len(sealed)):
        with pytest.raises(HandshakeError):
            unseal(session.down, 0, b"clear", sealed[:place] + bytes((sealed[place] ^ 0x80,)) + sealed[place + 1 :])
    for key, number, clear in ((session.up, 0, b"clear"), (session.down, 1, b"clear"), (session.down, 0, b"Clear")):
        with pytest.raises(HandshakeError):
            unseal(key, number, clear, sealed)


def hkdf(material: bytes, salt: bytes, info: bytes, size: int) -> bytes:
    """RFC 5869 by hand, for at most one block."""
    chosen = hmac.digest(salt or bytes(32), material, hashlib.sha256)
    return hmac.digest(chosen, info + b"\x01", hashlib.sha256)[:size]


def test_keys_are_derived_as_the_page_says() -> None:
    session = Session(bytes(range(32)), b"d" * 32, b"u" * 32)
    info = b"anju/1 link" + session.digest + bytes.fromhex("0102 0304")
    up, down = (hkdf(session.down + session.up, b"", info + direction, 16) for direction in (b"\x01", b"\x02"))
    assert session.link_keys(0x0102, 0x0304) == (up, down)
    assert psk_of(b"0123456789", b"ABCDEFGHJKMNP") == hkdf(b"0123456789", b"ABCDEFGHJKMNP", b"", 32)
    assert session.statement(b"grant") == b"anju/1 pair" + hashlib.sha256(session.digest + b"grant").digest()


def test_link_keys_differ_by_direction_place_and_handshake() -> None:
    dice = Random(1)
    sessions = [Session(dice.randbytes(32), b"d" * 32, b"u" * 32) for _ in range(2)]
    keys = [key for session in sessions for place in ((1, 1), (1, 2), (2, 1)) for key in session.link_keys(*place)]
    assert len(set(keys)) == 12


def test_a_secret_of_another_length_is_refused() -> None:
    for psk, ephemeral in ((PSK[:-1], EPHEMERAL), (PSK, EPHEMERAL[:-1])):
        with pytest.raises(ValueError, match="32"):
            Initiator(psk, PROLOGUE, ephemeral)
