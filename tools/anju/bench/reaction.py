"""How long a settled contact takes to the line: a node on the emulated board, in step with its household and its concentrator.

Button and door move by turns, at moments that the seed decides, each after everything before was acknowledged and the line was
quiet. Both ends of a reaction are stamps of the board's own clock, in its probe's record: the edge at the pin, and the start bit
of the burst that carries the event. What the sensor waits on purpose, its SETTLE_MS, is subtracted exactly; what is left holds
everything else, the node's counting in whole milliseconds too, which makes a reaction up to 1 ms shorter or longer.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from anju.bench.answering import Peer
from anju.bench.installed import Installed, Living
from anju.bundle.source import Source, literal
from anju.emulator.board import Event
from anju.wire import table
from anju.wire.framing import Deframer, LineFault
from anju.wire.messages import Status

INPUTS = ("any_press", "entry", "tamper")
"""Of a flat."""
MOVES = (("A0", 1), ("A0", 0), ("A1", 1), ("A1", 0))
"""One turn: button down and up (which is no event), door open and closed. A button still held would say HELD by itself, and be on
the line as the door settles."""
_NO_EVENT = ("gpioA0", 0)
_QUIET_US = (300_000, 1_300_000)
_LAST_US = 1_000_000
_BYTE_US = 10 * 1e6 / 115_200


@dataclass(frozen=True, slots=True)
class Record:
    """All that a scenario left behind: every line of the probe, every byte on the line, every word on the console."""

    events: tuple[Event, ...]
    sent: bytes
    said: str


@dataclass(frozen=True, slots=True)
class Reaction:
    """Microseconds of the board's clock from the end of settling to the first and behind the last byte of an event."""

    first_us: int
    last_us: int


async def record(node: Installed, folder: Path, turns: int) -> tuple[Record, Peer]:
    """Live through the scenario once, in the new folder `folder`; with the peer that can open what was sent."""
    chance = random.Random(node.seed)
    async with node.living(folder) as living:
        for pin, level in MOVES * turns:
            await _quiet(living, chance.randrange(*_QUIET_US))
            await living.step.board.drive(pin, level)
        await _quiet(living, _LAST_US)
    return Record(tuple(living.events), living.sent, living.said), living.peer


async def _quiet(living: Living, quiet_us: int) -> None:
    """Until the node has said hello, has every answer, and has been left alone for so long."""
    step = living.step
    end_us = step.now_us + quiet_us
    while step.now_us < end_us or not living.peer.hellos:
        living.tell(*await living.on())
        if not step.is_told:
            end_us = step.now_us + quiet_us


def reactions(recorded: Record, peer: Peer) -> list[Reaction]:
    """One for each edge that made an event; ValueError if an edge made none, or an event had no edge."""
    settle_us = {f"gpio{pin}": 1000 * settle_ms(INPUTS[int(pin[1])]) for pin, _level in MOVES}
    edges = iter([one for one in recorded.events if one.what in settle_us and (one.what, one.value) != _NO_EVENT])
    found = []
    for event, first_us, last_us in _first_sendings(recorded, peer):
        edge = next(edges, None)
        if edge is None or edge.what != f"gpioA{event.zone}":
            raise ValueError(f"event {event.event_id} of zone {event.zone} has no edge")
        settled_us = edge.at_us + settle_us[edge.what]
        found.append(Reaction(round(first_us - settled_us), round(last_us - settled_us)))
    if next(edges, None) is not None:
        raise ValueError("an edge has made no event")
    return found


def _first_sendings(recorded: Record, peer: Peer) -> Iterator[tuple[Status, float, float]]:
    """Each event that an edge has made once, with the moments of its first byte and behind its last."""
    known = set()
    for frame, first_us, last_us in frames(recorded):
        body = peer.open(frame).body
        if isinstance(body, Status) and body.type == table.Type.EVENT and body.event_id not in known:
            if body.code == table.Code.HELD:
                continue  # time has made it
            known.add(body.event_id)
            yield body, first_us, last_us


def frames(recorded: Record) -> Iterator[tuple[bytes, float, float]]:
    """Every frame on the line, with the moments of its first byte and behind its last."""
    for start_us, burst in _bursts(recorded):
        at = 0
        for piece in burst.split(b"\0")[:-1]:
            (frame,) = Deframer().feed(piece + b"\0")
            first, at = at, at + len(piece) + 1
            if not isinstance(frame, LineFault):
                yield frame, start_us + first * _BYTE_US, start_us + at * _BYTE_US


def _bursts(recorded: Record) -> Iterator[tuple[int, bytes]]:
    """Bytes that followed one another without a pause, and when the first began."""
    start_us = at = 0
    for event in recorded.events:
        if event.what == "uart1" and event.value:
            start_us = event.at_us
        elif event.what == "uart1":
            size = round((event.at_us - start_us) / _BYTE_US)
            yield start_us, recorded.sent[at : at + size]
            at += size


def settle_ms(kind: str) -> int:
    """Of a kind of input, as the firmware's source says it: a host does not import what runs on a node."""
    source = Source.find().firmware / "anju" / "sensor" / "contact.py"
    own: dict[str, int] = literal(source, "SETTLE_MS")
    others: int = literal(source, "OTHERS_SETTLE_MS")
    return own.get(kind, others)
