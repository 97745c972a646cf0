"""Commands: what a person at the estate did that concerns a household, on its way down; each names the report it answers."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from anju.uplink.fields import CommandId, Contract, Household, JournalId, Milliseconds, Name, Sequence, Sha256, Version
from anju.uplink.reports import NodeAddress

FEEDBACK_VALID_S = 120
"""A light at the button that says "someone has seen it" is true for this long after the click (protocol.md, Downlink)."""

PANEL_VALID_S = 60
"""What a guard asks of a panel is carried out at once or not at all: a disarming that waits is a door left open."""

MOST_BYPASS_S = 30 * 24 * 3600
"""A zone that nobody has looked at for a month is no zone."""

MOST_COMMANDS = 500
"""Commands in one page; the rest comes with the next poll."""


class CommandKind(StrEnum):
    """SEEN: a guard acknowledged. COMING: a guard was dispatched. RESET: clear the household's latches.

    The others ask of its panel what a person at the concentrator can ask. DURESS is what a guard types who was given the
    resident's word for it: the household is disarmed before the eyes of whoever watches, and calls for help.
    """

    SEEN = "seen"
    COMING = "coming"
    RESET = "reset"
    ARM_AWAY = "arm_away"
    ARM_HOME = "arm_home"
    DISARM = "disarm"
    DURESS = "duress"
    BYPASS = "bypass"
    UNBYPASS = "unbypass"
    TEST = "test"
    TEST_END = "test_end"


class ReportRef(Contract):
    """The report that a command answers; a concentrator accepts commands only for its own reports."""

    journal_id: JournalId
    seq: Sequence
    sha256: Sha256


class ZoneRef(Contract):
    """An input of a node."""

    node: NodeAddress
    number: Annotated[int, Field(ge=0, le=15)]


class EstateCommand(Contract):
    """One command. `number` counts up per duty room without gaps being meaningful; executed at most once.

    `anyway` belongs to arming, `zone` to BYPASS and UNBYPASS, `lasts_s` to BYPASS and TEST. What has no report of its own to
    answer names the household's newest.
    """

    anyway: bool | None = None
    at_ms: Milliseconds
    household: Household
    kind: CommandKind
    lasts_s: Annotated[int, Field(ge=1, le=MOST_BYPASS_S)] | None = None
    number: CommandId
    person: Name
    reason: Name | None = None
    report: ReportRef
    valid_s: Annotated[int, Field(ge=1, le=3600)]
    version: Version = 1
    zone: ZoneRef | None = None


class CommandPage(Contract):
    """Answer to a poll: commands with numbers above the one asked after, in order; empty when the wait ended."""

    commands: Annotated[tuple[EstateCommand, ...], Field(max_length=MOST_COMMANDS)]
    version: Version = 1
