"""Listens to a board that starts: does it run what was installed? Nothing is sent to it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from anju.flasher.transport import Console, SilentError

START_S = 60.0
"""Three tries of a firmware that hangs until the watchdog bites, and a start of the old one after that."""
_SILENCE_S = 12.0
"""No start says nothing for so long: the watchdog bites after eight seconds."""
_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the start went."""

    is_confirmed: bool = False
    """Else it runs, on trial: an enrolled node is confirmed by the first answer of its concentrator."""
    failure: str = ""


def until_it_runs(console: Console, slot: str) -> Verdict:
    """Listen until `slot` runs or was given up; SilentError if the board says nothing of it."""
    console.allow(START_S)
    judge, begun, silence_s, size = Judge(slot), b"", 0.0, 0
    for piece in console.heard():
        silence_s = 0.0 if piece else silence_s + console.pause_s
        size += len(piece)
        if silence_s > _SILENCE_S or size > _MOST_BYTES:
            break
        *lines, begun = (begun + piece).split(b"\n")
        for line in lines:
            verdict = judge.hear(line.decode(errors="replace").strip())
            if verdict is not None:
                return verdict
    raise SilentError(console.url)


class Judge:
    """Hears the lines of a start, and knows when it has heard enough."""

    def __init__(self, slot: str) -> None:
        self._slot = slot
        self._error = ""

    def hear(self, line: str) -> Verdict | None:
        """What the line decides, if it does."""
        if line == f"confirmed slot {self._slot}":
            return Verdict(is_confirmed=True)
        if line.startswith("ready anju/"):
            return Verdict()
        given_up = re.match(rf"boot: slot {self._slot}: (?!try )(.*)", line)
        if given_up:
            return Verdict(failure=self._error or given_up[1])
        if line.startswith("boot: neither slot is whole"):
            return Verdict(failure=line.removeprefix("boot: "))
        if re.match(r"\w*(Error|Exception)\b", line):
            self._error = line
        return None
