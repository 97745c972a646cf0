"""What the control socket can ask for: look, arm, disarm, reset, TEST, enrol.

What changes a panel is journalled with who asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from pydantic import TypeAdapter, ValidationError

from anju.concentrator.asked import household_of, lasts_s_of, not_understood
from anju.concentrator.core.panel.decide import Action, OnTestSignal, PersonSignal
from anju.concentrator.core.panel.state import PanelState
from anju.concentrator.core.places import Address, Placement
from anju.concentrator.core.ports import Clock, Journal
from anju.service.i18n import _
from anju.uplink.reports import PanelMode, Zone

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
            "test": self._test,
            "test_end": self._test_end,
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
        household = self.household(request)
        panel = self._journal.building.panels.get(household) or PanelState()
        left_s = panel.test.left_s(self._clock()) if panel.test else 0
        shown: dict[str, Any] = {
            "household": household,
            "mode": panel.mode.value,
            "latched": sorted(kind.value for kind in panel.latched),
        }
        if panel.test and left_s:
            shown["test"] = {"left_s": round(left_s), "until_ms": panel.test.until_ms, "person": panel.test.person}
        return shown

    async def _arm(self, request: dict[str, Any], person: str) -> dict[str, Any]:
        mode = _ARM_MODES.get(str(request.get("mode", "away")))
        if mode is None:
            raise not_understood(_("The mode is `away` or `home`."))
        return await self._act(request, person, Action.ARM, mode)

    async def _disarm(self, request: dict[str, Any], person: str) -> dict[str, Any]:
        return await self._act(request, person, Action.DISARM)

    async def _reset(self, request: dict[str, Any], person: str) -> dict[str, Any]:
        return await self._act(request, person, Action.RESET)

    async def _test(self, request: dict[str, Any], person: str) -> dict[str, Any]:
        household, lasts_s = self.household(request), lasts_s_of(request)
        async with self._journal.change() as draft:
            report = draft.signal(household, OnTestSignal(draft.moment, lasts_s, person), person=person)
        return {"seq": report.seq} | await self._show(request, person)

    async def _test_end(self, request: dict[str, Any], person: str) -> dict[str, Any]:
        household = self.household(request)
        async with self._journal.change() as draft:
            if draft.settle(household).test is None:
                raise not_understood(_("%(household)s is not on TEST.") % {"household": household})
            report = draft.signal(household, OnTestSignal(draft.moment, 0, person), person=person)
        return {"seq": report.seq} | await self._show(request, person)

    async def _act(
        self, request: dict[str, Any], person: str, action: Action, mode: PanelMode = PanelMode.OFF
    ) -> dict[str, Any]:
        household = self.household(request)
        async with self._journal.change() as draft:
            signal = PersonSignal(action, draft.moment.wall_ms, mode)
            report = draft.signal(household, signal, person=person)
        return {"seq": report.seq} | await self._show(request, person)

    async def _enrol_node(self, request: dict[str, Any], _person: str) -> dict[str, Any]:
        try:
            inputs = _ZONES.validate_json(str(request.get("inputs")))
        except ValidationError:
            raise not_understood(_("The inputs of the node are not understood.")) from None
        return await self._enrol(str(request.get("household")), inputs)

    def household(self, request: dict[str, Any]) -> str:
        """The household that a request names; ServiceError if no node is enrolled in it."""
        return household_of(request, self._enrolments.households)
