"""A button of a node that sleeps: what woke it counts for two presses, and the whole of what follows is watched."""

from anju.node import feedback
from anju.node.press import HELD_MS, HOLD_MS, STABS_MS
from anju.wire.table import Code
from firmware.portable.kit import Heard
from firmware.portable.night import Night

_BUTTON, _DOOR = 0, 1
BOOT_MS = 300
BOOTS_MS = (300, 600, 900)
SETTLE_MS = 20


def _asleep(button: str = "hold_up", boot_ms: int = BOOT_MS) -> Night:
    """A node that was answered, and would sleep."""
    night = Night(button=button)
    night.awake_ms = boot_ms
    night.until_it_sleeps()
    return night


def _strike(night: Night, level: int) -> None:
    """The button is pressed while it sleeps; BOOT_MS later it reads `level`."""
    night.sleep(5000 + BOOT_MS, struck=(_BUTTON,), level=level)


def _live(night: Night, ms: int) -> "list[Heard]":
    """What it says within so many milliseconds, all answered; it must not want to sleep in between."""
    heard: "list[Heard]" = []
    for _ in range(ms // 10):
        heard += night.answered()
        assert not night.device.rest_ms(night.now), "it sleeps in the midst of a gesture"
        night.wait(10)
    return heard


def _codes(heard: "list[Heard]") -> "list[int]":
    return [one.code() for one in heard if one.type == 2]


def _said(boot_ms: int, presses: "list[tuple[int, int]]", button: str = "hold_up") -> "list[tuple[int, int]]":
    """(ms, code) of what these (from, to) make, the first of which wakes a node that looks after `boot_ms`. Every 10 ms."""
    edges = [(at, level) for start, end in presses for at, level in ((start, 1), (end, 0))]
    night = _asleep(button, boot_ms)
    missed = [level for at, level in edges if at <= boot_ms]
    night.sleep(5000 + boot_ms, struck=(_BUTTON,), level=missed[-1])
    said = []
    waiting = edges[len(missed) :]
    for now in range(boot_ms, boot_ms + 6000, 10):
        while waiting and waiting[0][0] <= now:
            night.move(_BUTTON, waiting.pop(0)[1])
        said += [(now, code) for code in _codes(night.answered())]
        night.wait(10)
    return said


def test_a_press_that_wakes_it_is_held_from_when_it_looks() -> None:
    for boot_ms in BOOTS_MS:
        held = [(boot_ms + HOLD_MS, int(Code.PANIC)), (boot_ms + HELD_MS, int(Code.HELD))]
        assert _said(boot_ms, [(0, 9000)]) == held
        assert _said(boot_ms, [(0, boot_ms + HOLD_MS)]) == held[:1]
        assert _said(boot_ms, [(0, boot_ms + HOLD_MS - 10)]) == []


def test_two_touches_are_none_that_was_held_and_the_second_may_be() -> None:
    for boot_ms in BOOTS_MS:
        start = boot_ms - SETTLE_MS
        assert _said(boot_ms, [(0, 100), (start, start + HOLD_MS)]) == []
        assert _said(boot_ms, [(0, 100), (start, boot_ms + HOLD_MS)]) == [(boot_ms + HOLD_MS, Code.PANIC)]


def test_a_short_one_wakes_it_for_nothing_but_to_watch_for_more() -> None:
    for level in (0, 1):
        night = _asleep()
        _strike(night, level)
        assert _codes(_live(night, 200)) == []
        if level:
            night.move(_BUTTON, 0)
        assert _codes(_live(night, STABS_MS - BOOT_MS - 200)) == []
        awake_ms, heard = night.until_it_sleeps()
        assert awake_ms <= 100 + BOOT_MS
        assert not heard


def test_who_presses_on_is_heard_at_the_first_press_that_it_sees_begin() -> None:
    for boot_ms in BOOTS_MS:
        for gap_ms in range(250, 501, 10):
            starts = range(0, boot_ms + 2 * gap_ms, gap_ms)
            seen = next(start for start in starts if start > boot_ms + SETTLE_MS)
            until_seen = [(start, start + 120) for start in starts if start <= seen]
            assert _said(boot_ms, until_seen) == [(seen + SETTLE_MS, Code.PANIC)], (boot_ms, gap_ms)
            assert _said(boot_ms, until_seen[:-1]) == [], (boot_ms, gap_ms)


def test_three_are_an_alarm_if_it_looks_before_the_third() -> None:
    for boot_ms in BOOTS_MS:
        for gap_ms in range(250, 501, 10):
            presses = [(start, start + 120) for start in (0, gap_ms, 2 * gap_ms)]
            alarms = [code for _, code in _said(boot_ms, presses)]
            assert alarms == [Code.PANIC] * (2 * gap_ms > boot_ms + SETTLE_MS), (boot_ms, gap_ms)


def test_what_woke_it_counts_as_long_as_any_other_press() -> None:
    for boot_ms in BOOTS_MS:
        for start, alarms in ((STABS_MS, [Code.PANIC]), (STABS_MS + 10, [])):
            said = _said(boot_ms, [(0, 100), (start, start + 100)])
            assert [code for _, code in said] == alarms
        once_more = [(0, 100), (STABS_MS + 10, STABS_MS + 100), (STABS_MS + boot_ms, STABS_MS + boot_ms + 100)]
        assert [code for _, code in _said(boot_ms, once_more)] == [Code.PANIC]


def test_a_silent_one_is_pressed_in_the_same_way() -> None:
    for boot_ms in BOOTS_MS:
        assert _said(boot_ms, [(0, 100)], "silent_hold_up") == []
        assert _said(boot_ms, [(0, 100), (1000, 1100)], "silent_hold_up") == [(1000 + SETTLE_MS, Code.PANIC)]
        assert _said(boot_ms, [(0, boot_ms + HOLD_MS)], "silent_hold_up") == [(boot_ms + HOLD_MS, Code.PANIC)]


def test_any_press_is_one_alarm_however_long_the_node_starts() -> None:
    for boot_ms in BOOTS_MS:
        for button in ("any_press", "silent_any_press"):
            assert _said(boot_ms, [(0, 100)], button) == [(boot_ms, Code.PANIC)]
            assert _said(boot_ms, [(0, 9000)], button) == [(boot_ms, Code.PANIC), (boot_ms + HELD_MS, Code.HELD)]


def test_the_release_that_wakes_it_counts_for_no_press() -> None:
    night = _asleep()
    _strike(night, 1)
    _live(night, HELD_MS)
    night.answered()
    night.until_it_sleeps()
    night.sleep(5000, struck=(_BUTTON,), level=0)
    said = _codes(night.answered())
    for level in (1, 0, 1, 0):
        night.wait(100)
        night.move(_BUTTON, level)
        night.wait(SETTLE_MS)
        said += _codes(night.answered())
    assert said == []


def test_the_light_grows_as_on_any_other_node() -> None:
    night = _asleep()
    _strike(night, 1)
    _live(night, feedback.RISE_AFTER_MS)
    night.sent()
    assert night.device.feedback.outputs == (0, 1, 0, 0)
    night.move(_BUTTON, 0)
    _live(night, 100)
    assert night.device.feedback.outputs == feedback.DARK


def test_any_press_that_wakes_it_is_an_alarm_back_or_not() -> None:
    for level in (0, 1):
        night = _asleep("any_press")
        _strike(night, level)
        assert _codes(night.answered()) == [Code.PANIC]


def test_one_that_stays_pressed_lets_it_sleep_in_the_end_and_its_release_says_nothing() -> None:
    night = _asleep("silent_hold_up")
    _strike(night, 1)
    assert _codes(_live(night, HELD_MS) + night.answered()) == [Code.PANIC, Code.HELD]
    night.until_it_sleeps()
    night.sleep(struck=(_BUTTON,), level=0)
    _, heard = night.until_it_sleeps()
    assert not heard
    _strike(night, 1)
    assert _codes(_live(night, HOLD_MS) + night.answered()) == [Code.PANIC]


def test_of_a_silent_one_nothing_is_shown_after_another_sleep_either() -> None:
    night = _asleep("silent_any_press")
    _strike(night, 0)
    (panic,) = night.answered()
    night.until_it_sleeps()
    night.sleep(5000, struck=(_DOOR,), level=1)
    night.answered()
    night.device.receive(night.concentrator.command(panic.event_id(), time_s=night.time_s()), night.now)
    (answer,) = night.sent()
    assert answer.ack()[2] == 1
    assert night.device.feedback.stage == feedback.IDLE
