"""The site plan, first form: which households an estate has, and the zones of each. Devices and signatures come later."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from anju.uplink.fields import NAME_PATTERN, Contract, Household, Version
from anju.uplink.reports import ZoneKind

MOST_HOUSEHOLDS = 10_000
MOST_ZONES = 64
"""Of one household."""
FORMULA_BEGINS = "=+-@"
"""A spreadsheet takes a cell that begins so for a formula."""


def _no_formula(name: str) -> str:
    if name.startswith(tuple(FORMULA_BEGINS)):
        raise ValueError("a spreadsheet would take it for a formula")
    return name


ZoneName = Annotated[
    str,
    StringConstraints(max_length=64, pattern=NAME_PATTERN),
    AfterValidator(_no_formula),
    Field(json_schema_extra={"not": {"pattern": "^[=+@-]"}}),
]


def order(household: str) -> list[tuple[int, str]]:
    """By building, unit, floor and door as people count them: 2 before 10."""
    return [(len(part), part) for part in household.split("-")]


class PlannedZone(Contract):
    """An input that a household is to have."""

    kind: ZoneKind
    name: ZoneName


class PlannedHousehold(Contract):
    """One flat and its zones, each under a name of its own, in the order in which the plan lists them."""

    household: Household
    zones: Annotated[tuple[PlannedZone, ...], Field(max_length=MOST_ZONES)]

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if len({zone.name for zone in self.zones}) < len(self.zones):
            raise ValueError("two zones have one name")
        return self

    def zone(self, name: str) -> PlannedZone | None:
        """The zone of that name."""
        return next((zone for zone in self.zones if zone.name == name), None)


class Plan(Contract):
    """All households of an estate, in their `order`."""

    households: Annotated[tuple[PlannedHousehold, ...], Field(max_length=MOST_HOUSEHOLDS)] = ()
    version: Version = 1

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        places = [order(flat.household) for flat in self.households]
        if any(first >= second for first, second in pairwise(places)):
            raise ValueError("households are not in order, or one is there twice")
        return self

    @classmethod
    def of(cls, households: Sequence[PlannedHousehold]) -> Self:
        """With these households, in whatever order they come."""
        return cls(households=tuple(sorted(households, key=lambda flat: order(flat.household))))

    def household(self, name: str) -> PlannedHousehold | None:
        """What is planned for a household."""
        return next((flat for flat in self.households if flat.household == name), None)
