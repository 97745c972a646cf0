"""A battery that goes flat is told of once, and how many days are left as soon as that can be known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from anju.concentrator.core.battery import DAY_MS, KEPT, LEAST_DAYS, MOST_DAYS, STEP_MV, History
from anju.concentrator.core.node_kinds import LITHIUM


def read(history: History, *millivolts: int, day: int = 0) -> History:
    """One reading a day."""
    for mv in millivolts:
        history = history.read(mv // STEP_MV, day * DAY_MS, LITHIUM)
        day += 1
    return history


def test_a_battery_that_says_nothing_is_not_low() -> None:
    assert read(History(), 0, 0) == History()
    assert History().mv is None


def test_it_is_low_at_its_threshold_and_stays_so_until_it_has_recovered() -> None:
    low = read(History(), LITHIUM.low_mv)
    assert low.is_low
    assert read(low, LITHIUM.low_mv + STEP_MV, day=1).is_low, "a warmer day is no new battery"
    assert not read(low, LITHIUM.restored_mv, day=1).is_low


def test_a_week_of_falling_foretells_its_end() -> None:
    history = read(History(), *range(3000, 3000 - 8 * STEP_MV, -STEP_MV))
    assert history.days_left(LITHIUM) == (2860 - LITHIUM.empty_mv) // STEP_MV == 28


def test_less_than_a_week_foretells_nothing() -> None:
    assert read(History(), *[3000, 2900, 2800, 2700, 2600, 2500]).days_left(LITHIUM) is None
    assert LEAST_DAYS == 7


def test_a_battery_that_holds_its_voltage_foretells_nothing() -> None:
    assert read(History(), *[3000] * 30).days_left(LITHIUM) is None


def test_a_new_battery_begins_a_new_history() -> None:
    old = read(History(), *range(2760, 2760 - 9 * STEP_MV, -STEP_MV))
    assert old.is_low
    new = read(old, 3200, day=9)
    assert not new.is_low
    assert [day.day for day in new.days] == [9]


def test_a_clock_that_is_set_back_adds_no_day() -> None:
    history = read(History(), 3000, day=100)
    back = history.read(2980 // STEP_MV, 3 * DAY_MS, LITHIUM)
    assert [(day.day, day.level * STEP_MV) for day in back.days] == [(100, 2980)]


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 400)), max_size=80))
def test_however_it_reads_it_stays_small_and_is_the_same_once_it_was_stored(readings: list[tuple[int, int]]) -> None:
    history = History()
    for level, day in readings:
        history = history.read(level, day * DAY_MS, LITHIUM)
        assert len(history.days) <= KEPT
        assert [one.day for one in history.days] == sorted({one.day for one in history.days})
        left = history.days_left(LITHIUM)
        assert left is None or 0 <= left <= MOST_DAYS
    assert History.unpack(history.pack()) == history
