"""Arming by MQTT, where the site names keys for it: signed, fresh, once, and only of a household that is disarmed.

Nothing here disarms, and nothing weakens what is armed: arming anew would begin another exit time, and home is less than away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import structlog
from pydantic import Field, StringConstraints, ValidationError

from anju.concentrator.core.panel.arming import Phase
from anju.concentrator.core.panel.signals import Action, PersonSignal
from anju.concentrator.core.ports import Clock, Journal
from anju.concentrator.destinations.mqtt.signed import opened
from anju.concentrator.destinations.mqtt.topics import Topics
from anju.ledger import LedgerError
from anju.uplink.fields import Contract, Milliseconds
from anju.uplink.reports import PanelMode

PURPOSE = "arm"
WINDOW_MS = 60_000
"""How far the clock of whoever signs may be from ours; a command is good for so long."""
_MODES = {"away": PanelMode.AWAY, "home": PanelMode.HOME}
_log = structlog.get_logger()


class ArmCommand(Contract):
    """Arm a household. There is no command that disarms."""

    arm: Literal["away", "home"]
    at_ms: Milliseconds
    nonce: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")] = Field(repr=False)


class Arming:
    """Judges commands, and lets the household's panel decide on good ones."""

    def __init__(self, journal: Journal, clock: Clock, topics: Topics, keys: Mapping[str, str]) -> None:
        """`keys`: public keys in hex, by the name that reports will call who has armed."""
        self._journal = journal
        self._clock = clock
        self._topics = topics
        self._keys = keys
        self._since_ms = clock().wall_ms
        self._spent: dict[str, int] = {}
        """Nonces of commands that were good, each with its time: within the window none is good again."""

    async def take(self, topic: str, payload: bytes, *, retained: bool) -> str:
        """Carry out a command; empty if that was done, else why not. What a broker keeps is nobody's wish of now."""
        household = self._topics.commanded(topic)
        if household is None or retained:
            return "retained or on no household's topic"
        found = opened(PURPOSE, topic, payload, self._keys)
        if found is None:
            return "not signed by a key of this site"
        name, text = found
        try:
            command = ArmCommand.model_validate_json(text)
        except ValidationError:
            return "signed, and not understood"
        return self._spend(command) or await self._arm(household, name, _MODES[command.arm])

    def _spend(self, command: ArmCommand) -> str:
        """Why a genuine command does not count; else it never will again."""
        now_ms = self._clock().wall_ms
        self._forget(now_ms)
        if abs(now_ms - command.at_ms) > WINDOW_MS:
            return "too old, or of a clock that is wrong"
        if command.at_ms <= self._since_ms:
            return "from before nonces are remembered"
        if command.nonce in self._spent:
            return "a replay"
        self._spent[command.nonce] = command.at_ms
        return ""

    def _forget(self, now_ms: int) -> None:
        """Nonces that no window needs; should the clock be set back, whatever is as old as they are counts no more."""
        old = {nonce for nonce, at_ms in self._spent.items() if abs(now_ms - at_ms) > WINDOW_MS}
        self._since_ms = max([self._since_ms, *(self._spent.pop(nonce) for nonce in old)])

    async def _arm(self, household: str, name: str, mode: PanelMode) -> str:
        if not any(True for _node in self._journal.building.premises.nodes_of(household)):
            return "no such household"
        try:
            async with self._journal.change() as draft:
                panel = draft.panel(household)
                if panel.mode is not PanelMode.OFF or panel.phase is not Phase.OFF:
                    return "armed already"
                refusal = draft.ask(household, PersonSignal(Action.ARM, name, mode=mode)).refusal
        except LedgerError:
            return "the journal does not take it"
        if refusal:
            return refusal.value
        _log.info("armed by MQTT", household=household, key=name)
        return ""
