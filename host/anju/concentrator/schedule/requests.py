"""What the control socket can ask of a household's schedule: look, add an entry, remove one. Who did so is journalled."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

from pydantic import ValidationError

from anju.concentrator.asked import FindHousehold, not_understood
from anju.concentrator.core.panel.schedule import MOST_ENTRIES, Scheduled, added, next_ms
from anju.concentrator.core.ports import Clock, Journal
from anju.concentrator.schedule.room import Schedules
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.uplink.reports import Lane, PanelMode, ReportKind, ScheduleEntry

Handler = Callable[[dict[str, Any], str], Awaitable[dict[str, Any]]]
_MODES = {"away": PanelMode.AWAY, "home": PanelMode.HOME}


class ScheduleRequests:
    """Answers requests about the schedules of this building."""

    def __init__(self, room: Schedules, journal: Journal, household: FindHousehold, clock: Clock) -> None:
        self._room = room
        self._journal = journal
        self._household = household
        self._clock = clock
        self.handlers: dict[str, Handler] = {
            "schedule": self._list,
            "schedule_add": self._add,
            "schedule_remove": self._remove,
        }

    async def _list(self, request: dict[str, Any], _person: str) -> dict[str, Any]:
        return self._shown(self._household(request))

    async def _add(self, request: dict[str, Any], person: str) -> dict[str, Any]:
        household = self._household(request)
        async with self._journal.change() as draft:
            kept = draft.schedule(household)
            entry = _entry(request, 1 + max((one.number for one in kept), default=0))
            if len(kept) >= MOST_ENTRIES:
                raise ServiceError(
                    _("%(household)s has %(most)d entries already.") % {"household": household, "most": MOST_ENTRIES},
                    _("Nothing was changed."),
                    _("Remove one with: anju panel %(household)s schedule remove NUMBER") % {"household": household},
                )
            draft.schedules[household] = (*kept, added(entry, person, draft.moment.wall_ms, self._room.zone))
            facts: dict[str, Any] = {"household": household, "person": person, "schedule": entry}
            draft.record(ReportKind.SCHEDULE_ADDED, Lane.ROUTINE, **facts)
        self._room.tell()
        return {"number": entry.number} | self._shown(household)

    async def _remove(self, request: dict[str, Any], person: str) -> dict[str, Any]:
        household, number = self._household(request), request.get("number")
        async with self._journal.change() as draft:
            kept = draft.schedule(household)
            gone = next((one for one in kept if one.number == number), None)
            if gone is None:
                raise ServiceError(
                    _("%(household)s has no entry with this number.") % {"household": household},
                    _("Nothing was changed."),
                    _("Look at its entries with: anju panel %(household)s schedule") % {"household": household},
                )
            draft.schedules[household] = tuple(one for one in kept if one is not gone)
            facts: dict[str, Any] = {"household": household, "person": person, "schedule": gone.set}
            draft.record(ReportKind.SCHEDULE_REMOVED, Lane.ROUTINE, **facts)
        self._room.tell()
        return {"number": gone.number} | self._shown(household)

    def _shown(self, household: str) -> dict[str, Any]:
        entries = self._journal.building.schedules.get(household, ())
        return {"household": household, "schedule": [self._line(entry) for entry in entries]}

    def _line(self, entry: Scheduled) -> dict[str, Any]:
        due_ms = next_ms([entry], self._clock().wall_ms, self._room.zone)
        return entry.set.model_dump(mode="json") | {"person": entry.person, "next_ms": due_ms}


def _entry(request: dict[str, Any], number: int) -> ScheduleEntry:
    mode = _MODES.get(str(request.get("mode")))
    if mode is None:
        _refuse_mode(request)
    days, minute, anyway = request.get("days"), request.get("minute"), request.get("anyway") is True
    try:
        chosen = tuple(sorted(set(days))) if isinstance(days, list) else ()
        return ScheduleEntry(anyway=anyway, days=chosen, minute=minute, mode=mode, number=number)  # type: ignore[arg-type]  # that is what is checked
    except (ValidationError, TypeError):
        raise not_understood(
            _("An entry needs days from 1 (Monday) to 7, and a minute of the day from 0 to 1439.")
        ) from None


def _refuse_mode(request: dict[str, Any]) -> NoReturn:
    if request.get("mode") in {"off", "disarm"}:
        raise ServiceError(
            _("The clock never disarms: only a person may take protection away."),
            _("Nothing was changed."),
            _("Let whoever comes home disarm; there is an entry time for that."),
        )
    raise not_understood(_("The mode is `away` or `home`."))
