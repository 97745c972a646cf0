"""What the user sees: results on stdout, everything else on stderr; colours only in a terminal, and not with NO_COLOR."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from anju.service.i18n import _

_WIDE = 1000


def printable(text: object) -> str:
    """A text without control characters: what comes from a node or a file must not move the cursor."""
    plain = str(text)
    return plain if plain.isprintable() else "".join(c if c.isprintable() else " " for c in plain)


def as_json(result: dict[str, Any]) -> None:
    """One object on a line of its own, at once: another program may wait for it."""
    sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def say(*lines: str, indent: int = 0, above: Console | None = None) -> None:
    """A result, line by line; in a terminal, `indent` wraps by words, and all of a line stands so many columns in.

    `above` is the console of something that is drawn again and again: what is said stands above it.
    """
    screen = above or console(error=False)
    for line in lines:
        if indent and screen.is_terminal:
            screen.print(Padding(Text(line), (0, 0, 0, indent)))
        else:
            screen.print(Text(" " * indent + line), soft_wrap=True)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows under headings; numbers stand right."""
    shown = [[printable(cell) for cell in row] for row in rows]
    grid = Table(*headings, box=None, pad_edge=False, header_style="bold", padding=(0, 3, 0, 0))
    for row in shown:
        grid.add_row(*map(Text, row))
    screen = console(error=False)
    # Without a terminal there is no width to fit into: nothing is folded or cut.
    if not screen.is_terminal:
        screen.width = _WIDE
    screen.print(grid, soft_wrap=not screen.is_terminal, no_wrap=not screen.is_terminal)


def hint(line: str) -> None:
    """What to do next; progress; nothing that another program would read."""
    console(error=True).print(Text(line, "dim"), soft_wrap=True)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Takes lines about how far something is: one that changes in a terminal, plain ones elsewhere."""
    screen = console(error=True)
    if not screen.is_terminal:
        yield hint
        return
    with screen.status("") as status:
        yield status.update


def fail(what: str, unchanged: str, next_step: str) -> None:
    """An error: what happened, what was not changed, what to do next."""
    screen = console(error=True)
    screen.print(Text("✗ " + what, "bold red"), soft_wrap=True)
    for line in filter(None, (unchanged, next_step)):
        screen.print(Text("  " + line.replace("\n", "\n  ")), soft_wrap=True)


def misused(what: str, usage: str) -> None:
    """A command line that cannot be carried out."""
    fail(what, _("Nothing was done."), usage)


def console(*, error: bool) -> Console:
    """Standard output, or standard error."""
    return Console(stderr=error, highlight=False, markup=False, emoji=False)
