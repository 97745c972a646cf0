"""A node that is in use is told to offer itself: by whoever shows its label, once, and as long as somebody looks for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from anju.concentrator.core.building import OWN_NUMBERS
from anju.concentrator.core.places import Address, Linked, LinkId
from anju.ledger import LedgerError
from anju.uplink.commands import CommandKind
from anju.uplink.reports import OutcomeKind, ReportKind
from anju.wire.messages import Ack, Command, Message
from anju.wire.table import Code, Flag, Order, Step, Verdict
from stateful.pairing import hasten
from unit.concentrator.harness import Bench, FarNode, HandClock, bench, running, until
from unit.concentrator.pairing_kit import HOUSEHOLD, AirNode, Estate, NewNode, estate, nodes_of, paired, state_of

DOOR = 0
VALID_S = 120


class TestWhoeverShowsTheLabel:
    """Of a node whose link is in force."""

    @pytest.fixture(autouse=True)
    def _fast(self, monkeypatch: pytest.MonkeyPatch) -> None:
        hasten(monkeypatch)

    @pytest.fixture
    def site(self) -> Iterator[Estate]:
        with estate() as running:
            yield running

    @pytest.fixture
    def new(self, site: Estate) -> Iterator[NewNode]:
        with nodes_of(site) as making:
            yield making

    @pytest.fixture
    def node(self, site: Estate, new: NewNode) -> AirNode:
        """In use."""
        node = new()
        paired(site, node)
        return node

    @staticmethod
    def confirm(node: AirNode, message: Message) -> None:
        assert node.far is not None
        node.raw(node.far.answer(message))

    def test_has_it_told_and_it_is_paired_anew(self, site: Estate, node: AirNode) -> None:
        number = site.pair(node.node.label.qr_text)
        message = node.command()
        body = message.body
        assert isinstance(body, Command)
        assert (body.code, body.event_id, body.valid_s) == (Order.PAIR, 0, VALID_S)
        self.confirm(node, message)
        while "opened" not in site.steps(number):
            pass
        node.open()
        node.pair()
        node.greet()
        assert state_of(site) == [("1/1", "proved")]
        assert site.steps(number)[:2] == ["searching", "opened"]
        assert site.told(number)[0]["ordered"] is True
        ordered, ended = [one for one in site.reports() if one.kind in {"pairing_ordered", "command_outcome"}]
        assert (ordered.household, ordered.device) == (HOUSEHOLD, node.node.label.device)
        assert ordered.node is not None
        assert (ordered.node.node, ordered.person) == (1, ended.person)
        assert ended.outcome is not None
        assert (ended.outcome.command_id, ended.outcome.outcome) == (body.command_id, OutcomeKind.DONE)

    def test_over_a_restart_it_is_the_same_command(self, site: Estate, node: AirNode) -> None:
        site.pair(node.node.label.qr_text)
        first = node.command()
        site.restart()
        again = node.command()
        assert again.body == first.body
        assert again.header.counter > first.header.counter
        self.confirm(node, again)
        node.talk_until(lambda: "command_outcome" in site.kinds())
        assert site.kinds().count("pairing_ordered") == 1

    def test_and_takes_it_back_has_it_told_no_more(self, site: Estate, node: AirNode) -> None:
        number = site.pair(node.node.label.qr_text)
        node.command()
        site.ask("pair_cancel", pairing=number)
        node.talk_until(lambda: "command_outcome" in site.kinds())
        (ended,) = [one.outcome for one in site.reports() if one.outcome]
        assert ended.outcome is OutcomeKind.EXPIRED
        assert node.is_told_nothing()

    def test_is_told_why_nothing_came_of_it(self, site: Estate, node: AirNode) -> None:
        number = site.pair(node.node.label.qr_text, timeout_s=5)
        node.talk_until(lambda: site.ask("pairing", pairing=number, after=0)["result"])
        (*_, last) = site.told(number)
        assert (last["step"], last["unanswered"]) == ("silent", True)

    def test_it_is_never_told_under_the_new_keys(self, site: Estate, node: AirNode) -> None:
        """Its confirmation is lost, it was opened all the same, and must not be opened once more."""
        site.pair(node.node.label.qr_text)
        node.command()
        node.open()
        node.pair()
        node.greet()
        assert node.is_told_nothing()
        node.talk_until(lambda: "command_outcome" in site.kinds())

    def test_by_a_typed_code_nobody_is_told(self, site: Estate, node: AirNode) -> None:
        number = site.pair(node.node.label.code.typed)
        assert node.is_told_nothing()
        assert site.told(number) == [{"step": "searching", "typed": True}]

    def test_of_what_replaces_it_a_dead_node_is_told_nothing(self, site: Estate, new: NewNode, node: AirNode) -> None:
        other = new(2)
        site.pair(other.node.label.qr_text, replace="1/1")
        assert node.is_told_nothing()
        other.open()
        other.pair()
        assert "pairing_ordered" not in site.kinds()

    def test_it_goes_elsewhere(self, site: Estate, node: AirNode) -> None:
        site.pair(node.node.label.qr_text, household="3-2-0502")
        self.confirm(node, node.command())
        old = node.far
        assert old is not None
        node.open()
        node.talk_until_heard(Step.GRANT)
        node.ack_of(old, old.event(Code.OPENED, DOOR))
        node.pair()
        node.greet()
        assert state_of(site) == [("1/2", "proved")]


async def used(rooms: Bench) -> tuple[FarNode, Linked]:
    """A node that has been heard, and its link."""
    node = await rooms.enrol()
    await rooms.receive(node, node.hello())
    rooms.sent.clear()
    linked = rooms.keyring.linked(Address(*node.address), 1)
    assert linked is not None
    return node, linked


def told(rooms: Bench, node: FarNode) -> list[Command]:
    bodies = [node.open(frame).body for _, frame in rooms.sent]
    return [body for body in bodies if isinstance(body, Command)]


def outcomes(rooms: Bench) -> list[OutcomeKind]:
    return [report.outcome.outcome for report in rooms.reports() if report.outcome]


@pytest.mark.anyio
class TestTheCommand:
    """As the downlink brings it."""

    async def test_is_journalled_before_it_is_sent(self, rooms: Bench) -> None:
        _node, linked = await used(rooms)
        with rooms.disk.refuses(), pytest.raises(LedgerError):
            await rooms.downlink.order_pairing(linked, "Li Na", VALID_S)
        assert not rooms.journal.building.pending

    async def test_expires(self, rooms: Bench) -> None:
        node, linked = await used(rooms)
        await rooms.downlink.order_pairing(linked, "Li Na", VALID_S)
        async with running(rooms.downlink.run()):
            await until(lambda: told(rooms, node))
            rooms.clock.advance(VALID_S + 1)
            await until(lambda: outcomes(rooms))
            assert len(told(rooms, node)) == 1
        assert outcomes(rooms) == [OutcomeKind.EXPIRED]

    async def test_has_a_number_that_is_never_given_again_and_never_the_duty_rooms(self, tmp_path: Path) -> None:
        clock = HandClock()
        async with bench(tmp_path, clock) as rooms:
            _node, linked = await used(rooms)
            numbers = [await rooms.downlink.order_pairing(linked, "Li Na", VALID_S) for _ in range(3)]
            await rooms.downlink.withdraw(numbers[-1])
        async with bench(tmp_path, clock) as rooms:
            numbers.append(await rooms.downlink.order_pairing(linked, "Li Na", VALID_S))
            assert rooms.downlink.last_command == 0
            assert set(rooms.journal.building.pending) == {*numbers} - {numbers[2]}
        assert numbers == sorted(set(numbers))
        assert max(numbers) < OWN_NUMBERS

    async def test_cannot_be_given_or_ended_by_the_duty_room(self, rooms: Bench) -> None:
        node, linked = await used(rooms)
        await rooms.receive(node, node.press())
        number = await rooms.downlink.order_pairing(linked, "Li Na", VALID_S)
        before = rooms.rows()
        await rooms.downlink.accept(
            [rooms.command(CommandKind.SEEN, 2, number), rooms.command(CommandKind.RESET, 2, 1)]
        )
        assert rooms.rows() == before

    async def test_is_not_mistaken_for_another_that_waits(self, rooms: Bench) -> None:
        """A node's answer names the low 16 bits of a number."""
        node, linked = await used(rooms)
        await rooms.receive(node, node.press())
        first = await rooms.downlink.order_pairing(linked, "Li Na", VALID_S)
        light = rooms.command(CommandKind.SEEN, 2, 1_790_000_000 - 1_790_000_000 % 0x10000 + (first + 1) % 0x10000)
        await rooms.downlink.accept([light])
        second = await rooms.downlink.order_pairing(linked, "Li Na", VALID_S)
        assert len({number & 0xFFFF for number in (first, second, light.number)}) == 3

    async def test_goes_out_only_under_the_keys_that_it_was_given_for(self, rooms: Bench) -> None:
        node, linked = await used(rooms)
        await rooms.downlink.order_pairing(linked._replace(id=LinkId(linked.id.address, 2)), "Li Na", VALID_S)
        async with running(rooms.downlink.run()):
            for _ in range(3):
                rooms.clock.advance(2)
                await rooms.receive(node, node.heartbeat())
        assert not told(rooms, node)

    async def test_follows_a_node_that_wakes_at_once(self, rooms: Bench) -> None:
        """It would sleep again: the acknowledgement says that more is waiting, and that comes without a pause."""
        node, linked = await used(rooms)
        (ack,) = await rooms.acks(node, node.heartbeat())
        assert not ack.flags & Flag.PENDING
        await rooms.downlink.order_pairing(linked, "Li Na", VALID_S)
        async with running(rooms.downlink.run()):
            for _ in range(3):
                rooms.clock.advance(2)
                before = len(told(rooms, node))
                await until(lambda: len(told(rooms, node)) > before)  # noqa: B023  # it is awaited before `before` changes
            before = len(told(rooms, node))
            messages = await rooms.receive(node, node.heartbeat())
            (ack,) = [message.body for message in messages if isinstance(message.body, Ack)]
            assert ack.flags & Flag.PENDING
            await rooms.downlink.heard([Message(rooms.keyring.codec.open(node.heartbeat()).header, ack, ())])
            await until(lambda: len(told(rooms, node)) > before)

    async def test_is_done_when_the_node_says_so(self, rooms: Bench) -> None:
        node, linked = await used(rooms)
        await rooms.downlink.order_pairing(linked, "Li Na", VALID_S)
        async with running(rooms.downlink.run()):
            await until(lambda: told(rooms, node))
            message = node.open(rooms.sent[0][1])
            await rooms.receive(node, node.answer(message, Verdict.EXPIRED))
            assert outcomes(rooms) == []  # it does not know the time yet
            await rooms.receive(node, node.answer(message, Verdict.ACCEPTED))
        assert outcomes(rooms) == [OutcomeKind.DONE]
        kinds = [report.kind for report in rooms.reports()]
        assert kinds.count(ReportKind.PAIRING_ORDERED) == 1
