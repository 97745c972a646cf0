"""Debounce: one event for one movement, however the contact behaves."""

from anju.node.input import STORM_MS
from anju.wire.table import Code
from firmware.portable.kit import Dice, contact, run

SETTLE_MS = 20


def test_a_level_counts_once_it_has_settled() -> None:
    assert run(contact("entry"), [(100, 1), (500, 0)], 1000) == [(120, Code.OPENED), (520, Code.CLOSED)]


def test_bounce_is_one_event() -> None:
    edges = [(100, 1), (101, 0), (103, 1), (104, 0), (106, 1)]
    assert run(contact("entry"), edges, 1000) == [(126, Code.OPENED)]


def test_a_glitch_is_no_event() -> None:
    assert run(contact("any_press"), [(100, 1), (119, 0)], 1000) == []


def test_a_pulse_too_short_to_be_read_restarts_the_settling() -> None:
    assert run(contact("any_press"), [(100, 1), (110, 1)], 1000) == [(130, Code.PANIC)]


def test_a_low_contact_is_active_at_0() -> None:
    assert run(contact("tamper", 0), [(0, 1), (100, 0)], 1000) == [(120, Code.TAMPERED)]


def test_a_contact_that_is_active_at_boot_makes_its_event() -> None:
    assert run(contact("tamper"), [(0, 1)], 1000) == [(20, Code.TAMPERED)]


def test_a_storm_is_one_alarm_and_not_silence() -> None:
    storm = [(ms, ms // 3 % 2) for ms in range(0, 10000, 3)]
    for kind, code in (("entry", Code.OPENED), ("tamper", Code.TAMPERED)):
        events = run(contact(kind), storm, 9999)
        assert events == [(STORM_MS, code)], events


def test_a_door_is_closed_again_after_a_storm() -> None:
    storm = [(ms, ms % 2) for ms in range(1, 1001)]
    assert run(contact("entry"), storm, 2000) == [(1 + STORM_MS, Code.OPENED), (1020, Code.CLOSED)]


def test_any_edges_end_in_the_last_level_and_in_few_events() -> None:
    dice = Dice(3)
    for _ in range(200):
        button = contact("entry")
        edges = []
        now = 0
        for _ in range(dice.below(200)):
            now += 1 + dice.below(1 + dice.below(60))
            edges.append((now, dice.below(2)))
        events = run(button, edges, now + STORM_MS)
        assert button.deadline() is None
        assert button.is_active == (bool(edges) and edges[-1][1] == 1)
        assert len(events) <= 1 + now // SETTLE_MS
        codes = [code for _, code in events]
        assert codes == [Code.OPENED, Code.CLOSED] * (len(codes) // 2) + [Code.OPENED] * (len(codes) % 2)


def test_it_never_asks_to_be_polled_in_vain() -> None:
    dice = Dice(4)
    button = contact("any_press")
    now = 0
    for _ in range(5000):
        now += dice.below(15)
        button.edge(dice.below(2), now)
        button.poll(now)
        deadline = button.deadline()
        assert deadline is None or deadline > now
