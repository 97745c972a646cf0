"""What becomes of links: paired again, replaced, unpaired, undone; two installers, floods, and kill -9 at each step."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

import pytest

from anju.concentrator.control import CutOffError, NotRunningError
from anju.service.errors import ServiceError
from anju.wire import pairing
from anju.wire.label import SetupCode
from anju.wire.pairing import Clear
from anju.wire.table import MAGIC, OFFER_BYTES, PAIRING_BYTES, SUITE, Code, LinkClass, Step
from stateful.pairing import hasten
from unit.concentrator.harness import PATIENCE_S
from unit.concentrator.pairing_kit import Estate, NewNode, estate, nodes_of, paired, state_of

DOOR, BED = 0, 1


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    hasten(monkeypatch)


@pytest.fixture
def site() -> Iterator[Estate]:
    with estate() as running:
        yield running


@pytest.fixture
def new(site: Estate) -> Iterator[NewNode]:
    with nodes_of(site) as making:
        yield making


class TestAgain:
    """A node that was paired before."""

    def test_the_old_link_counts_until_the_new_one_is_proved_and_then_no_longer(
        self, site: Estate, new: NewNode
    ) -> None:
        node = new()
        paired(site, node)
        old = node.far
        assert old is not None
        site.pair(node.node.label.qr_text)
        node.open()
        node.talk_until_heard(Step.GRANT)
        node.ack_of(old, old.event(Code.OPENED, DOOR))
        node.pair()
        assert state_of(site) == [("1/1", "old"), ("1/1", "unproved")]
        node.ack_of(old, old.event(Code.CLOSED, DOOR))
        node.greet()
        assert state_of(site) == [("1/1", "proved")]
        assert node.is_unheard(old.event(Code.OPENED, DOOR))
        site.restart()
        assert state_of(site) == [("1/1", "proved")]
        assert node.far is not None
        node.ack_of(node.far, node.far.event(Code.OPENED, DOOR))

    def test_one_that_comes_to_nothing_leaves_the_old_link(self, site: Estate, new: NewNode) -> None:
        node = new()
        paired(site, node)
        old, number = node.far, site.pair(node.node.label.qr_text)
        assert old is not None
        node.open()
        node.talk_until(lambda: "known" in site.steps(number))
        site.ask("pair_cancel", pairing=number)
        assert state_of(site) == [("1/1", "proved")]
        node.ack_of(old, old.event(Code.OPENED, DOOR))

    def test_elsewhere_it_gets_another_number_and_the_old_place_is_told(self, site: Estate, new: NewNode) -> None:
        node = new()
        paired(site, node)
        old = node.far
        assert old is not None
        paired(site, node, household="3-2-0502")
        assert [(one["node"], one["household"]) for one in site.nodes()] == [("1/2", "3-2-0502")]
        assert node.is_unheard(old.event(Code.OPENED, DOOR))
        node.talk_until(lambda: "node_unpaired" in site.kinds())
        (report,) = [report for report in site.reports() if report.kind == "node_unpaired"]
        assert report.household == "3-2-0501"


class TestReplaced:
    """Another device in a node's place."""

    def test_it_keeps_the_place_and_the_former_one_counts_until_it_is_proved(self, site: Estate, new: NewNode) -> None:
        former, node = new(), new(2)
        paired(site, former)
        old = former.far
        assert old is not None
        site.pair(node.node.label.code.typed, replace=former.node.label.short_name)
        node.open()
        node.pair()
        former.ack_of(old, old.event(Code.OPENED, DOOR))
        node.greet()
        assert former.is_unheard(old.event(Code.CLOSED, DOOR))
        (shown,) = site.nodes()
        assert (shown["node"], shown["device"], shown["household"]) == ("1/1", node.node.label.device, "3-2-0501")
        node.talk_until(lambda: "node_replaced" in site.kinds())
        (report,) = [report for report in site.reports() if report.kind == "node_replaced"]
        assert (report.device, report.former_device) == (node.node.label.device, former.node.label.device)

    def test_nobody_else_takes_the_same_place_meanwhile(self, site: Estate, new: NewNode) -> None:
        former, node, other = new(), new(2), new(3)
        paired(site, former)
        site.pair(node.node.label.qr_text, replace="1/1")
        with pytest.raises(ServiceError, match="in the place of this node already"):
            site.pair(other.node.label.qr_text, replace="1/1")


class TestUnpaired:
    """By a person."""

    @pytest.mark.parametrize("kind", ["household", "address", "name", "device"])
    def test_its_keys_are_gone_and_its_number_is_never_given_again(self, site: Estate, new: NewNode, kind: str) -> None:
        node, other = new(), new(2)
        paired(site, node)
        label = node.node.label
        names = {"household": "3-2-0501", "address": "1/1", "name": label.short_name, "device": label.device}
        (gone,) = site.ask("unpair", target=names[kind])["nodes"]
        assert gone["device"] == label.device
        assert site.nodes() == []
        assert node.far is not None
        assert node.is_unheard(node.far.press())
        node.talk_until(lambda: "node_unpaired" in site.kinds())
        site.restart()
        assert site.nodes() == []
        paired(site, other)
        assert state_of(site) == [("1/2", "proved")]

    def test_what_is_not_there_is_refused(self, site: Estate) -> None:
        for target in ("3-2-0501", "1/1", "D-00000", "", "'; DROP TABLE link"):
            with pytest.raises(ServiceError, match="There is no node or household"):
                site.ask("unpair", target=target)


class TestUndone:
    """The last pairing, taken back."""

    def test_the_last_one_only(self, site: Estate, new: NewNode) -> None:
        first, second = new(), new(2)
        paired(site, first)
        paired(site, second, household="3-2-0502")
        (last,) = site.ask("pair_last")["nodes"]
        assert last["device"] == second.node.label.device
        site.ask("pair_undo", device=last["device"])
        assert [node["device"] for node in site.nodes()] == [first.node.label.device]
        with pytest.raises(ServiceError, match="does not understand"):
            site.ask("pair_undo", device=last["device"])  # the last one is another by now

    def test_before_it_is_proved_the_old_link_stays(self, site: Estate, new: NewNode) -> None:
        node = new()
        paired(site, node)
        old = node.far
        assert old is not None
        site.pair(node.node.label.qr_text)
        node.open()
        node.talk_until_heard(Step.GRANT)
        node.deaf = lambda step: step == Step.OUTCOME
        node.talk_until(lambda: len(site.nodes()) == 2)
        (last,) = site.ask("pair_last")["nodes"]
        assert last["state"] == "unproved"
        site.ask("pair_undo", device=last["device"])
        assert state_of(site) == [("1/1", "proved")]
        node.ack_of(old, old.event(Code.OPENED, DOOR))

    def test_nothing_to_undo(self, site: Estate) -> None:
        with pytest.raises(ServiceError, match="You have paired no node within the last hour"):
            site.ask("pair_last")


def test_two_installers_at_once(site: Estate, new: NewNode) -> None:
    nodes = [new(seed) for seed in range(1, 5)]
    numbers = []
    for place, node in enumerate(nodes):
        label = node.node.label
        code = label.qr_text if place % 2 else label.code.typed
        numbers.append(site.pair(code, household=f"3-2-050{place}"))
        node.open()
    deadline = time.monotonic() + PATIENCE_S
    while not all(node.node.identity for node in nodes):
        assert time.monotonic() < deadline
        for node in nodes:
            node.turn()
    assert sorted(one["device"] for one in site.nodes()) == sorted(node.node.label.device for node in nodes)
    assert len({one["node"] for one in site.nodes()}) == 4
    for place, (node, number) in enumerate(zip(nodes, numbers, strict=True)):
        (mine,) = [one for one in site.nodes() if one["device"] == node.node.label.device]
        assert mine["household"] == f"3-2-050{place}"
        assert "paired" in site.steps(number)


def test_a_label_that_is_shown_twice_is_one_search(site: Estate, new: NewNode) -> None:
    node = new()
    label = node.node.label
    number = site.pair(label.qr_text)
    assert site.pair(label.qr_text) == number
    assert site.pair(label.code.typed) == number
    with pytest.raises(ServiceError, match="is being paired already, for 3-2-0501"):
        site.pair(label.qr_text, household="3-2-0502")
    with pytest.raises(ServiceError, match="is being paired already"):
        site.pair(f"ANJU1:{label.device}{SetupCode(bytes(10)).symbols}")


def test_too_many_attempts_are_refused_and_the_others_go_on(site: Estate, new: NewNode) -> None:
    node = new()
    number = site.pair(node.node.label.qr_text)
    for seed in range(31):
        site.pair(SetupCode(bytes([seed]) * 10).typed)
    with pytest.raises(ServiceError, match="32 pairings are going on already"):
        site.pair(SetupCode(bytes([99]) * 10).typed)
    node.open()
    node.pair()
    assert "paired" in site.steps(number)


@pytest.mark.parametrize("kind", ["scanned", "typed"])
def test_a_flood_of_offers_and_noise_does_not_keep_the_rightful_one_out(site: Estate, new: NewNode, kind: str) -> None:
    node = new()
    label = node.node.label
    number = site.pair(label.qr_text if kind == "scanned" else label.code.typed)
    address = site.site.concentrator.udp_address
    assert address
    node.open()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.connect(address)
        count = 0

        def flood() -> bool:
            nonlocal count
            for _ in range(40):
                count += 1
                who = label.device if count % 2 else f"{count:013d}"
                for step in (Step.OFFER, Step.ANSWER, Step.PROOF):
                    attempt = count.to_bytes(16, "big")
                    clear = Clear(MAGIC, LinkClass.PAIRING, step, 0, 1, SUITE, who.encode(), 0, attempt)
                    stranger.send(clear.build().ljust(pairing.FRAME_BYTES[step], b"\0"))
            return node.node.identity is not None

        node.talk_until(flood)
    assert count > 40
    assert len(site.told(number)) < 20
    node.greet()
    assert state_of(site) == [("1/1", "proved")]
    assert site.ask("status")["frames"]["refused"] == {}


@pytest.mark.parametrize("step", [Step.KEY, Step.GRANT, Step.OUTCOME])
@pytest.mark.parametrize("lost", [False, True])
def test_kill_9_at_each_step_ends_paired_on_both_ends_or_on_neither(
    site: Estate, new: NewNode, step: Step, lost: bool
) -> None:
    """At the moment at which the concentrator has said it, and with that frame lost as well."""
    node = new()
    number = site.pair(node.node.label.qr_text)
    seen: list[int] = []

    def reaches(heard: int) -> bool:
        if heard == step and not seen:
            seen.append(heard)
            site.kill()
            return lost
        return False

    node.deaf = reaches
    node.open()
    node.talk_until(lambda: seen)
    with pytest.raises((CutOffError, NotRunningError)):
        site.ask("pairing", pairing=number, after=0)
    site.restart()
    with pytest.raises(ServiceError, match="has forgotten this attempt"):
        site.ask("pairing", pairing=number, after=0)
    if step == Step.OUTCOME or (step == Step.GRANT and not lost):
        node.pair()
        assert state_of(site) == [("1/1", "unproved")]
        node.greet()
        assert state_of(site) == [("1/1", "proved")]
        node.talk_until(lambda: site.kinds().count("node_paired") == 1)
    else:
        assert node.node.identity is None
        assert not node.node.end.is_pending
        assert site.nodes() == []
        paired(site, node)  # whoever shows the label once more has it
        assert len(site.nodes()) == 1


def test_kill_9_after_the_first_hello(site: Estate, new: NewNode) -> None:
    node = new()
    paired(site, node)
    site.restart()
    assert state_of(site) == [("1/1", "proved")]
    assert node.far is not None
    node.ack_of(node.far, node.far.event(Code.OPENED, DOOR))
    assert site.kinds().count("node_paired") == 1


def test_unasked_offers_are_counted_and_nothing_else(site: Estate, new: NewNode) -> None:
    node = new()
    node.open()
    until = time.monotonic() + 1
    node.talk_until(lambda: time.monotonic() > until)
    assert node.heard == []
    assert site.ask("status")["frames"]["pairing"]["unasked"] > 0


def test_frames_of_no_length_and_kind_change_nothing(site: Estate, new: NewNode) -> None:
    node = new()
    site.pair(node.node.label.qr_text)
    for frame in (bytes((MAGIC, LinkClass.PAIRING)), bytes((MAGIC, LinkClass.PAIRING)) * 30, b"\xa1\x03" + bytes(250)):
        node.raw(frame)
    clear = Clear(MAGIC, LinkClass.PAIRING, Step.OFFER, 0, 1, SUITE, b"\xff" * 13, 0, bytes(16)).build()
    node.raw(clear + bytes(OFFER_BYTES - PAIRING_BYTES))
    node.open()
    node.pair()
    assert json.loads(json.dumps(site.nodes()))[0]["node"] == "1/1"
