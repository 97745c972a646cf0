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
_WIDE, _NARROW = 46, 24
"""Columns that a flat takes, with all that is known of it and with its name and one word."""


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
        return Group(
            _headline(estate),
            _flats(estate, self._console.width, height),
            _counts(estate),
            _latencies(estate),
            news,
            _hints(estate),
        )


def _headline(estate: Estate) -> Text:
    firmware = ", ".join(sorted(set(estate.record.ready.values())))
    counts = ngettext("%(flats)d flat", "%(flats)d flats", len(estate.flats)) % {"flats": len(estate.flats)}
    nodes = _("%(ready)d of %(all)d nodes ready") % {"ready": len(estate.record.ready), "all": estate.nodes}
    return Text.assemble((_("Anju demo"), "bold"), f"   {counts} · {nodes} · {firmware}")


def _flats(estate: Estate, width: int, height: int) -> Table:
    """The flats in groups of columns: all that is known of each, or where that does not fit what matters most."""
    alarms = {
        incident.household: "new" if incident.unseen else incident.state
        for incident in estate.record.incidents.values()
    }
    is_wide = math.ceil(len(estate.flats) / height) * _WIDE <= width
    room = max(width // (_WIDE if is_wide else _NARROW), 1) * height
    flats = estate.flats
    if len(flats) > room:
        flats = sorted(flats, key=lambda flat: flat.household not in alarms)[:room]
    groups = math.ceil(len(flats) / height)
    rows = math.ceil(len(flats) / groups)
    table = Table(box=None, padding=(0, 1), pad_edge=False)
    titles = (_("flat"), _("door"), _("panel"), _("button"), _("alarm")) if is_wide else (_("flat"), "")
    for number in range(groups * len(titles)):
        table.add_column(titles[number % len(titles)], no_wrap=True, min_width=8)
    for row in range(rows):
        cells: list[Text] = []
        for flat in flats[row::rows]:
            known = _cells(flat, alarms.get(flat.household))
            cells += known if is_wide else [known[0], _most_important(known)]
        table.add_row(*cells)
    return table


def _cells(flat: Flat, alarm: str | None) -> list[Text]:
    door = Text(_("open"), "yellow") if flat.door_open else Text(_("closed"), "dim")
    panel = Text(_("off"), "dim") if flat.mode == "off" else Text(_("away"), "cyan")
    words, style = _STAGES[flat.button_node.feedback.stage]
    state, colour = _ALARMS[alarm]
    return [Text(flat.household), door, panel, Text(words(), style), Text(state(), colour)]


def _most_important(cells: list[Text]) -> Text:
    """The alarm, else what the button says, else the panel, else the door."""
    _household, door, panel, button, alarm = cells
    return next((cell for cell in (alarm, button, panel, door) if cell.plain and cell.style != "dim"), Text("·", "dim"))


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


def _latencies(estate: Estate) -> Table:
    timings = estate.record.timings
    table = Table(box=None, padding=(0, 2), pad_edge=False)
    table.add_column(_("milliseconds"))
    for title in ("p50", "p99", _("longest")):
        table.add_column(title, justify="right")
    for name, latencies in (
        (_("press → concentrator has it"), timings.press_to_ack),
        (_("press → guard's page"), timings.press_to_console),
        (_("guard's click → light at the button"), timings.acknowledge_to_light),
    ):
        table.add_row(name, *_summary(latencies))
    return table


def _counts(estate: Estate) -> Text:
    record, traffic = estate.record, estate.air.traffic
    done = _("presses: %(presses)d · events: %(events)d · alarms: %(alarms)d, open: %(open)d") % {
        "presses": record.presses,
        "events": record.tally.events,
        "alarms": record.alarms,
        "open": len(record.incidents),
    }
    frames = _("frames: %(frames)d, sent again: %(again)d") % {
        "frames": sum(traffic.frames.values()),
        "again": traffic.retransmitted,
    }
    return Text(f"{done} · {frames}")


def _summary(latencies: Latencies) -> list[str]:
    return ["–" if value is None else f"{value:.0f}" for value in latencies.summary().values()]


def _hints(estate: Estate) -> Text:
    return Text.assemble(
        (_("The guard's page: "), "bold"),
        (estate.address, f"bold underline link {estate.address}"),
        "\n",
        _("Be quicker there than the scripted guard, or be the only one: anju demo --no-guard"),
        "\n",
        _("A bad radio: anju demo --loss 20%    Figures: anju demo --headless --json    End: Ctrl-C"),
    )
