"""Both real ends of a pairing on one desk: a bad channel between them, and power that goes whenever somebody says so."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from anju.concentrator.core.moment import Moment
from anju.concentrator.core.pairing import decide
from anju.concentrator.core.pairing.state import Decision, Key, Link, News, Pairings, Place, Record, Stage
from anju.concentrator.core.places import Address
from anju.node.identity import Identity
from anju.pair.end import PairingEnd
from anju.pair.provision import Label as Own
from anju.update.sign import Signer
from anju.wire.label import Label, SetupCode, device_id
from anju.wire.table import InputKind

NOW_MS = 1_767_225_600_000
ROOT_KEY = bytes(range(100, 132))
KINDS = InputKind.HOLD_UP, InputKind.ENTRY, InputKind.TAMPER


def hasten(monkeypatch: pytest.MonkeyPatch) -> None:
    """The node's curves by the host's library: the same results (test_pair_agrees), a hundred times as fast."""

    def x25519(secret: bytes, point: bytes) -> Generator[None, None, bytes]:
        yield
        try:
            return X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(point))
        except ValueError:
            return bytes(32)

    def prepare(signer: Signer) -> Generator[None, None, None]:
        yield
        signer.public = signer.public or _key_of(signer).public_key().public_bytes_raw()

    def sign(signer: Signer, *message: bytes) -> Generator[None, None, bytes]:
        yield
        return _key_of(signer).sign(b"".join(message))

    monkeypatch.setattr("anju.pair.noise.x25519", x25519)
    monkeypatch.setattr(Signer, "prepare", prepare)
    monkeypatch.setattr(Signer, "sign", sign)


def _key_of(signer: Signer) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(signer._seed)


class PowerCutError(Exception):
    """The power goes in the midst of something."""


@dataclass
class Power:
    """Cuts the power at a write to come: before it is done, or after."""

    writes_left: int = -1
    is_done_first: bool = False

    def write(self, what: Callable[[], None]) -> None:
        if self.writes_left == 0:
            self.writes_left = -1
            if self.is_done_first:
                what()
            raise PowerCutError
        self.writes_left -= self.writes_left > 0
        what()


class Node:
    """A node's end with its store."""

    def __init__(
        self, seed: int = 1, inputs: int = 4, code: bytes | None = None, version: tuple[int, int, int] = (0, 1, 0)
    ) -> None:
        self.dice = Random(seed)
        self.secret = self.dice.randbytes(32)
        self.public = Ed25519PrivateKey.from_private_bytes(self.secret).public_key().public_bytes_raw()
        self.label = Label(device_id(self.public), SetupCode(self.dice.randbytes(10)))
        self.code = code or self.label.code.secret
        self.about = bytes((*version, inputs))
        self.power = Power()
        self.kept = b""
        self.identity: Identity | None = None
        self.root_key = b""
        self.start(0)

    def start(self, now: int) -> None:
        """The power comes."""
        self.power = Power()
        own = Own(self.secret + self.public + self.code + b"\1")
        self.end = PairingEnd(own, self.about, self.dice.randbytes, self._keep, self._adopt)
        self.end.resume(self.kept, self.identity, now)

    def _keep(self, content: bytes) -> None:
        self.power.write(lambda: setattr(self, "kept", content))

    def _adopt(self, identity: Identity, root_key: bytes) -> Iterator[None]:
        self.power.write(lambda: setattr(self, "root_key", root_key))
        yield
        self.power.write(lambda: setattr(self, "identity", identity))


class Concentrator:
    """The concentrator's end with its keyring."""

    def __init__(self, seed: int = 2) -> None:
        self.dice = Random(seed)
        self.power = Power()
        self.records: dict[Key, Record] = {}
        self.links: list[Link] = []
        self.ended: set[Key] = set()
        """Of these somebody was told that nothing has changed."""
        self.news: list[News] = []
        self.refused = 0
        self.next_node = 7
        self.kinds: tuple[InputKind, ...] = KINDS
        """Of the next node."""
        self.start(0)

    def start(self, now: int) -> None:
        """The service starts."""
        self.power = Power()
        self.pairings: Pairings = decide.resume(self.records.values(), moment(now))

    def show(self, label: Label, now: int, *, epoch: int = 1, node: int | None = None) -> None:
        """Somebody shows a label."""
        if node is None:
            node = self.next_node
            self.next_node += 1
        place = Place(ROOT_KEY, Address(1, node), epoch, self.kinds, "3-2-0501")
        self.do(decide.begin(self.pairings, label, place, self.dice.randbytes(32), moment(now)))

    def do(self, decision: Decision) -> bytes | None:
        """Carry a decision out: durable first, then adopted, then said."""

        def commit() -> None:
            for record in decision.save:
                self.records[record.key] = record
                if record.stage == Stage.CANCELLED:
                    self.ended.add(record.key)
            for key in decision.drop:
                self.records.pop(key, None)
            if decision.link is not None:
                self.links.append(decision.link)

        if decision.save or decision.drop or decision.link:
            self.power.write(commit)
        self.pairings = decision.pairings
        self.news += [told.news for told in decision.told]
        self.refused += decision.refused
        return decision.send


@dataclass
class Desk:
    """A node, a concentrator, and frames on their way; nothing moves by itself."""

    node: Node = field(default_factory=Node)
    host: Concentrator = field(default_factory=Concentrator)
    now: int = 0
    up: list[bytes] = field(default_factory=list)
    down: list[bytes] = field(default_factory=list)
    said: list[bytes] = field(default_factory=list)
    """Every frame there ever was."""

    def speak(self) -> None:
        """The node works out what it has to, and says what it has to."""
        try:
            while self.node.end.work(self.now):
                pass
            while (frame := self.node.end.poll(self.now)) is not None:
                self.up.append(frame)
                self.said.append(frame)
        except PowerCutError:
            self.node.start(self.now)

    def host_does(self, decision: Decision) -> None:
        """The concentrator carries a decision out, if its power lets it."""
        try:
            answer = self.host.do(decision)
        except PowerCutError:
            self.host.start(self.now)
            return
        if answer is not None:
            self.down.append(answer)
            self.said.append(answer)

    def hear_up(self, frame: bytes) -> None:
        """The concentrator gets a frame."""
        self.host_does(decide.heard(self.host.pairings, frame, moment(self.now)))

    def withdraw(self) -> None:
        """Somebody takes it back."""
        self.host_does(decide.withdraw(self.host.pairings, self.node.label.device))

    def verify(self) -> None:
        """A frame under the keys that count for the node has reached the concentrator."""
        identity = self.node.identity
        assert identity is not None
        address = Address(identity.network, identity.node)
        self.host_does(decide.verified(self.host.pairings, address, identity.epoch))

    def hear_down(self, frame: bytes) -> None:
        """The node gets a frame."""
        try:
            self.node.end.receive(frame, self.now)
        except PowerCutError:
            self.node.start(self.now)

    def wait(self, ms: int) -> None:
        """Time passes."""
        self.now += ms
        self.host_does(decide.due(self.host.pairings, moment(self.now)))
        self.speak()

    def exchange(self, without: int = 0) -> None:
        """Whatever is on its way arrives, and what follows from it; but for the frames of one step."""
        self.speak()
        while self.up or self.down:
            while self.up:
                frame = self.up.pop(0)
                if frame[2] != without:
                    self.hear_up(frame)
            while self.down:
                frame = self.down.pop(0)
                if frame[2] != without:
                    self.hear_down(frame)
            self.speak()

    def settle(self, seconds: int = 250) -> None:
        """A good channel and good power for a while; a promise is decided upon within a minute."""
        self.node.power = Power()
        self.host.power = Power()
        bound_since = None
        for _ in range(seconds * 2):
            self.wait(500)
            self.exchange()
            if not self.node.end.is_pending:
                bound_since = None
            elif bound_since is None:
                bound_since = self.now
            else:
                assert self.now - bound_since <= 60_000

    def check(self) -> None:
        """What holds at every moment: nobody is paired with somebody who isn't, or is about to be."""
        assert all(
            self.host.records[key].stage == Stage.CANCELLED for key in self.host.ended & self.host.records.keys()
        )
        links = {(link.up, link.down) for link in self.host.links}
        identity = self.node.identity
        assert identity is None or (identity.up, identity.down) in links
        if self.host.links:
            newest = self.host.links[-1]
            is_adopted = identity is not None and identity.up == newest.up
            assert is_adopted or newest.up.hex().encode() in self.node.kept

    def is_paired(self) -> bool:
        """Once settled: on both ends, or on neither; AssertionError if that is not so."""
        self.check()
        assert not self.node.end.is_pending
        identity = self.node.identity
        assert bool(self.host.links) == (identity is not None)
        if identity is None:
            return False
        newest = self.host.links[-1]
        assert (identity.network, identity.node, identity.epoch) == (*newest.address, newest.epoch)
        assert (identity.up, identity.down) == (newest.up, newest.down)
        assert identity.inputs == tuple(kind.name.lower() for kind in newest.kinds)
        return True


def moment(now: int) -> Moment:
    return Moment(NOW_MS + now, now / 1000)
