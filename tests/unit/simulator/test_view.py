"""What a person sees of a demo: every flat, the page's address, and what can be typed next."""

import io
from types import SimpleNamespace
from typing import cast

import pytest
from rich.console import Console

from anju.simulator.air import Traffic
from anju.simulator.estate import Estate
from anju.simulator.feedback import Feedback, Stage
from anju.simulator.flat import households
from anju.simulator.page import Incident
from anju.simulator.recorder import Record
from anju.simulator.view import Lines, Screen

ADDRESS = "http://127.0.0.1:8380"


def an_estate(flats: int) -> Estate:
    """As much of an estate as is looked at; an alarm in the first flat."""
    record = Record(lambda _household, _what: None)
    homes = []
    for name in households("3", flats):
        button = SimpleNamespace(feedback=Feedback())
        homes.append(SimpleNamespace(household=name, door_open=False, mode="off", button_node=button))
    homes[0].button_node.feedback.stage = Stage.SENDING
    record.incidents[1] = Incident(1, homes[0].household, "hold_up", "acknowledged", 1)
    air = SimpleNamespace(traffic=Traffic())
    estate = SimpleNamespace(record=record, flats=homes, nodes=2 * flats, air=air, address=ADDRESS)
    return cast(Estate, estate)


def seen(flats: int, width: int, height: int) -> list[str]:
    """The lines on a terminal of this size."""
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None)
    with Screen(console) as screen:
        screen.show(an_estate(flats))
        for number in range(20):
            screen.news("3-1-0101", f"happening {number}")
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue().split("Anju demo")[-1].splitlines()


@pytest.mark.parametrize("flats", [1, 12, 64])
def test_everything_fits_on_one_screen(flats: int) -> None:
    lines = seen(flats, 160, 40)
    text = "\n".join(lines)
    assert all(name in text for name in households("3", flats))
    assert ADDRESS in text
    assert "--no-guard" in text
    assert "happening 19" in text
    assert len(lines) <= 40


def test_where_not_all_fit_those_with_an_alarm_are_shown() -> None:
    text = "\n".join(seen(400, 80, 40))
    assert text.count("3-1-") + text.count("3-2-") < 400
    assert "ALARM" in text
    assert ADDRESS in text


def test_an_unseen_press_is_an_alarm_and_the_button_says_its_stage() -> None:
    (line,) = [line for line in seen(12, 100, 40) if line.startswith("3-1-0101") and "closed" in line]
    assert "sending" in line
    assert "ALARM" in line


def test_lines_say_what_happens_and_quiet_ones_only_what_concerns_the_demo() -> None:
    loud, quiet = io.StringIO(), io.StringIO()
    for file in (loud, quiet):
        with Lines(Console(file=file, width=40), quiet=file is quiet) as lines:
            lines.say(f"Ready. The guard's page: {ADDRESS}")
            lines.news("3-1-0101", "opens the door")
    assert "3-1-0101  opens the door" in loud.getvalue()
    assert quiet.getvalue() == f"Ready. The guard's page: {ADDRESS}\n"
