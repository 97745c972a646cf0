"""A button of a node that sleeps: the whole gesture is watched, whichever part of it wakes the node."""

from anju.node import feedback
from anju.node.press import HELD_MS, HOLD_MS, STABS_MS
from anju.wire.table import Code
from firmware.portable.kit import Heard
from firmware.portable.night import Night

_BUTTON, _DOOR = 0, 1
BOOT_MS = 300


def _asleep(button: str = "hold_up") -> Night:
    """A node that was answered, and would sleep."""
    night = Night(button=button)
    night.awake_ms = BOOT_MS
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


def test_a_press_that_wakes_it_is_held_from_the_beginning() -> None:
    night = _asleep()
    _strike(night, 1)
    assert _codes(_live(night, HOLD_MS - BOOT_MS)) == []
    assert _codes(_live(night, 50)) == [Code.PANIC]
    assert _codes(_live(night, HELD_MS - HOLD_MS)) == [Code.HELD]


def test_a_short_one_wakes_it_for_nothing_but_to_watch_for_more() -> None:
    for level in (0, 1):
        night = _asleep()
        _strike(night, level)
        assert _codes(_live(night, 200)) == []
        if level:
            night.move(_BUTTON, 0)
        assert _codes(_live(night, STABS_MS - BOOT_MS - 200)) == []
        awake_ms, heard = night.until_it_sleeps()
        assert awake_ms <= (100 if level else 100 + BOOT_MS)
        assert not heard


def test_three_that_begin_in_its_sleep_are_an_alarm() -> None:
    night = _asleep()
    _strike(night, 0)
    assert _codes(_live(night, 200)) == []
    heard: "list[Heard]" = []
    for _ in range(2):
        night.move(_BUTTON, 1)
        heard += _live(night, 100)
        night.move(_BUTTON, 0)
        heard += _live(night, 300)
    assert _codes(heard) == [Code.PANIC]


def test_the_light_grows_as_on_any_other_node() -> None:
    night = _asleep()
    _strike(night, 1)
    _live(night, 100)
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
    assert _codes(_live(night, HELD_MS - BOOT_MS) + night.answered()) == [Code.PANIC, Code.HELD]
    night.until_it_sleeps()
    night.sleep(struck=(_BUTTON,), level=0)
    _, heard = night.until_it_sleeps()
    assert not heard
    _strike(night, 1)
    assert _codes(_live(night, HOLD_MS)) == [Code.PANIC]


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
