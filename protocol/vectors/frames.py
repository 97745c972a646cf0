"""Good frames of version 1, and what is needed to make them: links with published keys, and sealing."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from anju.wire import bodies, table
from anju.wire.codec import Codec
from anju.wire.messages import Ack, Body, Command, Extra, Header, Hello, Status

TIME_S = 1_767_225_600
"""2026-01-01 00:00:00 UTC."""
LINKS = ((1, 7, 1), (1, 7, 2), (1, 8, 1), (2, 7, 1), (0, 0, 0), (0xFFFF, 0xFFFF, 0xFF))
"""(network, node, epoch): neighbours in every part of the address, and both ends of the ranges."""
CHALLENGE = bytes(range(0xC0, 0xC8))
BUILD = b"0.1.0 micropython-1.28.0 unix_sim"

Case = dict[str, Any]


def key(network: int, node: int, epoch: int, direction: str) -> bytes:
    """A link key that everybody knows."""
    return hashlib.sha256(f"anju/1 vector key {network} {node} {epoch} {direction}".encode()).digest()[:16]


def codec() -> Codec:
    """Knows all links; only its sealing is used here."""
    made = Codec(table.LinkClass.UP)
    for network, node, epoch in LINKS:
        made.learn(network, node, epoch, up=key(network, node, epoch, "up"), down=key(network, node, epoch, "down"))
    return made


CODEC = codec()
EVENT = Status(table.Type.EVENT, 3, TIME_S, 18, table.Code.PANIC, 0, 1, 165, 43, 0, 200)
COMMAND = Command(table.Type.COMMAND, 1, TIME_S, 1_767_225_617, table.Order.SEEN, 0, 18, 120)
LEAST = {"B": 0, "H": 0, "I": 0, "b": -128}
MOST = {"B": 0xFF, "H": 0xFFFF, "I": 0xFFFF_FFFF, "b": 127}


def extreme(kind: table.Type, values: dict[str, int], fill: bytes) -> Body:
    """A body whose every field but the type holds the least or the most that fits."""
    rows = table.rows_of(table.BODIES[kind])
    fields = [fill * 8 if letter == "8s" else values[letter] for _, letter in rows[1:]]
    made: Body = bodies.BODIES[kind].parse(struct.pack(table.format_of(table.BODIES[kind]), kind, *fields))
    return made


def plain(message: Any) -> Case:
    return {name: value.hex() if isinstance(value, bytes) else int(value) for name, value in message._asdict().items()}


def good(name: str, header: Header, body: Body, *extras: Extra) -> Case:
    return {
        "name": name,
        "receiver": "concentrator" if header.link_class == table.LinkClass.UP else "node",
        "frame": CODEC.seal(header, body, extras).hex(),
        "header": plain(header),
        "body": plain(body),
        "extras": [[int(extra.type), extra.value.hex()] for extra in extras],
    }


def both_ends(kind: table.Type, *headers: Header) -> Iterator[Case]:
    for header in headers:
        way = "up" if header.link_class == table.LinkClass.UP else "down"
        yield good(f"least values, {way}", header, extreme(kind, LEAST, b"\0"))
        yield good(f"most values, {way}", header._replace(counter=header.counter ^ 1), extreme(kind, MOST, b"\xff"))


def at_the_ends(direction: table.LinkClass) -> tuple[Header, Header]:
    """The headers with the least and the most values, in one direction."""
    return (
        Header(table.MAGIC, direction, 0, 0, 0, 0, 0),
        Header(table.MAGIC, direction, 0xFF, 0, 0xFFFF, 0xFFFF, 0xFFFF_FFFF),
    )


UP_ENDS, DOWN_ENDS = at_the_ends(table.LinkClass.UP), at_the_ends(table.LinkClass.DOWN)


def sealed(header: Header, plaintext: bytes) -> bytes:
    """An authentic frame around any plaintext: what a newer or a broken peer could send."""
    direction = "up" if header.link_class == table.LinkClass.UP else "down"
    clear = bodies.HEADER.build(header)
    cipher = AESCCM(key(header.network, header.node, header.epoch, direction), tag_length=table.TAG_BYTES)
    return clear + cipher.encrypt(clear + b"\0", plaintext, clear)


def hello() -> Iterator[Case]:
    body = Hello(table.Type.HELLO, 1, CHALLENGE, 0, 1, 0, table.ResetCause.POWER_ON, 0b11, 165)
    yield good("first frame after a cold boot", Header.up(1, 7, 1, 1024), body, Extra(table.Extra.BUILD, BUILD))
    yield good("without extras", Header.up(1, 8, 1, 5), body._replace(reset_cause=table.ResetCause.WATCHDOG))
    yield from both_ends(table.Type.HELLO, *UP_ENDS)


def event() -> Iterator[Case]:
    yield good("panic", Header.up(1, 7, 1, 18), EVENT)
    yield good("the same panic sealed again, 16 counters later", Header.up(1, 7, 1, 34), EVENT._replace(tries=9))
    yield good("the same panic under the next epoch", Header.up(1, 7, 2, 40), EVENT)
    opened = EVENT._replace(flags=1, code=table.Code.OPENED, zone=1, levels=0b10, time_s=0, event_id=19)
    yield good(
        "door opened, clock and temperature unknown", Header.up(1, 7, 1, 19), opened._replace(temperature_half_c=-128)
    )
    yield good("a code that version 1 does not know", Header.up(1, 7, 1, 20), EVENT._replace(code=200, event_id=20))
    yield good(
        "an unknown extra that may be skipped", Header.up(1, 7, 1, 21), EVENT._replace(event_id=21), Extra(0x7F, b"?")
    )
    yield good("an empty extra", Header.up(1, 7, 1, 22), EVENT._replace(event_id=22), Extra(table.Extra.BUILD, b""))
    yield good(
        "the longest frame", Header.up(1, 7, 1, 23), EVENT._replace(event_id=23), Extra(table.Extra.BUILD, b"x" * 204)
    )
    yield from both_ends(table.Type.EVENT, *UP_ENDS)


def heartbeat() -> Iterator[Case]:
    body = EVENT._replace(type=table.Type.HEARTBEAT, flags=1, code=table.Code.NONE, event_id=0, levels=0)
    yield good("all quiet, 20 °C below zero", Header.up(1, 7, 1, 40), body._replace(temperature_half_c=-40))
    yield from both_ends(table.Type.HEARTBEAT, *UP_ENDS)


def ack() -> Iterator[Case]:
    body = Ack(table.Type.ACK, 0, TIME_S, 1, table.Verdict.ACCEPTED, 18, 18, 200, table.ArmMode.AWAY)
    yield good("of the panic", Header.down(1, 7, 1, 300), body)
    yield good("of its duplicate", Header.down(1, 7, 1, 301), body._replace(verdict=table.Verdict.DUPLICATE))
    yield good(
        "of a hello: the challenge returns",
        Header.down(1, 7, 1, 302),
        body._replace(acked_counter=1024, event_id=0),
        Extra(table.Extra.CHALLENGE, CHALLENGE),
    )
    yield good("with commands waiting", Header.down(1, 7, 1, 303), body._replace(flags=int(table.Flag.PENDING)))
    up = body._replace(acked_counter=400, event_id=0xD291, arm_mode=table.ArmMode.UNKNOWN)
    yield good("by the node, of a command", Header.up(1, 7, 1, 41), up)
    yield good("by the node, too late", Header.up(1, 7, 1, 42), up._replace(verdict=table.Verdict.EXPIRED))
    yield from both_ends(table.Type.ACK, *UP_ENDS, *DOWN_ENDS)


def command() -> Iterator[Case]:
    yield good("a guard has seen it", Header.down(1, 7, 1, 400), COMMAND)
    yield good(
        "someone is coming",
        Header.down(1, 7, 1, 401),
        COMMAND._replace(code=table.Order.COMING, command_id=1_767_225_618),
    )
    yield from both_ends(table.Type.COMMAND, *DOWN_ENDS)


def walk_test() -> Iterator[Case]:
    held = EVENT._replace(code=table.Code.HELD, event_id=24, time_s=TIME_S + 3)
    yield good("the button has been held for 3 s", Header.up(1, 7, 1, 24), held)
    tried = Ack(table.Type.ACK, int(table.Flag.TEST), TIME_S, 1, table.Verdict.ACCEPTED, 18, 18, 200, table.ArmMode.OFF)
    yield good("of a press that was a TEST", Header.down(1, 7, 1, 304), tried)
    real = tried._replace(flags=0, time_s=TIME_S + 3, acked_counter=24, event_id=24)
    yield good("of the same press, held: it is real", Header.down(1, 7, 1, 305), real)
    probe = COMMAND._replace(code=table.Order.PROBE, command_id=0, event_id=0, valid_s=10)
    yield good("a probe", Header.down(1, 7, 1, 402), probe)
    answer = Ack(table.Type.ACK, 0, TIME_S, 1, table.Verdict.ACCEPTED, 402, 0, 0, table.ArmMode.UNKNOWN)
    yield good("by the node, of a probe", Header.up(1, 7, 1, 43), answer)


def request() -> Iterator[Case]:
    body = Status(table.Type.REQUEST, 1, TIME_S, 0x5EED, table.Action.OFF, 1, 0b1000, 165, 43, 0, 200)
    challenge = Extra(table.Extra.CHALLENGE, CHALLENGE)
    yield good("off, by a key fob", Header.up(1, 7, 1, 70), body)
    yield good("with the challenge", Header.up(1, 7, 1, 71), body._replace(levels=0), challenge)
    yield good(
        "with challenge and code, by a keypad",
        Header.up(1, 7, 1, 72),
        body._replace(levels=0),
        challenge,
        Extra(table.Extra.CODE, b"190227"),
    )
    yield good("away", Header.up(1, 7, 1, 73), body._replace(code=table.Action.AWAY, event_id=0x5EEE))
    yield from both_ends(table.Type.REQUEST, *UP_ENDS)


def order() -> Iterator[Case]:
    sound = COMMAND._replace(code=table.Order.SOUND, command_id=0x2000_0001)
    for counter, pattern in enumerate(table.Sound, 410):
        header = Header.down(1, 7, 1, counter)
        yield good(f"sound {pattern.name.lower()}", header, sound._replace(event_id=pattern, zone=30, valid_s=30))
    light = table.Sound.INTRUSION | table.LATCHED_LIGHT
    yield good("intrusion, 180 s, with the light", Header.down(1, 7, 1, 420), sound._replace(event_id=light, zone=180))
    yield good("the light alone", Header.down(1, 7, 1, 421), sound._replace(event_id=table.LATCHED_LIGHT))
    yield good(
        "a challenge",
        Header.down(1, 7, 1, 422),
        COMMAND._replace(code=table.Order.CHALLENGE, command_id=0x2000_0002, event_id=0x5EED, valid_s=10),
        Extra(table.Extra.CHALLENGE, CHALLENGE),
    )
    refused = Ack(table.Type.ACK, 0, TIME_S, 1, table.Verdict.REFUSED, 72, 0x5EED, 200, table.ArmMode.AWAY)
    yield good("an answer that was refused", Header.down(1, 7, 1, 423), refused)
