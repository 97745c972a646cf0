"""What `anju bench faults` counts: lost, doubled and reordered, each found where it is and nowhere else."""

from __future__ import annotations

import random
import sqlite3
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.bench.faults import hardships
from anju.bench.faults.deeds import Deeds, EventName, Held, events_of
from anju.bench.faults.kills import ANY_TIME, EVERYTHING, POINTS, planned
from anju.bench.faults.testing.conditions import Conditions, FakeMachine
from anju.bench.faults.testing.service import slow_connection
from anju.cli.bench_faults import words
from anju.uplink.reports import Lane, NodeAddress, Report, ReportKind, Witnessed

HOME, NEIGHBOUR = "3-2-0501", "3-2-0502"


def event(number: int) -> EventName:
    return EventName(1, 1, 1, number, 2)


def held(number: int, household: str = HOME, lane: Lane = Lane.PANIC) -> Held:
    return Held(event(number), household, lane)


def one_after_the_other(count: int) -> Deeds:
    """Each is made once the one before it is known to be durable."""
    deeds = Deeds()
    for number in range(count):
        deeds.make(event(number), HOME)
        deeds.ack(event(number))
    return deeds


def all_at_once(count: int) -> Deeds:
    deeds = Deeds()
    for number in range(count):
        deeds.make(event(number), HOME)
    return deeds


def test_all_that_was_done_is_held_once_and_in_order() -> None:
    assert one_after_the_other(5).compare(map(held, range(5))).is_good


def test_what_is_missing_is_lost_acknowledged_or_not() -> None:
    deeds = all_at_once(2)
    deeds.ack(event(0))
    assert deeds.unacked == 1
    assert deeds.compare([]).lost == (
        f"{event(0)}: acknowledged, not in the duty room",
        f"{event(1)}: made, not in the duty room",
    )


def test_what_is_there_twice_or_was_never_done_is_doubled() -> None:
    verdict = one_after_the_other(1).compare([held(0), held(0), held(7)])
    assert verdict.duplicated == (
        f"{event(0)}: 2 times in the duty room",
        f"{event(7)}: in the duty room, and no node made it",
    )
    assert (verdict.lost, verdict.reordered) == ((), ())


def test_an_earlier_one_behind_a_later_one_is_reordered() -> None:
    (told,) = one_after_the_other(3).compare([held(0), held(2), held(1)]).reordered
    assert told.startswith(f"{event(1)}: after {event(2)}")


def test_what_was_in_the_air_together_has_no_order() -> None:
    assert all_at_once(3).compare([held(2), held(0), held(1)]).is_good


def test_another_household_and_another_lane_have_an_order_of_their_own() -> None:
    deeds = one_after_the_other(3)
    assert deeds.compare([held(2), held(1, NEIGHBOUR), held(0, lane=Lane.ROUTINE)]).is_good


@given(st.permutations(range(6)))
def test_only_one_order_is_that_of_a_chain(order: list[int]) -> None:
    assert one_after_the_other(6).compare(map(held, order)).is_good == (order == sorted(order))


def test_who_is_told_of_few_has_to_hold_those() -> None:
    deeds = one_after_the_other(3)
    assert deeds.compare([held(1)], "the receiver", {event(1)}).is_good
    assert deeds.compare([], "the receiver", {event(1)}).lost == (f"{event(1)}: acknowledged, not in the receiver",)


def test_a_node_that_makes_an_event_twice_is_no_node() -> None:
    deeds = all_at_once(1)
    with pytest.raises(ValueError, match="twice"):
        deeds.make(event(0), HOME)


def test_an_event_is_known_by_what_its_node_says() -> None:
    told = Report(
        seq=9,
        kind=ReportKind.HOLD_UP_ALARM,
        lane=Lane.PANIC,
        recorded_at_ms=1,
        household=HOME,
        node=NodeAddress(network=1, node=7),
        counter=80,
        event_id=70,
        witnessed=Witnessed(code=2, epoch=3, first_counter=70, time_s=0, zone=1),
    )
    nobodys = told.model_copy(update={"witnessed": None})
    assert list(events_of([told, nobodys])) == [Held(EventName(1, 7, 3, 70, 2), HOME, Lane.PANIC)]


@pytest.mark.parametrize("kills", [1, 2, 8, 50])
def test_so_many_processes_are_killed_at_points_and_at_any_time(kills: int) -> None:
    strikes = list(planned(kills, random.Random(1)))
    assert sum(len(strike.victims) for strike in strikes) == kills
    assert list(planned(kills, random.Random(1))) == strikes
    if kills == 50:
        assert {strike.point for strike in strikes if strike.point} == set(POINTS)
        assert {victim for strike in strikes if not strike.point for victim in strike.victims} == set(EVERYTHING)


def test_whatever_fails_has_a_word() -> None:
    names = {f"killed: {point.name}" for point in POINTS} | {f"killed: {ANY_TIME}"}
    room = hardships.Hardships.__new__(hardships.Hardships)
    assert set(words()) == names | room.often.keys() | room.once.keys()


def test_a_fake_machine_is_as_it_was_told_in_every_process(tmp_path: Path) -> None:
    here, there = (FakeMachine(tmp_path / "machine") for _ in range(2))
    assert there.now == Conditions()
    here.become(Conditions(clock_s=-86400.0, commit_s=0.25))
    assert there.now == Conditions(-86400.0, 0.25)


def test_a_commit_takes_as_long_as_its_disk_and_nothing_else_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    machine = FakeMachine(tmp_path / "machine")
    with sqlite3.connect(":memory:", isolation_level=None, factory=slow_connection(machine)) as connection:
        connection.execute("BEGIN")
        connection.execute("COMMIT")
        machine.become(Conditions(commit_s=0.5))
        connection.execute("BEGIN")
        assert waited == []
        connection.execute("COMMIT")
    connection.close()
    assert waited == [0.5]
