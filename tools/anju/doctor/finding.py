"""What a check says: what is wrong, how that was seen, and the exact next step."""

from __future__ import annotations

from typing import NamedTuple

Command = tuple[str, ...]


class Finding(NamedTuple):
    """All texts are sentences, already translated. `commands` are the next step as it is typed, in this order.

    `files`: among them a person chooses what to take away, where only a person can.
    """

    what: str
    seen: str
    next_step: str
    commands: tuple[Command, ...] = ()
    files: tuple[str, ...] = ()
    check: str = ""
    """By which check; whoever runs the checks writes it."""
