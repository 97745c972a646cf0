"""The sounder: a command of the site's own that sounds while an alarm is unseen. It is the core's: no page is needed for it."""

from __future__ import annotations

import asyncio
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import structlog

LOOK_S = 0.1
LONGEST_WAIT_S = 5.0
_LEAVE_S = 2.0
_log = structlog.get_logger()


class Sounder:
    """Runs the command again and again for as long as it is wanted."""

    def __init__(
        self, command: Sequence[str], is_wanted: Callable[[], bool], tell: Callable[[], Awaitable[object]]
    ) -> None:
        """`tell` is called when it cannot be heard."""
        self._command = command
        self._is_wanted = is_wanted
        self._tell = tell
        self._process: Process | None = None

    async def run(self) -> None:
        """Until cancelled."""
        wait_s = due_s = 0.0
        try:
            while True:
                if not self._is_wanted():
                    await self._end()
                    wait_s = due_s = 0.0
                elif time.monotonic() < due_s:
                    pass
                elif await self._sounds():
                    wait_s = 0.0
                else:
                    wait_s = min(2 * wait_s + LOOK_S, LONGEST_WAIT_S)
                    due_s = time.monotonic() + wait_s
                    await self._tell()
                await asyncio.sleep(LOOK_S)
        finally:
            await self._end()

    async def _sounds(self) -> bool:
        """See that it runs; False if it does not, or has ended, and not well: who knows how long nothing was heard."""
        if self._process is None:
            try:
                # In our own group: who kills the core, and all that it has started, silences this too until the next core.
                self._process = await asyncio.create_subprocess_exec(
                    *self._command, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL
                )
            except OSError as error:
                _log.error("sounder not started", error=str(error))
                return False
            return True
        if self._process.returncode is None:
            return True
        status, self._process = self._process.returncode, None
        if status:
            _log.error("sounder failed", status=status)
        return not status

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _LEAVE_S)
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
