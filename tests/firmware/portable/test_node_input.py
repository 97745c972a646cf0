"""Debounce: one event for one movement, however the contact behaves."""

from anju.node.input import HELD_MS, STORM_MS, Input
from anju.wire.table import Code
from firmware.portable.kit import Dice

SETTLE_MS = 20


def _run(contact: Input, edges: "list[tuple[int, int]]", until: int) -> "list[tuple[int, int]]":
    """(ms, code) of what a contact makes of (ms, level) edges, polled only when it asks to be."""
    events: "list[tuple[int, int]]" = []
    waiting = list(edges)
    for _ in range(100000):
        deadline = contact.deadline()
        if waiting and (deadline is None or waiting[0][0] < deadline):
            now, level = waiting.pop(0)
            contact.edge(level, now)
        elif deadline is None or deadline > until:
            return events
        else:
            now = deadline
        code = contact.poll(now)
        if code != Code.NONE:
            events.append((now, int(code)))
    raise AssertionError("it never comes to rest")


def test_a_level_counts_once_it_has_settled() -> None:
    assert _run(Input("entry", 1, SETTLE_MS), [(100, 1), (500, 0)], 1000) == [(120, Code.OPENED), (520, Code.CLOSED)]


def test_bounce_is_one_event() -> None:
    edges = [(100, 1), (101, 0), (103, 1), (104, 0), (106, 1)]
    assert _run(Input("entry", 1, SETTLE_MS), edges, 1000) == [(126, Code.OPENED)]


def test_a_glitch_is_no_event() -> None:
    assert _run(Input("hold_up", 1, SETTLE_MS), [(100, 1), (119, 0)], 1000) == []


def test_a_pulse_too_short_to_be_read_restarts_the_settling() -> None:
    assert _run(Input("hold_up", 1, SETTLE_MS), [(100, 1), (110, 1)], 1000) == [(130, Code.PANIC)]


def test_a_low_contact_is_active_at_0() -> None:
    assert _run(Input("tamper", 0, SETTLE_MS), [(0, 1), (100, 0)], 1000) == [(120, Code.TAMPERED)]


def test_the_release_of_a_panic_button_is_no_event() -> None:
    assert _run(Input("hold_up", 1, SETTLE_MS), [(100, 1), (900, 0)], 2000) == [(120, Code.PANIC)]


def test_a_contact_that_is_active_at_boot_makes_its_event() -> None:
    assert _run(Input("tamper", 1, SETTLE_MS), [(0, 1)], 1000) == [(20, Code.TAMPERED)]


def test_a_storm_is_one_alarm_and_not_silence() -> None:
    storm = [(ms, ms // 3 % 2) for ms in range(0, 10000, 3)]
    for kind, code in (("entry", Code.OPENED), ("tamper", Code.TAMPERED)):
        events = _run(Input(kind, 1, SETTLE_MS), storm, 9999)
        assert events == [(STORM_MS, code)], events


def test_a_button_that_never_rests_counts_as_held() -> None:
    storm = [(ms, ms // 3 % 2) for ms in range(0, 10000, 3)]
    pressed, held = _run(Input("hold_up", 1, SETTLE_MS), storm, 9999)
    assert pressed == (STORM_MS, Code.PANIC)
    assert held[1] == Code.HELD
    assert STORM_MS + HELD_MS <= held[0] <= STORM_MS + HELD_MS + 3


def test_a_button_that_is_held_for_three_seconds_says_so_once() -> None:
    pressed, held = 100 + SETTLE_MS, 100 + SETTLE_MS + HELD_MS
    contact = Input("hold_up", 1, SETTLE_MS)
    assert _run(contact, [(100, 1)], 60000) == [(pressed, Code.PANIC), (held, Code.HELD)]
    assert contact.deadline() is None
    assert _run(Input("entry", 1, SETTLE_MS), [(100, 1)], 60000) == [(pressed, Code.OPENED)]
    assert _run(Input("tamper", 1, SETTLE_MS), [(100, 1)], 60000) == [(pressed, Code.TAMPERED)]


def test_one_that_is_let_go_before_is_not_held() -> None:
    let_go = 100 + SETTLE_MS + HELD_MS - 1
    contact = Input("hold_up", 1, SETTLE_MS)
    events = _run(contact, [(100, 1), (let_go, 0), (20000, 1), (20100, 0)], 60000)
    assert [code for _, code in events] == [Code.PANIC, Code.PANIC]


def test_a_bounce_in_a_press_does_not_begin_it_anew() -> None:
    bounce = [(100, 1), (1000, 0), (1005, 1), (100 + HELD_MS + 15, 0), (100 + HELD_MS + 18, 1)]
    events = _run(Input("hold_up", 1, SETTLE_MS), bounce, 60000)
    assert [code for _, code in events] == [Code.PANIC, Code.HELD]


def test_it_is_told_however_late_anybody_looks() -> None:
    """Also if the button was let go meanwhile; but not if that was too early."""
    for let_go, codes in ((HELD_MS + 500, [Code.PANIC, Code.HELD]), (HELD_MS - 500, [Code.PANIC])):
        contact = Input("hold_up", 1, SETTLE_MS)
        contact.edge(1, 100)
        said = [contact.poll(100 + SETTLE_MS)]
        contact.edge(0, 100 + SETTLE_MS + let_go)
        said += [contact.poll(20000), contact.poll(20000), contact.poll(20000)]
        assert [code for code in said if code != Code.NONE] == codes
        assert not contact.is_active


def test_each_press_may_be_held() -> None:
    edges = [(100, 1), (5000, 0), (6000, 1), (11000, 0)]
    events = _run(Input("hold_up", 1, SETTLE_MS), edges, 60000)
    assert [code for _, code in events] == [Code.PANIC, Code.HELD, Code.PANIC, Code.HELD]


def test_a_door_is_closed_again_after_a_storm() -> None:
    storm = [(ms, ms % 2) for ms in range(1, 1001)]
    assert _run(Input("entry", 1, SETTLE_MS), storm, 2000) == [(1 + STORM_MS, Code.OPENED), (1020, Code.CLOSED)]


def test_any_edges_end_in_the_last_level_and_in_few_events() -> None:
    dice = Dice(3)
    for _ in range(200):
        contact = Input("entry", 1, SETTLE_MS)
        edges = []
        now = 0
        for _ in range(dice.below(200)):
            now += 1 + dice.below(1 + dice.below(60))
            edges.append((now, dice.below(2)))
        events = _run(contact, edges, now + STORM_MS)
        assert contact.deadline() is None
        assert contact.is_active == (bool(edges) and edges[-1][1] == 1)
        assert len(events) <= 1 + now // SETTLE_MS
        codes = [code for _, code in events]
        assert codes == [Code.OPENED, Code.CLOSED] * (len(codes) // 2) + [Code.OPENED] * (len(codes) % 2)


def test_it_never_asks_to_be_polled_in_vain() -> None:
    dice = Dice(4)
    contact = Input("hold_up", 1, SETTLE_MS)
    now = 0
    for _ in range(5000):
        now += dice.below(15)
        contact.edge(dice.below(2), now)
        contact.poll(now)
        deadline = contact.deadline()
        assert deadline is None or deadline > now
