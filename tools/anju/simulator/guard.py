"""A guard who follows a script: sees an alarm, acknowledges it, sends someone, closes it with a cause, resets the latch."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from typing import Protocol

from anju.simulator.page import Incident, Refused
from anju.simulator.residents import Range

_CAUSES = ("real", "false_user", "false_device", "false_environment", "test")
_NOTE = "scripted guard"


@dataclass(frozen=True, slots=True)
class Reactions:
    """Seconds, from and to, that a guard takes before each step."""

    acknowledge: Range
    dispatch: Range
    close: Range
    reset: Range


class Desk(Protocol):
    """What a guard works with: the page."""

    async def click(self, incident: int, action: str, **fields: str) -> Incident:
        """Do something about an incident; Refused if it is not allowed."""


class Watch(Protocol):
    """Who measures the guard."""

    def clicking(self, incident: Incident, action: str, at: float) -> None:
        """An action is about to be sent."""

    def refused(self, incident: Incident) -> None:
        """It was not accepted."""


def next_action(incident: Incident) -> str:
    """What a guard does next; a press that nobody has seen goes before everything else."""
    if incident.state == "closed":
        return "reset"
    if incident.state == "new" or incident.unseen:
        return "acknowledge"
    return "dispatch" if incident.state == "acknowledged" else "close"


class Guard:
    """Handles every incident to its end, several at once; give it what the page's stream says."""

    def __init__(self, desk: Desk, reactions: Reactions, chance: random.Random, watch: Watch) -> None:
        self._desk = desk
        self._reactions = reactions
        self._chance = chance
        self._watch = watch
        self._latest: dict[int, Incident] = {}
        self._arrivals: asyncio.Queue[int] = asyncio.Queue()

    @property
    def busy(self) -> int:
        """Incidents that are not finished."""
        return len(self._latest)

    def shown(self, incident: Incident) -> None:
        """The page shows an incident, or something new about it."""
        if incident.id in self._latest:
            self._latest[incident.id] = incident
        elif incident.state != "closed":
            self._latest[incident.id] = incident
            self._arrivals.put_nowait(incident.id)

    async def work(self) -> None:
        """Be on duty for ever."""
        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(self._handle(await self._arrivals.get()))

    async def _handle(self, number: int) -> None:
        action = ""
        while action != "reset":
            action = next_action(self._latest[number])
            await asyncio.sleep(self._chance.uniform(*getattr(self._reactions, action)))
            if action != next_action(self._latest[number]):
                continue  # pressed again, or somebody else at the page was quicker
            try:
                await self._do(self._latest[number], action)
            except Refused:
                action = ""  # it changed under the guard's hands: the stream says how
        del self._latest[number]

    async def _do(self, incident: Incident, action: str) -> None:
        fields: dict[str, str] = {"cause": self._chance.choice(_CAUSES), "note": _NOTE} if action == "close" else {}
        self._watch.clicking(incident, action, time.monotonic())
        try:
            after = await self._desk.click(incident.id, action, **fields)
        except Refused:
            self._watch.refused(incident)
            raise
        if self._latest[incident.id] is incident:  # else the stream was quicker, and knows more
            self._latest[incident.id] = after
