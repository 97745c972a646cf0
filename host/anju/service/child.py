"""One service as a child process: started, watched, started again when it dies."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import structlog

from anju.service import notify
from anju.service.errors import EX_CONFIG, EX_TEMPFAIL, ServiceError
from anju.service.i18n import _, title

_READY_S = 30.0
"""Within so long it is up, or has asked for more time."""
_MOST_DIGITS = 12
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.2, 5.0
_HEALTHY_S = 10.0
"""A service that ran this long is started again at once when it dies."""
_MOST_STARTS = 5
"""A service that dies this often before it was ever ready will not become so."""

_logger = structlog.get_logger()


class GaveUp(ServiceError):
    """A service ended in a way that another start would not mend."""

    def __init__(self, what: str, unchanged: str, next_step: str, status: int) -> None:
        super().__init__(what, unchanged, next_step)
        self.status = status


class Child:
    """Keeps one service running; `ready` is set while it is up."""

    def __init__(
        self,
        name: str,
        pid_file: Path,
        spawn: Callable[[], Awaitable[asyncio.subprocess.Process]],
        *,
        is_spared: bool = False,
    ) -> None:
        """`is_spared`: it is given up only where site.toml is wrong before it was ever ready, because that ends the others."""
        self._is_spared = is_spared
        self.name = name
        self.ready = asyncio.Event()
        self.told = ""
        self._pid_file = pid_file
        self._spawn = spawn
        self._process: asyncio.subprocess.Process | None = None
        self._leaving = asyncio.Event()
        self._was_ready = False
        self._impatience: asyncio.TimerHandle | None = None

    @property
    def pid(self) -> int | None:
        """The process of now, or None between two."""
        return None if self._process is None else self._process.pid

    def note(self, notice: dict[str, str]) -> None:
        """Take what the service says about itself."""
        if notice.get("READY") == "1":
            self._was_ready = True
            self.ready.set()
        more_us = notice.get(notify.MORE_TIME, "")
        if more_us.isdecimal() and len(more_us) < _MOST_DIGITS and self._process is not None:
            self._be_patient(int(more_us) / 1_000_000)
        self.told = notice.get("STATUS", self.told)

    def leave(self) -> None:
        """Ask the service to end, and start it no more."""
        self._leaving.set()
        self.signal(signal.SIGTERM)

    def signal(self, number: int) -> None:
        """Send a signal to the service, if it runs."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def keep(self, hear: Callable[[], None]) -> None:
        """Run the service until `leave`; GaveUp if it cannot be kept. `hear` takes the notices that have arrived."""
        wait_s, starts = _FIRST_WAIT_S, 0
        while not self._leaving.is_set():
            began = time.monotonic()
            try:
                status = await self._run_once()
            except OSError as error:  # no memory or no process number left: as if it had died at once
                _logger.error("not started", name=self.name, error=error)
                status = -1
            hear()
            starts += status != EX_TEMPFAIL  # the same start would do once the disk has room
            if self._leaving.is_set():
                return
            self._give_up_if_hopeless(status, starts)
            if time.monotonic() - began >= _HEALTHY_S:
                wait_s = _FIRST_WAIT_S
            with suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), wait_s)
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)

    async def _run_once(self) -> int:
        """Start the service and wait for its end; its exit status, negative for a signal."""
        process = self._process = await self._spawn()
        self._write_pid(process.pid)
        _logger.info("started", name=self.name, pid=process.pid)
        self._be_patient(_READY_S)
        try:
            if self._leaving.is_set():  # asked while it was being made
                self.signal(signal.SIGTERM)
            status = await process.wait()
        finally:
            if self._impatience is not None:
                self._impatience.cancel()
            self._process = None
            self.ready.clear()
            self._pid_file.unlink(missing_ok=True)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # whatever it had started itself
        _logger.info("ended", name=self.name, pid=process.pid, status=status)
        return status

    def _write_pid(self, pid: int) -> None:
        """Replace the pid file at once, mode 0600. A full disk that does not take it must not end the service."""
        fresh = self._pid_file.with_name(self._pid_file.name + ".new")
        try:
            fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                os.write(fd, f"{pid}\n".encode())
            finally:
                os.close(fd)
            fresh.replace(self._pid_file)
        except OSError as error:
            _logger.warning("pid file not written", name=self.name, pid=pid, error=error)

    def _be_patient(self, seconds: float) -> None:
        """Give the service so long from now on."""
        if self._impatience is not None:
            self._impatience.cancel()
        self._impatience = asyncio.get_running_loop().call_later(seconds, self._end_if_late, seconds)

    def _end_if_late(self, after_s: float) -> None:
        if not self.ready.is_set():
            _logger.warning("not ready", name=self.name, pid=self.pid, after_s=after_s)
            self.signal(signal.SIGKILL)

    def _give_up_if_hopeless(self, status: int, starts: int) -> None:
        if status == EX_TEMPFAIL or (self._is_spared and (self._was_ready or status != EX_CONFIG)):
            if status in (EX_CONFIG, EX_TEMPFAIL):
                _logger.error("cannot run; trying again", name=self.name, told=self.told)
            return
        stopped = _("All services of this site were stopped; what they had stored is kept.")
        if status == EX_CONFIG:
            told = self.told or _("It gave no reason.")
            raise GaveUp(
                _("The %(name)s cannot run: %(told)s") % {"name": title(self.name), "told": told},
                stopped,
                "",
                EX_CONFIG,
            )
        if not self._was_ready and starts >= _MOST_STARTS:
            raise GaveUp(
                _("The %(name)s ended %(starts)d times before it was ready, the last time with status %(status)d.")
                % {"name": title(self.name), "starts": starts, "status": status},
                stopped,
                _("The lines that it wrote above say why; send them with your report if they don't help you."),
                1,
            )
