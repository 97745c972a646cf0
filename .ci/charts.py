"""Draws the panel's tables as charts into host/README.md: `update` draws them anew, `check` fails where they are stale.

What is drawn stands between two comments, and nobody edits it by hand:

    <!-- drawn: arming -->
    …
    <!-- end -->
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from anju.concentrator.core.panel.arming import ARMING_ROWS, Phase, Trigger
from anju.concentrator.core.panel.hold_up import HOLD_UP_ROWS
from anju.concentrator.core.panel.tamper import TAMPER_ROWS
from anju.concentrator.core.panel.trouble import TROUBLE_ROWS
from anju.concentrator.core.panel.zones import ZONE_ROWS
from anju.uplink.reports import Lane, ReportKind

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "host" / "README.md"
REGION = re.compile(r"(?ms)^<!-- drawn: ([\w-]+) -->\n.*?^<!-- end -->$")


def _told(kinds: tuple[ReportKind, ...]) -> str:
    return ", ".join(kinds)


def arming() -> Iterator[str]:
    """Phases, and what leads from one to another; of each row that decides, its name, its trigger and what it tells."""
    yield "stateDiagram-v2"
    yield "    [*] --> off"
    seen: set[tuple[Phase, Trigger]] = set()
    for row in ARMING_ROWS:
        for phase in (one for one in Phase if one in row.phases and (one, row.trigger) not in seen):
            seen.add((phase, row.trigger))
            yield f"    {phase} --> {row.then} : {row.name} ({row.trigger}) / {_told(row.tells)}"


def hold_up() -> Iterator[str]:
    """Nothing but a person's reset ends what a press began."""
    yield from _latching([(row.name, row.code.name, row.kind, row.lane, row.in_test) for row in HOLD_UP_ROWS])


def tamper() -> Iterator[str]:
    """The same of an open case."""
    yield from _latching([(row.name, row.code.name, row.kind, row.lane, row.in_test) for row in TAMPER_ROWS])


def _latching(rows: list[tuple[str, str, ReportKind, Lane, bool]]) -> Iterator[str]:
    yield "stateDiagram-v2"
    yield '    state "on TEST" as test'
    yield "    [*] --> quiet"
    yield "    quiet --> test : a person begins a TEST"
    yield "    test --> quiet : it ends"
    for name, code, kind, lane, is_tried in rows:
        what = f"{name} ({code}) / {kind}"
        if lane is Lane.ROUTINE:
            yield f"    latched --> latched : {what}"
        else:
            yield f"    quiet --> latched : {what}"
            yield f"    latched --> latched : {what}"
        if is_tried:
            yield f"    test --> test : {what}, tried"
        elif lane is not Lane.ROUTINE:
            yield f"    test --> latched : {what}, meant"
    yield "    latched --> quiet : a person resets / latch_reset"


def trouble() -> Iterator[str]:
    """What lasts stands until it is over; the rest is told each time."""
    yield "stateDiagram-v2"
    yield "    [*] --> works"
    for row in TROUBLE_ROWS:
        lanes = (
            row.off if row.off is row.armed else f"{row.off}, {row.armed} while armed"
        )  # mermaid ends a line at a semicolon
        to = "stands" if row.lasts else "works"
        yield f"    works --> {to} : {row.kind} / trouble ({lanes})"
    yield "    stands --> works : it is over / trouble_restored"


def zones() -> Iterator[str]:
    """A line for each kind of zone."""
    states = ("off", "exit", "home", "away", "entry", "abort")
    yield "| kind | " + " | ".join(states) + " | raises | siren |"
    yield "|---" * (len(states) + 3) + "|"
    for row in ZONE_ROWS:
        siren = "–" if row.siren is None else row.siren if row.loud_off else f"{row.siren}, if armed"
        yield f"| {row.kind} | " + " | ".join(row.meanings) + f" | {row.alarm} | {siren} |"


CHARTS: dict[str, Callable[[], Iterator[str]]] = {
    "arming": arming,
    "hold-up": hold_up,
    "tamper": tamper,
    "trouble": trouble,
}
TABLES: dict[str, Callable[[], Iterator[str]]] = {"zones": zones}


def drawn(text: str) -> str:
    """The text with every region as it should be; KeyError names one that nobody can draw."""

    def region(found: re.Match[str]) -> str:
        name = found[1]
        lines = [*TABLES[name]()] if name in TABLES else ["```mermaid", *CHARTS[name](), "```"]
        return "\n".join((f"<!-- drawn: {name} -->", *lines, "<!-- end -->"))

    return REGION.sub(region, text)


def main(what: str) -> int:
    """1 if something is stale, or missing."""
    text = README.read_text("utf-8")
    missing = {*CHARTS, *TABLES} - {found[1] for found in REGION.finditer(text)}
    for name in sorted(missing):
        print(f"host/README.md has no place for the chart: <!-- drawn: {name} -->")
    fresh = drawn(text)
    if what == "update":
        README.write_text(fresh, "utf-8")
    elif fresh != text:
        print("host/README.md does not show the panel's tables as they are: make charts")
    return bool(missing) or (what == "check" and fresh != text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
