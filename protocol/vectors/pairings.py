"""Whole pairings, frame by frame. The node's half of each handshake is made by the library `noiseprotocol`, not by ours."""

from __future__ import annotations

import hashlib
import hmac
import warnings
from collections.abc import Iterator
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from frames import Case
from noise.connection import Keypair, NoiseConnection

from anju.wire import handshake, label, pairing, table
from anju.wire.handshake import Initiator
from anju.wire.pairing import Answer, Clear, Grant, Proof, Verdict
from anju.wire.table import InputKind, LinkClass, Outcome, Step

ROOT_KEY = hashlib.sha256(b"anju/1 vectors: root key").digest()


class Scene(NamedTuple):
    """What a pairing is about."""

    name: str
    address: tuple[int, int]
    epoch: int
    time_s: int
    version: tuple[int, int, int]
    inputs: int
    kinds: tuple[InputKind, ...]


SCENES = (
    Scene(
        "a panic button", (1, 7), 1, 1767225600, (0, 1, 0), 3, (InputKind.HOLD_UP, InputKind.ENTRY, InputKind.TAMPER)
    ),
    Scene("smallest numbers", (0, 0), 0, 0, (0, 0, 0), 1, (InputKind.ENTRY,)),
    Scene("largest numbers", (0xFFFF, 0xFFFF), 0xFF, 0xFFFF_FFFF, (255, 255, 255), 255, (InputKind.TAMPER,) * 16),
)


def cases() -> Iterator[Case]:
    """Good pairings."""
    for scene in SCENES:
        yield _case(scene)


def _secret(scene: Scene, what: str, size: int = 32) -> bytes:
    return hashlib.sha256(f"anju/1 vectors: {scene.name}: {what}".encode()).digest()[:size]


def _case(scene: Scene) -> Case:
    seed, code, attempt = _secret(scene, "seed"), _secret(scene, "code", 10), _secret(scene, "attempt", 16)
    secret, ephemeral = _secret(scene, "secret"), _secret(scene, "ephemeral")
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public = private.public_key().public_bytes_raw()
    device = label.device_id(public)
    offer = Clear(
        table.MAGIC, LinkClass.PAIRING, Step.OFFER, 0, table.VERSIONS, table.SUITE, device.encode(), 0, attempt
    )
    clear = {step: offer.reply(step, scene.address[0]).build() for step in Step}
    prologue = clear[Step.KEY][table.PROLOGUE_AT :]
    psk = handshake.psk_of(code, device.encode())
    initiator = Initiator(psk, prologue, hmac.digest(secret, prologue, hashlib.sha256))
    node = NoiseConnection.from_name(handshake.PROTOCOL)
    node.set_as_responder()
    node.set_psks(psk)
    node.set_prologue(prologue)
    node.set_keypair_from_private_bytes(Keypair.EPHEMERAL, ephemeral)
    with warnings.catch_warnings(action="ignore"):  # that the ephemeral key is given: these are vectors
        node.start_handshake()
    first = initiator.first()
    node.read_message(first)
    second = bytes(node.write_message(pairing.ANSWER.build(Answer(public, *scene.version, scene.inputs))))
    session, _ = initiator.second(second)
    kinds = bytes(scene.kinds).ljust(16, b"\0")
    grant = Grant(ROOT_KEY, *scene.address, scene.epoch, scene.time_s, len(scene.kinds), kinds).build()
    proof = pairing.PROOF.build(Proof(private.sign(session.statement(grant))))

    def sealed(key: bytes, number: int, step: Step, body: bytes) -> str:
        return (clear[step] + handshake.seal(key, number, clear[step], body)).hex()

    outcomes = {
        outcome.name.lower(): sealed(session.down, outcome, Step.OUTCOME, pairing.OUTCOME.build(Verdict(outcome)))
        for outcome in Outcome
    }
    up, down = session.link_keys(*scene.address)
    return {
        "name": scene.name,
        "device": device,
        "code": code.hex(),
        "seed": seed.hex(),
        "about": bytes((*scene.version, scene.inputs)).hex(),
        "attempt": attempt.hex(),
        "ephemeral": ephemeral.hex(),
        "secret": secret.hex(),
        "root_key": ROOT_KEY.hex(),
        "network": scene.address[0],
        "node": scene.address[1],
        "epoch": scene.epoch,
        "time_s": scene.time_s,
        "kinds": [int(kind) for kind in scene.kinds],
        "offer": (offer.build() + bytes(table.OFFER_BYTES - table.PAIRING_BYTES)).hex(),
        "key": (clear[Step.KEY] + first).hex(),
        "answer": (clear[Step.ANSWER] + second).hex(),
        "grant": sealed(session.down, 0, Step.GRANT, grant),
        "proof": sealed(session.up, 0, Step.PROOF, proof),
        **outcomes,
        "up": up.hex(),
        "down": down.hex(),
    }
