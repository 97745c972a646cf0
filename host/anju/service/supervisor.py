"""Starts the services of a site, restarts what dies, and leaves no process behind, however it ends itself."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import AsyncExitStack
from functools import partial
from types import TracebackType
from typing import Any, Self

import structlog

from anju.service import lifeline, log
from anju.service.child import Child
from anju.service.errors import ServiceError, of_os
from anju.service.i18n import _
from anju.service.lock import FileLock, Held
from anju.service.notices import Notices
from anju.service.settings import Site

SERVICES = ("dutyroom", "page", "concentrator")
"""Modules of the `anju` package, each run as `python -m`; they log to our stderr."""
_OF_DUTY_ROOM = frozenset({"dutyroom", "page"})
_SPARED = frozenset({"page"})
"""It may wait for another one, and nothing that befalls it once it was up ends the others."""

_LEAVE_S = 10.0
"""Longer than a service needs to commit what it holds."""

_logger = structlog.get_logger()


def run(site: Site) -> None:
    """Run the services of a site until SIGINT, SIGTERM, SIGHUP or the end of our own lifeline, if we have one.

    ServiceError if they cannot be started, GaveUp if one of them cannot be kept.
    """
    log.configure("supervisor")
    asyncio.run(_run(site))


async def _run(site: Site) -> None:
    asked = asyncio.Event()
    services = Supervisor(site)

    def end(name: str) -> None:
        if asked.is_set():
            services.kill()  # the second Ctrl-C of somebody in a hurry
        else:
            _logger.info("stopping", why=name)
        asked.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end, number.name)
    lifeline.watch(lambda: loop.call_soon_threadsafe(end, "lifeline"))
    async with services:
        await services.until(services.ready(), asked.wait())
        if not asked.is_set():
            _logger.info("ready", site=site.folder)
        await services.until(asked.wait())


def services_of(site: Site) -> tuple[str, ...]:
    """The services that run here: no duty room where site.toml says that it is on another PC."""
    return tuple(name for name in SERVICES if site.dutyroom.url is None or name not in _OF_DUTY_ROOM)


class Supervisor:
    """The services of one site as child processes, running inside `async with`.

    `ready()` waits until all are up; `until(…)` waits for something else and raises GaveUp if a service cannot be kept.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._open = AsyncExitStack()
        self.children = {
            name: Child(name, site.run / f"{name}.pid", partial(self._spawn, name), is_spared=name in _SPARED)
            for name in services_of(site)
        }
        self._tasks: list[asyncio.Task[None]] = []
        self._lifeline = -1

    async def __aenter__(self) -> Self:
        """Begin to start all; ServiceError if the site's run folder cannot be used or is used already."""
        lock = self._take_folder()
        self._open.callback(lock.release)
        try:
            notices = Notices(self._site.notify_socket, self._note)
            self._open.callback(notices.close)
            self._lifeline, held_end = os.pipe()
            self._open.callback(os.close, self._lifeline)
            self._open.callback(os.close, held_end)
        except BaseException:
            await self._open.aclose()
            raise
        self._tasks = [
            asyncio.create_task(child.keep(notices.receive), name=child.name) for child in self.children.values()
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all: asked, then after a while killed."""
        try:
            for child in self.children.values():
                child.leave()
            _done, late = await asyncio.wait(self._tasks, timeout=_LEAVE_S)
            if late:
                _logger.warning("killing", names=sorted(task.get_name() for task in late))
                self.kill()
                await asyncio.wait(late)
        finally:
            self.kill()
            for task in self._tasks:
                if task.done() and not task.cancelled():
                    task.exception()  # two services given up at once: one is raised, the other must not be logged as lost
            await self._open.aclose()

    async def ready(self) -> None:
        """Wait until every service is up."""
        for child in self.children.values():
            await child.ready.wait()

    async def until(self, *ends: Any) -> None:
        """Wait for the first of some awaitables; what it raises is raised, and GaveUp if a service cannot be kept."""
        goals = [asyncio.ensure_future(end) for end in ends]
        try:
            done, _pending = await asyncio.wait([*goals, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for goal in goals:
                goal.cancel()
        for finished in done:
            finished.result()

    def kill(self) -> None:
        """End every service at once, without asking."""
        for child in self.children.values():
            child.signal(signal.SIGKILL)

    def _note(self, pid: int, notice: dict[str, str]) -> None:
        for child in self.children.values():
            if child.pid == pid:
                child.note(notice)

    def _take_folder(self) -> FileLock:
        run = self._site.run
        try:
            run.mkdir(mode=0o700, exist_ok=True)
            run.chmod(0o700)
            return FileLock(run / "supervisor.lock")
        except OSError as error:
            raise of_os(error)(
                _("%(folder)s cannot be used: %(reason)s.") % {"folder": run, "reason": error.strerror},
                _("Nothing was started."),
                _("See that the user who runs Anju may write %(folder)s, then start again.")
                % {"folder": self._site.folder},
            ) from error
        except Held as held:
            raise ServiceError(
                _("The services of this site are running already, started by process %(pid)s.")
                % {"pid": held.pid or "?"},
                _("They go on; nothing else was started."),
                _("See how they are: anju status --site %(site)s") % {"site": self._site.folder},
            ) from None

    async def _spawn(self, name: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # no module of the folder that we happen to be started in
            "-m",
            f"anju.{name}",
            str(self._site.folder),
            env={**os.environ, "NOTIFY_SOCKET": str(self._site.notify_socket), lifeline.VARIABLE: str(self._lifeline)},
            pass_fds=(self._lifeline,),
            stdin=asyncio.subprocess.DEVNULL,
            process_group=0,  # Ctrl-C reaches us alone; we end the services in order
        )
