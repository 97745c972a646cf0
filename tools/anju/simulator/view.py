"""What a person sees of a running demo: a live table in a terminal, one line a happening elsewhere."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from typing import Self, TypeAlias

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from anju.service.i18n import _, ngettext
from anju.simulator.estate import Estate
from anju.simulator.feedback import Stage
from anju.simulator.flat import Flat
from anju.simulator.latency import Latencies

_NEWS_LINES = 8
_LINES_BESIDE_FLATS = 14 + _NEWS_LINES
_FRAMES_PER_S = 4


class View(ExitStack):
    """Where a demo says what happens, inside `with`."""

    def news(self, household: str, what: str) -> None:
        """Something happened in a household."""
        self.say(f"{time.strftime('%H:%M:%S')}  {household}  {what}")

    def say(self, line: str) -> None:
        """Something about the demo itself."""
        raise NotImplementedError

    def show(self, estate: Estate) -> None:
        """From now on this estate is there to be looked at."""


class Lines(View):
    """One line for each happening; with `quiet` only what concerns the demo itself."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        super().__init__()
        self._console = console
        self._quiet = quiet

    def news(self, household: str, what: str) -> None:
        """Something happened in a household."""
        if not self._quiet:
            super().news(household, what)

    def say(self, line: str) -> None:
        """Something about the demo itself."""
        self._console.print(Text(line), soft_wrap=True)


class Screen(View):
    """A table that is drawn anew a few times a second."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._lines: deque[str] = deque(maxlen=_NEWS_LINES)
        self._estate: Estate | None = None

    def __enter__(self) -> Self:
        self.enter_context(
            Live(console=self._console, get_renderable=self._render, refresh_per_second=_FRAMES_PER_S, screen=False)
        )
        return super().__enter__()

    def say(self, line: str) -> None:
        """Something about the demo itself."""
        self._lines.append(line)

    def show(self, estate: Estate) -> None:
        """From now on this estate is there to be looked at."""
        self._estate = estate

    def _render(self) -> RenderableType:
        news = Text("\n".join(self._lines), style="dim", no_wrap=True, overflow="ellipsis")
        estate = self._estate
        if estate is None:
            return news
        height = max(self._console.height - _LINES_BESIDE_FLATS, 4)
        return Group(_headline(estate), _flats(estate, height), _figures(estate), news, _hints(estate))


def _headline(estate: Estate) -> Text:
    firmware = ", ".join(sorted(set(estate.record.ready.values())))
    counts = ngettext("%(flats)d flat", "%(flats)d flats", len(estate.flats)) % {"flats": len(estate.flats)}
    nodes = _("%(ready)d of %(all)d nodes ready") % {"ready": len(estate.record.ready), "all": estate.nodes}
    return Text.assemble((_("Anju demo"), "bold"), f"   {counts} · {nodes} · {firmware}")


def _flats(estate: Estate, height: int) -> Table:
    """All flats, in as many groups of columns as the height of the terminal asks for."""
    groups = math.ceil(len(estate.flats) / height)
    rows = math.ceil(len(estate.flats) / groups)
    table = Table(box=None, padding=(0, 1), pad_edge=False)
    for _group in range(groups):
        for title in (_("flat"), _("door"), _("panel"), _("button")):
            table.add_column(title, no_wrap=True)
        table.add_column(_("alarm"), no_wrap=True, min_width=8)
    alarms = {incident.household: incident.state for incident in estate.record.incidents.values()}
    for row in range(rows):
        cells: list[Text] = []
        for flat in estate.flats[row::rows]:
            cells += _cells(flat, alarms.get(flat.household))
        table.add_row(*cells)
    return table


def _cells(flat: Flat, alarm: str | None) -> list[Text]:
    door = Text(_("open"), "yellow") if flat.door_open else Text(_("closed"), "dim")
    panel = Text(_("off"), "dim") if flat.mode == "off" else Text(_("away"), "cyan")
    words, style = _STAGES[flat.button_node.feedback.stage]
    state, colour = _ALARMS[alarm]
    return [Text(flat.household), door, panel, Text(words(), style), Text(state(), colour)]


_Words: TypeAlias = tuple[Callable[[], str], str]
"""What a cell says, in the language of now, and its style."""

_STAGES: dict[Stage, _Words] = {
    Stage.QUIET: (lambda: "·", "dim"),
    Stage.SENDING: (lambda: _("sending"), "yellow"),
    Stage.CONCENTRATOR_HAS_IT: (lambda: _("received"), "green"),
    Stage.SEEN: (lambda: _("seen"), "bold green"),
    Stage.COMING: (lambda: _("coming"), "bold green"),
    Stage.NOT_DELIVERED: (lambda: _("not delivered"), "bold red"),
}
_ALARMS: dict[str | None, _Words] = {
    None: (lambda: "", ""),
    "new": (lambda: _("ALARM"), "bold white on red"),
    "acknowledged": (lambda: _("seen"), "red"),
    "dispatched": (lambda: _("guard sent"), "magenta"),
}


def _figures(estate: Estate) -> Table:
    """Latencies and counts."""
    record, air = estate.record, estate.air.traffic
    table = Table(box=None, padding=(0, 2), pad_edge=False)
    for title in (_("milliseconds"), "p50", "p99", _("longest")):
        table.add_column(title, justify="left" if title == _("milliseconds") else "right")
    for name, latencies in (
        (_("press → concentrator has it"), record.timings.press_to_ack),
        (_("press → guard's page"), record.timings.press_to_console),
        (_("guard's click → light at the button"), record.timings.acknowledge_to_light),
    ):
        table.add_row(name, *_summary(latencies))
    table.add_section()
    table.add_row(
        _(
            "%(presses)d presses, %(events)d events, %(alarms)d alarms, %(open)d open; frames: %(frames)d, sent again: %(again)d"
        )
        % {
            "presses": record.presses,
            "events": record.tally.events,
            "alarms": record.alarms,
            "open": len(record.incidents),
            "frames": sum(air.frames.values()),
            "again": air.retransmitted,
        }
    )
    return table


def _summary(latencies: Latencies) -> list[str]:
    return ["–" if value is None else f"{value:.0f}" for value in latencies.summary().values()]


def _hints(estate: Estate) -> Text:
    return Text.assemble(
        (_("The guard's page: "), "bold"),
        (estate.address, f"bold underline link {estate.address}"),
        "\n",
        _("Open it, and be quicker than the scripted guard; or be the only one: anju demo --no-guard"),
        "\n",
        _("A bad radio: anju demo --loss 20% --duplicate 5%    Figures: anju demo --headless --json    End: Ctrl-C"),
    )
