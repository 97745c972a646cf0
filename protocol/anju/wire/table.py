"""Every frame of the wire protocol, version 1: the one definition, read by the host and run by the node as it is.

A table has a row for each field, its `struct` letter and its name with the unit; all numbers are big-endian. It is a text
because a node keeps it in RAM, where tuples of tuples take seven times as much. A code is an ``IntEnum`` on the host and a
plain class of numbers under MicroPython, which has no ``enum``. `protocol/README.md` explains each field.
"""

try:
    from enum import IntEnum
except ImportError:  # MicroPython
    IntEnum = object  # type: ignore[misc, assignment]

MAGIC = 0xA1
"""First byte of a frame: "Anju" and the protocol version."""

HEADER = """
    B  magic
    B  link_class
    B  epoch
    B  reserved
    H  network
    H  node
    I  counter
"""
"""The clear part: authenticated, not encrypted. The CCM nonce is these twelve bytes and one zero byte."""

STATUS = """
    B  type
    B  flags
    I  time_s
    H  event_id
    B  code
    B  zone
    H  levels
    B  battery_20mv
    b  temperature_half_c
    B  tries
    B  link_quality
"""
"""EVENT, HEARTBEAT and REQUEST: what happened or is asked for, when, and the level of every input."""

HELLO = """
    B  type
    B  flags
    8s challenge
    B  major
    B  minor
    B  patch
    B  reset_cause
    B  inputs
    B  battery_20mv
"""
"""HELLO: the first frame after a boot; its answer returns the challenge and sets the downlink floor."""

ACK = """
    B  type
    B  flags
    I  time_s
    B  acked_epoch
    B  verdict
    I  acked_counter
    H  event_id
    B  link_quality
    B  arm_mode
"""
"""ACK, both directions: the frame it names is durable (concentrator), or was carried out (node)."""

COMMAND = """
    B  type
    B  flags
    I  time_s
    I  command_id
    B  code
    B  zone
    H  event_id
    H  valid_s
"""
"""COMMAND, concentrator to node: carried out at most once, and only within `valid_s` of `time_s`. `zone` is a SOUND's seconds."""

EVIDENCE = """
    B  type
    B  flags
    I  time_s
    H  time_age_s
    B  events
    7s reserved
"""
"""EVIDENCE: the node signs for events that were acknowledged. Signature and events are extras behind it."""

STATEMENT = """
    13s device
    H   network
    H   node
    B   epoch
    I   time_s
    H   time_age_s
    32s before
    B   events
"""
"""What an EVIDENCE signs the hash of, together with its events: never sent as it is."""

WITNESSED = """
    B  epoch
    I  first_counter
    B  code
    B  zone
    I  time_s
"""
"""One event of an EVIDENCE."""

PAIRING = """
    B   magic
    B   link_class
    B   step
    B   reserved
    B   versions
    B   suite
    13s device
    H   network
    16s attempt
"""
"""The clear part of a pairing frame; from `versions` on it is the prologue of the handshake."""

ANSWER = """
    32s public_key
    B   major
    B   minor
    B   patch
    B   inputs
"""
"""Sealed in the handshake's second message: who the node is, and what it runs."""

GRANT = """
    32s root_key
    H   network
    H   node
    B   epoch
    I   time_s
    B   inputs
    16s kinds
"""
"""The concentrator's first sealed message: the node's place in the estate."""

PROOF = """
    64s signature
"""
"""The node's only sealed message of its own: Ed25519 over the handshake and the GRANT."""

OUTCOME = """
    B   outcome
"""
"""The concentrator's last word, which ends an attempt on both ends."""

HEADER_BYTES = 12
BODY_BYTES = 16
TAG_BYTES = 16
LEAST_BYTES = HEADER_BYTES + BODY_BYTES + TAG_BYTES
MOST_BYTES = 250
"""ESP-NOW carries no more in one packet."""

MOST_WITNESSED = 9
"""Events of one EVIDENCE: more would not fit into a frame."""
EVIDENCE_PREFIX = b"anju/1 evidence"
"""Before the hash of a STATEMENT, in what is signed."""

CRITICAL = 0x80
"""Bit of an extra's (TLV's) type: a receiver that does not know it refuses the body."""

PAIRING_BYTES = 37
PROLOGUE_AT = 4
"""Offset of `versions` in the clear part of a pairing frame."""
OFFER_BYTES = 44
"""The clear part and zeros: no frame is shorter."""
VERSIONS = 1
"""Bit n: version n + 1 is spoken."""
SUITE = 1
"""Noise_NNpsk0_25519_AESGCM_SHA256."""

LATCHED_LIGHT = 0x100
"""Bit of a SOUND's `event_id`: the light is on until another order says otherwise."""
SOUND_PATTERN = 0xFF
"""The bits of it that hold a Sound."""
CHALLENGE_BYTES = 8

TIME_UNKNOWN = 0
TIME_AGE_UNKNOWN = 0xFFFF
TEMPERATURE_UNKNOWN = -128
QUALITY_UNKNOWN = 0
BATTERY_UNKNOWN = 0


class LinkClass(IntEnum):
    """Direction of a frame: the only thing about its content that is sent in clear."""

    UP = 1
    DOWN = 2
    PAIRING = 3


class Step(IntEnum):
    """`step` of a pairing frame. OFFER, ANSWER and PROOF come from a node, the others from a concentrator."""

    OFFER = 1
    KEY = 2
    ANSWER = 3
    GRANT = 4
    PROOF = 5
    OUTCOME = 6


class Outcome(IntEnum):
    """`outcome` of an OUTCOME."""

    PAIRED = 1
    CANCELLED = 2


class InputKind(IntEnum):
    """One of `kinds` in a GRANT, for each input in its order; NONE behind the last."""

    NONE = 0
    ENTRY = 1
    HOLD_UP = 2
    TAMPER = 3
    DETECTOR = 4
    SIREN = 5
    KEYPAD = 6
    ANY_PRESS = 7
    SILENT_HOLD_UP = 8
    SILENT_ANY_PRESS = 9


class Type(IntEnum):
    """First byte of the sealed body. The others are reserved; 6 for good, because vectors of version 1 show it as unknown."""

    HELLO = 1
    EVENT = 2
    HEARTBEAT = 3
    ACK = 4
    COMMAND = 5
    EVIDENCE = 7
    REQUEST = 8


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
    LEAVING = 6
    HELD = 7
    DETECTED = 8
    CLEARED = 9


class Action(IntEnum):
    """What a person at a keypad or key fob asks for (`code` of a REQUEST); none is the number of a Code."""

    AWAY = 33
    HOME = 34
    OFF = 35


class Verdict(IntEnum):
    """What became of the frame that an ACK names."""

    ACCEPTED = 1
    DUPLICATE = 2
    NOT_UNDERSTOOD = 3
    EXPIRED = 4
    REFUSED = 5


class Order(IntEnum):
    """What a COMMAND asks of a node (`code` of a COMMAND)."""

    SEEN = 1
    COMING = 2
    PAIR = 3
    PROBE = 4
    SOUND = 5
    CHALLENGE = 6


class Sound(IntEnum):
    """What a siren node does (low 8 bits of a SOUND's `event_id`); from INTRUSION on it is the siren."""

    QUIET = 0
    EXIT = 1
    ENTRY = 2
    ABORT = 3
    INTRUSION = 4
    HOLD_UP = 5
    FIRE = 6


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
    CODE = 0x83
    SIGNATURE = 0x90
    BEFORE = 0x91
    EVENTS = 0x92


BODIES = {
    Type.HELLO: HELLO,
    Type.EVENT: STATUS,
    Type.HEARTBEAT: STATUS,
    Type.ACK: ACK,
    Type.COMMAND: COMMAND,
    Type.EVIDENCE: EVIDENCE,
    Type.REQUEST: STATUS,
}


def rows_of(fields: str) -> "list[tuple[str, str]]":
    """The rows of a table as (name, `struct` letter)."""
    words = fields.split()
    return [(words[index + 1], words[index]) for index in range(0, len(words), 2)]


def format_of(fields: str) -> str:
    """The `struct` format of a table, big-endian."""
    return ">" + "".join([letter for _, letter in rows_of(fields)])
