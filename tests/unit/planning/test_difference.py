"""What one plan changes in another."""

from __future__ import annotations

from hypothesis import given

from anju.plan.model import Plan, PlannedHousehold, PlannedZone, order
from anju.planning.difference import Change, Difference, ZoneChange, differences
from anju.uplink.reports import ZoneKind
from unit.planning.plans import PLANS


def flat(household: str, **zones: ZoneKind) -> PlannedHousehold:
    """A household with these zones."""
    return PlannedHousehold(household=household, zones=tuple(PlannedZone(name=n, kind=k) for n, k in zones.items()))


def test_households_and_zones_come_go_and_change() -> None:
    old = Plan.of([flat("1-1-0101", Bed=ZoneKind.HOLD_UP, Door=ZoneKind.ENTRY), flat("1-1-0102", Bed=ZoneKind.HOLD_UP)])
    new = Plan.of(
        [flat("1-1-0101", Door=ZoneKind.TAMPER, Kitchen=ZoneKind.ENTRY), flat("1-1-1001", Bed=ZoneKind.HOLD_UP)]
    )
    assert differences(old, new) == [
        Difference(
            "1-1-0101",
            Change.CHANGED,
            (
                ZoneChange("Bed", Change.REMOVED, ZoneKind.HOLD_UP),
                ZoneChange("Door", Change.CHANGED, ZoneKind.TAMPER, ZoneKind.ENTRY),
                ZoneChange("Kitchen", Change.ADDED, ZoneKind.ENTRY),
            ),
        ),
        Difference("1-1-0102", Change.REMOVED, (ZoneChange("Bed", Change.REMOVED, ZoneKind.HOLD_UP),)),
        Difference("1-1-1001", Change.ADDED, (ZoneChange("Bed", Change.ADDED, ZoneKind.HOLD_UP),)),
    ]


@given(PLANS, PLANS)
def test_the_differences_are_exactly_what_leads_from_one_to_the_other(old: Plan, new: Plan) -> None:
    built = {one.household: {zone.name: zone.kind for zone in one.zones} for one in old.households}
    found = differences(old, new)
    for one in found:
        if one.change is Change.REMOVED:
            del built[one.household]
            continue
        zones = built.setdefault(one.household, {})
        for zone in one.zones:
            if zone.change is Change.REMOVED:
                del zones[zone.name]
            else:
                zones[zone.name] = zone.kind
    assert built == {one.household: {zone.name: zone.kind for zone in one.zones} for one in new.households}
    assert [one.household for one in found] == sorted((one.household for one in found), key=order)
    assert differences(new, new) == []
