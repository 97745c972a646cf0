"""A change: one row of the duty room's log, as everything that shows it needs it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from anju.dutyroom.core.incident import Incident
from anju.uplink.commands import CommandKind
from anju.uplink.reports import OutcomeKind, PanelView, Refusal, Report


class What(StrEnum):
    """What a row of the log is about."""

    ALARM = "alarm"
    ACKNOWLEDGE = "acknowledge"
    DISPATCH = "dispatch"
    CLOSE = "close"
    RESET = "reset"
    TEST = "test"
    TEST_END = "test_end"
    ORDER = "order"
    """Somebody asks something of a household's panel, and no incident is the reason."""
    CANCEL = "cancel"
    CONTEXT = "context"
    OUTCOME = "outcome"
    TROUBLE = "trouble"
    TROUBLE_OVER = "trouble_over"
    CONFLICT = "conflict"
    LINK_LOST = "link_lost"
    LINK_BACK = "link_back"
    AT_DESK = "at_desk"


TROUBLES = frozenset({What.TROUBLE, What.TROUBLE_OVER, What.CONFLICT, What.LINK_LOST, What.LINK_BACK})
"""What the list of troubles is made of; none of it is an alarm (invariant I5)."""


class Change(NamedTuple):
    """`incident` is as of this change; `report` is what came up; `detail` is small and depends on `what`."""

    number: int
    at_ms: int
    what: What
    incident: Incident | None
    journal_id: str | None
    report: Report | None
    person: int | None
    detail: dict[str, str]


class GivenCommand(NamedTuple):
    """A command as a timeline tells it: which change gave it, and what has become of it."""

    number: int
    change: int
    kind: CommandKind
    given_at_ms: int
    report_seq: int
    outcome: OutcomeKind | None
    outcome_at_ms: int | None
    refusal: Refusal | None = None


class Story(NamedTuple):
    """Everything that the centre of the page says about one incident; `changes` begin with what was tried there before it."""

    incident: Incident
    changes: tuple[Change, ...]
    left_out: int
    commands: tuple[GivenCommand, ...]
    panel: PanelView | None
    panel_as_of_ms: int | None
