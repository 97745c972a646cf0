"""The node's end of the published pairings (protocol/vectors/v1/pairing.json), and of what differs from them."""

import json

from anju.node.identity import KINDS, Identity, StoreError
from anju.pair.end import ATTEMPT_MS, OFFER_MS, OPEN_MS, RENEWED_MS, SLOWEST_PROOF_MS, PairingEnd
from anju.pair.provision import Label
from anju.update.sign import Signer
from anju.wire import table
from firmware.portable.slices import finished

try:
    from typing import Any, Iterator
except ImportError:  # MicroPython
    pass

_FILE = __file__.rsplit("tests/", 1)[0] + "protocol/vectors/v1/pairing.json"

_publics: "dict[bytes, bytes]" = {}


def _public(seed: bytes) -> bytes:
    """Worked out once for each."""
    if seed not in _publics:
        signer = Signer(seed)
        finished(signer.prepare())
        _publics[seed] = signer.public
    return _publics[seed]


class _Node:
    """A node with what a published pairing gives it; `now` is turned by hand."""

    def __init__(self, place: int = 0) -> None:
        with open(_FILE) as file:
            self.case: "dict[str, Any]" = json.load(file)["cases"][place]
        self.now = 0
        self.kept = b""
        self.is_full = False
        self.identity: "Identity | None" = None
        self.root_key = b""
        self.attempts = 0
        self.slices = 0
        self.start()

    def start(self) -> None:
        label = Label(self.hex("seed") + _public(self.hex("seed")) + self.hex("code") + b"\1")
        assert label.device == self.case["device"].encode()
        self.end = PairingEnd(label, self.hex("about"), self._random, self._keep, self._adopt)
        self.end.resume(self.kept, self.identity, self.now)

    def hex(self, name: str) -> bytes:
        return bytes.fromhex(self.case[name])

    def sent(self) -> "list[bytes]":
        while self.end.work(self.now):
            self.slices += 1
        frames = []
        frame = self.end.poll(self.now)
        while frame is not None:
            frames.append(bytes(frame))
            frame = self.end.poll(self.now)
        return frames

    def hear(self, name: str) -> "list[bytes]":
        return self.hear_frame(self.hex(name))

    def hear_frame(self, frame: bytes) -> "list[bytes]":
        self.end.receive(frame, self.now)
        return self.sent()

    def bind(self) -> "_Node":
        """Up to the PROOF."""
        self.end.open(self.now)
        assert self.sent() == [self.hex("offer")]
        assert self.hear("key") == [self.hex("answer")]
        assert self.hear("grant") == [self.hex("proof")]
        return self

    def _random(self, size: int) -> bytes:
        if size == 16:
            self.attempts += 1
            return self.hex("attempt") if self.attempts == 1 else bytes((self.attempts,)) * 16
        return self.hex("ephemeral") if size == 32 else b"\x80" * size

    def _keep(self, content: bytes) -> None:
        if self.is_full:
            raise StoreError("full")
        self.kept = content

    def _adopt(self, identity: Identity, root_key: bytes) -> "Iterator[None]":
        self.root_key = root_key
        yield
        if self.is_full:
            raise StoreError("full")
        self.identity = identity


def test_each_published_pairing_ends_as_it_stands_there() -> None:
    for place in range(3):
        node = _Node(place).bind()
        assert node.end.is_pending
        assert node.slices > 1000
        assert node.hear("paired") == []
        assert not node.end.is_pending
        assert node.kept == b""
        identity, case = node.identity, node.case
        assert identity is not None
        assert (identity.network, identity.node, identity.epoch) == (case["network"], case["node"], case["epoch"])
        assert (identity.up, identity.down) == (node.hex("up"), node.hex("down"))
        assert identity.inputs == tuple([KINDS[kind - 1] for kind in case["kinds"]])
        assert node.root_key == node.hex("root_key")
        assert node.end.time == (case["time_s"], 0)
        assert node.end.next_deadline() is None


def test_cancelled_it_is_as_before() -> None:
    node = _Node().bind()
    assert node.hear("cancelled") == []
    assert not node.end.is_pending
    assert node.kept == b""
    assert node.identity is None
    assert node.hear("paired") == []
    assert node.identity is None


def test_nothing_is_answered_by_a_node_that_is_closed() -> None:
    node = _Node()
    for name in ("key", "grant", "paired", "cancelled"):
        assert node.hear(name) == []
    assert node.end.next_deadline() is None


def test_each_step_only_in_its_turn() -> None:
    node = _Node()
    node.end.open(0)
    node.sent()
    for name in ("grant", "paired", "offer", "answer", "proof"):
        assert node.hear(name) == []
    assert node.hear("key") == [node.hex("answer")]
    assert node.hear("paired") == []
    assert node.hear("key") == [node.hex("answer")]
    assert node.kept == b""


def test_every_changed_byte_is_refused_and_the_true_frame_may_follow() -> None:
    node = _Node()
    node.end.open(0)
    node.sent()
    for name, answer in (("key", "answer"), ("grant", "proof")):
        good = node.hex(name)
        for place in range(0, len(good), 3):
            changed = bytearray(good)
            changed[place] ^= 0x20
            node.end.receive(bytes(changed), 0)
            node.end.receive(good[:place], 0)
            assert node.sent() == [], place
        node.end.receive(good + b"\0", 0)
        assert node.sent() == []
        assert node.hear(name) == [node.hex(answer)]
    good = node.hex("paired")
    for place in range(len(good)):
        changed = bytearray(good)
        changed[place] ^= 0x20
        node.hear_frame(bytes(changed))
        assert node.end.is_pending, place
    node.hear("paired")
    assert node.identity is not None


def test_what_is_promised_is_kept_before_it_is_proved() -> None:
    node = _Node()
    node.end.open(0)
    node.sent()
    node.hear("key")
    node.is_full = True
    assert node.hear("grant") == []
    assert not node.end.is_pending
    node.is_full = False
    assert node.hear("grant") == [node.hex("proof")]
    assert node.kept[:117] == node.hex("proof")


def test_a_store_that_fails_at_the_end_is_asked_again() -> None:
    node = _Node().bind()
    node.is_full = True
    node.hear("paired")
    assert node.end.is_pending
    assert node.identity is None
    node.is_full = False
    node.hear("paired")
    assert node.identity is not None


def test_bound_it_goes_on_after_a_power_cut_and_for_ever() -> None:
    node = _Node().bind()
    node.start()
    pauses = []
    for _ in range(12):
        assert node.sent() == [node.hex("proof")]
        deadline = node.end.next_deadline()
        assert deadline is not None
        pauses.append(deadline - node.now)
        node.now = deadline
    assert pauses[:3] == [250, 500, 1000]
    assert pauses[-1] == SLOWEST_PROOF_MS
    node.hear("paired")
    assert node.identity is not None


def test_a_power_cut_between_the_identity_and_the_end_of_the_promise() -> None:
    node = _Node().bind()
    kept = node.kept
    node.hear("paired")
    node.kept = kept
    node.start()
    assert not node.end.is_pending
    assert node.kept == b""


def test_bound_it_offers_nothing_however_often_it_is_opened() -> None:
    node = _Node().bind()
    node.now = 20000
    node.sent()
    node.end.open(node.now)
    assert node.sent() == [node.hex("proof")]
    (offer,) = node.hear("cancelled")
    assert offer[2] == table.Step.OFFER
    assert offer != node.hex("offer")


def test_it_offers_itself_while_it_is_open_and_begins_anew_when_nothing_comes_of_it() -> None:
    node = _Node()
    node.end.open(0)
    offers = []
    while node.end.is_open:
        offers += node.sent()
        deadline = node.end.next_deadline()
        node.now = OPEN_MS if deadline is None else deadline
    assert len(offers) == OPEN_MS // OFFER_MS
    assert len(set(offers)) == OPEN_MS // RENEWED_MS


def test_behind_a_good_first_message_no_other_is_looked_at_for_a_second() -> None:
    node = _Node()
    node.end.open(0)
    node.sent()
    node.hear("key")
    refused = node.end.refused
    other = node.hex("key")[:37] + bytes(48)
    node.end.receive(other, ATTEMPT_MS - 1)
    node.end.receive(other, ATTEMPT_MS)
    assert node.end.refused == refused + 1
    assert not node.end.work(ATTEMPT_MS)


def test_kinds_are_numbered_as_the_table_says() -> None:
    assert (KINDS[table.InputKind.ENTRY - 1], KINDS[table.InputKind.HOLD_UP - 1]) == ("entry", "hold_up")
    assert KINDS[table.InputKind.TAMPER - 1] == "tamper"
    assert KINDS[table.InputKind.ANY_PRESS - 1] == "any_press"
    assert KINDS[table.InputKind.SILENT_HOLD_UP - 1 :] == ("silent_hold_up", "silent_any_press")
