"""A hold-up button: what is meant is heard, what is not makes no alarm, and both whatever a hand does."""

from anju.node import feedback
from anju.node.input import STORM_MS
from anju.node.press import HELD_MS, HOLD_MS, STABS_MS
from anju.wire.table import Code, Order
from firmware.portable.kit import Bench, Dice, contact, identity, run

SETTLE_MS = 20
PANIC, HELD = int(Code.PANIC), int(Code.HELD)


def edges_of(presses: "list[tuple[int, int]]") -> "list[tuple[int, int]]":
    """(ms, level) of presses from one moment to another."""
    edges = []
    for start, end in presses:
        edges += [(start, 1), (end, 0)]
    return edges


def meant(presses: "list[tuple[int, int]]") -> "list[tuple[int, int]]":
    """The second description: what these make that are told apart, in so many words. A press is an alarm with the two before it,
    if none of them was one, or by its length."""
    events = []
    waiting: "list[int]" = []
    for start, end in presses:
        waiting.append(start)
        if len(waiting) > 2 and start - waiting[-3] <= STABS_MS:
            events.append((start + SETTLE_MS, PANIC))
            waiting = []
        elif end - start >= HOLD_MS:
            events.append((start + HOLD_MS, PANIC))
            waiting = []
        if not waiting and end - start >= HELD_MS:
            events.append((start + HELD_MS, HELD))
    return events


# ---- One press


def test_a_touch_is_no_alarm() -> None:
    for lasts_ms in (25, 200, 500, HOLD_MS - 1):
        button = contact("hold_up")
        assert run(button, edges_of([(100, 100 + lasts_ms)]), 60000) == [], lasts_ms
        assert button.deadline() is None
        assert button.rising_ms < 0


def test_one_second_is_an_alarm_and_three_say_that_it_is_meant() -> None:
    assert run(contact("hold_up"), [(100, 1), (100 + HOLD_MS, 0)], 60000) == [(100 + HOLD_MS, PANIC)]
    assert run(contact("hold_up"), [(100, 1)], 60000) == [(100 + HOLD_MS, PANIC), (100 + HELD_MS, HELD)]


def test_any_press_is_one_at_once_where_that_is_wanted() -> None:
    for kind in ("any_press", "silent_any_press"):
        assert run(contact(kind), [(100, 1), (900, 0)], 2000) == [(100 + SETTLE_MS, PANIC)]
        assert run(contact(kind), [(100, 1)], 60000) == [(100 + SETTLE_MS, PANIC), (100 + HELD_MS, HELD)]


def test_letting_go_says_nothing() -> None:
    for kind in ("hold_up", "any_press"):
        button = contact(kind)
        assert [code for _, code in run(button, edges_of([(100, 2900)]), 60000)] == [PANIC]
        assert button.deadline() is None


def test_one_that_is_let_go_before_is_not_held() -> None:
    events = run(contact("hold_up"), edges_of([(100, 100 + HELD_MS - 1), (20000, 21500)]), 60000)
    assert [code for _, code in events] == [PANIC, PANIC]


def test_each_press_may_be_held() -> None:
    events = run(contact("hold_up"), edges_of([(100, 5000), (6000, 11000)]), 60000)
    assert [code for _, code in events] == [PANIC, HELD, PANIC, HELD]


def test_a_button_that_is_pressed_when_the_power_comes_is_one_that_is_pressed_then() -> None:
    assert run(contact("hold_up"), [(0, 1)], 60000) == [(HOLD_MS, PANIC), (HELD_MS, HELD)]
    assert run(contact("hold_up"), [(0, 1), (HOLD_MS - 1, 0)], 60000) == []


# ---- Three presses


def test_three_quick_presses_are_an_alarm_at_the_third() -> None:
    stabs = edges_of([(100, 250), (600, 700), (100 + STABS_MS, 2200)])
    assert run(contact("hold_up"), stabs, 60000) == [(100 + STABS_MS + SETTLE_MS, PANIC)]


def test_slower_ones_are_none_and_a_fourth_counts_with_the_two_before() -> None:
    slow = [(100, 250), (1000, 1100), (101 + STABS_MS, 2200)]
    assert run(contact("hold_up"), edges_of(slow), 60000) == []
    assert [code for _, code in run(contact("hold_up"), edges_of(slow + [(2600, 2700)]), 60000)] == [PANIC]


def test_what_was_an_alarm_counts_for_no_other() -> None:
    stabs = [(start, start + 100) for start in range(100, 1700, 200)]
    assert [code for _, code in run(contact("hold_up"), edges_of(stabs), 60000)] == [PANIC, PANIC]


def test_the_third_may_be_held_as_well() -> None:
    stabs = [(100, 200), (400, 500), (700, 700 + HELD_MS)]
    assert run(contact("hold_up"), edges_of(stabs), 60000) == [(700 + SETTLE_MS, PANIC), (700 + HELD_MS, HELD)]


# ---- Hands that tremble, and nodes that are late


def test_a_trembling_hand_is_heard() -> None:
    """It never lets the contact rest."""
    storm = [(ms, ms // 3 % 2) for ms in range(0, 10000, 3)]
    (_, pressed), (_, held) = (events := run(contact("hold_up"), storm, 9999))
    assert (pressed, held) == (PANIC, HELD)
    assert HOLD_MS <= events[0][0] <= HOLD_MS + 3
    assert HELD_MS <= events[1][0] <= HELD_MS + 3
    assert run(contact("any_press"), storm, 9999)[0] == (STORM_MS, PANIC)


def test_one_that_lets_go_between_is_heard_too() -> None:
    letting_go = [(start, start + 120) for start in range(100, 2000, 150)]
    assert PANIC in [code for _, code in run(contact("hold_up"), edges_of(letting_go), 60000)]


def test_a_storm_that_is_over_soon_is_one_press() -> None:
    storm = [(ms, ms % 2) for ms in range(1, 801)]
    assert run(contact("hold_up"), storm, 60000) == []


def test_a_bounce_in_a_press_does_not_begin_it_anew() -> None:
    bounce = [(100, 1), (600, 0), (605, 1), (100 + HELD_MS + 15, 0), (100 + HELD_MS + 18, 1)]
    assert run(contact("hold_up"), bounce, 60000) == [(100 + HOLD_MS, PANIC), (100 + HELD_MS, HELD)]


def test_it_is_told_however_late_anybody_looks() -> None:
    """Also if the button was let go meanwhile; but not if that was too early."""
    for kind in ("hold_up", "any_press"):
        for lasts_ms, codes in ((HELD_MS + 500, [PANIC, HELD]), (HELD_MS - 500, [PANIC])):
            button = contact(kind)
            button.edge(1, 100)
            said = [button.poll(100 + SETTLE_MS)]
            button.edge(0, 100 + lasts_ms)
            said += [button.poll(20000), button.poll(20000), button.poll(20000)]
            assert [code for code in said if code != Code.NONE] == codes
            assert not button.is_active


def test_whoever_wakes_the_node_has_held_it_since_it_looks() -> None:
    button = contact("hold_up")
    button.wake(600, 1, 1000)
    assert button.deadline() == 0
    assert run(button, [], 60000) == [(1000 + HOLD_MS, PANIC), (1000 + HELD_MS, HELD)]
    button = contact("hold_up")
    button.wake(600, 1, 1000)
    assert run(button, [(1001 + HOLD_MS, 0)], 60000) == [(1000 + HOLD_MS, PANIC)]
    assert run(button, [], 60000) == []


def test_a_press_that_was_over_before_anybody_looked_counts_as_two_of_three() -> None:
    button = contact("hold_up")
    button.wake(600, 0, 1000)
    assert button.deadline() == 0
    assert run(button, edges_of([(1400, 1500)]), 60000) == [(1400 + SETTLE_MS, PANIC)]
    late = contact("hold_up")
    late.wake(600, 0, 1000)
    assert run(late, edges_of([(601 + STABS_MS, 2700)]), 60000) == []
    alone = contact("hold_up")
    alone.wake(600, 0, 1000)
    assert run(alone, [], 60000) == []
    assert not alone.is_active


def test_the_node_watches_while_presses_may_become_an_alarm() -> None:
    button = contact("hold_up")
    button.wake(0, 0, 5000)
    assert run(button, [], 5000 + STABS_MS) == []
    assert button.deadline() == 5000 + STABS_MS + 1
    assert button.poll(5000 + STABS_MS + 1) == Code.NONE
    assert button.deadline() is None


# ---- Whatever is done


def test_any_presses_make_what_is_meant() -> None:
    dice = Dice(11)
    for _ in range(300):
        presses = []
        now = 0
        for _ in range(dice.below(12)):
            start = now + 30 + dice.below((300, 900, 4000)[dice.below(3)])
            now = start + 30 + dice.below((200, 1100, 4000)[dice.below(3)])
            presses.append((start, now))
        button = contact("hold_up")
        assert run(button, edges_of(presses), now + 60000) == meant(presses), presses
        assert button.deadline() is None


def test_it_never_asks_to_be_polled_in_vain() -> None:
    dice = Dice(4)
    button = contact("hold_up")
    now = 0
    for _ in range(5000):
        now += dice.below(15)
        button.edge(dice.below(2), now)
        while button.poll(now) != Code.NONE:
            pass
        deadline = button.deadline()
        assert deadline is None or deadline > now


# ---- What is shown


def _shown(bench: Bench, ms: int) -> "list[tuple[int, tuple[int, int, int, int]]]":
    """Every change of the outputs within so many milliseconds, and when it was, with nothing answered."""
    start = bench.now
    seen: "list[tuple[int, tuple[int, int, int, int]]]" = []
    while bench.now <= start + ms:
        bench.raw()
        if not seen or seen[-1][1] != bench.feedback.outputs:
            seen.append((bench.now - start, bench.feedback.outputs))
        bench.now = min(max(bench.device.next_deadline(), bench.now + 1), start + ms + 1)
    return seen


def _bench(*kinds: str) -> Bench:
    bench = Bench(own=identity(kinds or ("hold_up",)))
    bench.greet()
    return bench


def test_while_it_is_held_the_light_grows_and_then_it_is_sending() -> None:
    bench = _bench()
    bench.device.edge(0, 1, bench.now)
    seen = _shown(bench, HOLD_MS - 1)
    assert seen[:2] == [(0, feedback.DARK), (feedback.RISE_AFTER_MS, (0, 1, 0, 0))]
    assert {outputs for _, outputs in seen} == {feedback.DARK, (0, 1, 0, 0)}
    ends = [at for at, _ in seen[1:]] + [HOLD_MS]
    lit = [end - seen[turn][0] for turn, end in enumerate(ends) if seen[turn][1][1]]
    assert lit == sorted(lit)
    assert len(lit) == 4
    assert len(set(lit)) == 4
    bench.wait(1)
    (panic,) = bench.sent()
    assert panic.code() == Code.PANIC
    assert bench.feedback.stage == feedback.SENDING


def test_let_go_in_time_it_is_dark_again() -> None:
    bench = _bench()
    bench.device.edge(0, 1, bench.now)
    _shown(bench, 700)
    bench.device.edge(0, 0, bench.now)
    assert _shown(bench, 3000)[-1][1] == feedback.DARK
    assert bench.feedback.stage == feedback.IDLE
    assert not bench.device.outbox.events()


def test_a_light_that_grows_takes_nothing_back_from_a_person() -> None:
    bench = _bench()
    bench.device.edge(0, 1, bench.now)
    bench.wait(SETTLE_MS)
    bench.sent()
    bench.wait(HOLD_MS)
    (panic,) = bench.sent()
    bench.device.edge(0, 0, bench.now)
    bench.receive(bench.concentrator.command(panic.event_id(), Order.COMING))
    _shown(bench, 2000)
    bench.device.edge(0, 1, bench.now)
    _shown(bench, 600)
    bench.device.edge(0, 0, bench.now)
    _shown(bench, 500)
    assert bench.feedback.stage == feedback.COMING
    assert bench.feedback.outputs[0] or bench.feedback.outputs == feedback.DARK


def test_of_a_silent_one_nothing_is_ever_shown() -> None:
    for kind in ("silent_hold_up", "silent_any_press"):
        bench = _bench(kind)
        bench.device.edge(0, 1, bench.now)
        seen = _shown(bench, 20000)
        events = bench.device.outbox.events()
        assert [event.code for event in events] == [PANIC, HELD]
        for event in events:
            bench.receive(bench.concentrator.command(event.event_id, Order.COMING, command_id=event.event_id))
        seen += _shown(bench, 5000)
        assert {outputs for _, outputs in seen} == {feedback.DARK}


def test_a_person_s_answer_to_a_silent_one_is_taken_all_the_same() -> None:
    bench = _bench("silent_any_press")
    (panic,) = bench.press()
    bench.receive(bench.concentrator.ack(panic))
    bench.receive(bench.concentrator.command(panic.event_id()))
    (answer,) = [heard for heard in bench.sent() if heard.type == 4]
    assert answer.ack()[2] == 1
    assert bench.feedback.stage == feedback.IDLE


def test_a_silent_one_takes_nothing_from_what_another_shows() -> None:
    bench = _bench("any_press", "silent_any_press")
    (loud,) = bench.press(0)
    (silent,) = bench.press(1)
    bench.receive(bench.concentrator.ack(silent))
    assert bench.feedback.stage == feedback.SENDING
    bench.receive(bench.concentrator.ack(loud))
    assert bench.feedback.stage == feedback.HELD


def test_a_silent_one_from_before_the_power_went_shows_nothing_either() -> None:
    bench = _bench("silent_any_press")
    bench.press()
    bench.raw()
    again = Bench(seed=2, kept=bench.kept, own=identity(("silent_any_press",)))
    assert {outputs for _, outputs in _shown(again, 20000)} == {feedback.DARK}
