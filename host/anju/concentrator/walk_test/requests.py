"""What the control socket can ask of walk-tests: begin or take up, watch, end; the last records.

A walk-test stands apart from its TEST, which ends by itself: what was ticked stays so until somebody ends the walk-test.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from anju.concentrator.asked import FindHousehold, lasts_s_of, not_understood
from anju.concentrator.core.panel.on_test import SURE_AFTER_MS
from anju.concentrator.core.panel.signals import Action, PersonSignal
from anju.concentrator.core.panel.state import PanelState
from anju.concentrator.core.places import Linked
from anju.concentrator.core.ports import Clock, Journal
from anju.concentrator.core.walk_test import Walk, zones_of
from anju.concentrator.walk_test.room import WalkTests
from anju.plan.model import PlannedZone
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.uplink.reports import MOST_WALKED, Report, ReportKind, WalkedZone, WalkTest

OLD_MS = 24 * 3600 * 1000
"""A walk-test that was left for so long is over: what was ticked in it is recorded, and another one begins."""
MOST_RECORDS = 1000
_WAIT_S = 5.0
"""Whoever watches asks again after so long: less than a control connection's patience."""

Handler = Callable[[dict[str, Any], str], Awaitable[dict[str, Any]]]
Planned = Callable[[str], Awaitable[tuple[PlannedZone, ...]]]
"""What the site plan wants in a household; ServiceError if there is a plan that cannot be read."""


class WalkTestRequests:
    """Answers requests about walk-tests."""

    def __init__(
        self,
        room: WalkTests,
        journal: Journal,
        household: FindHousehold,
        links: Callable[[], Sequence[Linked]],
        planned: Planned,
        clock: Clock,
    ) -> None:
        self._room = room
        self._journal = journal
        self._household = household
        self._links = links
        self._planned = planned
        self._clock = clock
        self.handlers: dict[str, Handler] = {
            "walk_test": self._begin,
            "walk_test_watch": self._watch,
            "walk_test_end": self._end,
            "walk_tests": self._records,
        }

    async def _begin(self, request: dict[str, Any], person: str) -> dict[str, Any]:
        household, lasts_s = self._household(request), lasts_s_of(request)
        links = [link for link in self._links() if link.placement.household == household]
        zones = zones_of(links, await self._planned(household))
        if len(zones) > MOST_WALKED:
            raise ServiceError(
                _("%(household)s has %(count)d zones; a walk-test takes %(most)d.")
                % {"household": household, "count": len(zones), "most": MOST_WALKED},
                _("Nothing was changed."),
                "",
            )
        async with self._journal.change() as draft:
            walk = draft.walk(household)
            if walk and draft.moment.wall_ms - walk.test.begun_at_ms > OLD_MS:
                draft.end_walk(household, walk)
                walk = None
            fresh = Walk(person, WalkTest(begun_at_ms=draft.moment.wall_ms, zones=()))
            draft.walks[household] = (walk or fresh).taken_up(zones)._replace(person=person)
            draft.ask(household, PersonSignal(Action.TEST, person, lasts_s=lasts_s))
        return self._shown(household)

    async def _watch(self, request: dict[str, Any], _person: str) -> dict[str, Any]:
        household, seen, wait_s = self._household(request), request.get("seen"), request.get("wait_s", _WAIT_S)
        if not isinstance(wait_s, int | float) or not 0 <= wait_s <= _WAIT_S:
            raise not_understood()
        shown = self._shown(household)
        if shown["state"] == seen:
            await self._room.change(wait_s)
            shown = self._shown(household)
        return shown

    async def _end(self, request: dict[str, Any], person: str) -> dict[str, Any]:
        household = self._household(request)
        async with self._journal.change() as draft:
            walk = draft.walk(household)
            if walk is None:
                raise ServiceError(
                    _("No walk-test is going on in %(household)s.") % {"household": household},
                    _("Nothing was changed."),
                    _("Look at the last ones with: anju walk-test --show %(household)s") % {"household": household},
                )
            draft.end_walk(household, walk._replace(person=person))
        self._room.tell()
        return self._shown(household)

    async def _records(self, request: dict[str, Any], _person: str) -> dict[str, Any]:
        household = None if request.get("household") is None else str(request["household"])
        found = self._journal.records(ReportKind.WALK_TESTED, household, MOST_RECORDS)
        return {"records": [_as_json(report, report.walk_test) for report in found if report.walk_test]}

    def _shown(self, household: str) -> dict[str, Any]:
        moment, walk = self._clock(), self._journal.building.walks.get(household)
        panel = self._journal.building.panels.get(household) or PanelState()
        test, zones = panel.test, walk.test.zones if walk else ()
        left_s = test.left_s(moment) if test else 0
        is_sure = panel.was_on_test(moment.wall_ms - SURE_AFTER_MS)
        latched = sorted(kind.value for kind in panel.latched)
        return {
            "household": household,
            "left_s": round(left_s),
            "until_ms": test.until_ms if test and left_s else None,
            "sure_at_ms": test.from_ms + SURE_AFTER_MS if test and not is_sure else None,
            "begun_at_ms": walk.test.begun_at_ms if walk else None,
            "zones": [_zone(zone) for zone in zones] if walk else None,
            "latched": latched,
            "state": f"{hash((left_s > 0, zones, *latched)):x}",
        }


def _zone(zone: WalkedZone) -> dict[str, Any]:
    return zone.model_dump(mode="json", exclude_none=True) | {"ticked": zone.is_ticked}


def _as_json(report: Report, test: WalkTest) -> dict[str, Any]:
    ended = {"household": report.household, "person": report.person, "seq": report.seq}
    times = {"begun_at_ms": test.begun_at_ms, "ended_at_ms": report.recorded_at_ms}
    zones = {"zones": [_zone(zone) for zone in test.zones], "missing": [zone.name for zone in test.missing]}
    return ended | times | zones
