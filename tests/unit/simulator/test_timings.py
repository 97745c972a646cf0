"""Latencies are joined from observations that come in any order, and a light is waited for only as long as one is owed."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.simulator.feedback import Stage
from anju.simulator.latency import Latencies
from anju.simulator.timings import Timings

BUTTON, EVENT = 7, 18
NOTHING = {"press_to_ack": 0, "press_to_console": 0, "acknowledge_to_light": 0}


def a_press(at: float = 1.0) -> Timings:
    """Timings after one press that became an event."""
    timings = Timings()
    timings.pressed(BUTTON, at)
    timings.made(BUTTON, EVENT, at)
    return timings


def only(latencies: Latencies) -> float:
    """The one latency, in milliseconds."""
    assert len(latencies) == 1
    value = latencies.summary()["max"]
    assert value is not None
    return value


def test_the_three_latencies_of_a_press() -> None:
    timings = a_press(1.0)
    timings.stage(BUTTON, Stage.SENDING, 1.01)
    timings.stage(BUTTON, Stage.CONCENTRATOR_HAS_IT, 1.05)
    timings.shown(BUTTON, EVENT, 1.2)
    timings.acknowledged(BUTTON, Stage.CONCENTRATOR_HAS_IT, 2.0)
    timings.stage(BUTTON, Stage.SEEN, 2.1)

    assert only(timings.press_to_ack) == pytest.approx(50)
    assert only(timings.press_to_console) == pytest.approx(200)
    assert only(timings.acknowledge_to_light) == pytest.approx(100)
    assert timings.waiting == NOTHING


def test_the_page_may_be_read_before_the_nodes_console() -> None:
    timings = Timings()
    timings.pressed(BUTTON, 1.0)
    timings.shown(BUTTON, EVENT, 1.3)
    timings.made(BUTTON, EVENT, 1.0)
    assert only(timings.press_to_console) == pytest.approx(300)


def test_an_answer_that_says_more_is_an_answer() -> None:
    seen, coming = a_press(1.0), a_press(1.0)
    seen.stage(BUTTON, Stage.SEEN, 1.4)
    coming.stage(BUTTON, Stage.COMING, 1.4)
    for timings in (seen, coming):
        assert only(timings.press_to_ack) == pytest.approx(400)
        timings.acked(BUTTON, EVENT, Stage.SEEN, 1.9)
        assert len(timings.press_to_ack) == 1


@pytest.mark.parametrize("late", [Stage.SEEN, Stage.COMING])
def test_the_late_answer_to_an_older_press_is_none_to_a_newer_one(late: Stage) -> None:
    timings = a_press(1.0)
    timings.stage(BUTTON, Stage.CONCENTRATOR_HAS_IT, 1.1)
    timings.acknowledged(BUTTON, Stage.CONCENTRATOR_HAS_IT, 1.2)
    if late is Stage.COMING:
        timings.stage(BUTTON, Stage.SEEN, 1.25)
        timings.dispatched(BUTTON)
    timings.pressed(BUTTON, 2.0)
    timings.made(BUTTON, EVENT + 1, 2.0)
    timings.stage(BUTTON, late, 2.1)
    timings.acked(BUTTON, EVENT, late, 2.2)
    assert timings.unheard(BUTTON)
    timings.acked(BUTTON, EVENT + 1, late, 2.4)
    assert timings.press_to_ack.summary()["max"] == pytest.approx(400)


def test_an_older_answer_right_behind_the_acknowledgement_hides_what_the_pins_would_have_said() -> None:
    timings = a_press(1.0)
    timings.stage(BUTTON, Stage.CONCENTRATOR_HAS_IT, 1.1)
    timings.acknowledged(BUTTON, Stage.CONCENTRATOR_HAS_IT, 1.2)
    timings.pressed(BUTTON, 2.0)
    timings.made(BUTTON, EVENT + 1, 2.0)
    timings.acked(BUTTON, EVENT + 1, Stage.SENDING, 2.3)
    timings.stage(BUTTON, Stage.SEEN, 2.3)
    assert not timings.unheard(BUTTON)


def test_the_pins_count_where_they_will_say_it() -> None:
    timings = a_press(1.0)
    timings.acked(BUTTON, EVENT, Stage.SENDING, 1.4)
    timings.stage(BUTTON, Stage.CONCENTRATOR_HAS_IT, 1.5)
    assert only(timings.press_to_ack) == pytest.approx(500)


def test_no_light_is_owed_after_a_refusal_a_new_press_or_more_than_a_light() -> None:
    refused, again, coming = a_press(), a_press(), a_press()
    for timings in (refused, again, coming):
        timings.stage(BUTTON, Stage.CONCENTRATOR_HAS_IT, 1.1)
        timings.acknowledged(BUTTON, Stage.CONCENTRATOR_HAS_IT, 2.0)
        assert timings.waiting["acknowledge_to_light"] == 1
    refused.not_clicked(BUTTON)
    again.pressed(BUTTON, 2.1)
    coming.stage(BUTTON, Stage.COMING, 2.2)
    for timings in (refused, again, coming):
        assert timings.waiting["acknowledge_to_light"] == 0
        assert len(timings.acknowledge_to_light) == 0


def test_no_light_is_owed_by_a_button_that_says_more_already() -> None:
    timings = a_press()
    timings.stage(BUTTON, Stage.COMING, 1.1)
    timings.acked(BUTTON, EVENT, Stage.COMING, 1.2)
    timings.acknowledged(BUTTON, Stage.COMING, 2.0)
    assert timings.waiting["acknowledge_to_light"] == 0


def test_what_is_missing_is_waited_for() -> None:
    assert a_press().waiting == {"press_to_ack": 1, "press_to_console": 1, "acknowledge_to_light": 0}


def test_nothing_measured_is_nothing_said() -> None:
    assert Latencies().summary() == {"p50": None, "p99": None, "max": None}


@given(st.lists(st.floats(0, 10), min_size=1, max_size=300))
def test_percentiles_by_nearest_rank(seconds: list[float]) -> None:
    latencies = Latencies()
    for one in seconds:
        latencies.add(one)
    summary = latencies.summary()
    ordered = sorted(round(one * 1000, 1) for one in seconds)
    assert summary["p50"] == ordered[math.ceil(len(ordered) / 2) - 1]
    assert summary["p99"] == ordered[math.ceil(len(ordered) * 0.99) - 1]
    assert summary["max"] == ordered[-1]
