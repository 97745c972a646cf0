"""A pairing between both real ends: what a person is told, and what wrong codes, strangers, losses and power cuts come to."""

from __future__ import annotations

import pytest

from anju.concentrator.core.pairing import decide
from anju.concentrator.core.pairing.state import News, Stage
from anju.concentrator.core.places import Address
from anju.pair.end import ATTEMPT_MS, OPEN_MS
from anju.wire import handshake, pairing
from anju.wire.handshake import Initiator
from anju.wire.label import Label, SetupCode
from anju.wire.pairing import FRAME_BYTES, PairingFault
from anju.wire.table import MOST_BYTES, PAIRING_BYTES, InputKind, Step
from firmware.portable.noise import SMALL_ORDER
from stateful.pairing import KINDS, ROOT_KEY, Desk, Node, Power, hasten, moment
from vectors.golden import cases

FROM_NODE = {Step.OFFER, Step.ANSWER, Step.PROOF}


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    hasten(monkeypatch)


def begun(node: Node | None = None, label: Label | None = None) -> Desk:
    """A label has been shown and the node been opened."""
    desk = Desk(node or Node())
    desk.host.show(label or desk.node.label, 0)
    desk.node.end.open(0)
    return desk


def step_of(frame: bytes) -> int:
    return pairing.read(frame)[0].step


def until_said(desk: Desk, step: Step) -> bytes:
    """Let both talk until somebody says this for the first time; it is on its way."""
    for _ in range(40):
        desk.speak()
        for frame in (*desk.up, *desk.down):
            if step_of(frame) == step:
                return frame
        if desk.up:
            desk.hear_up(desk.up.pop(0))
        elif desk.down:
            desk.hear_down(desk.down.pop(0))
        else:
            desk.wait(500)
    raise AssertionError


def test_with_nothing_in_its_way_it_takes_six_frames() -> None:
    desk = begun()
    desk.exchange()
    assert desk.is_paired()
    assert [step_of(frame) for frame in desk.said] == [
        Step.OFFER,
        Step.KEY,
        Step.ANSWER,
        Step.GRANT,
        Step.PROOF,
        Step.OUTCOME,
    ]
    assert desk.host.news == [News.SEARCHING, News.HEARD, News.KNOWN, News.PAIRED]
    (link,) = desk.host.links
    assert (link.device, link.address, link.epoch, link.kinds) == (desk.node.label.device, Address(1, 7), 1, KINDS)
    assert link.note == "3-2-0501"
    assert desk.node.root_key == ROOT_KEY
    assert desk.node.end.time == (1_767_225_600, 0)
    desk.verify()
    assert desk.host.news[-1] == News.PROVED
    assert desk.host.records == {}


def test_each_frame_has_its_length_and_fits_into_a_packet() -> None:
    desk = begun()
    desk.exchange()
    assert {step_of(frame): len(frame) for frame in desk.said} == FRAME_BYTES
    assert max(FRAME_BYTES.values()) <= MOST_BYTES
    for frame in desk.said:
        assert pairing.is_pairing(frame)
        for spoiled in (frame[:-1], frame + b"\0", frame[:PAIRING_BYTES], frame[:20], b""):
            with pytest.raises(PairingFault):
                pairing.read(spoiled)
    assert not pairing.is_pairing(bytes.fromhex(next(iter(cases("event")))["frame"]))


def test_with_the_nodes_own_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    desk = begun()
    desk.exchange()
    assert desk.is_paired()


def test_a_code_is_forgotten_with_the_search_and_stored_nowhere() -> None:
    desk = begun()
    code = desk.node.label.code.secret
    until_said(desk, Step.PROOF)
    assert code.hex() not in repr(desk.host.pairings)
    assert code not in b"".join(
        part for record in desk.host.records.values() for part in (record.clear, record.grant, record.digest)
    )
    desk.exchange()
    assert desk.host.pairings.searches == {}


def test_no_secret_is_shown() -> None:
    desk = begun()
    until_said(desk, Step.PROOF)
    (record,) = desk.host.records.values()
    desk.exchange()
    shown = repr((record, desk.host.pairings, desk.host.links))
    for secret in (record.down, record.up, record.digest, desk.host.links[0].up, desk.host.links[0].down):
        assert repr(secret) not in shown


class TestNothingChanged:
    """And why."""

    def ended(self, desk: Desk) -> News:
        desk.settle(200)
        assert not desk.is_paired()
        assert desk.host.pairings.searches == {}
        return desk.host.news[-1]

    def test_a_wrong_code(self) -> None:
        node = Node()
        desk = begun(node, Label(node.label.device, SetupCode(bytes(10))))
        assert self.ended(desk) == News.NO_ANSWER
        assert node.end.refused > 10

    def test_the_code_of_another_node(self) -> None:
        node, other = Node(1), Node(9)
        assert self.ended(begun(node, Label(node.label.device, other.label.code))) == News.NO_ANSWER
        assert self.ended(begun(node, other.label)) == News.SILENT

    def test_nobody_there(self) -> None:
        desk = Desk()
        desk.host.show(desk.node.label, 0)
        assert self.ended(desk) == News.SILENT

    def test_a_node_that_nobody_has_opened(self) -> None:
        desk = Desk()
        desk.host.show(desk.node.label, 0)
        key = begun()
        frame = until_said(key, Step.KEY)
        desk.hear_down(frame)
        assert self.ended(desk) == News.SILENT
        assert desk.said == []

    def test_a_node_with_too_few_inputs(self) -> None:
        assert self.ended(begun(Node(inputs=2))) == News.TOO_FEW_INPUTS

    @pytest.mark.parametrize("kind", [InputKind.ANY_PRESS, InputKind.SILENT_HOLD_UP, InputKind.SILENT_ANY_PRESS])
    def test_a_node_whose_firmware_does_not_know_such_a_button(self, kind: InputKind) -> None:
        """It would be granted nothing that it understands, and fall silent."""
        for version, is_paired in (((0, 1, 0), False), ((0, 1, 1), True), ((1, 0, 0), True)):
            desk = Desk(Node(version=version))
            desk.host.kinds = (kind, InputKind.TAMPER)
            desk.host.show(desk.node.label, 0)
            desk.node.end.open(0)
            desk.exchange()
            assert desk.is_paired() == is_paired
            assert (desk.host.news[-1] == News.TOO_OLD) == (not is_paired)
            assert bool(desk.node.identity) == is_paired
            if desk.node.identity:
                assert desk.node.identity.inputs == (kind.name.lower(), "tamper")

    def test_a_person_takes_it_back(self) -> None:
        desk = begun()
        until_said(desk, Step.PROOF)
        desk.withdraw()
        assert self.ended(desk) == News.WITHDRAWN

    def test_it_is_never_confirmed(self) -> None:
        desk = begun()
        until_said(desk, Step.PROOF)
        for _ in range(61):
            desk.up.clear()
            desk.wait(1000)
        assert desk.node.end.is_pending
        assert desk.host.news[-1] == News.NO_PROOF
        assert self.ended(desk) == News.NO_PROOF

    def test_whoever_knows_the_code_and_has_another_key(self) -> None:
        """A copy of the label is not the node."""
        node, copy = Node(1), Node(9)
        copy.end._device = node.label.device.encode()
        copy.end._psk = handshake.psk_of(node.label.code.secret, copy.end._device)
        desk = begun(copy, node.label)
        desk.exchange()
        assert News.IMPOSTOR in desk.host.news
        assert desk.host.records == {}
        assert self.ended(desk) == News.NO_ANSWER

    def test_whoever_knows_the_code_and_repeats_the_nodes_key(self) -> None:
        """It can say who it is and not sign for it."""
        node, copy = Node(1), Node(9)
        copy.end._device = node.label.device.encode()
        copy.end._psk = handshake.psk_of(node.label.code.secret, copy.end._device)
        copy.end._label.public = node.public
        desk = begun(copy, node.label)
        assert self.ended(desk) == News.IMPOSTOR


def test_a_node_is_open_for_two_minutes() -> None:
    desk = Desk()
    desk.node.end.open(0)
    desk.wait(OPEN_MS - 1)
    assert desk.up
    desk.up.clear()
    desk.wait(1)
    assert not desk.node.end.is_open
    desk.wait(60_000)
    assert desk.up == []
    assert desk.node.end.next_deadline() is None


def test_the_same_offer_gets_the_same_key_and_another_one_another() -> None:
    desk = begun()
    offer = until_said(desk, Step.OFFER)
    keys = {decide.heard(desk.host.pairings, offer, moment(0)).send for _ in range(3)}
    assert len(keys) == 1
    other = offer[:30] + b"\xaa" + offer[31:]
    assert decide.heard(desk.host.pairings, other, moment(0)).send not in keys


def test_made_up_offers_leave_nothing_behind_and_the_true_one_succeeds() -> None:
    desk = begun()
    offer = until_said(desk, Step.OFFER)
    before = desk.host.do(decide.heard(desk.host.pairings, offer, moment(0)))
    known = desk.host.pairings
    for number in range(1000):
        forged = offer[:21] + number.to_bytes(16, "big") + offer[PAIRING_BYTES:]
        desk.host.do(decide.heard(desk.host.pairings, forged, moment(0)))
    assert desk.host.pairings == known
    assert before is not None
    desk.exchange()
    assert desk.is_paired()


def test_a_flood_of_keys_without_the_code_costs_no_curve_and_locks_nobody_out() -> None:
    desk = begun()
    key = until_said(desk, Step.KEY)
    for number in range(200):
        desk.hear_down(key[:PAIRING_BYTES] + number.to_bytes(48, "big"))
        assert not desk.node.end.work(desk.now)
    assert desk.node.end.refused == 200
    desk.exchange()
    assert desk.is_paired()


def test_curves_are_worked_out_once_a_second_at_most() -> None:
    """Even for somebody who knows the code."""
    desk = begun()
    key = until_said(desk, Step.KEY)
    desk.hear_down(key)
    desk.speak()
    prologue = key[4:PAIRING_BYTES]
    psk = handshake.psk_of(desk.node.code, desk.node.label.device.encode())
    other = key[:PAIRING_BYTES] + Initiator(psk, prologue, bytes(31) + b"\x01").first()
    desk.hear_down(other)
    assert not desk.node.end.work(desk.now)
    desk.now += ATTEMPT_MS
    desk.hear_down(other)
    assert desk.node.end.work(desk.now) or desk.node.end._answer


@pytest.mark.parametrize("point", SMALL_ORDER)
def test_a_key_with_which_no_secret_is_shared_ends_it_on_either_end(point: str) -> None:
    desk = begun()
    answer = until_said(desk, Step.ANSWER)
    forged = answer[:PAIRING_BYTES] + bytes.fromhex(point) + answer[PAIRING_BYTES + 32 :]
    assert decide.heard(desk.host.pairings, forged, moment(0)).refused
    desk.exchange()
    assert desk.is_paired()


@pytest.mark.parametrize("number", range(6), ids=[step.name for step in Step])
class TestAnAttacker:
    """Who owns the channel, and has no code."""

    def test_changes_a_frame_and_lets_the_true_one_follow(self, number: int) -> None:
        size = FRAME_BYTES[Step(number + 1)]
        for place in range(0, size, 5):
            desk = begun()
            frame = until_said(desk, Step(number + 1))
            spoiled = bytearray(frame)
            spoiled[place] ^= 0x40
            (desk.hear_up if number + 1 in FROM_NODE else desk.hear_down)(bytes(spoiled))
            desk.settle(20)
            assert desk.is_paired(), place

    def test_cuts_a_frame_short(self, number: int) -> None:
        desk = begun()
        frame = until_said(desk, Step(number + 1))
        for size in range(len(frame)):
            desk.hear_up(frame[:size])
            desk.hear_down(frame[:size])
        desk.settle(20)
        assert desk.is_paired()

    def test_swallows_a_frame(self, number: int) -> None:
        desk = begun()
        until_said(desk, Step(number + 1))
        desk.up.clear()
        desk.down.clear()
        desk.settle(20)
        assert desk.is_paired()

    def test_sends_a_frame_back_and_twice(self, number: int) -> None:
        desk = begun()
        frame = until_said(desk, Step(number + 1))
        for _ in range(2):
            desk.hear_up(frame)
            desk.hear_down(frame)
        desk.settle(20)
        assert desk.is_paired()

    def test_plays_it_again_in_the_next_pairing(self, number: int) -> None:
        """After a wipe, with the same label: no frame of the first pairing counts in the second."""
        desk = begun()
        desk.exchange()
        old = desk.said[number]
        desk.verify()
        first = desk.host.links[0]
        desk.node.identity, desk.node.kept = None, b""
        desk.node.start(desk.now)
        desk.host.links.clear()
        desk.host.show(desk.node.label, desk.now, epoch=2)
        desk.node.end.open(desk.now)
        for step in (Step.OFFER, Step.KEY, Step.ANSWER, Step.GRANT, Step.PROOF):
            until_said(desk, step)
            desk.hear_up(old)
            desk.hear_down(old)
        desk.settle(20)
        assert desk.is_paired()
        assert desk.host.links[0].up != first.up


@pytest.mark.parametrize("is_done_first", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("write", range(3))
@pytest.mark.parametrize("whose", ["node", "concentrator"])
def test_a_power_cut_at_any_write_ends_it_on_both_ends_or_on_neither(
    whose: str, write: int, is_done_first: bool
) -> None:
    desk = begun()
    (desk.node if whose == "node" else desk.host).power = Power(write, is_done_first)
    desk.exchange()
    desk.check()
    desk.settle()
    paired = desk.is_paired()
    desk.host.show(desk.node.label, desk.now, epoch=2)
    desk.node.end.open(desk.now)
    desk.settle(20)
    assert desk.is_paired()
    assert len(desk.host.links) == 1 + paired


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("whose", ["node", "concentrator", "both"])
def test_a_power_cut_at_any_frame_ends_it_on_both_ends_or_on_neither(whose: str, step: Step) -> None:
    desk = begun()
    until_said(desk, step)
    if whose != "concentrator":
        desk.node.start(desk.now)
    if whose != "node":
        desk.host.start(desk.now)
    desk.settle()
    paired = desk.is_paired()
    assert paired == (step in {Step.PROOF, Step.OUTCOME} or (step == Step.GRANT and whose == "concentrator"))


def test_a_new_pairing_keeps_the_old_link_until_it_is_proved() -> None:
    desk = begun()
    desk.exchange()
    desk.verify()
    old = desk.node.identity
    desk.host.show(desk.node.label, desk.now, epoch=2, node=7)
    desk.node.end.open(desk.now)
    until_said(desk, Step.PROOF)
    assert desk.node.identity is old
    desk.exchange()
    assert desk.node.identity is not old
    decision = decide.verified(desk.host.pairings, Address(1, 7), 1)
    assert decision.proved is None
    decision = decide.verified(desk.host.pairings, Address(1, 7), 2)
    assert decision.proved == desk.host.links[1]


def test_a_new_pairing_that_fails_leaves_the_old_link_as_it_was() -> None:
    desk = begun()
    desk.exchange()
    old = desk.node.identity
    desk.host.show(desk.node.label, desk.now, epoch=2, node=7)
    desk.node.end.open(desk.now)
    until_said(desk, Step.PROOF)
    desk.withdraw()
    desk.settle()
    assert desk.node.identity is old
    assert desk.is_paired()


def test_what_was_decided_is_never_turned_round() -> None:
    desk = begun()
    proof = until_said(desk, Step.PROOF)
    desk.withdraw()
    for _ in range(3):
        decision = decide.heard(desk.host.pairings, proof, moment(desk.now))
        assert decision.link is None
        assert not decision.save
    desk = begun()
    desk.exchange()
    desk.withdraw()
    desk.wait(300_000)
    assert [record.stage for record in desk.host.records.values()] == [Stage.PAIRED]


def test_two_installers_at_once() -> None:
    """Two labels at one concentrator, both nodes open at one time; and one label that is shown twice."""
    first = begun(Node(1))
    second = Desk(Node(9), host=first.host)
    first.host.show(second.node.label, 0)
    first.host.show(first.node.label, 0)
    assert first.host.news.count(News.SEARCHING) == 2
    second.node.end.open(0)
    for desk in (first, second):
        until_said(desk, Step.GRANT)
    for desk in (first, second):
        desk.exchange()
    identities = [desk.node.identity for desk in (first, second)]
    assert {identity.node for identity in identities if identity} == {7, 8}
    assert len(first.host.links) == 2


def test_a_stranger_that_speaks_a_newer_version_too_is_answered_and_one_without_ours_is_not() -> None:
    desk = begun()
    offer = until_said(desk, Step.OFFER)
    newer = decide.heard(desk.host.pairings, offer[:4] + b"\x03" + offer[5:], moment(0))
    assert newer.send is not None
    assert newer.send[4] == 3
    for place, value in ((4, 2), (5, 2), (3, 1), (19, 1), (40, 1)):
        spoiled = offer[:place] + bytes((value,)) + offer[place + 1 :]
        assert decide.heard(desk.host.pairings, spoiled, moment(0)).refused, place


def test_it_tells_when_it_wants_to_be_woken() -> None:
    desk = Desk()
    assert decide.next_deadline(desk.host.pairings) is None
    desk.host.show(desk.node.label, 0)
    assert decide.next_deadline(desk.host.pairings) == decide.SEARCH_S
    desk.node.end.open(0)
    until_said(desk, Step.GRANT)
    assert decide.next_deadline(desk.host.pairings) == decide.PROOF_S + desk.now / 1000
    desk.host.start(10_000)
    assert decide.next_deadline(desk.host.pairings) == decide.PROOF_S + 10


def test_a_node_that_is_to_be_what_it_does_not_know_shows_that_it_will_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """It offers itself no longer, which its role shows in red; a promise that it cannot keep it does not make."""
    desk = Desk(Node(version=(9, 0, 0)))
    # Its own module's, which another test may have imported anew meanwhile.
    monkeypatch.setitem(type(desk.node.end).receive.__globals__, "KINDS", ("entry", "hold_up", "tamper"))
    desk.host.kinds = (InputKind.SILENT_HOLD_UP,)
    desk.host.show(desk.node.label, 0)
    desk.node.end.open(0)
    desk.exchange()
    assert not desk.node.end.is_open
    assert not desk.node.kept
    assert desk.node.identity is None
