"""What is due in many households: one commit for all, and where one of them trips over a fault of ours, one for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from anju.concentrator.core.draft import Draft
from anju.concentrator.core.ports import Clock, Journal
from anju.ledger import LedgerError

AGAIN_S = 60.0
"""How long a household that failed waits for its next turn."""
_log = structlog.get_logger()


class Turns:
    """Takes households in turn. One whose turn fails is put aside for a while, holds up no other, and is logged once."""

    def __init__(self, journal: Journal, clock: Clock, act: Callable[[Draft, str], object]) -> None:
        """`act` does what is due in one household."""
        self._journal = journal
        self._clock = clock
        self._act = act
        self._again_s: dict[str, float] = {}

    async def take(self, households: Sequence[str]) -> None:
        """Do what is due in each of them; LedgerError if nothing can be committed: whose turn it was is still due."""
        try:
            async with self._journal.change() as draft:
                for household in households:
                    self._act(draft, household)
        except LedgerError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, it is that household's alone
            if len(households) == 1:
                self.put_aside(households[0], error)
                return
            for household in households:
                await self.take([household])
        else:
            for household in self._again_s.keys() & set(households):
                del self._again_s[household]
                _log.info("what is due in this household is carried out again", household=household)

    def put_aside(self, household: str, error: Exception) -> None:
        """It gets its next turn in AGAIN_S."""
        if household not in self._again_s:
            _log.error(
                "what is due in this household could not be carried out: its panel is as it was, calls for help are still heard "
                "there, nothing else is acknowledged, and no other household waits for it. It is tried again once a minute. "
                "Call them, and report this line with its trace as a fault of Anju",
                household=household,
                error=repr(error),
                exc_info=error,
            )
        self._again_s[household] = self._clock().monotonic_s + AGAIN_S

    def is_aside(self, household: str) -> bool:
        """Whether it has to wait."""
        return self._again_s.get(household, 0.0) > self._clock().monotonic_s

    @property
    def has_aside(self) -> bool:
        """Whether any has failed, and has not succeeded since."""
        return bool(self._again_s)
