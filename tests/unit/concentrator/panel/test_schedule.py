"""Which entries of a schedule are due: once a day each, by the estate's local time, over summer time and clocks that are set."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.concentrator.core.panel.schedule import Due, Scheduled, added, look, next_ms
from anju.uplink.reports import PanelMode, ScheduleEntry

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
HOUR_MS, DAY_MS = 3_600_000, 24 * 3_600_000
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
WORKDAYS = (1, 2, 3, 4, 5)


def at(text: str, zone: ZoneInfo = SHANGHAI) -> int:
    """A local time in Unix ms."""
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


def local(at_ms: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at_ms / 1000, zone).strftime("%m-%d %H:%M")


def entry(minute: int = 22 * 60 + 30, days: tuple[int, ...] = EVERY_DAY) -> ScheduleEntry:
    return ScheduleEntry(anyway=False, days=days, minute=minute, mode=PanelMode.HOME, number=1)


def set_at(text: str, zone: ZoneInfo = SHANGHAI, **what: object) -> Scheduled:
    return added(entry(**what), "Li Na", at(text, zone), zone)  # type: ignore[arg-type]  # as `entry` has them


def days_of(one: Scheduled, from_ms: int, to_ms: int, zone: ZoneInfo, every_ms: int = 60_000) -> list[str]:
    """When an entry comes due while somebody looks again and again."""
    found: list[str] = []
    for now_ms in range(from_ms, to_ms, every_ms):
        one, due = look(one, now_ms, zone)
        found += [local(each.at_ms, zone) for each in due]
    return found


def test_it_is_due_at_its_minute_on_its_days_and_not_before() -> None:
    one = set_at("2026-11-27 12:00", days=WORKDAYS)  # a Friday
    assert next_ms([one], at("2026-11-27 12:00"), SHANGHAI) == at("2026-11-27 22:30")
    assert look(one, at("2026-11-27 22:30") - 1, SHANGHAI) == (one, ())
    one, due = look(one, at("2026-11-27 22:30"), SHANGHAI)
    assert due == (Due(at("2026-11-27 22:30"), is_missed=False),)
    assert next_ms([one], at("2026-11-27 22:30"), SHANGHAI) == at("2026-11-30 22:30")


def test_the_time_of_today_that_has_passed_is_not_a_new_entrys_own() -> None:
    one = set_at("2026-11-27 22:31")
    assert look(one, at("2026-11-27 22:32"), SHANGHAI)[1] == ()
    assert next_ms([one], at("2026-11-27 22:31"), SHANGHAI) == at("2026-11-28 22:30")


@pytest.mark.parametrize(("late_s", "is_missed"), [(0, False), (15 * 60 - 1, False), (15 * 60, True), (3600, True)])
def test_what_a_service_that_was_down_has_missed_is_made_up_within_a_quarter_of_an_hour(
    late_s: int, *, is_missed: bool
) -> None:
    one = set_at("2026-11-27 12:00")
    due_ms = at("2026-11-27 22:30")
    assert look(one, due_ms + late_s * 1000, SHANGHAI)[1] == (Due(due_ms, is_missed),)


def test_each_day_that_was_missed_is_told_for_a_week_at_most() -> None:
    one = set_at("2026-11-01 12:00")
    _, due = look(one, at("2026-11-27 22:35"), SHANGHAI)
    assert [each.is_missed for each in due] == [True] * 7 + [False]
    assert due[0].at_ms == at("2026-11-20 22:30")


def test_after_midnight_the_day_before_is_made_up_too() -> None:
    one = set_at("2026-11-27 12:00", minute=23 * 60 + 55)
    one, due = look(one, at("2026-11-28 00:05"), SHANGHAI)
    assert due == (Due(at("2026-11-27 23:55"), is_missed=False),)
    assert next_ms([one], at("2026-11-28 00:05"), SHANGHAI) == at("2026-11-28 23:55")


def test_in_the_night_that_has_no_such_minute_it_is_as_much_later() -> None:
    one = set_at("2026-03-28 12:00", BERLIN, minute=2 * 60 + 30)
    found = days_of(one, at("2026-03-28 12:00", BERLIN), at("2026-03-30 12:00", BERLIN), BERLIN)
    assert found == ["03-29 03:30", "03-30 02:30"]


def test_in_the_night_that_has_the_minute_twice_it_is_once() -> None:
    one = set_at("2026-10-24 12:00", BERLIN, minute=2 * 60 + 30)
    found = days_of(one, at("2026-10-24 12:00", BERLIN), at("2026-10-26 12:00", BERLIN), BERLIN)
    assert found == ["10-25 02:30", "10-26 02:30"]


@given(
    minute=st.integers(0, 1439),
    zone=st.sampled_from([SHANGHAI, BERLIN, ZoneInfo("America/Havana")]),
    days=st.sets(st.integers(1, 7), min_size=1).map(lambda chosen: tuple(sorted(chosen))),
    begin=st.dates(date(2026, 1, 1), date(2026, 12, 20)),
    steps=st.lists(
        st.tuples(st.integers(1, 6 * 60), st.sampled_from([0, 0, 0, 60, -60, 30, -30])), min_size=1, max_size=40
    ),
)
def test_whatever_clocks_do_it_is_due_once_a_day_on_its_days_alone(
    minute: int, zone: ZoneInfo, days: tuple[int, ...], begin: date, steps: list[tuple[int, int]]
) -> None:
    """Minutes pass, and sometimes somebody sets the clock by as many as `steps` says."""
    now_ms = at(f"{begin} 12:00", zone)
    one = added(entry(minute, days), "Li Na", now_ms, zone)
    seen: list[date] = []
    for passed_min, step_min in steps:
        now_ms += (passed_min + step_min) * 60_000
        next_due = next_ms([one], now_ms, zone)
        assert next_due is not None
        after, due = look(one, now_ms, zone)
        assert bool(due) == (next_due <= now_ms), "whoever waits for the next one misses none and is woken for none"
        assert after.dealt >= one.dealt
        for each in due:
            day = datetime.fromtimestamp(each.at_ms / 1000, zone)
            assert each.at_ms <= now_ms
            assert day.isoweekday() in days
            assert day.hour * 60 + day.minute in {minute, minute + 60}, (
                "an hour later only where there is no such minute"
            )
            seen.append(day.date())
        one = after
        assert look(one, now_ms, zone) == (one, ())
    assert seen == sorted(set(seen))


def test_a_clock_that_was_wrong_by_years_keeps_no_entry_from_its_work() -> None:
    one = set_at("2026-11-27 12:00")
    one, due = look(one, at("2036-01-01 00:00"), SHANGHAI)
    assert all(each.is_missed for each in due)
    one, _ = look(one, at("2026-11-28 12:00"), SHANGHAI)
    assert look(one, at("2026-11-28 22:30"), SHANGHAI)[1] == (Due(at("2026-11-28 22:30"), is_missed=False),)


def test_what_is_stored_is_the_same() -> None:
    one = set_at("2026-11-27 12:00", days=WORKDAYS)
    assert Scheduled.from_json(one.to_json()) == one


def test_by_the_machines_own_zone_where_the_estate_names_none(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    try:
        one = added(entry(), "Li Na", at("2026-11-27 12:00"), None)
        assert next_ms([one], at("2026-11-27 12:00"), None) == at("2026-11-27 22:30")
    finally:
        monkeypatch.undo()
        time.tzset()


def test_nothing_is_due_where_nothing_is_set() -> None:
    assert next_ms([], 0, SHANGHAI) is None
