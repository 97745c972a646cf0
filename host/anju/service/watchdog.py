"""The watchdog of systemd (sd_watchdog_enabled(3)): it is fed while a service's loops make progress, and only then.

Whoever expects to be fed kills the service where that fails to come, and starts it again.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress

from anju.service import notify
from anju.service.errors import ServiceError

Alive = Callable[[], Awaitable[object]]
"""Returns once every loop that the service lives by has gone round. A disk that refuses is told elsewhere: a new start would not
mend it, so a ServiceError counts as an answer."""
FED = {"WATCHDOG": "1"}


def interval_s() -> float | None:
    """How often to feed: half of what whoever has started this process allows; None where nobody waits for it."""
    allowed, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not allowed.isdigit() or int(allowed) == 0 or pid not in ("", str(os.getpid())):
        return None
    return int(allowed) / 2_000_000


async def feed(alive: Alive | None) -> None:
    """Feed until cancelled; without `alive`, for as long as the event loop turns."""
    every_s = interval_s()
    if every_s is None:
        return
    while True:
        if alive is not None:
            with suppress(ServiceError):
                await alive()
        notify.notify(FED)
        await asyncio.sleep(every_s)
