"""What an installer sees while zones are tried one after the other: each as it is ticked, what is missing, and how it ended."""

from __future__ import annotations

import select
import sys
import time
from collections.abc import Callable
from enum import Enum
from typing import Any

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from anju.cli import screen, walk_words
from anju.service.errors import ServiceError
from anju.service.i18n import _

Ask = Callable[..., dict[str, Any]]
Shown = dict[str, Any]
"""A walk-test as the concentrator shows it; `zones` is None once it has ended."""

_LINGER_S = 3.0
"""Behind the last tick the concentrator measures a round trip and ends the walk-test; after so long it is asked to."""


class Outcome(Enum):
    """How a household's walk-test has ended; the exit code."""

    COMPLETE = 0
    PARTLY = 3
    TIMED_OUT = 5


class Walk:
    """One household's walk-test on a screen, or line by line, or as JSON."""

    def __init__(self, ask: Ask, household: str, *, json: bool) -> None:
        self._ask = ask
        self._household = household
        self._json = json
        self._has_person = not json and sys.stdin.isatty()
        self._told: dict[tuple[object, ...], object] = {}
        self._latched: set[str] = set()
        self._complete_since: float | None = None

    def follow(self, shown: Shown) -> Outcome:
        """Show it from how it was begun until it has ended."""
        begun_at_ms = shown["begun_at_ms"]
        if self._has_person and sys.stdout.isatty():
            with Live(_picture(shown), console=screen.console(error=False), auto_refresh=False) as live:
                shown = self._watch(shown, lambda now: live.update(_picture(now), refresh=True), wait_s=1)
        else:
            if not self._json:
                screen.say(walk_words.on_test(shown), walk_words.what_is_real())
            shown = self._watch(shown, self._tell, wait_s=1 if self._has_person else 5)
        return self._ended(begun_at_ms) if shown["zones"] is None else self._timed_out()

    def _watch(self, shown: Shown, show: Callable[[Shown], None], wait_s: int) -> Shown:
        """Until it has ended, or its TEST has."""
        while True:
            show(shown)
            if shown["zones"] is None or not shown["left_s"]:
                return shown
            if self._is_to_end(shown):
                shown = self._ask(do="walk_test_end", household=self._household)
            else:
                shown = self._asked(shown["state"], wait_s)

    def _is_to_end(self, shown: Shown) -> bool:
        """Whether somebody has pressed Enter, or all is ticked and it goes on all the same."""
        if self._has_person and select.select([sys.stdin], [], [], 0)[0]:
            sys.stdin.readline()
            return True
        if not all(zone["ticked"] for zone in shown["zones"]):
            self._complete_since = None
            return False
        self._complete_since = self._complete_since or time.monotonic()
        return time.monotonic() - self._complete_since > _LINGER_S

    def _asked(self, state: str, wait_s: int) -> Shown:
        from anju.concentrator.control import CutOffError, NotRunningError

        try:
            return self._ask(do="walk_test_watch", household=self._household, seen=state, wait_s=wait_s)
        except (CutOffError, NotRunningError) as error:
            raise ServiceError(
                _("The concentrator has ended in the midst of it."),
                _("What was ticked stays ticked."),
                _("Start it, then go on with: anju walk-test %(household)s") % {"household": self._household},
            ) from error

    def _tell(self, shown: Shown) -> None:
        """What is new, line by line."""
        for zone in shown["zones"] or ():
            news = zone if self._json else walk_words.line(zone)
            place = (repr(zone.get("node")), zone.get("number"), zone["name"])
            if self._told.get(place) != news:
                self._told[place] = news
                if self._json:
                    screen.as_json({"household": self._household, "zone": zone})
                else:
                    screen.say("  " + str(news))
        if set(shown["latched"]) - self._latched and not self._json:
            screen.hint(walk_words.real(shown["latched"]))
        self._latched |= set(shown["latched"])

    def _ended(self, begun_at_ms: int) -> Outcome:
        records = self._ask(do="walk_tests", household=self._household)["records"]
        record = next(one for one in reversed(records) if one["begun_at_ms"] == begun_at_ms)
        if self._json:
            screen.as_json({"record": record})
        else:
            screen.say(walk_words.summary(record))
        return Outcome.PARTLY if record["missing"] else Outcome.COMPLETE

    def _timed_out(self) -> Outcome:
        screen.fail(
            _("The TEST of %(household)s has ended by itself.") % {"household": self._household},
            _("What was ticked stays ticked for a day; what happens now is real."),
            _("Go on with: anju walk-test %(household)s") % {"household": self._household},
        )
        return Outcome.TIMED_OUT


def _picture(shown: Shown) -> RenderableType:
    if shown["zones"] is None:
        return Text("")
    grid = Table(*walk_words.headings(), box=None, pad_edge=False, header_style="bold", padding=(0, 3, 0, 0))
    for zone in shown["zones"]:
        first, *rest = walk_words.row(zone)
        style = "green" if zone["ticked"] else "bold" if "triggered_at_ms" in zone else ""
        grid.add_row(Text(first, style), *map(Text, rest))
    lines = [Text(walk_words.on_test(shown), "bold"), Text(walk_words.what_is_real(), "dim")]
    if shown["latched"]:
        lines.append(Text(walk_words.real(shown["latched"]), "bold red"))
    return Group(*lines, grid, Text(_("Enter ends it now. Ctrl-C leaves it, to be taken up again."), "dim"))
