"""The life of one service process: settings, log, READY, until it is asked to end; every failure as one clear message.

A service ends when it is told to (SIGTERM, SIGINT), when its supervisor dies (lifeline), with EX_CONFIG where starting it again
would not help, or with EX_TEMPFAIL where it will once a disk has room again.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import structlog

from anju.service import lifeline, log, notify, settings, watchdog
from anju.service.errors import EX_TEMPFAIL, ServiceError, is_of_the_disk, of_os
from anju.service.i18n import _, title
from anju.service.lock import FileLock, Held

Build = Callable[[settings.Site], AbstractAsyncContextManager[watchdog.Alive | None]]
"""Entered: the service is up, and says how it is known to be alive. Left: it is down, and what it had accepted is durable."""

_MORE_EVERY_S, _MORE_S = 10.0, 30.0
"""How often a start that takes long asks for how much more time: repairing a file of some GB takes minutes."""
_PREDECESSOR_S = 3.0
"""A service whose supervisor was killed ends within the lifeline's grace; its successor waits that long and this for it."""


_logger = structlog.get_logger()


def run(name: str, build: Build) -> int:
    """Be the service `name` of the site named on the command line, until told to end; the process's exit code."""
    parser = argparse.ArgumentParser(
        prog=f"python -m anju.{name}", description=_("One service of a site; `anju run` starts them all.")
    )
    parser.add_argument("site", type=Path, metavar="SITE", help=_("the site's folder, made by `anju init`"))
    folder = parser.parse_args().site
    os.umask(0o077)
    log.configure(name)
    try:
        site = settings.load(folder)
        lock = _become(name, site)
        try:
            asyncio.run(_serve(build, site))
        finally:
            lock.release()
    except ServiceError as error:
        return _refuse(error)
    except Exception as error:
        for_a_person = _first(error, lambda one: isinstance(one, ServiceError))
        if isinstance(for_a_person, ServiceError):
            return _refuse(for_a_person)
        _logger.error("crashed", exc_info=error)
        return EX_TEMPFAIL if _first(error, is_of_the_disk) else 1
    return 0


async def _serve(build: Build, site: settings.Site) -> None:
    loop = asyncio.get_running_loop()
    me = asyncio.current_task()
    asked = asyncio.Event()
    up = False

    def end(why: str) -> None:
        if not asked.is_set():
            _logger.info("stopping", why=why)
        asked.set()
        if not up and me is not None:
            me.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number.name)
    lifeline.watch(lambda: loop.call_soon_threadsafe(end, "lifeline"))
    asking = asyncio.create_task(_ask_for_time())
    try:
        async with build(site) as alive:
            up = True
            asking.cancel()
            _logger.info("ready", pid=os.getpid(), site=site.folder)
            notify.notify(notify.READY)
            feeding = asyncio.create_task(watchdog.feed(alive))
            try:
                await asked.wait()
            finally:
                feeding.cancel()
            notify.notify(notify.STOPPING)
    except asyncio.CancelledError:
        if not asked.is_set():
            raise
    finally:
        asking.cancel()
    _logger.info("stopped", pid=os.getpid())


async def _ask_for_time() -> None:
    """Until cancelled; a start that hangs does not come to it, and is ended."""
    while True:
        await asyncio.sleep(_MORE_EVERY_S)
        notify.notify({notify.MORE_TIME: str(int(_MORE_S * 1_000_000))})


def _become(name: str, site: settings.Site) -> FileLock:
    """Make the run folder and be the only process of this name in it."""
    try:
        site.run.mkdir(mode=0o700, exist_ok=True)
        return FileLock(site.run / f"{name}.lock", lifeline.GRACE_S + _PREDECESSOR_S)
    except OSError as error:
        raise of_os(error)(
            _("%(folder)s cannot be used: %(reason)s.") % {"folder": site.run, "reason": error.strerror},
            _("Nothing was started."),
            _("See that the user who runs Anju may write %(folder)s, then start again.") % {"folder": site.folder},
        ) from error
    except Held as held:
        raise ServiceError(
            _("The %(name)s of this site is running already, as process %(pid)s.")
            % {"name": title(name), "pid": held.pid or "?"},
            _("It goes on; nothing else was started."),
            _("Stop that process first if you mean to start another."),
        ) from None


def _first(error: BaseException, is_wanted: Callable[[BaseException], bool]) -> BaseException | None:
    """The first error of a kind in what task groups gathered, if there is one."""
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, (_first(one, is_wanted) for one in error.exceptions)), None)
    return error if is_wanted(error) else None


def _refuse(error: ServiceError) -> int:
    # The supervisor says it last, when everything has stopped; without one it is said here.
    told = notify.notify({"STATUS": str(error)})
    if not (told and lifeline.VARIABLE in os.environ):
        print(error, file=sys.stderr)
    return error.exit_code
