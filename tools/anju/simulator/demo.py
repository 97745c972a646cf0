"""`anju demo`: one estate on this machine, to look at or to measure.

build the estate and pair its nodes → residents act (and a guard answers) → they stop → everything on its way arrives → count
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from contextlib import suppress
from typing import Any

from rich.console import Console

from anju.dutyroom.serve import listen_on_port
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.service.settings import DutyRoom
from anju.simulator.day import Day
from anju.simulator.estate import Estate, Plan
from anju.simulator.faults import Faults
from anju.simulator.ground import Ground, Processes
from anju.simulator.options import DemoOptions, OptionsError
from anju.simulator.premises import free_port
from anju.simulator.profiles import CALM_GUARD, CALM_HABITS, LOAD_GUARD, load_habits
from anju.simulator.report import report
from anju.simulator.tally import Account
from anju.simulator.view import Lines, Screen, View

__all__ = ["DemoOptions", "OptionsError", "run"]

_HEADLESS_S = 20.0
_DRAIN_S = 90.0
"""Patience with what is on its way: with 90 % loss in both directions one retry in a hundred is answered, every two seconds."""
_SAMPLE_S = 0.5
_MOST_COMPLAINTS = 20


def run(options: DemoOptions, ground: Ground | None = None) -> int:
    """Run a demo to its end: 0 if everything arrived exactly once, else 1, with the reason on stderr. Its nodes are `ground`'s.

    ServiceError if it cannot be started, or something in it fails. Ctrl-C, SIGTERM and SIGHUP end it in order, a second one at
    once; nothing of it is left in any case.
    """
    words = Console(stderr=options.json)
    watched = not options.headless and words.is_terminal
    view: View = Screen(words) if watched else Lines(words, quiet=options.headless)
    try:
        return asyncio.run(_Demo(options, view, ground or Processes()).run())
    except asyncio.CancelledError:
        print(_("Ended at once; what was on its way was not counted."), file=sys.stderr)
        return 1


class _Demo:
    """One run."""

    def __init__(self, options: DemoOptions, view: View, ground: Ground) -> None:
        self._options = options
        self._view = view
        self._ground = ground
        self._enough = asyncio.Event()
        self._rss_mb = 0.0

    async def run(self) -> int:
        """The exit status."""
        options = self._options
        self._obey_signals()
        plan = Plan(
            flats=options.flats,
            faults=Faults(options.loss, options.duplicate, options.reorder),
            seed=options.seed,
            port=self._port(),
            ground=self._ground,
        )
        with self._view:
            self._view.say(
                _("Starting the services, then pairing %(nodes)d nodes by their labels…") % {"nodes": 2 * options.flats}
            )
            estate = Estate(plan, self._view.news)
            try:
                async with estate:
                    self._view.show(estate)
                    stuck = await self._act(estate)
                    account = estate.account()
                    figures = report(estate, await estate.host.status(), account, self._rss_mb)
            except ServiceError as error:
                raise estate.explained(error) from error
        return self._conclude(figures, account, stuck)

    def _port(self) -> int | None:
        """The page's port: the usual one if somebody will look at it and it is free."""
        wished = self._options.port
        if wished is not None:
            _see_that_it_is_free(wished)
        if wished is not None or self._options.headless:
            return wished
        return free_port(socket.SOCK_STREAM, DutyRoom().port)

    async def _act(self, estate: Estate) -> dict[str, int]:
        """Let residents and guard act for as long as asked; what had not arrived when patience ended."""
        options = self._options
        quick = options.headless and self._ground.is_quick
        day = Day(
            estate,
            load_habits(options.flats) if quick else CALM_HABITS,
            (LOAD_GUARD if quick else CALM_GUARD) if options.guard else None,
            options.seed,
        )
        async with day:
            self._view.say(_("Ready. The guard's page: %(address)s") % {"address": estate.address})
            day.background.start(self._sample(estate))
            with suppress(TimeoutError):
                seconds = options.seconds or (_HEADLESS_S if options.headless else None)
                await day.background.until(self._enough.wait(), seconds)
            self._view.say(_("Waiting until everything has arrived…"))
            return await day.finish(_DRAIN_S)

    async def _sample(self, estate: Estate) -> None:
        """Remember the most memory that the services needed."""
        while True:
            self._rss_mb = max(self._rss_mb, estate.host.rss_mb())
            await asyncio.sleep(_SAMPLE_S)

    def _obey_signals(self) -> None:
        me = asyncio.current_task()

        def end() -> None:
            if self._enough.is_set() and me is not None:
                me.cancel()  # asked twice
            self._enough.set()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, end)

    def _conclude(self, figures: dict[str, Any], account: Account, stuck: dict[str, int]) -> int:
        """Say how it went."""
        for name, count in stuck.items():
            print(_("Not arrived in time: %(name)s: %(count)d") % {"name": name, "count": count}, file=sys.stderr)
        for line in (*account.lost, *account.doubled)[:_MOST_COMPLAINTS]:
            print(line, file=sys.stderr)
        if self._options.json:
            print(json.dumps(figures), flush=True)
        else:
            print(
                _("presses: %(presses)d · events: %(events)d · lost: %(lost)d · doubled: %(doubled)d")
                % {
                    "presses": figures["presses"],
                    "events": figures["events_sent"],
                    "lost": figures["lost"],
                    "doubled": figures["duplicated"],
                }
            )
        return 0 if account.balanced and not stuck else 1


def _see_that_it_is_free(port: int) -> None:
    """Now, because a page waits for its port to become free; ServiceError if it can't be had."""
    try:
        listen_on_port(port).close()
    except ServiceError as error:
        raise ServiceError(
            error.what,
            _("Nothing outside the demo's own folder was touched."),
            _("If a port is in use, choose another: anju demo --port 8381"),
        ) from error
