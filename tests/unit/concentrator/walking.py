"""The rooms of TEST, walk-tests and surveys on a bench, and nodes that answer probes if they are awake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from anju.concentrator.asked import household_of
from anju.concentrator.core.ports import Watch
from anju.concentrator.probing import Prober
from anju.concentrator.reception import Arrival, Reception
from anju.concentrator.survey.requests import SurveyRequests
from anju.concentrator.survey.room import Surveys
from anju.concentrator.teller import Teller
from anju.concentrator.timekeeper import Timekeeper
from anju.concentrator.walk_test.requests import WalkTestRequests
from anju.concentrator.walk_test.room import WalkTests
from anju.plan.model import PlannedZone
from anju.uplink.reports import Report, ReportKind
from anju.wire.messages import Command, Message
from anju.wire.table import Order, Verdict
from unit.concentrator.harness import HOUSEHOLD, Bench, FarNode, HandClock, bench, running

ME = "Li Na"


class Walking:
    """Rooms in step; `awake` are the nodes that answer a probe, each after `answers_after_s` of the clock."""

    def __init__(self, rooms: Bench) -> None:
        self.rooms = rooms
        self.clock = rooms.clock
        self.planned: tuple[PlannedZone, ...] = ()
        self.awake: list[FarNode] = []
        self.answers_after_s = 0.02
        self.verdict = Verdict.ACCEPTED
        keyring, journal = rooms.keyring, rooms.journal
        self.prober = Prober(Teller(keyring.codec, keyring, journal, rooms._send, self.clock), self.clock)
        self.walks = WalkTests(journal, keyring, self.prober.probe, self.clock)
        self.surveys = Surveys(journal, lambda: keyring.links, self.prober.probe, self.clock)
        watch = _together(self.prober.watch, self.walks.watch, self.surveys.watch)
        rooms.reception = Reception(keyring.codec, keyring, journal, rooms._send, self.clock, watch)
        rooms.on_send = self._on_send
        self._answers: list[asyncio.Task[None]] = []

        def household(request: dict[str, Any]) -> str:
            return household_of(request, keyring.households)

        async def planned(_household: str) -> tuple[PlannedZone, ...]:
            return self.planned

        walks = WalkTestRequests(self.walks, journal, household, lambda: keyring.links, planned, self.clock)
        surveys = SurveyRequests(self.surveys, journal, household, lambda: keyring.links)
        self.handlers = walks.handlers | surveys.handlers

    async def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """As the control socket would."""
        return await self.handlers[do]({"household": HOUSEHOLD} | request, ME)

    async def begin(self, **request: Any) -> dict[str, Any]:
        """Begin a walk-test, or take it up, and wait until whatever happens is a TEST."""
        shown = await self.ask("walk_test", **request)
        self.clock.advance(3)
        return shown

    async def happens(self, node: FarNode, *frames: bytes) -> None:
        """Something happens at a node, and arrives."""
        await self.rooms.receive(node, *frames)

    async def zones(self) -> dict[str, dict[str, Any]]:
        """The zones of the walk-test by their names; none if it is not going on."""
        shown = await self.ask("walk_test_watch", wait_s=0)
        return {zone["name"]: zone for zone in shown["zones"] or ()}

    async def records(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.ask("walk_tests"))["records"]
        return found

    def reported(self, kind: ReportKind) -> list[Report]:
        return [report for report in self.rooms.reports() if report.kind is kind]

    def _on_send(self) -> None:
        """A probe that goes to a node which is awake is answered."""
        route, frame = self.rooms.sent[-1]
        for node in self.awake:
            if node.route == route:
                message = node.open(frame)
                if isinstance(message.body, Command) and message.body.code == Order.PROBE:
                    self._answers.append(asyncio.ensure_future(self._answer(node, message)))

    async def _answer(self, node: FarNode, message: Message) -> None:
        self.clock.advance(self.answers_after_s)
        await self.rooms.reception.receive([Arrival(node.answer(message, self.verdict), node.route)])


def _together(*watching: Watch) -> Watch:
    async def watch(messages: Sequence[Message]) -> None:
        for one in watching:
            await one(messages)

    return watch


@asynccontextmanager
async def walking(folder: Path, clock: HandClock | None = None) -> AsyncIterator[Walking]:
    """A concentrator that runs; used again on the same folder it is a restart."""
    async with bench(folder, clock) as rooms:
        made = Walking(rooms)
        timekeeper = Timekeeper(rooms.journal, rooms.journal.subscribe(), rooms.clock)
        async with running(made.walks.run(), made.walks.ask(), timekeeper.run()):
            yield made
        await made.surveys.close()
