"""What a person at the estate did reaches the node: once, while it is true, and only as an answer to a report of ours."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from anju.concentrator.core.panel.signals import Action
from anju.concentrator.core.places import Address, LinkId, Route
from anju.ledger import LedgerError
from anju.uplink.commands import CommandKind, ReportRef
from anju.uplink.reports import Lane, OutcomeKind, ReportKind
from anju.wire.messages import Command, Message
from anju.wire.table import Order, Verdict
from unit.concentrator.harness import HOUSEHOLD, Bench, FarNode, HandClock, bench, running, until

pytestmark = pytest.mark.anyio

SEEN, COMING, RESET = CommandKind.SEEN, CommandKind.COMING, CommandKind.RESET
NUMBER = 1_790_000_001
"""Numbers begin at Unix time, so that they are longer than the 16 bits of an ACK."""


async def pressed(rooms: Bench) -> FarNode:
    """A node whose press is journalled as report 1."""
    node = await rooms.enrol()
    await rooms.receive(node, node.press())
    rooms.sent.clear()
    return node


def outcomes(rooms: Bench) -> list[tuple[int, OutcomeKind]]:
    return [(r.outcome.command_id, r.outcome.outcome) for r in rooms.reports() if r.outcome]


def sent(rooms: Bench, node: FarNode) -> list[Message]:
    return [node.open(frame) for _, frame in rooms.sent]


async def test_a_command_reaches_the_node_it_is_for(rooms: Bench) -> None:
    node = await pressed(rooms)
    command = rooms.command(COMING, 1, NUMBER, valid_s=77)
    await rooms.downlink.accept([command])
    async with running(rooms.downlink.run()):
        await until(lambda: rooms.sent)
    (message,) = sent(rooms, node)
    body = message.body
    assert isinstance(body, Command)
    assert (body.code, body.command_id, body.event_id) == (Order.COMING, NUMBER, 1)
    assert (body.time_s, body.valid_s) == (command.at_ms // 1000, 77)
    assert rooms.sent[0][0] == node.route


async def test_it_is_journalled_before_it_is_sent(rooms: Bench) -> None:
    await pressed(rooms)
    with rooms.disk.refuses(), pytest.raises(LedgerError):
        await rooms.downlink.accept([rooms.command(SEEN, 1, NUMBER)])
    assert rooms.downlink.last_command == 0  # it will be asked for again
    assert not rooms.journal.building.pending


async def test_it_is_sent_again_under_new_counters_until_the_node_confirms(rooms: Bench) -> None:
    node = await pressed(rooms)
    await rooms.downlink.accept([rooms.command(SEEN, 1, NUMBER)])
    async with running(rooms.downlink.run()):
        for tries in range(1, 4):
            await until(lambda: len(rooms.sent) == tries)  # noqa: B023  # it is called before `tries` changes
            rooms.clock.advance(1)
        messages = sent(rooms, node)
        counters = [message.header.counter for message in messages]
        assert counters == sorted(set(counters))
        assert len({message.body for message in messages}) == 1
        assert await rooms.receive(node, node.answer(messages[0])) == []  # an ACK is not acked
        assert outcomes(rooms) == [(NUMBER, OutcomeKind.SHOWN)]
        rooms.clock.advance(60)
        await rooms.downlink.accept([rooms.command(COMING, 1, NUMBER + 1)])
        await until(lambda: len(rooms.sent) > len(messages))
    news = [message.body for message in sent(rooms, node)[len(messages) :]]
    assert {body.command_id for body in news if isinstance(body, Command)} == {NUMBER + 1}


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        (Verdict.ACCEPTED, OutcomeKind.SHOWN),
        (Verdict.DUPLICATE, OutcomeKind.SHOWN),
        (Verdict.NOT_UNDERSTOOD, OutcomeKind.REFUSED),
        (99, OutcomeKind.REFUSED),
    ],
)
async def test_what_the_node_says_goes_up_once(rooms: Bench, verdict: int, outcome: OutcomeKind) -> None:
    node = await pressed(rooms)
    await rooms.downlink.accept([rooms.command(SEEN, 1, NUMBER)])
    async with running(rooms.downlink.run()):
        await until(lambda: rooms.sent)
    (message,) = sent(rooms, node)
    await rooms.receive(node, node.answer(message, verdict), node.answer(message, verdict))
    await rooms.receive(node, node.answer(message, Verdict.ACCEPTED))
    assert outcomes(rooms) == [(NUMBER, outcome)]
    report = rooms.reports()[-1]
    assert (report.kind, report.household, report.person) == ("command_outcome", HOUSEHOLD, "Wang Wei")


async def test_only_the_node_it_is_for_can_confirm(rooms: Bench) -> None:
    node, neighbour = await pressed(rooms), await rooms.enrol("3-2-0502")
    await rooms.downlink.accept([rooms.command(SEEN, 1, NUMBER)])
    async with running(rooms.downlink.run()):
        await until(lambda: rooms.sent)
    (message,) = sent(rooms, node)
    await rooms.receive(neighbour, neighbour.answer(message))
    assert outcomes(rooms) == []


class TestOnce:
    async def test_one_that_comes_again_changes_nothing(self, rooms: Bench) -> None:
        await pressed(rooms)
        commands = [rooms.command(SEEN, 1, NUMBER), rooms.command(RESET, 1, NUMBER + 1)]
        await rooms.downlink.accept(commands)
        before = rooms.rows()
        for _ in range(2):
            await rooms.downlink.accept(commands)
        await rooms.downlink.accept([commands[1], commands[0], commands[1]])
        assert rooms.rows() == before
        assert rooms.downlink.last_command == NUMBER + 1

    async def test_twice_in_one_page_is_once(self, rooms: Bench) -> None:
        await pressed(rooms)
        command = rooms.command(RESET, 1, NUMBER)
        await rooms.downlink.accept([command, command])
        assert outcomes(rooms) == [(NUMBER, OutcomeKind.DONE)]
        assert rooms.kinds().count("latch_reset") == 1

    async def test_over_a_restart(self, tmp_path: Path) -> None:
        clock = HandClock()
        async with bench(tmp_path, clock) as rooms:
            node = await pressed(rooms)
            commands = [rooms.command(SEEN, 1, NUMBER), rooms.command(RESET, 1, NUMBER + 1)]
            await rooms.downlink.accept(commands)
            async with running(rooms.downlink.run()):
                await until(lambda: rooms.sent)
            before, first = rooms.rows(), sent(rooms, node)[0]
        async with bench(tmp_path, clock) as rooms:
            assert rooms.downlink.last_command == NUMBER + 1
            await rooms.downlink.accept(commands)
            assert rooms.rows() == before
            async with running(rooms.downlink.run()):  # not confirmed yet, so it is sent again
                await until(lambda: rooms.sent)
            (again,) = sent(rooms, node)
            assert again.body == first.body
            assert again.header.counter > first.header.counter
            await rooms.receive(node, node.answer(again))
        async with bench(tmp_path, clock) as rooms:
            assert not rooms.journal.building.pending
            assert outcomes(rooms)[-1] == (NUMBER, OutcomeKind.SHOWN)


class TestWhileItIsTrue:
    async def test_one_that_comes_too_late_is_not_sent(self, rooms: Bench) -> None:
        await pressed(rooms)
        command = rooms.command(SEEN, 1, NUMBER, valid_s=120)
        rooms.clock.advance(120.001)
        await rooms.downlink.accept([command])
        assert outcomes(rooms) == [(NUMBER, OutcomeKind.EXPIRED)]
        assert not rooms.journal.building.pending

    async def test_a_reset_that_comes_too_late_resets_nothing(self, rooms: Bench) -> None:
        await pressed(rooms)
        command = rooms.command(RESET, 1, NUMBER, valid_s=3600)
        rooms.clock.advance(3601)
        await rooms.downlink.accept([command])
        assert outcomes(rooms) == [(NUMBER, OutcomeKind.EXPIRED)]
        assert rooms.journal.building.panels[HOUSEHOLD].latched

    async def test_one_that_the_node_never_confirms_expires(self, rooms: Bench) -> None:
        await pressed(rooms)
        await rooms.downlink.accept([rooms.command(SEEN, 1, NUMBER)])
        async with running(rooms.downlink.run()):
            await until(lambda: rooms.sent)
            rooms.clock.advance(121)
            await until(lambda: outcomes(rooms))
            assert len(rooms.sent) == 1
        assert outcomes(rooms) == [(NUMBER, OutcomeKind.EXPIRED)]

    async def test_a_node_that_does_not_know_the_time_yet_is_asked_again(self, rooms: Bench) -> None:
        node = await pressed(rooms)
        await rooms.downlink.accept([rooms.command(SEEN, 1, NUMBER)])
        async with running(rooms.downlink.run()):
            await until(lambda: rooms.sent)
            await rooms.receive(node, node.answer(sent(rooms, node)[0], Verdict.EXPIRED))
            assert outcomes(rooms) == []
            rooms.clock.advance(1)
            await until(lambda: len(rooms.sent) == 2)
            await rooms.receive(node, node.answer(sent(rooms, node)[1], Verdict.ACCEPTED))
        assert outcomes(rooms) == [(NUMBER, OutcomeKind.SHOWN)]

    async def test_a_disk_that_fails_then_delays_it_and_no_more(self, rooms: Bench) -> None:
        await pressed(rooms)
        await rooms.downlink.accept([rooms.command(SEEN, 1, NUMBER)])
        async with running(rooms.downlink.run()):
            await until(lambda: rooms.sent)
            with rooms.disk.refuses():
                rooms.clock.advance(121)
                await until(lambda: rooms.disk.refused)
            await until(lambda: outcomes(rooms))


WRONG: dict[str, dict[str, Any]] = {
    "of another journal": {"journal_id": "0" * 32},
    "with another hash": {"sha256": "0" * 64},
    "about a report that is not there": {"seq": 99},
    "about another household": {"household": "3-2-0502"},
    "at a time that no frame can carry": {"at_ms": 2**53 - 1},
}


class TestRefused:
    """Anything but an answer to a report of this journal, about its household, is refused, and the estate is told."""

    @pytest.mark.parametrize("kind", [SEEN, COMING, RESET])
    @pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
    async def test_refused(self, rooms: Bench, kind: CommandKind, wrong: dict[str, Any]) -> None:
        node = await pressed(rooms)
        command = rooms.command(kind, 1, NUMBER)
        if not wrong.keys() & {"household", "at_ms"}:
            wrong = {"report": command.report.model_copy(update=wrong)}
        command = command.model_copy(update=wrong)
        await rooms.downlink.accept([command])
        assert outcomes(rooms) == [(NUMBER, OutcomeKind.REFUSED)]
        assert not rooms.journal.building.pending
        assert rooms.journal.building.panels[HOUSEHOLD].latched
        assert await rooms.verdict(node, node.press()) == Verdict.ACCEPTED

    async def test_light_for_a_report_that_no_node_made(self, rooms: Bench) -> None:
        await pressed(rooms)
        await rooms.ask(Action.RESET)
        await rooms.downlink.accept([rooms.command(SEEN, 2, NUMBER)])
        assert outcomes(rooms) == [(NUMBER, OutcomeKind.REFUSED)]

    async def test_one_bad_command_does_not_keep_out_its_neighbours(self, rooms: Bench) -> None:
        await pressed(rooms)
        bad = rooms.command(SEEN, 1, NUMBER, household="3-2-0502")
        await rooms.downlink.accept([bad, rooms.command(SEEN, 1, NUMBER + 1)])
        assert list(rooms.journal.building.pending) == [NUMBER + 1]


class TestReset:
    async def test_it_clears_the_latches_and_says_who(self, rooms: Bench) -> None:
        await pressed(rooms)
        await rooms.downlink.accept([rooms.command(RESET, 1, NUMBER)])
        assert not rooms.journal.building.panels[HOUSEHOLD].latched
        reset, done = rooms.reports()[1:]
        assert (reset.kind, reset.person) == (ReportKind.LATCH_RESET, "Wang Wei")
        assert reset.panel is not None
        assert reset.panel.latched == ()
        assert done.outcome is not None
        assert done.outcome.outcome is OutcomeKind.DONE

    async def test_it_is_done_or_not_done_as_a_whole(self, rooms: Bench) -> None:
        await pressed(rooms)
        before = rooms.rows()
        with rooms.disk.refuses(), pytest.raises(LedgerError):
            await rooms.downlink.accept([rooms.command(RESET, 1, NUMBER)])
        assert rooms.rows() == before
        assert rooms.journal.building.panels[HOUSEHOLD].latched

    async def test_of_a_report_without_a_household_it_is_refused(self, rooms: Bench) -> None:
        await pressed(rooms)
        async with rooms.journal.change() as draft:
            draft.record(ReportKind.TROUBLE, Lane.ROUTINE)
        found = rooms.journal.report(2)
        assert found is not None
        reference = ReportRef(journal_id=rooms.journal.journal_id, seq=2, sha256=found[1])
        await rooms.downlink.accept([rooms.command(RESET, 1, NUMBER, report=reference)])
        assert outcomes(rooms) == [(NUMBER, OutcomeKind.REFUSED)]


async def test_it_follows_the_node_to_its_newest_route(rooms: Bench) -> None:
    node = await pressed(rooms)
    await rooms.downlink.accept([rooms.command(SEEN, 1, NUMBER)])
    async with running(rooms.downlink.run()):
        await until(lambda: rooms.sent)
        elsewhere = Route("serial:/dev/ttyUSB0", "")
        await rooms.receive_by(elsewhere, node, node.heartbeat())
        rooms.sent.clear()
        rooms.clock.advance(10)
        await until(lambda: rooms.sent)
    assert {route for route, _ in rooms.sent} == {elsewhere}


async def test_a_node_that_is_no_longer_enrolled_does_not_keep_the_others_waiting(rooms: Bench) -> None:
    """A new keyring beside an old journal: the nodes of before cannot be reached, those of now can."""
    gone = await pressed(rooms)
    node = await rooms.enrol("3-2-0502")
    await rooms.receive(node, node.press())
    del rooms.keyring._links[LinkId(Address(*gone.address), 1)]
    del rooms.keyring._counters[Address(*gone.address)]
    rooms.sent.clear()
    commands = [rooms.command(SEEN, 1, NUMBER), rooms.command(SEEN, 2, NUMBER + 1)]
    await rooms.downlink.accept(commands)
    async with running(rooms.downlink.run()):
        await until(lambda: rooms.sent)
        assert {route for route, _ in rooms.sent} == {node.route}
        rooms.clock.advance(121)
        await until(lambda: len(outcomes(rooms)) == 2)


async def test_a_command_that_cannot_be_sent_does_not_keep_the_others_waiting(
    rooms: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is wrong with one: the loop goes on, and the next one is tried."""
    node = await pressed(rooms)
    neighbour = await rooms.enrol("3-2-0502")
    await rooms.receive(neighbour, neighbour.press())
    rooms.sent.clear()
    await rooms.downlink.accept([rooms.command(SEEN, 1, NUMBER), rooms.command(SEEN, 2, NUMBER + 1)])
    next_header = rooms.keyring.next_header

    def trip(address: Address) -> Any:
        if address == node.address:
            raise ZeroDivisionError
        return next_header(address)

    monkeypatch.setattr(rooms.keyring, "next_header", trip)
    async with running(rooms.downlink.run()):
        await until(lambda: rooms.sent)


async def test_it_ends_when_told_to_even_at_the_moment_a_command_comes(rooms: Bench) -> None:
    await pressed(rooms)
    for turns in range(30):
        running_loop = asyncio.ensure_future(rooms.downlink.run())
        await rooms.downlink.accept([rooms.command(SEEN, 1, NUMBER + turns)])
        for _ in range(turns):
            await asyncio.sleep(0)
        running_loop.cancel()
        await until(running_loop.done)
