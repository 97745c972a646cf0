"""Behind every command stands a person: nothing that comes up from a concentrator ever makes one."""

from __future__ import annotations

import pytest

from anju.dutyroom.store import Store
from anju.uplink.reports import Outcome, OutcomeKind, ReportKind, TroubleKind
from unit.dutyroom.reports import JOURNAL, NOW_MS, batch, press, report

pytestmark = pytest.mark.anyio


async def test_no_report_makes_a_command(store: Store) -> None:
    outcome = Outcome(command_id=1, outcome=OutcomeKind.SHOWN)
    kinds = list(ReportKind) * 2
    reports = [
        report(seq, kind, person="somebody", outcome=outcome, trouble=TroubleKind.CLONE)
        for seq, kind in enumerate(kinds, 1)
    ]
    await store.receive(batch(*reports), NOW_MS)
    await store.receive(batch(press(len(kinds) + 1, "3-2-0502")), NOW_MS)
    assert store.commands_after(JOURNAL, 0) == ()
