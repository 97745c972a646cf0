"""What the control socket can ask for: look, arm, disarm, reset, enrol. What changes a panel is journalled with who asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from pydantic import TypeAdapter, ValidationError

from anju.concentrator.core.panel.decide import Action, PersonSignal
from anju.concentrator.core.places import Address, Placement
from anju.concentrator.core.ports import Clock, Journal
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.uplink.reports import PanelMode, Report, Zone

Handler = Callable[[dict[str, Any], str], Awaitable[dict[str, Any]]]
_ARM_MODES = {"away": PanelMode.AWAY, "home": PanelMode.HOME}
_ZONES = TypeAdapter(tuple[Zone, ...])


class Enrolments(Protocol):
    """What the desk needs of the keyring."""

    @property
    def households(self) -> frozenset[str]:
        """Households in which a node is enrolled."""

    def placement(self, address: Address) -> Placement | None:
        """Where an enrolled node hangs."""


class Desk:
    """Answers requests about this building."""

    def __init__(
        self,
        journal: Journal,
        enrolments: Enrolments,
        clock: Clock,
        totals: Callable[[], dict[str, Any]],
        enrol: Callable[[str, tuple[Zone, ...]], Awaitable[dict[str, Any]]],
    ) -> None:
        self._journal = journal
        self._enrolments = enrolments
        self._clock = clock
        self._totals = totals
        self._enrol = enrol
        self.handlers: dict[str, Handler] = {
            "status": self._status,
            "show": self._show,
            "arm": self._arm,
            "disarm": self._disarm,
            "reset": self._reset,
            "enrol": self._enrol_node,
        }

    async def _status(self, _request: dict[str, Any], _person: str) -> dict[str, Any]:
        now_ms = self._clock().wall_ms
        nodes = []
        for address, state in sorted(self._journal.building.nodes.items()):
            placement = self._enrolments.placement(address)
            nodes.append(
                {
                    "network": address.network,
                    "node": address.node,
                    "household": placement.household if placement else None,
                    "last_seen_s": round((now_ms - state.last_seen_ms) / 1000, 1),
                    "firmware": state.firmware,
                }
            )
        return self._totals() | {"nodes": nodes}

    async def _show(self, request: dict[str, Any], _person: str) -> dict[str, Any]:
        household = self._household(request)
        panel = self._journal.building.panels.get(household)
        return {
            "household": household,
            "mode": panel.mode.value if panel else PanelMode.OFF.value,
            "latched": sorted(kind.value for kind in panel.latched) if panel else [],
        }

    async def _arm(self, request: dict[str, Any], person: str) -> dict[str, Any]:
        mode = _ARM_MODES.get(str(request.get("mode", "away")))
        if mode is None:
            raise _not_understood(_("The mode is `away` or `home`."))
        return await self._signal(request, person, Action.ARM, mode)

    async def _disarm(self, request: dict[str, Any], person: str) -> dict[str, Any]:
        return await self._signal(request, person, Action.DISARM)

    async def _reset(self, request: dict[str, Any], person: str) -> dict[str, Any]:
        return await self._signal(request, person, Action.RESET)

    async def _signal(
        self, request: dict[str, Any], person: str, action: Action, mode: PanelMode = PanelMode.OFF
    ) -> dict[str, Any]:
        household = self._household(request)
        async with self._journal.change() as draft:
            signal = PersonSignal(action, draft.moment.wall_ms, mode)
            report: Report = draft.signal(household, signal, person=person)
        return {"seq": report.seq} | await self._show(request, person)

    async def _enrol_node(self, request: dict[str, Any], _person: str) -> dict[str, Any]:
        try:
            inputs = _ZONES.validate_json(str(request.get("inputs")))
        except ValidationError:
            raise _not_understood(_("The inputs of the node are not understood.")) from None
        return await self._enrol(str(request.get("household")), inputs)

    def _household(self, request: dict[str, Any]) -> str:
        household = str(request.get("household"))
        if household not in self._enrolments.households:
            raise ServiceError(
                _("No node is enrolled in household %(household)s.") % {"household": household},
                _("Nothing was changed."),
                _("Look at the households there are with: anju status"),
            )
        return household


def _not_understood(what: str) -> ServiceError:
    return ServiceError(what, _("Nothing was changed."), "")
