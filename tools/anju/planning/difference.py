"""What one plan changes in another, household by household."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from anju.plan.model import Plan, PlannedHousehold, order
from anju.uplink.reports import ZoneKind


class Change(StrEnum):
    """What happens to a household or to one of its zones."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class ZoneChange:
    """A zone that comes, goes, or becomes another kind."""

    name: str
    change: Change
    kind: ZoneKind
    """The new one; of a zone that goes, the one it had."""
    before: ZoneKind | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A household that comes, goes, or gets other zones."""

    household: str
    change: Change
    zones: tuple[ZoneChange, ...]


def differences(old: Plan, new: Plan) -> list[Difference]:
    """All that changes, in the order of the households; a mere change of the order of zones is none."""
    before = {flat.household: flat for flat in old.households}
    after = {flat.household: flat for flat in new.households}
    found = []
    for name in sorted(before.keys() | after.keys(), key=order):
        nothing = PlannedHousehold(household=name, zones=())
        zones = tuple(_zones(before.get(name, nothing), after.get(name, nothing)))
        if name not in before:
            found.append(Difference(name, Change.ADDED, zones))
        elif name not in after:
            found.append(Difference(name, Change.REMOVED, zones))
        elif zones:
            found.append(Difference(name, Change.CHANGED, zones))
    return found


def _zones(old: PlannedHousehold, new: PlannedHousehold) -> Iterator[ZoneChange]:
    for zone in old.zones:
        if new.zone(zone.name) is None:
            yield ZoneChange(zone.name, Change.REMOVED, zone.kind)
    for zone in new.zones:
        before = old.zone(zone.name)
        if before is None:
            yield ZoneChange(zone.name, Change.ADDED, zone.kind)
        elif before.kind is not zone.kind:
            yield ZoneChange(zone.name, Change.CHANGED, zone.kind, before.kind)
