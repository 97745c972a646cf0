"""How long a destination that fails is let be, which is never long while an alarm is owed to it, and why it failed."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable

from anju.concentrator.core.ports import Outbox, Signal
from anju.service.errors import ServiceError
from anju.service.i18n import _


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


def reason(error: Exception) -> str:
    """Why something failed, in one line that a person can read."""
    if isinstance(error, ServiceError):
        return error.what
    if isinstance(error, TimeoutError):
        return str(_("no answer in time"))
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) and (error.errno or 0) > 0:
        return os.strerror(error.errno or 0)
    return str(error) or repr(error)
