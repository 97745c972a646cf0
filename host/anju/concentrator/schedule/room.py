"""Carries out what is due by the clock. That an entry was dealt with is committed with what came of it, so it is done once."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import tzinfo
from typing import Any

import structlog

from anju.concentrator.core.draft import Draft
from anju.concentrator.core.outage import Outage
from anju.concentrator.core.panel.schedule import Due, Scheduled, look, next_ms
from anju.concentrator.core.panel.signals import Action, PersonSignal
from anju.concentrator.core.ports import Clock, Journal
from anju.concentrator.turns import Turns
from anju.ledger import LedgerError
from anju.uplink.reports import Lane, PanelMode, ReportKind

LOOK_AGAIN_S = 20.0
"""How long a clock that was set may go unnoticed."""
_STEP_MS = 2000
_log = structlog.get_logger()


class Schedules:
    """Arms households when it is time, `zone` being the estate's (None: this machine's)."""

    def __init__(self, journal: Journal, clock: Clock, zone: tzinfo | None) -> None:
        self.zone = zone
        self._journal = journal
        self._clock = clock
        self._turns = Turns(journal, clock, self._deal)
        self._changed = asyncio.Event()
        self._next_ms: int | None = None
        self._is_known = False
        self._offset_ms = 0

    def tell(self) -> None:
        """Somebody has changed a schedule."""
        self._is_known = False
        self._changed.set()

    async def run(self) -> None:
        """Look when it is time, until cancelled."""
        outage = Outage()
        while True:
            self._changed.clear()
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001  # nothing may stop the clock for good
                self._is_known = False
                if outage.failed():
                    trace = None if isinstance(error, LedgerError) else error
                    _log.error("nobody is armed by the clock; trying again", error=repr(error), exc_info=trace)
            else:
                if outage.worked():
                    _log.info("households are armed by the clock again")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pause_s()):
                    await self._changed.wait()

    async def look(self) -> None:
        """Carry out all that is due; LedgerError if nothing can be committed."""
        now = self._clock()
        offset_ms = now.wall_ms - round(now.monotonic_s * 1000)
        if not self._is_known or self._turns.has_aside or abs(offset_ms - self._offset_ms) > _STEP_MS:
            self._think(now.wall_ms)
        self._offset_ms = offset_ms
        if self._next_ms is None or self._next_ms > now.wall_ms:
            return
        await self._turns.take(self._taking_part())
        self._think(now.wall_ms)

    def _think(self, now_ms: int) -> None:
        schedules = self._journal.building.schedules
        entries = (entry for household in self._taking_part() for entry in schedules[household])
        self._next_ms = next_ms(entries, now_ms, self.zone)
        self._is_known = True

    def _taking_part(self) -> list[str]:
        return sorted(one for one in self._journal.building.schedules if not self._turns.is_aside(one))

    def _pause_s(self) -> float:
        if not self._is_known or self._next_ms is None:
            return LOOK_AGAIN_S
        return min(LOOK_AGAIN_S, max(0.05, (self._next_ms - self._clock().wall_ms) / 1000))

    def _deal(self, draft: Draft, household: str) -> None:
        kept = draft.schedule(household)
        looked = [look(entry, draft.moment.wall_ms, self.zone) for entry in kept]
        if not any(due for _, due in looked):
            return
        draft.schedules[household] = tuple(entry for entry, _ in looked)
        for due, entry in sorted(((one, entry) for entry, found in looked for one in found), key=_order):
            _carry_out(draft, household, entry, due)


def _order(what: tuple[Due, Scheduled]) -> tuple[int, int]:
    due, entry = what
    return (due.at_ms, entry.number)


def _carry_out(draft: Draft, household: str, entry: Scheduled, due: Due) -> None:
    """Whoever is armed stays so, and as they are: to leave anew, or to guard less, is for a person to say."""
    if draft.look(household).mode is not PanelMode.OFF:
        return
    if due.is_missed:
        facts: dict[str, Any] = {
            "household": household,
            "person": entry.person,
            "schedule": entry.set,
            "event_at_ms": due.at_ms,
        }
        draft.record(ReportKind.ARM_MISSED, Lane.ROUTINE, **facts)
        return
    set_ = entry.set
    signal = PersonSignal(Action.ARM, entry.person, mode=set_.mode, anyway=set_.anyway, schedule=set_)
    draft.ask(household, signal)
