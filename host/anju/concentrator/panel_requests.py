"""What the control socket can ask of a household's panel: look, arm, disarm, reset, bypass, TEST, duress.

What changes a panel is journalled with who asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from anju.concentrator.asked import FindHousehold, lasts_s_of, not_understood
from anju.concentrator.core.draft import Answer, Draft
from anju.concentrator.core.panel.arming import Phase
from anju.concentrator.core.panel.signals import Action, PersonSignal, Standing
from anju.concentrator.core.panel.source import Contact
from anju.concentrator.core.panel.state import PanelState
from anju.concentrator.core.ports import Clock, Journal
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.uplink.commands import MOST_BYPASS_S
from anju.uplink.reports import PanelMode, Refusal, ZoneWarning

Handler = Callable[[dict[str, Any], str], Awaitable[dict[str, Any]]]
_ARM_MODES = {"away": PanelMode.AWAY, "home": PanelMode.HOME}


class PanelRequests:
    """Answers requests about the panels of this building."""

    def __init__(self, journal: Journal, household: FindHousehold, clock: Clock) -> None:
        self._journal = journal
        self._household = household
        self._clock = clock
        self.handlers: dict[str, Handler] = {
            "show": self._show,
            "arm": self._arm,
            "disarm": self._disarm,
            "reset": self._reset,
            "bypass": self._bypass,
            "unbypass": self._unbypass,
            "test": self._test,
            "test_end": self._test_end,
            "duress": self._duress,
        }

    async def _show(self, request: dict[str, Any], _person: str) -> dict[str, Any]:
        return self._shown(self._household(request))

    async def _arm(self, request: dict[str, Any], person: str) -> dict[str, Any]:
        mode = _ARM_MODES.get(str(request.get("mode", "away")))
        if mode is None:
            raise not_understood(_("The mode is `away` or `home`."))
        anyway = request.get("anyway") is True
        return await self._ask(request, PersonSignal(Action.ARM, person, mode=mode, anyway=anyway))

    async def _disarm(self, request: dict[str, Any], person: str) -> dict[str, Any]:
        return await self._ask(request, PersonSignal(Action.DISARM, person))

    async def _duress(self, request: dict[str, Any], person: str) -> dict[str, Any]:
        return await self._ask(request, PersonSignal(Action.DURESS, person))

    async def _reset(self, request: dict[str, Any], person: str) -> dict[str, Any]:
        return await self._ask(request, PersonSignal(Action.RESET, person))

    async def _bypass(self, request: dict[str, Any], person: str) -> dict[str, Any]:
        lasts_s, reason = request.get("lasts_s", 0), str(request.get("reason") or "").strip()
        if not isinstance(lasts_s, int) or isinstance(lasts_s, bool) or not 0 <= lasts_s <= MOST_BYPASS_S:
            raise not_understood(_("A bypass lasts %(days)d days at most.") % {"days": MOST_BYPASS_S // 86_400})
        if not reason or len(reason) > 64 or not reason.isprintable():
            raise not_understood(_("A bypass needs a reason, in 64 characters at most."))
        contact = self._contact(request)
        return await self._ask(
            request, PersonSignal(Action.BYPASS, person, contact=contact, reason=reason, lasts_s=lasts_s)
        )

    async def _unbypass(self, request: dict[str, Any], person: str) -> dict[str, Any]:
        return await self._ask(request, PersonSignal(Action.UNBYPASS, person, contact=self._contact(request)))

    async def _test(self, request: dict[str, Any], person: str) -> dict[str, Any]:
        return await self._ask(request, PersonSignal(Action.TEST, person, lasts_s=lasts_s_of(request)))

    async def _test_end(self, request: dict[str, Any], person: str) -> dict[str, Any]:
        return await self._ask(request, PersonSignal(Action.TEST, person, lasts_s=0))

    async def _ask(self, request: dict[str, Any], signal: PersonSignal) -> dict[str, Any]:
        household = self._household(request)
        async with self._journal.change() as draft:
            answer = draft.ask(household, signal)
        if answer.refusal:
            raise _refused(household, answer)
        return {"seq": answer.reports[0].seq} | self._shown(household)

    def _contact(self, request: dict[str, Any]) -> Contact:
        """Of the one zone that a request names."""
        household, name = self._household(request), str(request.get("zone"))
        zones = self._zones(household)
        found = [zone.contact for zone in zones if zone.name == name]
        if len(found) == 1:
            return found[0]
        what = _("%(household)s has no zone %(zone)s.") if not found else _("%(household)s has several zones %(zone)s.")
        raise ServiceError(
            what % {"household": household, "zone": name},
            _("Nothing was changed."),
            _("Its zones are: %(zones)s") % {"zones": ", ".join(sorted({zone.name for zone in zones}))},
        )

    def _zones(self, household: str) -> tuple[Standing, ...]:
        return Draft(self._journal.building, self._clock()).scene(household).zones()

    def _shown(self, household: str) -> dict[str, Any]:
        moment = self._clock()
        panel = self._journal.building.panels.get(household) or PanelState()
        shown: dict[str, Any] = {
            "household": household,
            "mode": panel.mode.value,
            "latched": sorted(kind.value for kind in panel.latched),
            "zones": [_zone(zone, panel) for zone in self._zones(household)],
        }
        if panel.phase in {Phase.EXIT, Phase.ENTRY, Phase.ABORT} and panel.timer:
            shown["phase"] = {"name": panel.phase.value, "left_s": round(panel.timer.left_s(moment))}
        if panel.sounding:
            sounds_s = panel.sounding.timer.left_s(moment)
            shown["siren"] = {"name": panel.sounding.siren.value, "left_s": round(sounds_s)}
        if panel.test and (left_s := panel.test.left_s(moment)):
            shown["test"] = {"left_s": round(left_s), "until_ms": panel.test.until_ms, "person": panel.test.person}
        return shown


def _zone(zone: Standing, panel: PanelState) -> dict[str, Any]:
    bypass = next((one for one in panel.bypasses if one.contact == zone.contact), None)
    shown: dict[str, Any] = {
        "name": zone.name,
        "kind": zone.kind.value,
        "open": zone.is_open,
        "doubts": [doubt.value for doubt in zone.doubts],
    }
    if bypass:
        until_ms = bypass.timer.due_at.wall_ms if bypass.timer else None
        shown["bypass"] = {"person": bypass.person, "reason": bypass.reason, "until_ms": until_ms}
    return shown


def _refused(household: str, answer: Answer) -> ServiceError:
    unchanged = _("Nothing was changed.")
    match answer.refusal:
        case Refusal.NOT_READY:
            return ServiceError(
                _("%(household)s is not ready to be armed: %(zones)s.")
                % {"household": household, "zones": _listed(answer.reports[-1].warnings or ())},
                _("It was not armed."),
                _(
                    "Close or mend what is named, or arm anyway: zones that stand open are then left out until they are closed."
                ),
            )
        case Refusal.PENDING:
            return ServiceError(
                _("An alarm is about to be raised in %(household)s.") % {"household": household},
                unchanged,
                _("Disarm it first, or wait until the alarm is raised."),
            )
        case Refusal.NOT_BYPASSABLE:
            return ServiceError(
                _(
                    "Such a zone is never left out: hold-up, fire, gas, water, tamper, and what is guarded at all hours."
                ),
                unchanged,
                _("If it is broken, have its device replaced: anju pair --replace"),
            )
        case Refusal.NOT_BYPASSED:
            return ServiceError(_("This zone is not bypassed."), unchanged, "")
        case Refusal.NOT_ON_TEST:
            return ServiceError(_("%(household)s is not on TEST.") % {"household": household}, unchanged, "")
        case _:
            return ServiceError(_("There is no such zone in %(household)s.") % {"household": household}, unchanged, "")


def _listed(warnings: tuple[ZoneWarning, ...]) -> str:
    words = {"open": _("open"), "silent": _("silent"), "troubled": _("in trouble")}
    return ", ".join(f"{one.zone.name} ({words[one.what.value]})" for one in warnings)
