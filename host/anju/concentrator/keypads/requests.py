"""What the control socket can ask of codes: add, remove, list. Who asked is journalled; the digits are nowhere.

The journal is first: what opens a household has been reported, whatever dies in between.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from anju.concentrator.asked import FindHousehold, not_understood
from anju.concentrator.core.ports import Journal
from anju.concentrator.keypads.codes import Codes
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.uplink.reports import Lane, ReportKind

MOST_NAME = 64
Handler = Callable[[dict[str, Any], str], Awaitable[dict[str, Any]]]


class CodeRequests:
    """Answers requests about the codes of this building."""

    def __init__(self, codes: Codes, journal: Journal, household: FindHousehold) -> None:
        self._codes = codes
        self._journal = journal
        self._household = household
        self.handlers: dict[str, Handler] = {
            "code_add": self._add,
            "code_remove": self._remove,
            "code_list": self._list,
        }

    async def _add(self, request: dict[str, Any], person: str) -> dict[str, Any]:
        household, whose = self._household(request), _whose(request)
        is_duress = request.get("duress") is True
        made = await self._codes.made(household, whose, str(request.get("code")), is_duress=is_duress)
        await self._record(ReportKind.CODE_SET, household, whose, person)
        await self._codes.keep(made)
        return self._shown(household)

    async def _remove(self, request: dict[str, Any], person: str) -> dict[str, Any]:
        household, whose = self._household(request), _whose(request)
        if all(known.person != whose for known in self._codes.people(household)):
            raise ServiceError(
                _("%(person)s has no code in %(household)s.") % {"person": whose, "household": household},
                _("Nothing was changed."),
                _("See who has one with: anju panel %(household)s code list") % {"household": household},
            )
        await self._record(ReportKind.CODE_REMOVED, household, whose, person)
        await self._codes.remove(household, whose)
        return self._shown(household)

    async def _list(self, request: dict[str, Any], _person: str) -> dict[str, Any]:
        return self._shown(self._household(request))

    async def _record(self, kind: ReportKind, household: str, whose: str, person: str) -> None:
        async with self._journal.change() as draft:
            draft.record(kind, Lane.ROUTINE, household=household, person=person, holder=whose)

    def _shown(self, household: str) -> dict[str, Any]:
        people: dict[str, dict[str, Any]] = {}
        for known in self._codes.people(household):
            shown = people.setdefault(known.person, {"person": known.person, "code": False, "duress": False})
            shown["duress" if known.is_duress else "code"] = True
        return {"household": household, "people": list(people.values())}


def _whose(request: dict[str, Any]) -> str:
    whose = str(request.get("person") or "").strip()
    if not whose or len(whose) > MOST_NAME or not whose.isprintable():
        raise not_understood(_("Name the person whose code it is, in 64 characters at most."))
    return whose
