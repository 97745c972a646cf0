"""How long a destination that fails is let be: longer each time, but never long while an alarm is owed to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from anju.concentrator.core.ports import Outbox, Signal


def pause_s(failures: int, first_s: float, most_s: float) -> float:
    """Twice as long after each failure."""
    return float(min(first_s * 2 ** min(failures - 1, 32), most_s))


async def wait(
    outbox: Outbox,
    name: str,
    committed: Signal,
    pause_s: float,
    most_with_alarm_s: float,
    is_back: Callable[[], bool] = lambda: False,
) -> None:
    """Pause; not longer than `most_with_alarm_s` while an alarm is owed, nor once the destination is back."""
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    while not is_back():
        committed.clear()
        most_s = min(pause_s, most_with_alarm_s) if outbox.owes_alarm(name) else pause_s
        try:
            async with asyncio.timeout_at(begun_s + most_s):
                await committed.wait()
        except TimeoutError:
            return
