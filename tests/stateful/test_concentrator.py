"""A concentrator on real files, driven at random beside the model of `model.py`: after each step both say the same.

Frames get lost, are repeated byte for byte, sealed again, reordered, recorded and played again at any time, forged, and sent
by copied nodes; commits fail, processes are killed and restarted; persons arm, disarm and reset; the estate takes batches,
loses receipts and sends commands. In the end everything journalled is at the estate, once, in order.
"""

from __future__ import annotations

import asyncio
from copy import copy
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from anju.concentrator.core.panel.signals import Action, Times
from anju.concentrator.core.places import Address
from anju.concentrator.reception import Arrival
from anju.ledger import chain
from anju.uplink.commands import CommandKind, EstateCommand
from anju.uplink.reports import PanelMode, Report, Zone, ZoneKind
from anju.wire import messages
from anju.wire.table import ArmMode, Flag, ResetCause, Verdict
from stateful.model import Ack, Command, Confirms, Event, Forged, Frame, Heartbeat, Hello, Model, Row, Said, Strange
from stateful.rooms import OnFiles
from unit.concentrator.harness import (
    DESTINATION,
    FIRST_COMMAND,
    FarNode,
    crash_image,
    running,
    until,
)

HOUSEHOLDS = {1: "3-1-0101", 2: "3-1-0101", 3: "3-1-0102"}
"""Node by number: two in one flat, one next door."""

ZONES = tuple(
    Zone(number=number, name=kind, kind=ZoneKind(kind)) for number, kind in enumerate(("24_hour", "hold_up", "tamper"))
)
AT_ONCE = Times(exit_s=0, siren_s=0)
"""Time alone changes nothing else of what is modelled here."""

LINK = "udp"
VALID_S = 120
C = CommandKind
GUARDS = [C.SEEN, C.COMING, C.RESET, C.ARM_HOME, C.DISARM, C.TEST_END]
"""Of what a guard can do, what the model foretells."""
HOMES = st.sampled_from(sorted(set(HOUSEHOLDS.values())))
PICK = st.integers(0, 10**4)
"""Which of all there ever were, counted from the newest."""


class Saying(NamedTuple):
    """One thing that happens in the air; `what` says which of the rest matters."""

    what: str
    node: int
    code: int
    age_s: int | None
    levels: int
    urgent: bool
    pick: int


SAYINGS = st.builds(
    Saying,
    st.sampled_from([*6 * ["event"], *2 * ["again"], "beat", "start", "strange", "copy", "skip", "forgery"]),
    st.sampled_from(sorted(HOUSEHOLDS)),
    st.sampled_from([1, 1, 2, 3, 3, 4, 5, 7, 7, 77]),
    st.sampled_from([0, 0, 0, 10, 30, 31, 4000, -20, -1000, None]),  # None = the node does not know the time
    st.integers(0, 7),
    st.booleans(),
    PICK,
)
SKIPS = (1, 15, 16, 31, 32, 33, 1024, 0x10000 - 1, 0x10000, 3 * 0x10000)


class Concentrator(OnFiles):
    """The real one, the model, and everything that ever went through the air."""

    def __init__(self) -> None:
        super().__init__()
        self.folder /= "0"
        self.folder.mkdir()
        self.model = Model(HOUSEHOLDS)
        self.air: list[Frame] = []
        self.events: list[tuple[int, Event]] = []
        self.commands: list[Command] = []
        self.shown: list[tuple[int, messages.Message]] = []
        self.estate: dict[int, Report] = {}
        self.estate_order: list[int] = []
        self.checked = 0
        self.open()
        self.nodes = {number: self.run(self.rooms.enrol(household, ZONES)) for number, household in HOUSEHOLDS.items()}
        assert [node.address.node for node in self.nodes.values()] == list(self.nodes)

    def teardown(self) -> None:
        try:
            self.the_estate_gets_everything_once_and_in_order()
            self.the_chain_holds()
        finally:
            self.ends()

    def open(self) -> None:
        super().open()
        self.rooms.choose(AT_ONCE)

    # The air: what nodes, their copies and strangers send.

    def sends(self, node: FarNode, raw: bytes, said: Said) -> None:
        self.air.append(Frame(node.address.node, node.counter, raw, said))

    def seals(self, node: FarNode, event: Event) -> None:
        flags = Flag.ACK_REQUESTED | (Flag.URGENT if event.urgent else 0)
        event_id = event.first & 0xFFFF
        frame = node.event(event.code, event_id=event_id, time_s=event.at_s, levels=event.levels, flags=flags)
        self.sends(node, frame, event)

    def happens(self, saying: Saying) -> None:
        node = self.nodes[saying.node]
        flags = Flag.ACK_REQUESTED | (Flag.URGENT if saying.urgent else 0)
        match saying.what:
            case "event":
                at_s = 0 if saying.age_s is None else self.clock.unix_s - saying.age_s
                event = Event(
                    saying.code, node.counter + 1, at_s, saying.levels, saying.urgent or saying.code in {3, 7}
                )
                self.events.append((saying.node, event))
                self.seals(node, event)
            case "again" if self.events:
                number, event = self.events[-1 - saying.pick % len(self.events)]
                if self.nodes[number].counter + 1 - event.first <= 0xFFFF:  # a node does so after 16 counters
                    self.seals(self.nodes[number], event)
            case "beat":
                self.sends(node, node.heartbeat(saying.levels), Heartbeat(saying.levels))
            case "start":
                challenge = b"1st boot" if saying.urgent else b"2nd boot"
                self.sends(node, node.hello(challenge, cause=ResetCause.WATCHDOG), Hello(challenge))
            case "strange":
                self.sends(node, node.sealed(bytes((6, flags)) + bytes(14)), Strange(saying.urgent))
            case "copy":
                # A second device with the same keys, whose counter stands where the first one's once stood.
                copied = copy(node)
                copied.counter = max(copied.counter - saying.pick % 40, 0)
                event = Event(saying.code, copied.counter + 1, self.clock.unix_s, saying.levels, saying.code == 3)
                self.seals(copied, event)
            case "skip":
                # Power was lost, or time has passed and heartbeats with it; the ids of events come round.
                node.counter += SKIPS[saying.pick % len(SKIPS)]
            case "forgery" if self.air and not isinstance((frame := self.frame(saying.pick)).said, Forged):
                bit = saying.pick % (16 * 8)
                raw = (int.from_bytes(frame.raw, "big") ^ 1 << bit).to_bytes(len(frame.raw), "big")
                self.air.append(frame._replace(raw=raw, said=Forged()))

    def frame(self, pick: int) -> Frame:
        return self.air[-1 - pick % len(self.air)]

    # Arrival: any frame of all times, alone or with others, in any order, as often as you like.

    @rule(sayings=st.lists(SAYINGS, min_size=2, max_size=8))
    def nodes_speak_and_are_heard(self, sayings: list[Saying]) -> None:
        before = len(self.air)
        for saying in sayings:
            self.happens(saying)
        self.arrive(self.air[before:], fails=False)

    @rule(
        sayings=st.lists(SAYINGS, min_size=2, max_size=8),
        lost=st.sets(st.integers(0, 7)),
        picks=st.lists(st.integers(0, 15), max_size=4),
        backwards=st.booleans(),
        fails=st.booleans(),
    )
    def nodes_speak_through_bad_air(
        self, sayings: list[Saying], lost: set[int], picks: list[int], backwards: bool, fails: bool
    ) -> None:
        before = len(self.air)
        for saying in sayings:
            self.happens(saying)
        frames = [frame for at, frame in enumerate(self.air[before:]) if at not in lost]
        frames += [self.frame(pick) for pick in picks if self.air]
        self.arrive(frames[:: -1 if backwards else 1], fails)

    @precondition(lambda self: self.air)
    @rule(picks=st.lists(PICK, min_size=1, max_size=8))
    def somebody_plays_old_frames_again(self, picks: list[int]) -> None:
        self.arrive([self.frame(pick) for pick in picks], fails=False)

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

    # Time, and the life of the process.

    @rule(seconds=st.sampled_from([1, 7, 29, 31, 61, 119, 3600]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(how=st.sampled_from(["stopped", "killed", "killed in a commit"]), count=st.integers(1, 8))
    def the_process_ends_and_starts_again(self, how: str, count: int) -> None:
        if how == "killed":
            self.goes_on_in(self.image())
        elif how == "killed in a commit":
            self.goes_on_in(self.run(self.killed_in_a_commit(self.air[-count:])))
        else:
            self.close()
            self.open()
            self.model.restart()

    async def killed_in_a_commit(self, frames: list[Frame]) -> Path:
        """What is left of the disk: nothing of the commit is there, and nothing of it was acknowledged."""
        before = len(self.rooms.sent)
        with self.rooms.disk.slow():
            arrivals = [Arrival(frame.raw, self.nodes[frame.node].route) for frame in frames]
            receiving = asyncio.ensure_future(self.rooms.reception.receive(arrivals))
            await until(lambda: self.rooms.disk.held or receiving.done())
            image = self.image()
            assert receiving.done() or len(self.rooms.sent) == before
        await receiving
        return image

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
        self.model.person(household, action)
        do = {"off": Action.DISARM, "reset": Action.RESET}.get(action, Action.ARM)
        mode = PanelMode.HOME if action == "home" else PanelMode.AWAY
        self.run(self.rooms.ask(do, household, mode=mode, anyway=True))
        self.run(self.rooms.look(household))

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

    @precondition(lambda self: any(row.household for row in self.model.rows))
    @rule(
        pick=PICK,
        kind=st.sampled_from(GUARDS),
        verdict=st.sampled_from([Verdict.ACCEPTED, *Verdict]),
        late_s=st.sampled_from([*6 * [0], 119, 121]),
        steps=st.sampled_from([1, 2, 3, 4, 4, 4]),
    )
    def a_guard_answers_a_report(self, pick: int, kind: CommandKind, verdict: Verdict, late_s: int, steps: int) -> None:
        """All the way to the node and back, or a part of it."""
        events = [seq for seq, row in enumerate(self.model.rows, 1) if row.event_id]
        known = (pick % 4 and events) or [seq for seq, row in enumerate(self.model.rows, 1) if row.household]
        until_ms = self.clock.now.wall_ms + VALID_S * 1000
        number = FIRST_COMMAND + len(self.commands)
        self.commands.append(Command(number, kind.value, known[-1 - pick % len(known)] - 1, until_ms))
        self.clock.advance(late_s)
        if steps > 1:
            self.commands_come_down(pick % 3)
        if steps > 2 and self.model.waiting:
            self.commands_are_sent_to_their_nodes()
        if steps > 3 and self.shown:
            self.a_node_confirms_a_command(0, verdict)
            self.arrive(self.air[-1:], fails=False)

    @precondition(lambda self: self.commands)
    @rule(again=st.integers(0, 3), sent=st.booleans(), confirmed=st.booleans(), pick=PICK)
    def the_downlink_goes_on(self, again: int, sent: bool, confirmed: bool, pick: int) -> None:
        """Long after its command, or with commands of before among it."""
        self.commands_come_down(again)
        if sent and self.model.waiting:
            self.commands_are_sent_to_their_nodes()
        if confirmed and self.shown:
            self.a_node_confirms_a_command(pick, Verdict.DUPLICATE)

    def commands_come_down(self, again: int) -> None:
        """Those that are new, and some that came before."""
        news = [command for command in self.commands if command.number > self.rooms.downlink.last_command]
        before = self.commands[: len(self.commands) - len(news)]
        page = [*before[len(before) - again :], *news]
        for command in page:
            self.model.command(command, self.clock.now.wall_ms)
        self.run(self.rooms.downlink.accept([self.as_contract(command) for command in page]))

    def as_contract(self, command: Command) -> EstateCommand:
        at_ms = command.until_ms - VALID_S * 1000
        kind = CommandKind(command.kind)
        anyway = True if kind is CommandKind.ARM_HOME else None
        return self.rooms.command(kind, command.row + 1, command.number, at_ms=at_ms, valid_s=VALID_S, anyway=anyway)

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

    def a_node_confirms_a_command(self, pick: int, verdict: Verdict) -> None:
        number, message = self.shown[-1 - pick % len(self.shown)]
        assert isinstance(message.body, messages.Command)
        outcome = {Verdict.EXPIRED: "", Verdict.NOT_UNDERSTOOD: "refused", Verdict.REFUSED: "refused"}.get(
            verdict, "shown"
        )
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


@pytest.mark.timeout(900)  # not for passing: a failure takes minutes to be made short
def test_the_concentrator_does_what_the_specification_says() -> None:
    run_state_machine_as_test(Concentrator, settings=settings(max_examples=40, stateful_step_count=30, deadline=None))


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_the_concentrator_does_what_the_specification_says_for_long() -> None:
    run_state_machine_as_test(Concentrator, settings=settings(max_examples=500, stateful_step_count=80, deadline=None))
