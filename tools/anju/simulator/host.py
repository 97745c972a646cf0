"""The services of a simulated estate: `anju run` in a process of its own, as on a real PC."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from anju.concentrator import control
from anju.service import lifeline
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.service.settings import Site

RUN = "run"
SERVICES = ("concentrator", "dutyroom", "page")
_READY_S = 90.0
_LEAVE_S = 15.0
_LOOK_AGAIN_S = 0.05
_TAIL_LINES = 12
_MIB = 1024 * 1024


async def spawned(command: Sequence[str], log: Path, environment: Mapping[str, str], line: int) -> Process:
    """A module of ours with its arguments as a process of its own, all that it says at the end of a log. It ends with whoever
    holds the other end of the lifeline; Ctrl-C in the terminal is for us, who then end it in order.
    """
    with log.open("ab") as said:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", *command),
            stdin=DEVNULL,
            stdout=said,
            stderr=said,
            env={**environment, lifeline.VARIABLE: str(line)},
            pass_fds=(line,),
            process_group=0,
        )


class Host:
    """Starts and ends the services of one site, and can kill each of them."""

    def __init__(self, site: Site, environment: Mapping[str, str]) -> None:
        self._site = site
        self._environment = environment
        self._log = site.folder / "services.log"
        self._process: Process | None = None
        self._lifeline: int | None = None
        self.last_words = ""
        """The last lines that the services logged, once they have been stopped."""
        self._wanted_dead: Process | None = None
        """A supervisor that `kill` has ended, until it is started again."""
        self._back = asyncio.Event()

    async def start(self) -> None:
        """Start `anju run` and wait until its services answer; ServiceError with their own words if they don't."""
        theirs, self._lifeline = os.pipe()
        try:
            command = ("anju.cli", "run", str(self._site.folder))
            self._process = await spawned(command, self._log, self._environment, theirs)
        finally:
            os.close(theirs)
        await self._answering()

    async def stop(self) -> None:
        """End the services in order; force where that does not do."""
        process = self._process
        if process is None:
            return
        self._signal(process.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), _LEAVE_S)
        except TimeoutError:
            for pid in self.pids().values():
                self._signal(pid, signal.SIGKILL)
            await process.wait()
        self.last_words = self._tail()
        self._let_go()

    async def ended(self) -> None:
        """Wait for `anju run` to end by itself, which it should not: then a ServiceError with its own words."""
        while self._process is not None:
            process = self._process
            await process.wait()
            if process is not self._wanted_dead:
                raise self._failure()
            await self._back.wait()

    def pids(self) -> dict[str, int]:
        """The processes there are, by name: the supervisor, `RUN`, and the services under it."""
        found = {} if self._process is None or self._process.returncode is not None else {RUN: self._process.pid}
        for name in SERVICES:
            with suppress(OSError, ValueError):
                found[name] = int((self._site.run / f"{name}.pid").read_text())
        return found

    async def status(self) -> dict[str, Any]:
        """What the concentrator says of itself; NotRunningError while it is down."""
        return await asyncio.to_thread(control.ask, self._site.control_socket, do="status")

    async def panel(self, household: str, mode: str) -> int:
        """Arm ("away", "home") or disarm ("off") a household, whatever there is to warn of; the number of its journal row."""
        request = {"do": "disarm"} if mode == "off" else {"do": "arm", "mode": mode, "anyway": True}
        answer = await asyncio.to_thread(control.ask, self._site.control_socket, household=household, **request)
        return int(answer["seq"])

    def rss_mb(self) -> float:
        """Resident memory of all processes together, in MiB."""
        return sum(map(_resident_bytes, self.pids().values())) / _MIB

    def kill(self, name: str) -> int | None:
        """kill -9 one of `pids()`; its number, or None if it is not there just now."""
        pid = self.pids().get(name)
        if pid is not None:
            if name == RUN:
                self._wanted_dead = self._process
                self._back.clear()
            self._signal(pid, signal.SIGKILL)
        return pid

    async def up_again(self) -> None:
        """Wait until the services answer again; start `anju run` once more if it was killed, as systemd would."""
        if self._process is not None and self._process is self._wanted_dead:
            await self._process.wait()
            self._let_go()
            await self.start()
            self._back.set()
        else:
            await self._answering()

    async def _answering(self) -> None:
        assert self._process is not None  # noqa: S101  # start() made it
        deadline = asyncio.get_running_loop().time() + _READY_S
        while asyncio.get_running_loop().time() < deadline:
            if self._process.returncode is not None:
                raise self._failure()
            with suppress(ServiceError, OSError):
                await self.status()
                # Their own word: on the page's port somebody else may answer.
                if self._are_ready():
                    return
            await asyncio.sleep(_LOOK_AGAIN_S)
        raise self._failure()

    def _are_ready(self) -> bool:
        """Whether each service that runs has said that it is up."""
        pids, log = self.pids(), self._log.read_text(encoding="utf-8", errors="replace")
        said = [line for line in log.splitlines() if "ready" in line]
        return all(
            name in pids and any(re.search(rf"\bpid\W+{pids[name]}\b", line) for line in said) for name in SERVICES
        )

    def _tail(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
        return "".join(f"\n  {line}" for line in lines)

    def _failure(self) -> ServiceError:
        return ServiceError(
            _("The services of the demo do not run. Their last lines:") + self._tail(),
            _("Nothing outside the demo's own folder was touched."),
            _("If a port is in use, choose another: anju demo --port 8381"),
        )

    def _let_go(self) -> None:
        if self._lifeline is not None:
            os.close(self._lifeline)
        self._lifeline = self._process = None

    @staticmethod
    def _signal(pid: int, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _resident_bytes(pid: int) -> int:
    """Resident set of a process; 0 where it has just ended."""
    with suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0
