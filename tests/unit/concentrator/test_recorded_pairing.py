"""Who has recorded a whole pairing and learns the code afterwards has nothing; and what the code is worth at the time."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from noise.connection import NoiseConnection

from anju.concentrator.core.pairing.state import Key, News
from anju.wire import bodies, handshake, pairing
from anju.wire.codec import Codec, Refused
from anju.wire.handshake import HandshakeError, Session, psk_of, seal, unseal
from anju.wire.messages import Header, Status
from anju.wire.pairing import ANSWER, PROOF, Answer, Clear
from anju.wire.seal import Cipher
from anju.wire.table import PAIRING_BYTES, Code, LinkClass, Step, Type
from stateful.pairing import Concentrator, Desk, hasten

BODY = Status(Type.EVENT, 0, 0, 1, Code.PANIC, 0, 0, 0, -128, 0, 0)


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    hasten(monkeypatch)


@pytest.fixture
def desk() -> Desk:
    """A label has been shown and the node been opened; nothing was said yet."""
    desk = Desk()
    desk.host.show(desk.node.label, 0)
    desk.node.end.open(0)
    return desk


class Recording:
    """Six frames of a pairing that has ended well, the code, and the first frame under the new keys."""

    def __init__(self, desk: Desk) -> None:
        (search,) = desk.host.pairings.searches.values()
        desk.exchange()
        assert desk.is_paired()
        self.frames = {pairing.read(frame)[0].step: frame for frame in desk.said}
        assert set(self.frames) == set(Step) & set(pairing.FRAME_BYTES)
        self.clear, key = pairing.read(self.frames[Step.KEY])
        self.answer = pairing.read(self.frames[Step.ANSWER])[1]
        self.psk = psk_of(desk.node.label.code.secret, self.clear.device)
        self.ours, self.theirs, self.tag = key[:32], self.answer[:32], key[32:]
        self.ephemeral = hmac.digest(search.secret, self.clear.prologue, hashlib.sha256)
        """The concentrator's, which no recording holds."""
        self.link = desk.host.links[-1]
        header: bytes = bodies.HEADER.build(Header.up(*self.link.address, self.link.epoch, 1))
        self.event = Cipher(self.link.up).seal(header, bodies.build(BODY, ()))

    def state(self) -> handshake._SymmetricState:
        """The handshake behind its first message: as far as code and recording lead."""
        state = handshake._SymmetricState(self.clear.prologue)
        state.mix_key_and_hash(self.psk)
        state.mix_hash(self.ours)
        state.mix_key(self.ours)
        return state

    def session(self, shared: bytes) -> Session:
        """The rest of it, if `shared` were the secret of both ephemeral keys; HandshakeError if it is not."""
        state = self.state()
        state.open(self.tag)
        state.mix_hash(self.theirs)
        state.mix_key(self.theirs)
        state.mix_key(shared)
        state.open(self.answer[32:])
        return state.split()

    def keys_without(self, shared: bytes) -> Session:
        """The same, and no tag is looked at."""
        state = self.state()
        for data in (self.tag, self.theirs):
            state.mix_hash(data)
        state.mix_key(self.theirs)
        state.mix_key(shared)
        state.mix_hash(self.answer[32:])
        return state.split()

    def guesses(self) -> list[bytes]:
        """Everything that can be made of what was said, by whoever has the code and curves of their own."""
        own = X25519PrivateKey.from_private_bytes(bytes(range(32)))
        publics = [X25519PublicKey.from_public_bytes(key) for key in (self.ours, self.theirs)]
        exchanged = [own.exchange(public) for public in publics]
        exchanged += [X25519PrivateKey.from_private_bytes(self.psk).exchange(public) for public in publics]
        exchanged += [X25519PrivateKey.from_private_bytes(self.ours).exchange(publics[1])]
        return [bytes(32), self.ours, self.theirs, self.psk, self.clear.prologue[:32], *exchanged]


def test_code_and_recording_give_no_key_of_the_link(desk: Desk) -> None:
    """The code opens the first message and nothing behind it: the keys hang on ephemeral ones, which nobody keeps."""
    recording = Recording(desk)
    assert recording.state().open(recording.tag) == b"", "so the code is known to be right"
    for shared in recording.guesses():
        with pytest.raises(HandshakeError):
            recording.session(shared)
        session = recording.keys_without(shared)
        for step, key in ((Step.GRANT, session.down), (Step.PROOF, session.up)):
            frame = recording.frames[step]
            with pytest.raises(HandshakeError):
                unseal(key, 0, frame[:PAIRING_BYTES], frame[PAIRING_BYTES:])
        up, down = session.link_keys(*recording.link.address)
        assert not {up, down} & {recording.link.up, recording.link.down}
        _reads_nothing_and_forges_nothing(recording, up, down)


def _reads_nothing_and_forges_nothing(recording: Recording, up: bytes, down: bytes) -> None:
    link = recording.link
    theirs, real = Codec(receives=LinkClass.UP), Codec(receives=LinkClass.UP)
    theirs.learn(*link.address, link.epoch, up=up, down=down)
    real.learn(*link.address, link.epoch, up=link.up, down=link.down)
    assert real.open(recording.event).body == BODY
    with pytest.raises(Refused):
        theirs.open(recording.event)
    header: bytes = bodies.HEADER.build(Header.up(*link.address, link.epoch, 2))
    with pytest.raises(Refused):
        real.open(Cipher(up).seal(header, bodies.build(BODY, ())))


def test_it_would_be_seen_if_they_did(desk: Desk) -> None:
    """With an ephemeral key as well, the same steps lead to the keys: so it is that key which they lack."""
    recording = Recording(desk)
    ephemeral = X25519PrivateKey.from_private_bytes(recording.ephemeral)
    session = recording.session(ephemeral.exchange(X25519PublicKey.from_public_bytes(recording.theirs)))
    assert session.link_keys(*recording.link.address) == (recording.link.up, recording.link.down)


def test_no_ephemeral_key_is_kept_once_it_is_paired(desk: Desk) -> None:
    recording = Recording(desk)
    kept = [*desk.host.records.values(), *desk.host.links, desk.node.kept, desk.node.identity]
    assert recording.ephemeral not in b"".join(map(_bytes_of, kept))
    assert not desk.host.pairings.searches


def _bytes_of(thing: object) -> bytes:
    if isinstance(thing, bytes):
        return thing
    if isinstance(thing, tuple):
        return b"".join(map(_bytes_of, thing))
    return b"".join(_bytes_of(part) for part in vars(thing).values()) if hasattr(thing, "__dict__") else b""


class Between:
    """Whoever has the code at the time, and lets nothing through but what they say themselves."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.code = desk, desk.node.label.code.secret

    def take_the_node(self, offer: bytes) -> Concentrator:
        """Pass for the concentrator."""
        theirs = Desk(node=self.desk.node, host=Concentrator(seed=9), now=self.desk.now)
        theirs.host.show(self.desk.node.label, theirs.now)
        theirs.up.append(offer)
        theirs.exchange()
        self.said = theirs.said
        return theirs.host

    def pass_for_the_node(self, offer: bytes) -> tuple[Session, Clear]:
        """Answer the concentrator, with the node's own public key: until it wants a signature."""
        self.desk.hear_up(offer)
        clear, key = pairing.read(self.desk.down.pop())
        noise = NoiseConnection.from_name(handshake.PROTOCOL)
        noise.set_as_responder()
        noise.set_psks(psk_of(self.code, clear.device))
        noise.set_prologue(clear.prologue)
        noise.start_handshake()
        noise.read_message(key)
        payload = ANSWER.build(Answer(self.desk.node.public, 0, 1, 0, 4))
        answer = clear._replace(step=Step.ANSWER)
        self.desk.hear_up(answer.build() + bytes(noise.write_message(payload)))
        protocol = noise.noise_protocol
        keys = (bytes(protocol.cipher_state_decrypt.k), bytes(protocol.cipher_state_encrypt.k))
        return Session(bytes(noise.get_handshake_hash()), *keys), answer


def test_who_has_the_code_at_the_time_can_take_the_node_and_the_concentrator_is_not_deceived(desk: Desk) -> None:
    """That is what a label is for, and why it hides under the case: only the node proves by its own key who it is."""
    desk.speak()
    offer = desk.up.pop(0)
    between = Between(desk)
    session, answer = between.pass_for_the_node(offer)
    grant = desk.down.pop()
    assert unseal(session.down, 0, grant[:PAIRING_BYTES], grant[PAIRING_BYTES:]), "so far the code leads"
    theirs = between.take_the_node(offer)
    assert theirs.links, "the node can't tell one who knows the code from another"
    (proof,) = [frame for frame in between.said if pairing.read(frame)[0].step == Step.PROOF]
    record = theirs.records[Key(desk.node.label.device, pairing.read(proof)[0].attempt)]
    signature = PROOF.parse(unseal(record.up, 0, proof[:PAIRING_BYTES], proof[PAIRING_BYTES:]))
    clear = answer._replace(step=Step.PROOF).build()
    desk.hear_up(clear + seal(session.up, 0, clear, PROOF.build(signature)))
    assert desk.host.news[-1] is News.IMPOSTOR, "it is a signature over another handshake"
    assert not desk.host.links
