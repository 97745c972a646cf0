"""Headers and bodies of frames: `struct` formats from the rows of `anju.wire.table`, written into one buffer a frame.

A frame is laid out once, header, body and room for the tag, and sealed in place (`anju.node.seal`).
"""

import struct

from anju.wire import table

_HEADER = table.format_of(table.HEADER)
_STATUS = table.format_of(table.STATUS)
_HELLO = table.format_of(table.HELLO)
_ACK = table.format_of(table.ACK)
_COMMAND = table.format_of(table.COMMAND)
_BODY = table.HEADER_BYTES
_EXTRAS = _BODY + table.BODY_BYTES
_MAGIC = table.MAGIC
_UP = int(table.LinkClass.UP)
_DOWN = int(table.LinkClass.DOWN)


def blank(extras: bytes = b"") -> bytearray:
    """A frame with room for header, one body, these extras and the tag."""
    frame = bytearray(table.LEAST_BYTES + len(extras))
    write_extras(frame, extras)
    return frame


def write_extras(frame: bytearray, extras: bytes) -> None:
    """The extras that a frame was made for; once more before it is sealed again, because sealing is in place."""
    frame[_EXTRAS : _EXTRAS + len(extras)] = extras


def write_content(frame: bytearray, content: bytes) -> None:
    """A body with its extras that was put together elsewhere; once more before it is sealed again."""
    frame[_BODY : _BODY + len(content)] = content


def extra(kind: int, value: bytes) -> bytes:
    """One type-length-value; `value` has at most 255 bytes."""
    return bytes((kind, len(value))) + value


def write_header(frame: bytearray, network: int, node: int, epoch: int, counter: int) -> None:
    """The clear part of a frame from this node."""
    struct.pack_into(_HEADER, frame, 0, _MAGIC, _UP, epoch, 0, network, node, counter)


def write_status(
    frame: bytearray, kind: int, flags: int, time_s: int, event_id: int, code: int, zone: int, levels: int, tries: int
) -> None:
    """The body of an EVENT or HEARTBEAT of a node on mains power: no battery, thermometer or radio to tell of."""
    struct.pack_into(
        _STATUS,
        frame,
        _BODY,
        kind,
        flags,
        time_s,
        event_id,
        code,
        zone,
        levels,
        table.BATTERY_UNKNOWN,
        table.TEMPERATURE_UNKNOWN,
        tries,
        table.QUALITY_UNKNOWN,
    )


def write_hello(
    frame: bytearray, flags: int, challenge: bytes, version: "tuple[int, int, int]", reset_cause: int, inputs: int
) -> None:
    """The body of a HELLO; `challenge` is 8 random bytes."""
    major, minor, patch = version
    struct.pack_into(
        _HELLO,
        frame,
        _BODY,
        table.Type.HELLO,
        flags,
        challenge,
        major,
        minor,
        patch,
        reset_cause,
        inputs,
        table.BATTERY_UNKNOWN,
    )


def write_ack(frame: bytearray, time_s: int, epoch: int, verdict: int, counter: int, event_id: int) -> None:
    """The body of an ACK of a command frame."""
    struct.pack_into(
        _ACK,
        frame,
        _BODY,
        table.Type.ACK,
        0,
        time_s,
        epoch,
        verdict,
        counter,
        event_id,
        table.QUALITY_UNKNOWN,
        table.ArmMode.UNKNOWN,
    )


def counter_of(frame: bytes, network: int, node: int, epoch: int) -> int:
    """The counter of a frame whose length and header are those of one sent to this node under this epoch; -1 if not."""
    if not table.LEAST_BYTES <= len(frame) <= table.MOST_BYTES:
        return -1
    magic, link_class, for_epoch, reserved, to_network, to_node, counter = struct.unpack_from(_HEADER, frame)
    if magic != _MAGIC or link_class != _DOWN or reserved:
        return -1
    if for_epoch != epoch or to_network != network or to_node != node:
        return -1
    return int(counter)


def read_ack(body: bytes) -> "tuple[int, int, int, int, int, int]":
    """`time_s`, acked epoch, verdict, acked counter, event id and arm state of an ACK."""
    _, _, time_s, epoch, verdict, counter, event_id, _, arm_mode = struct.unpack_from(_ACK, body)
    return time_s, epoch, verdict, counter, event_id, arm_mode


def read_command(body: bytes) -> "tuple[int, int, int, int, int]":
    """`time_s`, command id, code, event id and `valid_s` of a COMMAND."""
    _, _, time_s, command_id, code, _, event_id, valid_s = struct.unpack_from(_COMMAND, body)
    return time_s, command_id, code, event_id, valid_s


def is_understood(body: bytes) -> bool:
    """Whether every extra behind the body is whole, and known if it must be."""
    at = table.BODY_BYTES
    end = len(body)
    while at < end:
        if at + 2 > end or at + 2 + body[at + 1] > end:
            return False
        if body[at] & table.CRITICAL and body[at] != table.Extra.CHALLENGE:
            return False
        at += 2 + body[at + 1]
    return True


def find_extra(body: bytes, kind: int) -> "bytes | None":
    """Value of the first extra of this kind in a body that `is_understood`, or None."""
    at = table.BODY_BYTES
    while at < len(body):
        after = at + 2 + body[at + 1]
        if body[at] == kind:
            return body[at + 2 : after]
        at = after
    return None
