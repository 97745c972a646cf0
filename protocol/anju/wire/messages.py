"""Typed messages: what the tables of `table.py` say, as immutable objects that the rest of the host works with.

Field names and their order are the tables' (a test holds one against the other). Codes stay plain integers here, because
a newer node may send one that this host does not know; compare them with the members of `anju.wire.table`'s enums.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from anju.wire import table


class Header(NamedTuple):
    """The clear, authenticated part of a frame."""

    magic: int
    link_class: int
    epoch: int
    reserved: int
    network: int
    node: int
    counter: int

    @classmethod
    def up(cls, network: int, node: int, epoch: int, counter: int) -> Header:
        """Header of a frame from a node to its concentrator."""
        return cls(table.MAGIC, table.LinkClass.UP, epoch, 0, network, node, counter)

    @classmethod
    def down(cls, network: int, node: int, epoch: int, counter: int) -> Header:
        """Header of a frame from a concentrator to a node."""
        return cls(table.MAGIC, table.LinkClass.DOWN, epoch, 0, network, node, counter)


class Status(NamedTuple):
    """EVENT, HEARTBEAT or REQUEST: `time_s` is Unix time of the event itself, 0 = unknown; `levels` bit n = input n is active."""

    type: int
    flags: int
    time_s: int
    event_id: int
    code: int
    zone: int
    levels: int
    battery_20mv: int
    temperature_half_c: int
    tries: int
    link_quality: int


class Hello(NamedTuple):
    """HELLO: a node has started; `challenge` comes back in its ACK as `Extra.CHALLENGE`."""

    type: int
    flags: int
    challenge: bytes
    major: int
    minor: int
    patch: int
    reset_cause: int
    inputs: int
    battery_20mv: int


class Ack(NamedTuple):
    """ACK: names the epoch and counter it answers, and the event id for the reader's convenience."""

    type: int
    flags: int
    time_s: int
    acked_epoch: int
    verdict: int
    acked_counter: int
    event_id: int
    link_quality: int
    arm_mode: int


class Command(NamedTuple):
    """COMMAND: `time_s` is when the person clicked; void after `valid_s` seconds."""

    type: int
    flags: int
    time_s: int
    command_id: int
    code: int
    zone: int
    event_id: int
    valid_s: int


class Evidence(NamedTuple):
    """EVIDENCE: `time_s` is when it was signed, `time_age_s` how old the node's last certain time was then."""

    type: int
    flags: int
    time_s: int
    time_age_s: int
    events: int
    reserved: bytes


class Unknown(NamedTuple):
    """An authenticated body that this version cannot read: a reserved type, or an unknown critical extra."""

    type: int
    flags: int


class Extra(NamedTuple):
    """A type-length-value behind the body."""

    type: int
    value: bytes


Body: TypeAlias = Status | Hello | Ack | Command | Evidence | Unknown


class Message(NamedTuple):
    """One frame, authenticated and decoded."""

    header: Header
    body: Body
    extras: tuple[Extra, ...] = ()

    def extra(self, kind: int) -> bytes | None:
        """Value of the first extra of this kind, or None."""
        for extra in self.extras:
            if extra.type == kind:
                return extra.value
        return None
