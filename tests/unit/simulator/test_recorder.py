"""What is written down of a flat: which node said what, and when the resident at the button has an answer."""

from pathlib import Path
from time import monotonic

import pytest

from anju.service.errors import ServiceError
from anju.simulator.feedback import Stage
from anju.simulator.flat import Flat
from anju.simulator.node import Node, NodeProcess, Place
from anju.simulator.output import Acked, Edge, Made, Ready, Said
from anju.simulator.page import Incident, Origin
from anju.simulator.recorder import Moment, Record
from anju.simulator.tally import Held
from anju.wire.table import Code

DOOR, BUTTON = 1, 2
ALARM = Incident(4, "3-1-0101", "hold_up", "new", 1, Origin(BUTTON, 18))


class Home:
    """A flat whose nodes are not running, and everything that is written down of it."""

    def __init__(self) -> None:
        self.news: list[str] = []
        self.moments: list[Moment] = []
        self.record = Record(lambda _household, what: self.news.append(what))
        self.record.on_moment = self.moments.append
        self.door, self.button = (self._node(number) for number in (DOOR, BUTTON))
        self.flat = Flat("3-1-0101", self.door, self.button, self.record, self._panel)
        self.record.flats |= {DOOR: self.flat, BUTTON: self.flat}

    def _node(self, number: int) -> Node:
        place = Place(Path("micropython"), Path(), {})
        return Node(number, NodeProcess(Path(), "udp:127.0.0.1:1", place), self.record.heard)

    async def _panel(self, _household: str, mode: str) -> int | None:
        return None if mode == "away" else 5


def test_a_press_and_its_whole_way() -> None:
    home = Home()
    record = home.record
    home.flat.press(1)
    home.flat.press(0)
    assert not home.flat.button_noticed.is_set()
    record.heard(home.button, Made(18, Code.PANIC, 0), 1.0)
    assert home.flat.button_noticed.is_set()
    record.heard(home.button, Edge("led_amber", 1), 1.0)
    assert not home.flat.heard.is_set()
    record.heard(home.button, Acked(18), 1.1)
    record.heard(home.button, Edge("buzzer", 2000), 1.1)
    assert home.flat.heard.is_set()
    record.shown(ALARM, 1.2)
    record.clicking(ALARM, "acknowledge", 1.3)
    assert record.timings.waiting["acknowledge_to_light"] == 1
    record.heard(home.button, Edge("buzzer", 660), 1.4)
    assert not any(record.timings.waiting.values())
    assert record.presses == record.alarms == record.tally.events == 1
    assert record.tally.unacked == record.tally.unmade == 0
    assert home.moments == list(Moment)


def test_what_the_door_is_told_answers_no_press() -> None:
    home = Home()
    home.flat.press(1)
    home.flat.door(1)
    home.record.heard(home.door, Made(7, Code.OPENED, 0), 1.0)
    assert home.flat.door_noticed.is_set()
    assert not home.flat.button_noticed.is_set()
    home.record.heard(home.door, Acked(7), 1.1)
    home.record.heard(home.door, Edge("led_green", 1), 1.1)
    assert not home.flat.heard.is_set()


def test_an_incident_is_remembered_until_it_is_closed() -> None:
    home = Home()
    home.record.shown(ALARM, 1.0)
    assert list(home.record.incidents) == [4]
    home.record.shown(Incident(4, "3-1-0101", "hold_up", "closed", 0), 2.0)
    assert not home.record.incidents
    assert home.record.alarms == 1


def test_a_refused_click_and_one_about_a_door_owe_no_light() -> None:
    home = Home()
    home.record.clicking(ALARM, "acknowledge", 1.0)
    home.record.refused(ALARM)
    home.record.clicking(Incident(5, "3-1-0101", "intrusion", "new", 1, Origin(DOOR, 7)), "acknowledge", 1.0)
    home.record.clicking(Incident(6, "3-9-0909", "hold_up", "new", 1, Origin(99, 7)), "acknowledge", 1.0)
    assert home.record.timings.waiting["acknowledge_to_light"] == 0


@pytest.mark.anyio
async def test_a_panel_that_does_not_answer_promises_nothing() -> None:
    home = Home()
    await home.flat.panel("away")
    assert home.flat.mode == "off"
    assert home.record.tally.compare([]).balanced
    await home.flat.panel("off")
    assert len(home.record.tally.compare([]).lost) == 1


@pytest.mark.anyio
async def test_a_panel_that_refuses_says_why_and_stays_as_it_was() -> None:
    async def refuse(_household: str, _mode: str) -> int | None:
        raise ServiceError("An alarm is about to be raised.\nNothing was changed.\nDisarm it first.", "", "")

    home = Home()
    home.flat.set_panel = refuse
    await home.flat.panel("away")
    assert (home.flat.mode, home.news) == ("off", ["An alarm is about to be raised."])
    assert home.record.tally.compare([]).balanced


def test_what_a_node_complains_of_is_news_and_its_firmware_is_known() -> None:
    home = Home()
    home.record.heard(home.door, Ready("anju/0.1.0 micropython/1.28.0 unix_sim", 1, DOOR), 1.0)
    home.record.heard(home.door, Said("MemoryError:"), 1.0)
    assert home.record.ready == {DOOR: "anju/0.1.0 micropython/1.28.0 unix_sim"}
    assert home.news == ["MemoryError:"]
    assert home.button.feedback.stage is Stage.QUIET


def test_a_hand_that_comes_off_late_explains_that_the_button_was_held() -> None:
    home = Home()
    record = home.record
    begun = monotonic()
    home.flat.press(1)
    record.heard(home.button, Made(18, Code.PANIC, 0), begun + 1.1)
    record.heard(home.button, Made(19, Code.HELD, 0), begun + 3.2)
    held = [Held(1, (BUTTON, 18)), Held(2, (BUTTON, 19))]
    assert record.tally.compare(held).balanced
    record.heard(home.button, Made(20, Code.HELD, 0), begun + 3.3)
    assert not record.tally.compare([*held, Held(3, (BUTTON, 20))]).balanced  # one press is held once


def test_a_button_that_is_held_too_soon_is_nobodys_doing() -> None:
    home = Home()
    begun = monotonic()
    home.flat.press(1)
    home.record.heard(home.button, Made(18, Code.PANIC, 0), begun + 1.1)
    home.record.heard(home.button, Made(19, Code.HELD, 0), begun + 2.5)
    assert home.record.tally.compare([Held(1, (BUTTON, 18)), Held(2, (BUTTON, 19))]).doubled
