"""Commands: what a person at the estate did that concerns a household, on its way down; each names the report it answers."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from anju.uplink.fields import CommandId, Contract, Household, JournalId, Milliseconds, Name, Sequence, Sha256, Version

FEEDBACK_VALID_S = 120
"""A light at the button that says "someone has seen it" is true for this long after the click (protocol.md, Downlink)."""


MOST_COMMANDS = 500
"""Commands in one page; the rest comes with the next poll."""


class CommandKind(StrEnum):
    """SEEN: a guard acknowledged. COMING: a guard was dispatched. RESET: clear the household's latches."""

    SEEN = "seen"
    COMING = "coming"
    RESET = "reset"


class ReportRef(Contract):
    """The report that a command answers; a concentrator accepts commands only for its own reports."""

    journal_id: JournalId
    seq: Sequence
    sha256: Sha256


class EstateCommand(Contract):
    """One command. `number` counts up per duty room without gaps being meaningful; executed at most once."""

    at_ms: Milliseconds
    household: Household
    kind: CommandKind
    number: CommandId
    person: Name
    report: ReportRef
    valid_s: Annotated[int, Field(ge=1, le=3600)]
    version: Version = 1


class CommandPage(Contract):
    """Answer to a poll: commands with numbers above the one asked after, in order; empty when the wait ended."""

    commands: Annotated[tuple[EstateCommand, ...], Field(max_length=MOST_COMMANDS)]
    version: Version = 1
