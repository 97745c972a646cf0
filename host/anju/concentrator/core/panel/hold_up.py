"""Hold-up as named rows: what a button says, whatever the household is in (invariant I4). No column for a state changes it.

While a household is on TEST, a row whose `in_test` is TRIED is reported in the routine lane and latches nothing; one that is
MEANT stays as it is: so a press that is held for three seconds is real even then.
"""

from __future__ import annotations

from typing import NamedTuple

from anju.uplink.reports import Lane, ReportKind
from anju.wire.table import Code

TRIED, MEANT = True, False


class HoldUpRow(NamedTuple):
    """When a node says `code`: report `kind` in `lane`. If it `follows`, then only behind a press of the same button that was
    raised. Whatever is in the PANIC lane latches."""

    name: str
    code: Code
    follows: bool
    kind: ReportKind
    lane: Lane
    in_test: bool


HOLD_UP_ROWS = (
    HoldUpRow("button pressed", Code.PANIC, False, ReportKind.HOLD_UP_ALARM, Lane.PANIC, TRIED),
    HoldUpRow("button still held", Code.HELD, True, ReportKind.HOLD_UP_HELD, Lane.ROUTINE, MEANT),
    HoldUpRow("button held", Code.HELD, False, ReportKind.HOLD_UP_ALARM, Lane.PANIC, MEANT),
)
