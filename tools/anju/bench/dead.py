"""How a destination can be dead; of its own, because the command line names it before anything else is loaded."""

from __future__ import annotations

from enum import StrEnum


class Dead(StrEnum):
    """Which destination is dead, and how."""

    RECEIVER = "receiver"
    """A receiver of DC-09 that accepts connections and never answers."""
    BROKER = "broker"
    """A broker that nobody has started."""
