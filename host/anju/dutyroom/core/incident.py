"""An incident, from the first alarm to its cause. Pure; the rows of `TRANSITIONS` are the whole logic.

A household has at most one open incident of a kind: whatever of that kind comes while it is open joins it with a count and
makes it unseen again (invariant I4: a hold-up alarm is never grouped across households, never shelved, never cleared by
itself). It has one owner until it is closed; whoever else acts on it takes it over, and that is recorded.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from anju.dutyroom.core import panels
from anju.uplink.commands import FEEDBACK_VALID_S, PANEL_VALID_S, CommandKind, ReportRef, ZoneRef
from anju.uplink.fields import Contract, Household, Version
from anju.uplink.reports import NodeAddress, Report, ReportKind, Zone

RESET_VALID_S = 3600
"""A reset waits this long for a concentrator that cannot be reached."""

TEST_S = 30 * 60
"""As long as a guard puts a household on TEST: a technician's visit; it ends by itself."""


class State(StrEnum):
    """How far an incident is."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    DISPATCHED = "dispatched"
    CLOSED = "closed"


class IncidentKind(StrEnum):
    """What it is about. UNKNOWN: a newer node said something urgent that nobody here understands.

    DURESS: somebody was made to disarm. Nothing that is done about it is to be seen or heard in the household.
    """

    HOLD_UP = "hold_up"
    DURESS = "duress"
    FIRE = "fire"
    UNKNOWN = "unknown"
    TECHNICAL = "technical"
    INTRUSION = "intrusion"
    TAMPER = "tamper"


class Cause(StrEnum):
    """Why there was an alarm: what a guard says at the end."""

    REAL = "real"
    FALSE_USER = "false_user"
    FALSE_DEVICE = "false_device"
    FALSE_ENVIRONMENT = "false_environment"
    TEST = "test"
    DURESS = "duress"


class Act(StrEnum):
    """What happens to an incident: one more alarm, somebody calls it off at the panel, or what a person here does."""

    ALARM = "alarm"
    CANCEL = "cancel"
    ACKNOWLEDGE = "acknowledge"
    DISPATCH = "dispatch"
    CLOSE = "close"
    RESET = "reset"
    TEST = "test"
    TEST_END = "test_end"


class Reason(StrEnum):
    """Why an act is not allowed."""

    NOT_SEEN = "not_seen"
    PRESSED_AGAIN = "pressed_again"
    NOTHING_NEW = "nothing_new"
    ALREADY_CLOSED = "already_closed"
    NO_CAUSE = "no_cause"
    NO_NOTE = "no_note"
    NO_HOUSEHOLD = "no_household"
    NO_ORDERS = "no_orders"
    """Its alarm panel is of another maker, and takes none."""
    PERSON_IN_NEED = "person_in_need"


class NotAllowed(Exception):
    """The incident is not in a state for this; nothing changed."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


KIND_OF = {
    ReportKind.HOLD_UP_ALARM: IncidentKind.HOLD_UP,
    ReportKind.UNKNOWN_ALARM: IncidentKind.UNKNOWN,
    ReportKind.INTRUSION_ALARM: IncidentKind.INTRUSION,
    ReportKind.TAMPER_ALARM: IncidentKind.TAMPER,
    ReportKind.FIRE_ALARM: IncidentKind.FIRE,
    ReportKind.TECHNICAL_ALARM: IncidentKind.TECHNICAL,
    ReportKind.DURESS_ALARM: IncidentKind.DURESS,
}

FOR_PEOPLE = frozenset({IncidentKind.HOLD_UP, IncidentKind.DURESS, IncidentKind.FIRE})
"""Somebody may be in need: while such an incident is open, nothing is tried in its household."""

NOTE_NEEDED = frozenset({Cause.REAL, Cause.DURESS})
"""Causes that somebody will ask about later."""


class Source(Contract):
    """A node in an incident: its newest alarm, and which answers of a person that alarm has been given."""

    answered: tuple[CommandKind, ...] = ()
    node: NodeAddress | None = None
    report: ReportRef
    zone: Zone | None = None


class Incident(Contract):
    """One incident as of one change; the changes are never overwritten. `owner` is a person's number."""

    building: str
    cancelled_at_ms: int | None = None
    """Since its newest alarm, a person has called it off at the panel. A guard looks into it all the same."""
    cause: Cause | None = None
    closed_at_ms: int | None = None
    household: Household | None = None
    id: int
    kind: IncidentKind
    latest_at_ms: int
    opened_at_ms: int
    owner: int | None = None
    place: str
    presses: int = 1
    sources: tuple[Source, ...]
    state: State = State.NEW
    unseen: int = 1
    version: Version = 1


class Alarm(NamedTuple):
    """An alarm report with its reference and the time from which a household has been waiting."""

    report: Report
    ref: ReportRef
    at_ms: int


class Action(NamedTuple):
    """What a person does; `cause` and `note` belong to CLOSE."""

    act: Act
    person: int
    at_ms: int
    cause: Cause | None = None
    note: str = ""


class Answer(NamedTuple):
    """A command to give: it answers `report`."""

    kind: CommandKind
    report: ReportRef
    household: str
    valid_s: int
    lasts_s: int | None = None
    reason: str | None = None
    anyway: bool | None = None
    zone: ZoneRef | None = None


class Decision(NamedTuple):
    """The incident after a change, the transition's name, the commands to give, and who owned it until now."""

    incident: Incident
    transition: str
    answers: tuple[Answer, ...] = ()
    taken_from: int | None = None


class Row(NamedTuple):
    """`act` in `state` leads to `to`; `unseen` says whether presses that nobody has seen must be there, or must not."""

    name: str
    act: Act
    state: State
    to: State
    unseen: bool | None = None


FIRST_ALARM = "first alarm"

TRANSITIONS = (
    Row("pressed again, still unseen", Act.ALARM, State.NEW, State.NEW),
    Row("pressed again after it was seen", Act.ALARM, State.ACKNOWLEDGED, State.ACKNOWLEDGED),
    Row("pressed again with help on the way", Act.ALARM, State.DISPATCHED, State.DISPATCHED),
    Row("someone has seen it", Act.ACKNOWLEDGE, State.NEW, State.ACKNOWLEDGED),
    Row("the new press was seen", Act.ACKNOWLEDGE, State.ACKNOWLEDGED, State.ACKNOWLEDGED, unseen=True),
    Row("the new press was seen, help on the way", Act.ACKNOWLEDGE, State.DISPATCHED, State.DISPATCHED, unseen=True),
    Row("someone is coming", Act.DISPATCH, State.ACKNOWLEDGED, State.DISPATCHED),
    Row("told again that someone is coming", Act.DISPATCH, State.DISPATCHED, State.DISPATCHED, unseen=True),
    Row("closed without sending anyone", Act.CLOSE, State.ACKNOWLEDGED, State.CLOSED, unseen=False),
    Row("closed after help", Act.CLOSE, State.DISPATCHED, State.CLOSED, unseen=False),
    Row("reset while it is looked into", Act.RESET, State.ACKNOWLEDGED, State.ACKNOWLEDGED, unseen=False),
    Row("reset with help on the way", Act.RESET, State.DISPATCHED, State.DISPATCHED, unseen=False),
    Row("reset after it was closed", Act.RESET, State.CLOSED, State.CLOSED),
    Row("called off, still unseen", Act.CANCEL, State.NEW, State.NEW),
    Row("called off after it was seen", Act.CANCEL, State.ACKNOWLEDGED, State.ACKNOWLEDGED),
    Row("called off with help on the way", Act.CANCEL, State.DISPATCHED, State.DISPATCHED),
    Row("put on TEST while it is looked into", Act.TEST, State.ACKNOWLEDGED, State.ACKNOWLEDGED, unseen=False),
    Row("put on TEST with help on the way", Act.TEST, State.DISPATCHED, State.DISPATCHED, unseen=False),
    Row("put on TEST after it was closed", Act.TEST, State.CLOSED, State.CLOSED),
    Row("taken off TEST while it is looked into", Act.TEST_END, State.ACKNOWLEDGED, State.ACKNOWLEDGED),
    Row("taken off TEST with help on the way", Act.TEST_END, State.DISPATCHED, State.DISPATCHED),
    Row("taken off TEST after it was closed", Act.TEST_END, State.CLOSED, State.CLOSED),
)

_OF_PANEL = {
    Act.RESET: (CommandKind.RESET, RESET_VALID_S, None),
    Act.TEST: (CommandKind.TEST, PANEL_VALID_S, TEST_S),
    Act.TEST_END: (CommandKind.TEST_END, PANEL_VALID_S, None),
}
"""What the household's panel is asked: the command, how long it is true, how long what it begins lasts."""
_FEEDBACK = {Act.ACKNOWLEDGE: CommandKind.SEEN, Act.DISPATCH: CommandKind.COMING}


def place_of(report: Report, journal_id: str) -> str:
    """What alarms are grouped by: the household; without one the node; without that the report stands alone."""
    if report.household is not None:
        return report.household
    if report.node is not None:
        return f"{journal_id}/{report.node.network}/{report.node.node}"
    return f"{journal_id}#{report.seq}"


def opened(number: int, alarm: Alarm, concentrator: str) -> Decision:
    """A new incident; its building is the household's, else the concentrator's name."""
    report = alarm.report
    incident = Incident(
        id=number,
        kind=KIND_OF[report.kind],
        place=place_of(report, alarm.ref.journal_id),
        household=report.household,
        building=report.household.split("-")[0] if report.household else concentrator,
        opened_at_ms=alarm.at_ms,
        latest_at_ms=alarm.at_ms,
        sources=(_source(alarm),),
    )
    return Decision(incident, FIRST_ALARM)


def joined(incident: Incident, alarm: Alarm) -> Decision:
    """One more alarm joins an open incident: counted, unseen, answerable again. NotAllowed once it is closed."""
    row = _row(incident, Act.ALARM)
    mine = _source(alarm)
    others = tuple(source for source in incident.sources if source.node != mine.node)
    changed = {
        "presses": incident.presses + 1,
        "unseen": incident.unseen + 1,
        "latest_at_ms": max(incident.latest_at_ms, alarm.at_ms),
        "cancelled_at_ms": None,
        "sources": (*others, mine),
    }
    return Decision(incident.model_copy(update=changed), row.name)


def cancelled(incident: Incident, at_ms: int) -> Decision:
    """A person has called the alarm off at the panel: it is noted, and nothing else is. NotAllowed once it is closed."""
    row = _row(incident, Act.CANCEL)
    return Decision(incident.model_copy(update={"state": row.to, "cancelled_at_ms": at_ms}), row.name)


def handled(incident: Incident, action: Action) -> Decision:
    """What a person's action makes of an incident; NotAllowed, with the reason, where no row fits."""
    row = _row(incident, action.act)
    changed: dict[str, object] = {"state": row.to, "owner": action.person}
    answers: tuple[Answer, ...] = ()
    match action.act:
        case Act.ACKNOWLEDGE | Act.DISPATCH:
            kind = _FEEDBACK[action.act]
            answers = _feedback(incident, kind)
            told = {answer.report for answer in answers}
            changed["unseen"] = 0
            changed["sources"] = tuple(_answered(one, kind) if one.report in told else one for one in incident.sources)
        case Act.CLOSE:
            _check_cause(action)
            changed |= {"cause": action.cause, "closed_at_ms": action.at_ms}
        case Act.RESET | Act.TEST | Act.TEST_END:
            answers = (_asked(incident, action.act),)
            if incident.state is State.CLOSED:
                changed["owner"] = incident.owner  # nobody owns what is over
    taken_from = incident.owner if incident.owner not in {None, changed["owner"]} else None
    return Decision(incident.model_copy(update=changed), row.name, answers, taken_from)


def allowed(incident: Incident) -> frozenset[Act]:
    """What a person may do now: the buttons that work."""
    acts = {row.act for row in TRANSITIONS if _fits(row, incident)} - {Act.ALARM, Act.CANCEL}
    if keeps_from_testing(incident):
        acts -= {Act.TEST}
    return frozenset(acts if incident.household is not None and _ordered(incident) else acts - _OF_PANEL.keys())


def keeps_from_testing(incident: Incident) -> bool:
    """Whether nothing may be tried in its household while it is as it is."""
    return incident.kind in FOR_PEOPLE and incident.state is not State.CLOSED


def _fits(row: Row, incident: Incident) -> bool:
    return row.state is incident.state and row.unseen in {None, incident.unseen > 0}


def _row(incident: Incident, act: Act) -> Row:
    for row in TRANSITIONS:
        if row.act is act and _fits(row, incident):
            return row
    raise NotAllowed(_why_not(incident))


def _why_not(incident: Incident) -> Reason:
    if incident.state is State.CLOSED:
        return Reason.ALREADY_CLOSED
    if incident.state is State.NEW:
        return Reason.NOT_SEEN
    return Reason.PRESSED_AGAIN if incident.unseen else Reason.NOTHING_NEW


def _source(alarm: Alarm) -> Source:
    return Source(report=alarm.ref, node=alarm.report.node, zone=alarm.report.zone)


def _answered(source: Source, kind: CommandKind) -> Source:
    return source.model_copy(update={"answered": (*source.answered, kind)})


def _feedback(incident: Incident, kind: CommandKind) -> tuple[Answer, ...]:
    """One answer for each node's newest alarm that has not had it; only a hold-up button has a light to show it."""
    household = incident.household
    if incident.kind is not IncidentKind.HOLD_UP or household is None:
        return ()
    waiting = (source for source in incident.sources if source.node is not None and kind not in source.answered)
    return tuple(Answer(kind, source.report, household, FEEDBACK_VALID_S) for source in waiting)


def _asked(incident: Incident, act: Act) -> Answer:
    """What the household's panel is asked."""
    if incident.household is None:
        raise NotAllowed(Reason.NO_HOUSEHOLD)
    if act is Act.TEST and keeps_from_testing(incident):
        raise NotAllowed(Reason.PERSON_IN_NEED)
    ordered = _ordered(incident)
    if not ordered:
        raise NotAllowed(Reason.NO_ORDERS)
    kind, valid_s, lasts_s = _OF_PANEL[act]
    return Answer(kind, ordered[-1].report, incident.household, valid_s, lasts_s)


def _ordered(incident: Incident) -> tuple[Source, ...]:
    """Its sources that have a panel which takes orders."""
    return tuple(source for source in incident.sources if source.report.journal_id != panels.JOURNAL)


def _check_cause(action: Action) -> None:
    if action.cause is None:
        raise NotAllowed(Reason.NO_CAUSE)
    if action.cause in NOTE_NEEDED and not action.note.strip():
        raise NotAllowed(Reason.NO_NOTE)
