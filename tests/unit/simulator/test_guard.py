"""The scripted guard brings every incident to its end, whatever happens under the guard's hands."""

import asyncio
import random
from dataclasses import replace

import pytest

from anju.simulator.guard import Guard, Reactions, next_action
from anju.simulator.page import Incident, Refused

AT_ONCE = Reactions(acknowledge=(0, 0), dispatch=(0, 0), close=(0, 0), reset=(0, 0))
ALARM = Incident(id=4, household="3-1-0101", kind="hold_up", state="new", unseen=1)
AFTER = {"acknowledge": "acknowledged", "dispatch": "dispatched", "close": "closed", "reset": "closed"}


class Desk:
    """A page that keeps one incident, as the duty room would."""

    def __init__(self, incident: Incident) -> None:
        self.incident = incident
        self.clicks: list[str] = []
        self.refuse_next = False
        self.watched: list[str] = []
        self.finished = asyncio.Event()

    async def click(self, incident: int, action: str, **fields: str) -> Incident:
        await asyncio.sleep(0)
        if self.refuse_next:
            self.refuse_next = False
            raise Refused("it changed")
        assert action == "reset" or action == next_action(self.incident)
        self.clicks.append(action)
        if action == "close":
            assert fields["cause"]
            assert fields["note"]
        self.incident = replace(self.incident, state=AFTER[action], unseen=0)
        if action == "reset":
            self.finished.set()
        return self.incident

    def clicking(self, incident: Incident, action: str, at: float) -> None:
        self.watched.append(action)

    def refused(self, incident: Incident) -> None:
        self.watched.append("refused")


async def handled(desk: Desk) -> None:
    """Let a guard handle the desk's incident to its end."""
    guard = Guard(desk, AT_ONCE, random.Random(1), desk)
    guard.shown(desk.incident)
    async with asyncio.TaskGroup() as group:
        work = group.create_task(guard.work())
        await desk.finished.wait()
        work.cancel()


@pytest.mark.anyio
async def test_an_incident_goes_its_whole_way() -> None:
    desk = Desk(ALARM)
    await handled(desk)
    assert desk.clicks == ["acknowledge", "dispatch", "close", "reset"]
    assert desk.watched == desk.clicks


@pytest.mark.anyio
async def test_a_refusal_is_not_the_end() -> None:
    desk = Desk(ALARM)
    desk.refuse_next = True
    await handled(desk)
    assert desk.clicks == ["acknowledge", "dispatch", "close", "reset"]
    assert desk.watched == ["acknowledge", "refused", *desk.clicks]


@pytest.mark.parametrize(
    ("state", "unseen", "action"),
    [
        ("new", 1, "acknowledge"),
        ("acknowledged", 0, "dispatch"),
        ("acknowledged", 2, "acknowledge"),
        ("dispatched", 0, "close"),
        ("dispatched", 1, "acknowledge"),
        ("closed", 0, "reset"),
    ],
)
def test_a_press_that_nobody_has_seen_goes_first(state: str, unseen: int, action: str) -> None:
    assert next_action(replace(ALARM, state=state, unseen=unseen)) == action


@pytest.mark.anyio
async def test_what_is_closed_already_is_nobodys_work() -> None:
    desk = Desk(ALARM)
    guard = Guard(desk, AT_ONCE, random.Random(1), desk)
    guard.shown(replace(ALARM, state="closed"))
    assert guard.busy == 0
