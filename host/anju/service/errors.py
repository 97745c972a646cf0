"""The error that ends as one clear message on somebody's screen, never as a traceback."""

from __future__ import annotations

EX_CONFIG = 78
"""sysexits.h: exit status of a service where something is wrong that a restart does not mend."""


class ServiceError(Exception):
    """Says what happened, what was not changed by it, and what to do next; all three are sentences, already translated."""

    def __init__(self, what: str, unchanged: str, next_step: str) -> None:
        super().__init__(what, unchanged, next_step)
        self.what = what
        self.unchanged = unchanged
        self.next_step = next_step

    def __str__(self) -> str:
        return "\n".join(part for part in (self.what, self.unchanged, self.next_step) if part)
