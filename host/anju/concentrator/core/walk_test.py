"""A walk-test: each zone of a household is triggered once, on TEST, and ticked. Pure; what is ticked stays so until it ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import NamedTuple

from anju.concentrator.core.places import Address, Linked
from anju.plan.model import PlannedZone
from anju.uplink.reports import NodeAddress, Report, ReportKind, WalkedZone, WalkTest, ZoneKind

_TRIGGERS = frozenset(
    {
        ReportKind.HOLD_UP_ALARM,
        ReportKind.INTRUSION_ALARM,
        ReportKind.OPENED,
        ReportKind.TAMPER_ALARM,
        ReportKind.FIRE_ALARM,
        ReportKind.TECHNICAL_ALARM,
    }
)
_RESTORATIONS = frozenset({ReportKind.CLOSED, ReportKind.RESTORED, ReportKind.TAMPER_RESTORED})


class Walk(NamedTuple):
    """One household's walk-test, and who began it."""

    person: str
    test: WalkTest

    @property
    def is_complete(self) -> bool:
        """Whether every zone is ticked."""
        return not self.test.missing

    def heard(self, report: Report) -> Walk:
        """After a report on TEST: its zone is triggered, or restored once it was triggered."""
        if not report.is_test or report.zone is None or report.node is None or report.event_at_ms is None:
            return self
        at_ms, name = report.event_at_ms, report.zone.name

        def tick(zone: WalkedZone) -> WalkedZone:
            if zone.name != name:
                return zone
            if report.kind in _TRIGGERS and zone.triggered_at_ms is None:
                return zone.model_copy(update={"triggered_at_ms": at_ms})
            is_restored = report.kind in _RESTORATIONS and zone.triggered_at_ms is not None
            if is_restored and zone.restored_at_ms is None:
                return zone.model_copy(update={"restored_at_ms": at_ms})
            return zone

        return self._changed(report.node, report.zone.number, tick)

    def delayed(self, node: NodeAddress, number: int, delay_ms: int) -> Walk:
        """After the event that triggered an input was committed: how long that took; the first time counts."""

        def note(zone: WalkedZone) -> WalkedZone:
            is_news = zone.triggered_at_ms is not None and zone.delay_ms is None
            return zone.model_copy(update={"delay_ms": max(delay_ms, 0)}) if is_news else zone

        return self._changed(node, number, note)

    def worked(self, node: NodeAddress, kind: ZoneKind, at_ms: int) -> Walk:
        """After something that is no event has shown that a node's zone of a kind works: a siren sounds, keys are pressed."""

        def tick(zone: WalkedZone) -> WalkedZone:
            is_news = zone.kind is kind and zone.triggered_at_ms is None
            return zone.model_copy(update={"triggered_at_ms": at_ms}) if is_news else zone

        return self._changed(node, None, tick)

    def answered(self, node: NodeAddress, round_trip_ms: int) -> Walk:
        """After a node has answered a probe."""
        return self._changed(node, None, lambda zone: zone.model_copy(update={"round_trip_ms": round_trip_ms}))

    def taken_up(self, zones: Iterable[WalkedZone]) -> Walk:
        """The same walk-test with the zones there are now: what was ticked at the same input stays ticked."""
        known = {_place(zone): zone for zone in self.test.zones}
        return self._replace(test=_with(self.test, tuple(known.get(_place(zone), zone) for zone in zones)))

    def to_json(self) -> str:
        """The stored form."""
        return json.dumps({"person": self.person, "test": self.test.model_dump(mode="json", exclude_none=True)})

    @classmethod
    def from_json(cls, text: str) -> Walk:
        """A stored one."""
        stored = json.loads(text)
        return cls(stored["person"], WalkTest.model_validate_json(json.dumps(stored["test"])))

    def _changed(self, node: NodeAddress, number: int | None, change: Callable[[WalkedZone], WalkedZone]) -> Walk:
        """With a node's zone changed, or all of its zones."""
        zones = tuple(
            change(zone) if zone.node == node and number in {None, zone.number} else zone for zone in self.test.zones
        )
        return self if zones == self.test.zones else self._replace(test=_with(self.test, zones))


def zones_of(links: Iterable[Linked], planned: Iterable[PlannedZone]) -> tuple[WalkedZone, ...]:
    """What a household has to show: its nodes' zones, each once, and what the plan wants and no node has."""
    nodes: dict[Address, Linked] = {link.id.address: link for link in links}
    zones = [
        WalkedZone(
            name=zone.name,
            kind=zone.kind,
            number=zone.number,
            node=NodeAddress(network=address.network, node=address.node),
        )
        for address, link in sorted(nodes.items())
        for zone in link.placement.inputs
    ]
    there = {(zone.name, zone.kind) for zone in zones}
    zones += [WalkedZone(name=zone.name, kind=zone.kind) for zone in planned if (zone.name, zone.kind) not in there]
    return tuple(zones)


def _place(zone: WalkedZone) -> tuple[object, ...]:
    node = (zone.node.network, zone.node.node) if zone.node else None
    return node, zone.number, zone.name, zone.kind


def _with(test: WalkTest, zones: tuple[WalkedZone, ...]) -> WalkTest:
    return WalkTest(begun_at_ms=test.begun_at_ms, zones=zones)
