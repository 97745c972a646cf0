"""The order in which a guard looks at incidents, and how links are judged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.dutyroom.core import incident as incidents
from anju.dutyroom.core.incident import Alarm, Incident
from anju.dutyroom.core.link import LATE_AFTER_S, LOST_AFTER_S, LinkState, judged
from anju.dutyroom.core.queue import in_order
from anju.uplink.reports import ReportKind
from unit.dutyroom.reports import ref, report

HOLD_UP, UNKNOWN = ReportKind.HOLD_UP_ALARM, ReportKind.UNKNOWN_ALARM
INTRUSION, TAMPER = ReportKind.INTRUSION_ALARM, ReportKind.TAMPER_ALARM


def incident(number: int, kind: ReportKind, at_ms: int) -> Incident:
    one = report(number, kind)
    return incidents.opened(number, Alarm(one, ref(one), at_ms), "3").incident


def test_priority_goes_before_age_and_age_before_number() -> None:
    mixed = [
        incident(1, TAMPER, 10), incident(2, INTRUSION, 20), incident(3, HOLD_UP, 50), incident(4, HOLD_UP, 40),
        incident(5, UNKNOWN, 30), incident(6, HOLD_UP, 40),
    ]  # fmt: skip
    assert [one.id for one in in_order(mixed)] == [4, 6, 3, 5, 2, 1]


@given(st.lists(st.tuples(st.sampled_from([HOLD_UP, UNKNOWN, INTRUSION, TAMPER]), st.integers(0, 5)), max_size=12).flatmap(
    lambda drawn: st.tuples(st.just(drawn), st.permutations(range(len(drawn))))
))  # fmt: skip
def test_the_order_does_not_depend_on_the_order_of_arrival(
    case: tuple[list[tuple[ReportKind, int]], list[int]],
) -> None:
    drawn, order = case
    made = [incident(number, kind, at_ms) for number, (kind, at_ms) in enumerate(drawn, 1)]
    assert in_order([made[at] for at in order]) == in_order(made)


@pytest.mark.parametrize(
    ("age_s", "state"),
    [
        (0, LinkState.HEARD),
        (LATE_AFTER_S, LinkState.HEARD),
        (LATE_AFTER_S + 0.1, LinkState.LATE),
        (LOST_AFTER_S + 0.1, LinkState.LOST),
    ],
)
def test_a_link_is_heard_then_late_then_lost(age_s: float, state: LinkState) -> None:
    assert judged(age_s) is state
