"""Services as processes of their own, each started again whenever it ends, as units of a PC are."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from asyncio.subprocess import Process
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from anju.bench.faults.testing.conditions import FakeMachine
from anju.service.log import AS_TEXT
from anju.service.settings import Site
from anju.simulator.host import spawned

_AGAIN_S = 0.1
_LEAVE_S = 20.0
_READY = "event=ready"
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition that nobody tells of."""
    while True:
        if condition():
            return
        await asyncio.sleep(_AGAIN_S)


class Lifeline:
    """Whatever becomes of the bench, no service outlives it."""

    def __init__(self) -> None:
        self.theirs, self._ours = os.pipe()

    def cut(self) -> None:
        """End all that still hangs on it."""
        for end in (self.theirs, self._ours):
            with suppress(OSError):
                os.close(end)


class Service:
    """One service of one PC. `ended` counts the times that it ended although nobody had killed it."""

    def __init__(self, name: str, site: Site, machine: FakeMachine, logs: Path, line: Lifeline) -> None:
        self.name = name
        self.site = site
        self.ended = 0
        self.is_full = False
        """Whether its disk takes nothing more."""
        self._machine, self._logs, self._line = machine, logs, line
        self._process: Process | None = None
        self._starts = 0
        self._killed: set[int] = set()
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Its process, while there is one."""
        process = self._process
        return None if process is None or process.returncode is not None else process.pid

    @property
    def is_ready(self) -> bool:
        """Whether the process of now has said that it is up."""
        return self.pid is not None and _READY in self._log.read_text(encoding="utf-8", errors="replace")

    def begin(self) -> None:
        """Keep it running from now on."""
        self._keeper = asyncio.create_task(self._keep())

    async def halt(self) -> None:
        """kill -9, and it is not started again."""
        await self._let_go()
        self.kill()
        await self._gone()

    async def leave(self) -> None:
        """End it in order; force where that does not do."""
        await self._let_go()
        if (pid := self.pid) is not None:
            os.kill(pid, signal.SIGTERM)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._gone(), _LEAVE_S)
        self.kill()
        await self._gone()

    def kill(self) -> bool:
        """kill -9; False if it was not there."""
        pid = self.pid
        if pid is None:
            return False
        self._killed.add(pid)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return True

    def fill_disk(self, most_bytes: int | None) -> None:
        """No file of it can be longer than so many bytes, its log's neither; None: there is room again."""
        self.is_full = most_bytes is not None
        pid = self.pid
        if pid is not None:
            with suppress(ProcessLookupError):
                _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard if most_bytes is None else most_bytes, hard))

    async def ready(self) -> None:
        """Wait until it is up."""
        await until(lambda: self.is_ready)

    @property
    def _log(self) -> Path:
        return self._logs / f"{self.site.folder.name}-{self.name}.{self._starts}.log"

    async def _keep(self) -> None:
        while True:
            self._starts += 1
            await self._start()
            process = self._process
            if process is not None:
                await process.wait()
                self.ended += process.pid not in self._killed
            await asyncio.sleep(_AGAIN_S)

    async def _start(self) -> None:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        program = ("anju.bench.faults.testing.service", self.name, str(self._machine.path), str(self.site.folder))
        self._process = await spawned(program, self._log, {**kept, **AS_TEXT}, self._line.theirs)

    async def _let_go(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
            self._keeper = None

    async def _gone(self) -> None:
        if self._process is not None:
            await self._process.wait()
