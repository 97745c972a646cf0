"""Listens to every link, and surveys nodes: probes where a node is awake, what was counted where it sleeps."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from anju.concentrator.core.node import NodeState
from anju.concentrator.core.places import Address, Linked, LinkId
from anju.concentrator.core.ports import Clock, Journal, Probe
from anju.concentrator.core.survey import Tally, surveyed
from anju.service.errors import ServiceError
from anju.uplink.reports import MOST_SURVEYED, Lane, Report, ReportKind, Survey, SurveyedNode
from anju.wire.messages import Message

AT_ONCE = 8
"""Nodes that are probed at a time: a serial line carries 250 frames a second, and alarms go by the same way."""
GIVEN_UP_AFTER = 2
"""A node that has answered none of so many probes sleeps, or is not there: it is not asked again."""
_log = structlog.get_logger()


class Job:
    """One survey, as whoever asked for it watches it."""

    def __init__(self, person: str, households: Sequence[str]) -> None:
        self.person = person
        self.households = households
        self.nodes: list[tuple[str, SurveyedNode]] = []
        self.reports: list[Report] = []
        self.failure = ""
        self.is_over = False
        self.changed = asyncio.Event()

    def tell(self) -> None:
        """Something has changed."""
        self.changed.set()


class Surveys:
    """Tallies of all links, and the surveys that are going on."""

    def __init__(self, journal: Journal, links: Callable[[], Sequence[Linked]], probe: Probe, clock: Clock) -> None:
        self._journal = journal
        self._links = links
        self._probe = probe
        self._clock = clock
        self._tallies: dict[LinkId, Tally] = {}
        self._jobs: set[asyncio.Task[None]] = set()
        self._at_once = asyncio.Semaphore(AT_ONCE)

    async def watch(self, messages: Sequence[Message]) -> None:
        """Authentic messages have been committed: they are counted."""
        for header, body, _ in messages:
            link = LinkId(Address(header.network, header.node), header.epoch)
            tally = self._tallies.get(link)
            if tally is None:
                tally = self._tallies[link] = Tally(self._clock().wall_ms)
            tally.take(header.counter, body)

    def begin(self, job: Job, times: int) -> None:
        """Survey the job's households, each node `times` times."""
        task = asyncio.create_task(self._survey(job, times))
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)

    async def close(self) -> None:
        """End what is going on; nothing of it is recorded."""
        for task in self._jobs:
            task.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)

    async def _survey(self, job: Job, times: int) -> None:
        try:
            await asyncio.gather(*(self._household(job, household, times) for household in job.households))
        except ServiceError as error:
            job.failure = str(error)
        except Exception as error:  # noqa: BLE001  # whoever watches is told; the other rooms go on
            _log.exception("a survey has failed", households=len(job.households))
            job.failure = repr(error)
        finally:
            job.is_over = True
            job.tell()

    async def _household(self, job: Job, household: str, times: int) -> None:
        links = {link.id.address: link for link in self._links() if link.placement.household == household}
        nodes = await asyncio.gather(*(self._node(job, link, times) for link in links.values()))
        survey = Survey(nodes=tuple(nodes[:MOST_SURVEYED]))
        async with self._journal.change() as draft:
            facts: dict[str, Any] = {"household": household, "person": job.person, "survey": survey}
            job.reports.append(draft.record(ReportKind.SURVEYED, Lane.ROUTINE, **facts))

    async def _node(self, job: Job, link: Linked, times: int) -> SurveyedNode:
        address, trips_s, asked = link.id.address, list[float](), 0
        async with self._at_once:
            while asked < times and (trips_s or asked < GIVEN_UP_AFTER):
                asked += 1
                if (trip_s := await self._probe(address)) is not None:
                    trips_s.append(trip_s)
        state = self._journal.building.nodes.get(address, NodeState())
        tally = self._tallies.get(LinkId(address, state.epoch))
        node = surveyed(link, tally, trips_s, asked, state.last_seen_ms, state.firmware)
        job.nodes.append((link.placement.household, node))
        job.tell()
        return node


async def changed(job: Job, seen: int, wait_s: float) -> None:
    """Wait until there is more than was `seen`, or it is over, but no longer than that."""
    job.changed.clear()
    if len(job.nodes) <= seen and not job.is_over:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await job.changed.wait()
