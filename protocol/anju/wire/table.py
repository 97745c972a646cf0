"""Every frame of the wire protocol, version 1: the one definition, read by the host and run by the node as it is.

A table is a tuple of rows ``(name_with_unit, struct letter)``; all numbers are big-endian. A code is an ``IntEnum`` on the
host and a plain class of numbers under MicroPython, which has no ``enum``. `protocol/README.md` explains each field.
"""

try:
    from enum import IntEnum
except ImportError:  # MicroPython
    IntEnum = object  # type: ignore[misc, assignment]

MAGIC = 0xA1
"""First byte of a frame: "Anju" and the protocol version."""

HEADER = (
    ("magic", "B"),
    ("link_class", "B"),
    ("epoch", "B"),
    ("reserved", "B"),
    ("network", "H"),
    ("node", "H"),
    ("counter", "I"),
)
"""The clear part: authenticated, not encrypted. The CCM nonce is these twelve bytes and one zero byte."""

STATUS = (
    ("type", "B"),
    ("flags", "B"),
    ("time_s", "I"),
    ("event_id", "H"),
    ("code", "B"),
    ("zone", "B"),
    ("levels", "H"),
    ("battery_20mv", "B"),
    ("temperature_half_c", "b"),
    ("tries", "B"),
    ("link_quality", "B"),
)
"""EVENT and HEARTBEAT: what happened, when, and the level of every input."""

HELLO = (
    ("type", "B"),
    ("flags", "B"),
    ("challenge", "8s"),
    ("major", "B"),
    ("minor", "B"),
    ("patch", "B"),
    ("reset_cause", "B"),
    ("inputs", "B"),
    ("battery_20mv", "B"),
)
"""HELLO: the first frame after a boot; its answer returns the challenge and sets the downlink floor."""

ACK = (
    ("type", "B"),
    ("flags", "B"),
    ("time_s", "I"),
    ("acked_epoch", "B"),
    ("verdict", "B"),
    ("acked_counter", "I"),
    ("event_id", "H"),
    ("link_quality", "B"),
    ("arm_mode", "B"),
)
"""ACK, both directions: the frame it names is durable (concentrator), or was carried out (node)."""

COMMAND = (
    ("type", "B"),
    ("flags", "B"),
    ("time_s", "I"),
    ("command_id", "I"),
    ("code", "B"),
    ("zone", "B"),
    ("event_id", "H"),
    ("valid_s", "H"),
)
"""COMMAND, concentrator to node: carried out at most once, and only within `valid_s` of `time_s`."""

HEADER_BYTES = 12
BODY_BYTES = 16
TAG_BYTES = 16
LEAST_BYTES = HEADER_BYTES + BODY_BYTES + TAG_BYTES
MOST_BYTES = 250
"""ESP-NOW carries no more in one packet."""

CRITICAL = 0x80
"""Bit of an extra's (TLV's) type: a receiver that does not know it refuses the body."""

TIME_UNKNOWN = 0
TEMPERATURE_UNKNOWN = -128
QUALITY_UNKNOWN = 0
BATTERY_UNKNOWN = 0


class LinkClass(IntEnum):
    """Direction of a frame: the only thing about its content that is sent in clear."""

    UP = 1
    DOWN = 2
    PAIRING = 3


class Type(IntEnum):
    """First byte of the sealed body. 6 to 255 are reserved."""

    HELLO = 1
    EVENT = 2
    HEARTBEAT = 3
    ACK = 4
    COMMAND = 5


class Flag(IntEnum):
    """Bits of `flags`, in every body."""

    ACK_REQUESTED = 1
    URGENT = 2
    PENDING = 4
    TEST = 8


class Code(IntEnum):
    """What happened at an input (`code` of an EVENT)."""

    NONE = 0
    OPENED = 1
    CLOSED = 2
    PANIC = 3
    TAMPERED = 4
    TAMPER_RESTORED = 5


class Verdict(IntEnum):
    """What became of the frame that an ACK names."""

    ACCEPTED = 1
    DUPLICATE = 2
    NOT_UNDERSTOOD = 3
    EXPIRED = 4


class Order(IntEnum):
    """What a COMMAND asks of a node (`code` of a COMMAND)."""

    SEEN = 1
    COMING = 2


class ArmMode(IntEnum):
    """Arm state of the household, as an ACK tells it."""

    UNKNOWN = 0
    OFF = 1
    HOME = 2
    AWAY = 3


class ResetCause(IntEnum):
    """Why the node started (`reset_cause` of a HELLO)."""

    UNKNOWN = 0
    POWER_ON = 1
    HARD = 2
    WATCHDOG = 3
    DEEP_SLEEP = 4
    SOFT = 5


class Extra(IntEnum):
    """Types of extras (TLVs) behind the body; `CRITICAL` set = must be understood."""

    BUILD = 0x01
    CHALLENGE = 0x81


BODIES = {
    Type.HELLO: HELLO,
    Type.EVENT: STATUS,
    Type.HEARTBEAT: STATUS,
    Type.ACK: ACK,
    Type.COMMAND: COMMAND,
}


def format_of(rows: "tuple[tuple[str, str], ...]") -> str:
    """The `struct` format of a table, big-endian."""
    return ">" + "".join([letter for _, letter in rows])
