"""The outbox under random hands: every lane, a duty room that is down, forgetful or choosy, restarts, a disk that fails.

The model knows what was journalled and what the duty room has. It does not know how rows are kept.

    what is not received is owed          panics first, then alarms, and a household's rows in their order
    what is received comes once           a start brings no try on, and forgets none
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import NamedTuple

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from anju.concentrator.core.ports import Attempt
from anju.concentrator.destinations.duty_room import DutyRoom, UnusableAnswer
from anju.ledger import LedgerError
from anju.ledger.ledger import _PRAGMAS
from anju.service.local_http import NoAnswer
from anju.uplink.reports import Lane, ReportKind
from stateful.rooms import OnFiles
from unit.concentrator.harness import DESTINATION
from unit.concentrator.line import FakeLine

HOUSEHOLDS = ("3-1-0101", "3-1-0102", "3-1-0103", "")
RANK = {Lane.PANIC: 0, Lane.ALARM: 1, Lane.ROUTINE: 2}
ONE_FAULT = settings(report_multiple_bugs=False, phases=(Phase.generate, Phase.shrink))
"""A break in the product shows in many ways: the first is made small, and the others are not looked for."""
MOST_SHRINKING_S = 20
MOST = 4
"""Rows in a batch here, so that a backlog is soon more than one."""


class Row(NamedTuple):
    """A report that was journalled."""

    seq: int
    household: str
    lane: Lane


class OutboxMachine(OnFiles):
    """A concentrator on real files, and a duty room that does what it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.line = FakeLine()
        self.rows: list[Row] = []
        self.received: set[int] = set()
        """By a receipt that has arrived here and was noted."""
        self.sent: set[int] = set()
        self.next_ms: tuple[int, int] | None = None
        self.open()

    def teardown(self) -> None:
        try:
            if sys.exception() is None:  # else it is known what is wrong
                self.everything_arrives()
        finally:
            self.ends()

    def open(self) -> None:
        super().open()
        self.upwards = DutyRoom(
            "3", self.line, self.rooms.journal, self.rooms.downlink.accept, lambda: self.rooms.downlink.last_command
        )

    @property
    def owed(self) -> list[Row]:
        """In the order in which the contract has them go up."""
        left = [row for row in self.rows if row.seq not in self.received]
        first: dict[str, tuple[int, int]] = {}
        for row in left:
            if row.lane is not Lane.ROUTINE:
                rank, seq = first.get(row.household, (2, row.seq))
                first[row.household] = (min(rank, RANK[row.lane]), min(seq, row.seq) if rank < 2 else row.seq)
        return sorted(left, key=lambda row: (*first.get(row.household, (2, 0)), row.seq))

    @rule(household=st.sampled_from(HOUSEHOLDS), lane=st.sampled_from(Lane), count=st.integers(1, 3))
    def something_happens(self, household: str, lane: Lane, count: int) -> None:
        async def journalled() -> None:
            async with self.rooms.journal.change() as draft:
                for _ in range(count):
                    seq = draft.record(ReportKind.OPENED, lane, household=household or None).seq
                    self.rows.append(Row(seq, household, lane))

        self.run(journalled())

    def attempts(self, noted: bool = True) -> None:
        """One try, of what is first. Whatever is not confirmed stays owed."""
        due = [row.seq for row in self.owed][:MOST]
        if not due:
            return
        held = set(self.line.held)
        assert self.rooms.journal.owed(DESTINATION, 1), "it would wait for something to send"

        async def tried() -> None:
            with suppress(NoAnswer, UnusableAnswer, LedgerError):
                await self.upwards._send_owed()
            with suppress(LedgerError):  # that they were sent is noted without anybody waiting for it
                await self.rooms.journal._ledger.write(lambda _connection: None)

        self.run(tried())
        assert self.line.batches.pop() == due
        assert self.line.batches == []
        if noted:
            self.sent |= set(due)
        if self.line.is_down or self.line.loses:
            return
        confirmed = {seq for seq in due if self.line.takes(seq)}
        assert set(self.line.held) - held <= set(due)
        if noted and confirmed:
            self.received |= confirmed
            self.next_ms = None

    @rule()
    def the_duty_room_takes_it(self) -> None:
        self.attempts()

    @rule()
    def nobody_answers(self) -> None:
        self.line.is_down = True
        self.attempts()
        self.line.is_down = False

    @rule()
    def the_receipt_is_lost(self) -> None:
        self.line.loses = True
        self.attempts()
        self.line.loses = False

    @rule(parity=st.integers(0, 1))
    def the_duty_room_takes_some(self, parity: int) -> None:
        self.line.takes = lambda seq: seq % 2 == parity
        self.attempts()
        self.line.takes = lambda _seq: True

    @rule()
    def the_disk_notes_nothing(self) -> None:
        with self.rooms.disk.refuses():
            self.attempts(noted=False)

    @rule(failures=st.integers(1, 9), seconds=st.sampled_from([0.1, 2, 30]))
    def the_next_try_is_put_off(self, failures: int, seconds: float) -> None:
        self.run(self.rooms.journal.postpone(DESTINATION, Attempt(failures, seconds)))
        self.next_ms = failures, self.clock.now.wall_ms + int(seconds * 1000)

    @rule(seconds=st.sampled_from([0.05, 1, 29, 86_400]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule()
    def the_service_is_started_anew(self) -> None:
        self.close()
        self.open()

    @rule()
    def all_that_may_be_is_cut_off(self) -> None:
        while self.run(self.rooms.journal.cut(self.clock.now.wall_ms + 1, 0)):
            pass

    @invariant()
    def all_is_as_the_model_says(self) -> None:
        """One for all: a failure then prints the steps that led to it, and little else."""
        self.what_was_not_received_is_owed_in_its_order()
        self.the_counts_say_the_same()
        self.the_next_try_is_known()
        self.an_alarm_that_is_owed_is_known()

    def what_was_not_received_is_owed_in_its_order(self) -> None:
        found = [row.seq for row in self.rooms.journal.owed(DESTINATION, 10_000)]
        assert found == [row.seq for row in self.owed]

    def the_counts_say_the_same(self) -> None:
        totals = self.rooms.journal.totals()
        assert (totals["outbox"], totals["sent"]) == (len(self.owed), len(self.sent - self.received))

    def the_next_try_is_known(self) -> None:
        failures, at_ms = self.next_ms or (0, 0)
        left_ms = max(0, at_ms - self.clock.now.wall_ms)
        assert self.rooms.journal.postponed(DESTINATION) == Attempt(failures, left_ms / 1000)

    def an_alarm_that_is_owed_is_known(self) -> None:
        expected = any(row.lane is not Lane.ROUTINE for row in self.owed)
        assert self.rooms.journal.owes_alarm(DESTINATION) == expected

    def everything_arrives(self) -> None:
        for _ in range(len(self.rows)):
            self.attempts()
        assert self.owed == []
        assert sorted(self.line.order) == [row.seq for row in self.rows]
        assert len(set(self.line.order)) == len(self.line.order)


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anju.concentrator.destinations.duty_room.MOST_ROWS", MOST)


@pytest.fixture(autouse=True)
def _quick_to_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """No power fails here, and to make a fault small takes hundreds of examples: it is as small as it is after a while."""
    monkeypatch.setattr("anju.ledger.ledger._PRAGMAS", (*_PRAGMAS, "PRAGMA synchronous = OFF"))
    monkeypatch.setattr("hypothesis.internal.conjecture.engine.MAX_SHRINKING_SECONDS", MOST_SHRINKING_S)


@pytest.mark.timeout(900)
def test_nothing_owed_is_lost_and_nothing_comes_twice() -> None:
    run_state_machine_as_test(OutboxMachine, settings=settings(ONE_FAULT, max_examples=60, stateful_step_count=30))


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_nothing_owed_is_lost_and_nothing_comes_twice_for_long() -> None:
    run_state_machine_as_test(OutboxMachine, settings=settings(ONE_FAULT, max_examples=1000, stateful_step_count=60))
