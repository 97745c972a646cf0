"""A concentrator on real files, driven at random beside the model of `model.py`: after each step both say the same.

Frames get lost, are repeated byte for byte, sealed again, reordered, recorded and played again at any time, forged, and sent
by copied nodes; commits fail, processes are killed and restarted; persons arm, disarm and reset; the estate takes batches,
loses receipts and sends commands. In the end everything journalled is at the estate, once, in order.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from copy import copy
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from anju.concentrator.core.places import Address
from anju.concentrator.desk import Desk
from anju.concentrator.reception import Arrival
from anju.ledger import chain
from anju.uplink.commands import CommandKind, EstateCommand
from anju.uplink.reports import Report
from anju.wire import messages
from anju.wire.table import ArmMode, Flag, Verdict
from stateful.model import Ack, Command, Confirms, Event, Forged, Frame, Heartbeat, Hello, Model, Row, Said, Strange
from unit.concentrator.harness import DESTINATION, Bench, FarNode, HandClock, bench, crash_image, running, until

T = TypeVar("T")

HOUSEHOLDS = {1: "3-1-0101", 2: "3-1-0101", 3: "3-1-0102"}
"""Node by number: two in one flat, one next door."""

LINK = "udp"
VALID_S = 120
NODES = st.sampled_from(sorted(HOUSEHOLDS))
HOMES = st.sampled_from(sorted(set(HOUSEHOLDS.values())))
CODES = st.sampled_from([1, 2, 3, 4, 5, 77])
AGES_S = st.sampled_from([0, 0, 0, 10, 31, 45, 4000, -20, -1000, None])
"""How long ago an event says that it was; None = it does not know."""
PICKS = st.lists(st.integers(0, 10**4), min_size=1, max_size=8)
"""Which frames of all there ever were; small numbers are recent ones."""


class Concentrator(RuleBasedStateMachine):
    """The real one, the model, and everything that ever went through the air."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = Path(self.scratch.name) / "0"
        self.folder.mkdir()
        self.clock = HandClock()
        self.model = Model(HOUSEHOLDS)
        self.air: list[Frame] = []
        self.events: list[tuple[int, Event]] = []
        self.commands: list[Command] = []
        self.shown: list[tuple[int, messages.Message]] = []
        self.estate: dict[int, Report] = {}
        self.estate_order: list[int] = []
        self.checked = 0
        self.open()
        self.nodes = {number: self.run(self.rooms.enrol(household)) for number, household in HOUSEHOLDS.items()}
        assert [node.address.node for node in self.nodes.values()] == list(self.nodes)

    def teardown(self) -> None:
        try:
            self.the_estate_gets_everything_once_and_in_order()
            self.the_chain_holds()
        finally:
            self.close()
            self.runner.close()
            self.scratch.cleanup()

    def run(self, doing: Awaitable[T]) -> T:
        async def done() -> T:
            return await doing

        return self.runner.run(done())

    def open(self) -> None:
        self.stack = AsyncExitStack()
        self.rooms: Bench = self.run(self.stack.enter_async_context(bench(self.folder, self.clock)))
        journal, keyring = self.rooms.journal, self.rooms.keyring
        self.desk = Desk(journal, keyring, self.clock, journal.totals, _not_here)

    def close(self) -> None:
        self.run(self.stack.aclose())

    # The air: what nodes, their copies and strangers send.

    def sends(self, node: FarNode, raw: bytes, said: Said) -> None:
        self.air.append(Frame(node.address.node, node.counter, raw, said))

    def seals(self, node: FarNode, event: Event) -> None:
        flags = Flag.ACK_REQUESTED | (Flag.URGENT if event.urgent else 0)
        event_id = event.first & 0xFFFF
        frame = node.event(event.code, event_id=event_id, time_s=event.at_s, levels=event.levels, flags=flags)
        self.sends(node, frame, event)

    @rule(number=NODES, code=CODES, age_s=AGES_S, levels=st.integers(0, 7), urgent=st.booleans())
    def a_node_makes_an_event(self, number: int, code: int, age_s: int | None, levels: int, urgent: bool) -> None:
        node = self.nodes[number]
        at_s = 0 if age_s is None else self.clock.unix_s - age_s
        event = Event(code, node.counter + 1, at_s, levels, urgent or code == 3)
        self.events.append((number, event))
        self.seals(node, event)

    @precondition(lambda self: self.events)
    @rule(pick=st.integers(0, 10**4))
    def a_node_seals_an_event_again(self, pick: int) -> None:
        number, event = self.events[-1 - pick % len(self.events)]
        node = self.nodes[number]
        if node.counter + 1 - event.first <= 0xFFFF:  # a node does so after 16 counters
            self.seals(node, event)

    @rule(number=NODES, levels=st.integers(0, 7))
    def a_node_says_that_it_lives(self, number: int, levels: int) -> None:
        self.sends(self.nodes[number], self.nodes[number].heartbeat(levels), Heartbeat(levels))

    @rule(number=NODES, challenge=st.sampled_from([b"8 random", b"others 8"]))
    def a_node_starts(self, number: int, challenge: bytes) -> None:
        self.sends(self.nodes[number], self.nodes[number].hello(challenge), Hello(challenge))

    @rule(number=NODES, urgent=st.booleans())
    def a_node_says_what_nobody_knows_yet(self, number: int, urgent: bool) -> None:
        flags = Flag.ACK_REQUESTED | (Flag.URGENT if urgent else 0)
        self.sends(self.nodes[number], self.nodes[number].sealed(bytes((6, flags)) + bytes(14)), Strange(urgent))

    @rule(number=NODES, skipped=st.sampled_from([1, 15, 16, 31, 32, 33, 1024, 0x10000 - 1, 0x10000, 3 * 0x10000]))
    def a_node_loses_power_or_much_time_passes(self, number: int, skipped: int) -> None:
        """Its counter goes on behind the ceiling, or has gone on by heartbeats; ids of events come round."""
        self.nodes[number].counter += skipped

    @rule(number=NODES, back=st.integers(0, 40), code=CODES, levels=st.integers(0, 7))
    def a_copied_node_speaks(self, number: int, back: int, code: int, levels: int) -> None:
        """A second device with the same keys, whose counter stands where the first one's once stood."""
        copied = copy(self.nodes[number])
        copied.counter = max(copied.counter - back, 0)
        event = Event(code, copied.counter + 1, self.clock.unix_s, levels, code == 3)
        self.seals(copied, event)

    @precondition(lambda self: self.air)
    @rule(pick=st.integers(0, 10**4), bit=st.integers(0, 16 * 8 - 1))
    def somebody_forges_a_frame(self, pick: int, bit: int) -> None:
        frame = self.air[-1 - pick % len(self.air)]
        if not isinstance(frame.said, Forged):
            raw = (int.from_bytes(frame.raw, "big") ^ 1 << bit).to_bytes(len(frame.raw), "big")
            self.air.append(frame._replace(raw=raw, said=Forged()))

    # Arrival: any frame of all times, alone or with others, in any order, as often as you like.

    @precondition(lambda self: self.air)
    @rule(picks=PICKS, fails=st.sampled_from([False, False, False, True]))
    def frames_arrive(self, picks: list[int], fails: bool) -> None:
        frames = [self.air[-1 - pick % len(self.air)] for pick in picks]
        self.arrive(frames, fails)

    @precondition(lambda self: self.air)
    @rule(count=st.integers(1, 8), backwards=st.booleans())
    def the_newest_frames_arrive(self, count: int, backwards: bool) -> None:
        self.arrive(self.air[-count:][:: -1 if backwards else 1], fails=False)

    def arrive(self, frames: list[Frame], fails: bool) -> None:
        now = self.clock.now
        expected = self.model.receive(frames, LINK, now.wall_ms, now.monotonic_s, fails)
        before = len(self.rooms.sent)
        self.rooms.disk.refusing = fails
        arrivals = [Arrival(frame.raw, self.nodes[frame.node].route) for frame in frames]
        self.run(self.rooms.reception.receive(arrivals))
        self.rooms.disk.refusing = False
        assert [self.ack(raw) for _, raw in self.rooms.sent[before:]] == expected

    def ack(self, raw: bytes) -> Ack:
        number = int.from_bytes(raw[6:8], "big")
        body = self.nodes[number].open(raw).body
        assert isinstance(body, messages.Ack)
        return Ack(number, body.acked_counter, Verdict(body.verdict).name.lower(), ArmMode(body.arm_mode).name.lower())

    @precondition(lambda self: self.air)
    @rule(picks=PICKS)
    def the_process_is_killed_in_the_middle_of_a_commit(self, picks: list[int]) -> None:
        """Nothing of it was acknowledged, and nothing of it is there."""

        async def killed() -> Path:
            before = len(self.rooms.sent)
            arrivals = [Arrival(self.air[-1 - pick % len(self.air)].raw, self.nodes[1].route) for pick in picks]
            with self.rooms.disk.slow():
                receiving = asyncio.ensure_future(self.rooms.reception.receive(arrivals))
                await until(lambda: self.rooms.disk.held or receiving.done())
                image = self.image()
                if not receiving.done():
                    assert len(self.rooms.sent) == before
            await receiving
            return image

        self.goes_on_in(self.run(killed()))

    # Time, and the life of the process.

    @rule(seconds=st.sampled_from([1, 7, 29, 31, 61, 119, 3600]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule()
    def the_process_is_restarted(self) -> None:
        self.close()
        self.open()
        self.model.restart()

    @rule()
    def the_process_is_killed(self) -> None:
        self.goes_on_in(self.image())

    def image(self) -> Path:
        return crash_image(self.folder, self.folder.with_name(str(int(self.folder.name) + 1)))

    def goes_on_in(self, image: Path) -> None:
        self.close()
        self.folder = image
        self.open()
        self.model.restart()

    # People.

    @rule(household=HOMES, action=st.sampled_from(["home", "away", "off", "reset"]))
    def a_person_changes_the_panel(self, household: str, action: str) -> None:
        self.model.person(household, action, self.clock.now.wall_ms)
        request: dict[str, Any] = {"household": household, "mode": action}
        do = {"off": "disarm", "reset": "reset"}.get(action, "arm")
        self.run(self.desk.handlers[do](request, "resident"))

    # The estate.

    @rule(most=st.integers(1, 10), noted=st.booleans())
    def the_estate_takes_a_batch(self, most: int, noted: bool) -> None:
        """It commits, then its receipt is lost or noted."""
        rows = self.rooms.journal.owed(DESTINATION, most)
        for row in rows:
            report = Report.model_validate_json(row.report)
            assert self.estate.setdefault(row.seq, report) == report
            if row.seq not in self.estate_order:
                self.estate_order.append(row.seq)
        if noted:
            self.run(self.rooms.journal.settle(DESTINATION, [row.seq for row in rows], []))

    @precondition(lambda self: any(report.household for report in self.estate.values()))
    @rule(pick=st.integers(0, 10**4), kind=st.sampled_from(CommandKind))
    def a_guard_answers_a_report(self, pick: int, kind: CommandKind) -> None:
        known = [seq for seq in self.estate_order if self.estate[seq].household]
        number = len(self.commands) + 70_000
        until_ms = self.clock.now.wall_ms + VALID_S * 1000
        self.commands.append(Command(number, kind.value, known[-1 - pick % len(known)] - 1, until_ms))

    @precondition(lambda self: self.commands)
    @rule(again=st.integers(0, 3))
    def commands_come_down(self, again: int) -> None:
        """Those that are new, and some that came before."""
        news = [command for command in self.commands if command.number > self.rooms.downlink.last_command]
        page = self.commands[: len(self.commands) - len(news)][-again:] + news if again else news
        for command in page:
            self.model.command(command, self.clock.now.wall_ms)
        self.run(self.rooms.downlink.accept([self.as_contract(command) for command in page]))

    def as_contract(self, command: Command) -> EstateCommand:
        at_ms = command.until_ms - VALID_S * 1000
        kind = CommandKind(command.kind)
        return self.rooms.command(kind, command.row + 1, command.number, at_ms=at_ms, valid_s=VALID_S)

    @precondition(lambda self: self.model.waiting)
    @rule()
    def commands_are_sent_to_their_nodes(self) -> None:
        self.clock.advance(3)
        self.model.expire(self.clock.now.wall_ms)
        before, waiting = len(self.rooms.sent), set(self.model.waiting)

        async def sent() -> None:
            async with running(self.rooms.downlink.run()):
                await until(lambda: len(self.rooms.sent) >= before + len(waiting))
                await until(lambda: self.rooms.journal.building.last_seq >= len(self.model.rows))

        self.run(sent())
        numbers = set()
        for _, raw in self.rooms.sent[before:]:
            number = int.from_bytes(raw[6:8], "big")
            message = self.nodes[number].open(raw)
            assert isinstance(message.body, messages.Command)
            numbers.add(message.body.command_id)
            self.shown.append((number, message))
        assert numbers == waiting

    @precondition(lambda self: self.shown)
    @rule(pick=st.integers(0, 10**4), verdict=st.sampled_from(Verdict))
    def a_node_confirms_a_command(self, pick: int, verdict: Verdict) -> None:
        number, message = self.shown[-1 - pick % len(self.shown)]
        assert isinstance(message.body, messages.Command)
        outcome = {Verdict.EXPIRED: "expired", Verdict.NOT_UNDERSTOOD: "refused"}.get(verdict, "shown")
        node = self.nodes[number]
        self.sends(node, node.answer(message, verdict), Confirms(message.body.command_id, outcome))

    # What holds after every step.

    @invariant()
    def the_journal_is_what_the_model_foretold(self) -> None:
        assert self.rooms.journal.building.last_seq == len(self.model.rows)
        for seq in range(self.checked + 1, len(self.model.rows) + 1):
            found = self.rooms.journal.report(seq)
            assert found is not None
            assert as_row(found[0]) == self.model.rows[seq - 1]
        self.checked = len(self.model.rows)

    @invariant()
    def panels_levels_and_commands_stand_as_the_model_says(self) -> None:
        building = self.rooms.journal.building
        for household, home in self.model.homes.items():
            if panel := building.panels.get(household):
                assert (panel.mode.value, {kind.value for kind in panel.latched}) == (home.mode, home.latched)
            else:
                assert (home.mode, home.latched) == ("off", set())
        for number, node in self.model.nodes.items():
            state = building.nodes.get(Address(1, number))
            assert (state.levels if state else 0) == node.levels
        assert set(building.pending) == set(self.model.waiting)
        assert building.last_command == self.model.last_command

    @invariant()
    def nothing_tripped(self) -> None:
        assert not self.rooms.reception.counts["fault"]

    # What holds in the end.

    def the_estate_gets_everything_once_and_in_order(self) -> None:
        while self.rooms.journal.owed(DESTINATION, 1):
            self.the_estate_takes_a_batch(7, noted=True)
        assert sorted(self.estate_order) == list(range(1, len(self.model.rows) + 1))
        for household in [*set(HOUSEHOLDS.values()), None]:
            of_it = [seq for seq in self.estate_order if self.estate[seq].household == household]
            assert of_it == sorted(of_it)
        assert [as_row(self.estate[seq]) for seq in sorted(self.estate)] == self.model.rows

    def the_chain_holds(self) -> None:
        head = chain.GENESIS
        for sha256, link in self.rooms.journal._ledger.read().execute("SELECT sha256, chain FROM event ORDER BY seq"):
            head = chain.next_link(head, sha256)
            assert head == link


def as_row(report: Report) -> Row:
    """A real report as the model writes it."""
    return Row(
        report.kind.value,
        report.household,
        report.node.node if report.node else None,
        report.event_id,
        report.counter,
        report.delayed,
        report.time_doubtful,
        report.panel.mode.value if report.panel else None,
        tuple(kind.value for kind in report.panel.latched) if report.panel else None,
        report.trouble.value if report.trouble else None,
        (report.outcome.command_id, report.outcome.outcome.value) if report.outcome else None,
    )


async def _not_here(*_: object) -> dict[str, Any]:
    raise AssertionError("nodes are enrolled before")


def test_the_concentrator_does_what_the_specification_says() -> None:
    run_state_machine_as_test(Concentrator, settings=settings(max_examples=40, stateful_step_count=40, deadline=None))


@pytest.mark.long
def test_the_concentrator_does_what_the_specification_says_for_long() -> None:
    run_state_machine_as_test(Concentrator, settings=settings(max_examples=1500, stateful_step_count=80, deadline=None))
