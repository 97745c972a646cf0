"""What a node prints, line by line, as typed events: edges of its real output pins, and its console."""

from __future__ import annotations

import re
from typing import NamedTuple, TypeAlias


class Edge(NamedTuple):
    """An output changed: a level of 0 or 1, or the buzzer's note in hertz, 0 = silent."""

    name: str
    value: int


class Ready(NamedTuple):
    """The node has started, enrolled."""

    firmware: str
    network: int
    node: int


class Made(NamedTuple):
    """The node made an event of an input."""

    event_id: int
    code: int
    zone: int


class Acked(NamedTuple):
    """The node knows that its event is durable."""

    event_id: int


class Unenrolled(NamedTuple):
    """The node has no keys."""


class Said(NamedTuple):
    """Any other line; a traceback, for instance."""

    text: str


Output: TypeAlias = Edge | Ready | Made | Acked | Unenrolled | Said

_EDGE = re.compile(r"@(?:pin|pwm) (\w+) (\d+)")
_READY = re.compile(r"ready (.+) network (\d+) node (\d+)")
_MADE = re.compile(r"event (\d+) code (\d+) zone (\d+)")
_ACKED = re.compile(r"acked (\d+)")


def parse(line: str) -> Output:
    """The meaning of one line, without its end; what is not understood is `Said`."""
    if found := _EDGE.fullmatch(line):
        return Edge(found[1], int(found[2]))
    if found := _MADE.fullmatch(line):
        return Made(*map(int, found.groups()))
    if found := _ACKED.fullmatch(line):
        return Acked(int(found[1]))
    if found := _READY.fullmatch(line):
        return Ready(found[1], int(found[2]), int(found[3]))
    if line == "unenrolled":
        return Unenrolled()
    return Said(line)
