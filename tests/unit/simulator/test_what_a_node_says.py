"""A node's lines become typed events, and its pins become the stage that a resident would recognise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.simulator.feedback import NOTES_HZ, Feedback, Stage
from anju.simulator.output import Acked, Edge, Made, Output, Ready, Said, Unenrolled, parse


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        ("@pin led_green 1", Edge("led_green", 1)),
        ("@pwm buzzer 880", Edge("buzzer", 880)),
        ("event 65535 code 3 zone 0", Made(65535, 3, 0)),
        ("acked 18", Acked(18)),
        (
            "ready anju/0.1.0 micropython/1.28.0 unix_sim network 1 node 7",
            Ready("anju/0.1.0 micropython/1.28.0 unix_sim", 1, 7),
        ),
        ("unenrolled", Unenrolled()),
        ("Traceback (most recent call last):", Said("Traceback (most recent call last):")),
        ("acked", Said("acked")),
        ("event 1 code 3 zone 0 and more", Said("event 1 code 3 zone 0 and more")),
    ],
)
def test_a_line_is_understood(line: str, meaning: Output) -> None:
    assert parse(line) == meaning


@given(st.text(alphabet=st.characters(exclude_characters="\n\r")))
def test_no_line_is_an_error(line: str) -> None:
    parse(line)


def told(*edges: tuple[str, int]) -> list[Stage]:
    """The stages that begin with these edges."""
    feedback = Feedback()
    stages = [feedback.edge(Edge(*edge)) for edge in edges]
    return [stage for stage in stages if stage is not None]


def test_the_stages_of_an_alarm_that_goes_well() -> None:
    sending = [("led_amber", 1), ("led_amber", 0), ("led_amber", 1), ("led_amber", 0)]
    has_it = [("led_green", 1), ("buzzer", 2000), ("buzzer", 0), ("buzzer", 2000), ("buzzer", 0)]
    seen = [("buzzer", 660), ("buzzer", 523), ("buzzer", 587), ("buzzer", 0), ("led_green", 0), ("led_green", 1)]
    coming = [("buzzer", 880), ("buzzer", 988), ("buzzer", 0)]

    assert told(*sending, *has_it, *seen, *coming) == [
        Stage.SENDING,
        Stage.CONCENTRATOR_HAS_IT,
        Stage.SEEN,
        Stage.COMING,
    ]


def test_a_second_answer_is_heard_anew_and_a_second_beep_is_not() -> None:
    assert told(("buzzer", 660), ("buzzer", 0), ("buzzer", 660)) == [Stage.SEEN, Stage.SEEN]
    assert told(("buzzer", 2000), ("buzzer", 0), ("buzzer", 2000)) == [Stage.CONCENTRATOR_HAS_IT]


def test_a_new_press_begins_again() -> None:
    assert told(("buzzer", 2000), ("led_amber", 1), ("buzzer", 2000))[1:] == [Stage.SENDING, Stage.CONCENTRATOR_HAS_IT]


def test_the_notes_are_those_the_firmware_begins_its_stages_with() -> None:
    from anju.node import feedback as firmware

    begins = {
        Stage.NOT_DELIVERED: firmware.UNDELIVERED,
        Stage.CONCENTRATOR_HAS_IT: firmware.HELD,
        Stage.SEEN: firmware.SEEN,
        Stage.COMING: firmware.COMING,
    }
    assert {note: begins[stage] for note, stage in NOTES_HZ.items()} == {
        firmware.PATTERNS[stage][0][0][3]: stage for stage in begins.values()
    }
