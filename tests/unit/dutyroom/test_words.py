"""Everything that the page can name has a name, in both languages."""

from __future__ import annotations

from enum import Enum

import pytest

from anju.dutyroom.core.change import Change, What
from anju.dutyroom.core.incident import KIND_OF, Cause, IncidentKind, Reason, State
from anju.dutyroom.web import clock, words
from anju.dutyroom.web.language import TAGS, translate
from anju.dutyroom.web.troubles import gathered
from anju.uplink.canonical import canonical
from anju.uplink.commands import CommandKind
from anju.uplink.reports import (
    ALARMS,
    ArmWarning,
    OutcomeKind,
    PanelMode,
    PanelPhase,
    Refusal,
    Report,
    ReportKind,
    TroubleKind,
    ZoneKind,
)
from unit.dutyroom.reports import JOURNAL, NOW_MS, press, report

NAMED = [
    (words.kind, IncidentKind), (words.state, State), (words.cause, Cause), (words.refusal, Reason),
    (words.mode, PanelMode), (words.zone_kind, ZoneKind), (words.trouble, TroubleKind), (words.given, CommandKind),
    (words.phase, PanelPhase), (words.warning, ArmWarning), (words.refused, Refusal),
]  # fmt: skip


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize(("name", "values"), NAMED)
def test_every_value_has_a_name_of_its_own(tag: str, name: object, values: type[Enum]) -> None:
    assert callable(name)
    names = [name(translate(tag), value) for value in values]
    assert all(names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("tag", TAGS)
def test_every_alarm_outcome_and_event_has_a_sentence(tag: str) -> None:
    _ = translate(tag)
    sentences = [words.alarm(_, kind, "Bedside") for kind in KIND_OF]
    sentences += [words.outcome(_, value, 0.3) for value in OutcomeKind]
    sentences += [words.context(_, kind, "Bedside", "Li Na") for kind in set(ReportKind) - ALARMS]
    assert len(set(sentences)) == len(sentences)
    assert not any("%" in sentence or "_" in sentence for sentence in sentences)


def test_every_alarm_opens_an_incident_of_a_kind_of_its_own() -> None:
    assert set(KIND_OF) == ALARMS
    assert sorted(KIND_OF.values()) == sorted(IncidentKind)


def test_a_household_is_spelled_out() -> None:
    _ = translate("en")
    assert words.household(_, "3-2-0501") == "building 3, unit 2, door 0501"
    assert words.household(_, None) == "household unknown"


@pytest.mark.parametrize(
    ("seconds", "age"), [(-5, "0:00"), (7, "0:07"), (725, "12:05"), (3725, "1:02:05"), (400_000, "111:06:40")]
)
def test_ages_count_on_in_one_form(seconds: int, age: str) -> None:
    assert clock.age(NOW_MS - seconds * 1000, NOW_MS) == age


def test_a_time_of_another_day_has_its_date_and_no_time_is_too_strange() -> None:
    today, earlier = clock.time_of_day(NOW_MS, NOW_MS), clock.time_of_day(NOW_MS - 3 * 86_400_000, NOW_MS)
    assert earlier.endswith(today)
    assert len(earlier) > len(today)
    assert clock.time_of_day(2**53 - 1, NOW_MS)


def change(number: int, what: What, one: Report | None = None, **detail: str) -> Change:
    return Change(number, NOW_MS + number, what, None, JOURNAL, one, None, detail)


def test_troubles_that_are_the_same_are_one_line_with_a_count() -> None:
    forged = report(1, ReportKind.TROUBLE, None, trouble=TroubleKind.FORGERY)
    changes = [
        change(3, What.TROUBLE, forged),
        change(2, What.LINK_LOST, concentrator="4"),
        change(1, What.TROUBLE, forged),
    ]
    lines = gathered(translate("en"), changes, NOW_MS)
    assert [(one.text, one.where, one.times) for one in lines] == [
        ("Not heard any more: alarms from there cannot arrive", "concentrator 4", 1),
        ("Forged messages were refused", "network 1, device 7", 2),
    ]


def test_a_link_that_came_back_is_no_trouble_and_one_lost_again_is() -> None:
    lost, back, again = (
        change(at, what, concentrator="4") for at, what in enumerate([What.LINK_LOST, What.LINK_BACK, What.LINK_LOST])
    )
    assert gathered(translate("en"), [back, lost], NOW_MS) == []
    assert [one.times for one in gathered(translate("en"), [again, back, lost], NOW_MS)] == [1]


def test_an_alarm_in_a_conflict_is_named_as_one() -> None:
    offered = canonical(press(1)).decode()
    (line,) = gathered(translate("en"), [change(1, What.CONFLICT, None, offered=offered, concentrator="3")], NOW_MS)
    assert (line.text, line.where) == (
        "An alarm came under the number of another report; ask at the household",
        "3-2-0501",
    )
