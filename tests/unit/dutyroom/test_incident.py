"""The transitions of an incident, one by one, and against an independent model."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from anju.dutyroom.core import incident as incidents
from anju.dutyroom.core.incident import (
    TRANSITIONS,
    Act,
    Action,
    Alarm,
    Cause,
    Incident,
    IncidentKind,
    NotAllowed,
    Reason,
    State,
)
from anju.uplink.commands import FEEDBACK_VALID_S, CommandKind
from anju.uplink.reports import Report, ReportKind
from unit.dutyroom.reports import BEDSIDE, FRONT_DOOR, HOUSEHOLD, JOURNAL, NOW_MS, press, ref, report

WANG, LI = 1, 2
ASKED = (Act.RESET, Act.TEST, Act.TEST_END)
"""Of the household's panel."""
KINDS = st.sampled_from([ReportKind.HOLD_UP_ALARM, ReportKind.INTRUSION_ALARM, ReportKind.TAMPER_ALARM])


def alarm(one: Report) -> Alarm:
    return Alarm(one, ref(one), NOW_MS)


def opened(one: Report) -> Incident:
    return incidents.opened(1, alarm(one), "3").incident


def acted(
    incident: Incident, act: Act, person: int = WANG, cause: Cause | None = None, note: str = ""
) -> incidents.Decision:
    return incidents.handled(incident, Action(act, person, NOW_MS + 5000, cause, note))


def refused(incident: Incident, act: Act, cause: Cause | None = None, note: str = "") -> Reason:
    with pytest.raises(NotAllowed) as refusal:
        acted(incident, act, WANG, cause, note)
    return refusal.value.reason


def acknowledged() -> Incident:
    return acted(opened(press(1)), Act.ACKNOWLEDGE).incident


def test_every_transition_has_a_name_of_its_own() -> None:
    names = [row.name for row in TRANSITIONS]
    assert len(set(names)) == len(names)


def test_no_two_rows_fit_one_situation() -> None:
    situations = [
        (row.act, row.state, unseen) for row in TRANSITIONS for unseen in (True, False) if row.unseen in {None, unseen}
    ]
    assert len(set(situations)) == len(situations)


def test_the_way_from_new_to_closed() -> None:
    incident = opened(press(1))
    assert (incident.state, incident.kind, incident.building, incident.unseen) == (
        State.NEW,
        IncidentKind.HOLD_UP,
        "3",
        1,
    )
    seen = acted(incident, Act.ACKNOWLEDGE)
    assert [(one.kind, one.report, one.valid_s) for one in seen.answers] == [
        (CommandKind.SEEN, ref(press(1)), FEEDBACK_VALID_S)
    ]
    coming = acted(seen.incident, Act.DISPATCH)
    assert [one.kind for one in coming.answers] == [CommandKind.COMING]
    closed = acted(coming.incident, Act.CLOSE, WANG, Cause.FALSE_USER)
    assert (closed.incident.state, closed.incident.cause, closed.answers) == (State.CLOSED, Cause.FALSE_USER, ())
    assert closed.incident.closed_at_ms == NOW_MS + 5000


def test_nothing_but_acknowledging_can_be_done_to_a_new_incident() -> None:
    incident = opened(press(1))
    assert incidents.allowed(incident) == {Act.ACKNOWLEDGE}
    assert {refused(incident, act, Cause.TEST) for act in (Act.DISPATCH, Act.CLOSE, Act.RESET)} == {Reason.NOT_SEEN}


def test_acknowledging_twice_says_that_nothing_is_new() -> None:
    assert refused(acknowledged(), Act.ACKNOWLEDGE) is Reason.NOTHING_NEW


def test_a_second_press_makes_it_unseen_and_can_be_answered_again() -> None:
    again = incidents.joined(acknowledged(), alarm(press(2))).incident
    assert (again.presses, again.unseen, again.state) == (2, 1, State.ACKNOWLEDGED)
    assert [one.report for one in acted(again, Act.ACKNOWLEDGE).answers] == [ref(press(2))]


def test_an_incident_is_not_closed_over_a_press_that_nobody_has_seen() -> None:
    again = incidents.joined(acknowledged(), alarm(press(2))).incident
    assert refused(again, Act.CLOSE, Cause.TEST) is Reason.PRESSED_AGAIN
    assert refused(again, Act.RESET) is Reason.PRESSED_AGAIN


def test_each_node_is_answered_once_for_its_newest_press() -> None:
    incident = opened(press(1, node=7))
    for one in (press(2, node=8), press(3, node=7)):
        incident = incidents.joined(incident, alarm(one)).incident
    answers = acted(incident, Act.ACKNOWLEDGE).answers
    assert [one.report for one in answers] == [ref(press(2, node=8)), ref(press(3, node=7))]


def test_after_dispatch_a_new_press_can_be_told_again_that_someone_is_coming() -> None:
    dispatched = acted(acknowledged(), Act.DISPATCH).incident
    assert refused(dispatched, Act.DISPATCH) is Reason.NOTHING_NEW
    again = incidents.joined(dispatched, alarm(press(2))).incident
    told = acted(again, Act.DISPATCH)
    assert [(one.kind, one.report) for one in told.answers] == [(CommandKind.COMING, ref(press(2)))]
    assert told.incident.unseen == 0


@pytest.mark.parametrize("kind", [ReportKind.INTRUSION_ALARM, ReportKind.TAMPER_ALARM, ReportKind.UNKNOWN_ALARM])
def test_only_a_hold_up_button_has_a_light_to_answer_with(kind: ReportKind) -> None:
    incident = opened(report(1, kind, zone=FRONT_DOOR))
    seen = acted(incident, Act.ACKNOWLEDGE)
    assert seen.answers == ()
    assert acted(seen.incident, Act.DISPATCH).answers == ()


@pytest.mark.parametrize("cause", [Cause.REAL, Cause.DURESS])
@pytest.mark.parametrize("note", ["", "  \n"])
def test_a_cause_that_will_be_asked_about_needs_a_note(cause: Cause, note: str) -> None:
    assert refused(acknowledged(), Act.CLOSE, cause, note) is Reason.NO_NOTE
    assert acted(acknowledged(), Act.CLOSE, WANG, cause, "Fell in the bath.").incident.cause is cause


def test_closing_needs_a_cause() -> None:
    assert refused(acknowledged(), Act.CLOSE) is Reason.NO_CAUSE


def test_a_closed_incident_takes_nothing_but_what_concerns_the_panel() -> None:
    closed = acted(acknowledged(), Act.CLOSE, WANG, Cause.TEST).incident
    assert incidents.allowed(closed) == {Act.RESET, Act.TEST, Act.TEST_END}
    assert refused(closed, Act.ACKNOWLEDGE) is Reason.ALREADY_CLOSED
    with pytest.raises(NotAllowed):
        incidents.joined(closed, alarm(press(2)))
    reset = acted(closed, Act.RESET, LI)
    assert [(one.kind, one.household) for one in reset.answers] == [(CommandKind.RESET, HOUSEHOLD)]
    assert (reset.incident.state, reset.incident.owner, reset.taken_from) == (State.CLOSED, WANG, None)


def test_whoever_acts_on_anothers_incident_takes_it_over() -> None:
    over = acted(acknowledged(), Act.DISPATCH, LI)
    assert (over.incident.owner, over.taken_from) == (LI, WANG)
    assert acted(over.incident, Act.CLOSE, LI, Cause.TEST).taken_from is None


def test_without_a_household_nothing_is_commanded() -> None:
    incident = opened(report(1, ReportKind.HOLD_UP_ALARM, None))
    assert incident.building == "3"
    seen = acted(incident, Act.ACKNOWLEDGE)
    assert seen.answers == ()
    assert Act.RESET not in incidents.allowed(seen.incident)
    assert refused(seen.incident, Act.RESET) is Reason.NO_HOUSEHOLD


def test_places_never_gather_what_does_not_belong_together() -> None:
    nowhere = report(1, ReportKind.UNKNOWN_ALARM, None, node=7)
    places = {
        incidents.place_of(press(1), JOURNAL),
        incidents.place_of(press(1, "3-2-0502"), JOURNAL),
        incidents.place_of(nowhere, JOURNAL),
        incidents.place_of(nowhere, "cd" * 16),
        incidents.place_of(report(1, ReportKind.UNKNOWN_ALARM, None, node=8), JOURNAL),
        incidents.place_of(nowhere.model_copy(update={"node": None}), JOURNAL),
        incidents.place_of(nowhere.model_copy(update={"node": None, "seq": 2}), JOURNAL),
    }
    assert len(places) == 7


class Handled(RuleBasedStateMachine):
    """Random alarms and people against what a guard would say the rules are."""

    @initialize(kind=KINDS, node=st.integers(1, 3))
    def first(self, kind: ReportKind, node: int) -> None:
        self.kind, self.seq = kind, 1
        self.incident = opened(report(1, kind, node=node, zone=BEDSIDE))
        self.state, self.unseen, self.presses, self.is_called_off = "new", 1, 1, False
        self.owner: int | None = None
        self.newest: dict[int, int] = {node: 1}
        self.owed: dict[CommandKind, dict[int, int]] = {CommandKind.SEEN: {node: 1}, CommandKind.COMING: {node: 1}}

    @precondition(lambda self: self.state != "closed")
    @rule(node=st.integers(1, 3))
    def press(self, node: int) -> None:
        self.seq += 1
        self.incident = incidents.joined(
            self.incident, alarm(report(self.seq, self.kind, node=node, zone=BEDSIDE))
        ).incident
        self.is_called_off = False
        self.unseen += 1
        self.presses += 1
        self.newest[node] = self.seq
        for owed in self.owed.values():
            owed[node] = self.seq

    @rule(person=st.sampled_from([WANG, LI]), act=st.sampled_from([Act.ACKNOWLEDGE, Act.DISPATCH, *ASKED]))
    def work(self, person: int, act: Act) -> None:
        expected = {
            Act.ACKNOWLEDGE: self.state == "new" or (self.state != "closed" and self.unseen > 0),
            Act.DISPATCH: self.state == "acknowledged" or (self.state == "dispatched" and self.unseen > 0),
            Act.RESET: self.state == "closed" or (self.state != "new" and self.unseen == 0),
            Act.TEST: self.state == "closed"
            or (self.state != "new" and self.unseen == 0 and self.kind is not ReportKind.HOLD_UP_ALARM),
            Act.TEST_END: self.state != "new",
        }[act]
        try:
            decision = acted(self.incident, act, person)
        except NotAllowed:
            assert not expected
            return
        assert expected
        self.incident = decision.incident
        self.told(act, [(one.kind, one.report.seq) for one in decision.answers])
        if act not in ASKED:
            self.unseen = 0
            self.state = "dispatched" if act is Act.DISPATCH or self.state == "dispatched" else "acknowledged"
        if self.state != "closed":
            self.owner = person

    def told(self, act: Act, answers: list[tuple[CommandKind, int]]) -> None:
        if act in ASKED:
            assert answers == [(CommandKind(act.value), max(self.newest.values()))]
            return
        kind = CommandKind.SEEN if act is Act.ACKNOWLEDGE else CommandKind.COMING
        owed = self.owed[kind] if self.kind is ReportKind.HOLD_UP_ALARM else {}
        assert sorted(answers) == sorted((kind, seq) for seq in owed.values())
        self.owed[kind] = {}

    @rule(
        person=st.sampled_from([WANG, LI]),
        cause=st.none() | st.sampled_from(Cause),
        note=st.sampled_from(["", "seen to"]),
    )
    def close(self, person: int, cause: Cause | None, note: str) -> None:
        ready = self.state in {"acknowledged", "dispatched"} and self.unseen == 0
        expected = ready and cause is not None and (bool(note) or cause not in {Cause.REAL, Cause.DURESS})
        try:
            self.incident = acted(self.incident, Act.CLOSE, person, cause, note).incident
        except NotAllowed:
            assert not expected
            return
        assert expected
        self.state, self.owner = "closed", person

    @rule()
    def call_off(self) -> None:
        try:
            self.incident = incidents.cancelled(self.incident, NOW_MS).incident
        except NotAllowed:
            assert self.state == "closed"
        else:
            assert self.state != "closed"
            self.is_called_off = True

    @invariant()
    def agrees(self) -> None:
        incident = self.incident
        said = (incident.state.value, incident.unseen, incident.presses, incident.owner)
        assert said == (self.state, self.unseen, self.presses, self.owner)
        assert (incident.cancelled_at_ms is not None) == self.is_called_off
        assert (incident.cause is not None) == (self.state == "closed") == (incident.closed_at_ms is not None)
        assert {source.node.node: source.report.seq for source in incident.sources if source.node} == self.newest


TestHandled = Handled.TestCase
