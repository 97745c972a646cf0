"""How a reaction is read out of a record: which edge made which event, and where in a burst its first byte was."""

import random
from pathlib import Path

import pytest

from anju.bench.answering import Peer
from anju.bench.reaction import INPUTS, Reaction, Record, reactions, settle_ms
from anju.emulator.board import Event
from anju.wire import table
from anju.wire.codec import Codec
from anju.wire.framing import frame_to_stream
from anju.wire.messages import Header, Status

SEED = 5
BYTE_US = 86.80555
FRAME = 50
"""Bytes of a STATUS on the line."""


class Node:
    """The far end of a peer's line: seals as the node does, by the same keys."""

    def __init__(self, folder: Path) -> None:
        self.peer = Peer(folder, INPUTS, random.Random(SEED).randbytes)
        keys = random.Random(SEED)
        self._codec = Codec(table.LinkClass.DOWN)
        self._codec.learn(1, 7, 1, up=keys.randbytes(16), down=keys.randbytes(16))
        self._counter = 0

    def event(self, event_id: int, code: table.Code, zone: int) -> bytes:
        """One, as it goes over the line."""
        return self._status(table.Type.EVENT, event_id, code, zone)

    def heartbeat(self) -> bytes:
        """The same without anything that happened."""
        return self._status(table.Type.HEARTBEAT, 0, table.Code.NONE, 0)

    def _status(self, kind: table.Type, event_id: int, code: table.Code, zone: int) -> bytes:
        self._counter += 1
        body = Status(kind, 0, 0, event_id, code, zone, 0, 0, 0, 0, 0)
        return frame_to_stream(self._codec.seal(Header.up(1, 7, 1, self._counter), body))


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def burst(at_us: int, sent: bytes) -> list[Event]:
    """What the probe tells of bytes that follow one another."""
    return [Event(at_us, "uart1", 1), Event(at_us + round(len(sent) * BYTE_US), "uart1", 0)]


def test_from_the_end_of_settling_to_the_first_byte(node: Node) -> None:
    press, beat, door = node.event(1, table.Code.PANIC, 0), node.heartbeat(), node.event(2, table.Code.OPENED, 1)
    button_us, magnet_us = 1000 * settle_ms("hold_up"), 1000 * settle_ms("entry")
    events = [
        Event(1_000_000, "gpioA0", 1),
        *burst(1_000_000 + button_us + 1500, press),
        Event(2_000_000, "gpioA1", 1),
        Event(2_100_000, "gpioA0", 0),  # let go: no event
        *burst(2_000_000 + magnet_us + 900, beat + door),
    ]
    wire_us = FRAME * BYTE_US
    assert reactions(Record(tuple(events), press + beat + door, ""), node.peer) == [
        Reaction(1500, round(1500 + wire_us)),
        Reaction(round(900 + wire_us), round(900 + 2 * wire_us)),
    ]


def test_what_is_sent_again_counts_once(node: Node) -> None:
    press = node.event(1, table.Code.PANIC, 0)
    events = [Event(0, "gpioA0", 1), *burst(30_000, press), *burst(200_000, press)]
    assert len(reactions(Record(tuple(events), press + press, ""), node.peer)) == 1


def test_an_edge_without_an_event_is_not_passed_over(node: Node) -> None:
    press = node.event(1, table.Code.PANIC, 0)
    events = [Event(0, "gpioA0", 1), *burst(30_000, press), Event(500_000, "gpioA1", 1)]
    with pytest.raises(ValueError, match="has made no event"):
        reactions(Record(tuple(events), press, ""), node.peer)


def test_an_event_without_an_edge_is_not_believed(node: Node) -> None:
    door = node.event(1, table.Code.OPENED, 1)
    events = [Event(0, "gpioA0", 1), *burst(30_000, door)]
    with pytest.raises(ValueError, match="has no edge"):
        reactions(Record(tuple(events), door, ""), node.peer)
