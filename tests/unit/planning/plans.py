"""Plans of every shape, for tests that try many."""

from __future__ import annotations

from hypothesis import strategies as st

from anju.plan.model import Plan, PlannedHousehold, PlannedZone
from anju.uplink.reports import ZoneKind

_PARTS = [st.text("0123456789ABCZ", min_size=least, max_size=most) for least, most in ((1, 4), (1, 3), (3, 5))]
HOUSEHOLDS = st.tuples(*_PARTS).map("-".join)
_LETTERS = st.characters(exclude_categories=["Cs", "Cc"])


def _is_name(text: str) -> bool:
    return bool(text) and text == text.strip() and not text.startswith(("=", "+", "-", "@"))


NAMES = st.text(_LETTERS, min_size=1, max_size=64).filter(_is_name) | st.sampled_from(
    ["入户门", "床头", "a,b", 'say "x"', "a;b", "#1", "[x]", "a = 1", "\\", "'"]
)
ZONES = st.builds(PlannedZone, kind=st.sampled_from(ZoneKind), name=NAMES)
FLATS = st.builds(
    lambda household, zones: PlannedHousehold(household=household, zones=tuple(zones)),
    HOUSEHOLDS,
    st.lists(ZONES, max_size=6, unique_by=lambda zone: zone.name),
)
PLANS = st.lists(FLATS, max_size=8, unique_by=lambda flat: flat.household).map(Plan.of)
