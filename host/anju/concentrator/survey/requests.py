"""What the control socket can ask of surveys: begin one, watch it; the last records."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from anju.concentrator.asked import FindHousehold, not_understood
from anju.concentrator.core.places import Linked
from anju.concentrator.core.ports import Journal
from anju.concentrator.survey.room import Job, Surveys, changed
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.uplink.reports import ReportKind, SurveyedNode

USUAL_TIMES, MOST_TIMES = 5, 100
MOST_JOBS, MOST_RECORDS = 8, 100
_WAIT_S = 5.0

Handler = Callable[[dict[str, Any], str], Awaitable[dict[str, Any]]]


class SurveyRequests:
    """Answers requests about surveys."""

    def __init__(
        self, room: Surveys, journal: Journal, household: FindHousehold, links: Callable[[], Sequence[Linked]]
    ) -> None:
        self._room = room
        self._journal = journal
        self._household = household
        self._links = links
        self._jobs: dict[str, Job] = {}
        self.handlers: dict[str, Handler] = {
            "survey": self._begin,
            "survey_watch": self._watch,
            "surveys": self._records,
        }

    async def _begin(self, request: dict[str, Any], person: str) -> dict[str, Any]:
        times, named = request.get("times", USUAL_TIMES), request.get("households") or []
        if not isinstance(times, int) or not 1 <= times <= MOST_TIMES or not isinstance(named, list):
            raise not_understood(_("A node is asked from 1 to %(most)d times.") % {"most": MOST_TIMES})
        households = [self._household({"household": one}) for one in named]
        if not households:
            households = list(dict.fromkeys(link.placement.household for link in self._links()))
        running = [job for job in self._jobs.values() if not job.is_over]
        if len(running) >= MOST_JOBS:
            raise ServiceError(
                _("%(count)d surveys are going on already.") % {"count": len(running)},
                _("Nothing was changed."),
                _("Wait until one of them has ended."),
            )
        for number in list(self._jobs)[: max(0, len(self._jobs) - MOST_JOBS)]:
            if self._jobs[number].is_over:
                del self._jobs[number]
        job = self._jobs[number := secrets.token_hex(8)] = Job(person, households)
        self._room.begin(job, times)
        nodes = {link.id.address for link in self._links() if link.placement.household in households}
        return {"survey": number, "households": households, "nodes": len(nodes)}

    async def _watch(self, request: dict[str, Any], _person: str) -> dict[str, Any]:
        job, seen = self._jobs.get(str(request.get("survey"))), request.get("seen", 0)
        if job is None or not isinstance(seen, int) or seen < 0:
            raise ServiceError(
                _("The concentrator does not know this survey: it was started again meanwhile."),
                _("Nothing of it was recorded but households that were done."),
                _("Survey once more: anju survey"),
            )
        await changed(job, seen, _WAIT_S)
        nodes = [_as_json(household, node) for household, node in job.nodes[seen:]]
        return {"nodes": nodes, "is_over": job.is_over, "failure": job.failure, "recorded": len(job.reports)}

    async def _records(self, request: dict[str, Any], _person: str) -> dict[str, Any]:
        household = None if request.get("household") is None else str(request["household"])
        found = self._journal.records(ReportKind.SURVEYED, household, MOST_RECORDS)
        return {
            "records": [
                {
                    "household": report.household,
                    "person": report.person,
                    "at_ms": report.recorded_at_ms,
                    "nodes": [_as_json(report.household, node) for node in report.survey.nodes],
                }
                for report in found
                if report.survey
            ]
        }


def _as_json(household: str | None, node: SurveyedNode) -> dict[str, Any]:
    told = node.model_dump(mode="json", exclude_none=True)
    return {"household": household} | told | {"node": f"{node.node.network}/{node.node.node}"}
