"""What the control socket can ask of the building: how it is, and to enrol a node at the bench."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from pydantic import TypeAdapter, ValidationError

from anju.concentrator.asked import household_of, not_understood
from anju.concentrator.core.places import Address, Placement
from anju.concentrator.core.ports import Clock, Journal
from anju.service.i18n import _
from anju.uplink.reports import Zone

Handler = Callable[[dict[str, Any], str], Awaitable[dict[str, Any]]]
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

    async def _enrol_node(self, request: dict[str, Any], _person: str) -> dict[str, Any]:
        try:
            inputs = _ZONES.validate_json(str(request.get("inputs")))
        except ValidationError:
            raise not_understood(_("The inputs of the node are not understood.")) from None
        return await self._enrol(str(request.get("household")), inputs)

    def household(self, request: dict[str, Any]) -> str:
        """The household that a request names; ServiceError if no node is enrolled in it."""
        return household_of(request, self._enrolments.households)
