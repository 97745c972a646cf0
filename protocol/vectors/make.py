"""Makes the golden vectors of protocol version 1 in `v1/`; the same bytes at every run, on every machine.

    python protocol/vectors/make.py          writes the files; a test holds the committed ones against this script

Every file is one JSON object, small enough for a node's `json` module: ``{"about": text, "cases": [case, …]}``, one case a
line. Byte strings are lower-case hexadecimal, numbers are numbers. A `receiver` is "concentrator" or "node".

    keys.json       links that a receiver knows: network, node, epoch, up (key), down (key). Published here: never for use
    ccm.json        AES-128-CCM: source, key, nonce, aad, plaintext, sealed (ciphertext and tag)
    hello.json, event.json, heartbeat.json, ack.json, command.json
                    good frames: name, receiver, frame, header, body, extras ([[type, value], …]); fields named as in table.py.
                    They go both ways: opened, the frame gives the fields; sealed, the fields give the frame
    unknown.json    authentic frames that version 1 cannot read: name, receiver, frame, type, flags
    refused.json    frames to refuse: name, receiver, frame, reason (as in the README's order of checks)
    stream.json     byte streams: name, stream, yields (frames, or "!cobs", "!crc", "!length" for a line fault), and encodes:
                    true where the stream is exactly what a sender writes for that one frame. Any
                    split of the stream into reads yields the same
    rows.json       uplink rows: name, report (as it travels), canonical (text), sha256
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from anju.uplink import canonical
from anju.uplink.reports import (
    Lane,
    NodeAddress,
    Outcome,
    OutcomeKind,
    PanelMode,
    PanelView,
    Report,
    ReportKind,
    Zone,
    ZoneKind,
)
from anju.wire import bodies, table
from anju.wire.codec import Codec
from anju.wire.framing import frame_to_stream
from anju.wire.messages import Ack, Body, Command, Extra, Header, Hello, Status

FOLDER = Path(__file__).parent / "v1"
TIME_S = 1_767_225_600
"""2026-01-01 00:00:00 UTC."""
LINKS = ((1, 7, 1), (1, 7, 2), (1, 8, 1), (2, 7, 1), (0, 0, 0), (0xFFFF, 0xFFFF, 0xFF))
"""(network, node, epoch): neighbours in every part of the address, and both ends of the ranges."""
CHALLENGE = bytes(range(0xC0, 0xC8))
BUILD = b"0.1.0 micropython-1.28.0 unix_sim"

NIST_CCM = (
    (
        "NIST CAVP VADT128 count 120",
        "f6bb5d59b0fa9de0828b115303bf94aa",
        "05358f33e1fc6a53ab5a5c98ce",
        "040b25771239cc2a39446e3c",
        "011fc50329bfd63a85ebd4f7693363602f1a4147371270b7",
        "4432d7eb42980734d34f19c50cf8abf71ac1b19ed75a727854e5d050a405f755047d09cb0f49546a",
    ),
    (
        "NIST CAVP VADT128 count 121",
        "f6bb5d59b0fa9de0828b115303bf94aa",
        "05358f33e1fc6a53ab5a5c98ce",
        "50a1d37fa2f3462bd304631b",
        "c90e40540d372ab1eb00ea5d5b8de5bf7c94ce4e376d6949",
        "8c2352bc6610fbbfbda4276f3e462d28494f3e97d7256b862abee8547ee3f24cfa677468ecc1d121",
    ),
    (
        "NIST CAVP VPT128 count 160",
        "70010ed90e6186ecad41f0d3c7c42ff8",
        "a5f4f4986e98472965f5abcc4b",
        "3fec0e5cc24d67139437cbc8112414fc8daccd1a94b49a4c76e2d39303547317",
        "be322f58efa7f8c68a635e0b9cce77f2",
        "8e4425ae573974f0f0693a188b525812eef08e3fb15f4227e0d989a4d587a8cf",
    ),
)
"""Published answers with our tag and nonce lengths (NIST CAVP, CCM test vectors), two of them with our 12 bytes of AAD."""

Case = dict[str, Any]


def key(network: int, node: int, epoch: int, direction: str) -> bytes:
    """A link key that everybody knows."""
    return hashlib.sha256(f"anju/1 vector key {network} {node} {epoch} {direction}".encode()).digest()[:16]


def noise(name: str, count: int) -> bytes:
    """Bytes without a zero among them, the same for the same name."""
    blocks = (hashlib.sha256(f"{name} {n}".encode()).digest() for n in range(count // 16 + 1))
    return b"".join(blocks).replace(b"\0", b"")[:count]


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
    rows = table.BODIES[kind]
    fields = [fill * 8 if letter == "8s" else values[letter] for _, letter in rows[1:]]
    made: Body = bodies.BODIES[kind].parse(struct.pack(table.format_of(rows), kind, *fields))
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


def hello() -> Iterator[Case]:
    body = Hello(table.Type.HELLO, 1, CHALLENGE, 0, 1, 0, table.ResetCause.POWER_ON, 0b11, 165)
    yield good("first frame after a cold boot", Header.up(1, 7, 1, 1024), body, Extra(table.Extra.BUILD, BUILD))
    yield good("without extras", Header.up(1, 8, 1, 5), body._replace(reset_cause=table.ResetCause.WATCHDOG))
    yield from both_ends(table.Type.HELLO, *UP_ENDS)


def event() -> Iterator[Case]:
    yield good("panic", Header.up(1, 7, 1, 18), EVENT)
    yield good("the same panic sealed again, 16 counters later", Header.up(1, 7, 1, 34), EVENT._replace(tries=9))
    yield good("the same panic under the next epoch", Header.up(1, 7, 2, 0), EVENT)
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


def sealed(header: Header, plaintext: bytes) -> bytes:
    """An authentic frame around any plaintext: what a newer or a broken peer could send."""
    direction = "up" if header.link_class == table.LinkClass.UP else "down"
    clear = bodies.HEADER.build(header)
    cipher = AESCCM(key(header.network, header.node, header.epoch, direction), tag_length=table.TAG_BYTES)
    return clear + cipher.encrypt(clear + b"\0", plaintext, clear)


def unknown() -> Iterator[Case]:
    rest = bodies.build(EVENT)[2:]
    for receiver, header in (("concentrator", Header.up(1, 7, 1, 50)), ("node", Header.down(1, 7, 1, 410))):
        read = bodies.build(EVENT if receiver == "concentrator" else COMMAND)
        for name, plaintext in (
            ("reserved type 0", b"\x00\x03" + rest),
            ("reserved type 6", b"\x06\x03" + rest),
            ("reserved type 255", b"\xff\xff" + rest),
            ("unknown critical extra", read + b"\xff\x01\x00"),
            ("unknown critical extra behind a known one", read + b"\x01\x01x\x82\x00"),
            ("extra without a length", read + b"\x01"),
            ("extra longer than the body", read + b"\x01\x05abcd"),
        ):
            frame = sealed(header, plaintext).hex()
            yield {
                "name": name,
                "receiver": receiver,
                "frame": frame,
                "type": plaintext[0],
                "flags": plaintext[1],
            }


def flipped(frame: bytes, at: int, with_: int = 1) -> bytes:
    return frame[:at] + bytes((frame[at] ^ with_,)) + frame[at + 1 :]


def refused() -> Iterator[Case]:
    up = CODEC.seal(Header.up(1, 7, 1, 18), EVENT, [Extra(table.Extra.BUILD, b"0.1.0")])
    down = CODEC.seal(Header.down(1, 7, 1, 400), COMMAND)
    for receiver, frame, other in (("concentrator", up, down), ("node", down, up)):
        for name, bad, reason in refusals(frame, other):
            yield {"name": name, "receiver": receiver, "frame": bad.hex(), "reason": reason}


def refusals(frame: bytes, other: bytes) -> Iterator[tuple[str, bytes, str]]:
    for length in (0, 1, 4, 11, 12, 13, 27, 28, 43):
        yield f"cut to {length} bytes", frame[:length], "length"
    yield "251 bytes", frame + bytes(251 - len(frame)), "length"
    yield "another version", flipped(frame, 0, 0x02), "header"
    yield "no magic", b"\0" + frame[1:], "header"
    yield "reserved byte set", flipped(frame, 3), "header"
    yield "the other direction's frame", other, "direction"
    for link_class in (0, 3, 4, 255):
        yield f"link class {link_class}", frame[:1] + bytes((link_class,)) + frame[2:], "direction"
    yield "reflected: the other direction's frame with our class", other[:1] + frame[1:2] + other[2:], "tag"
    yield "unknown epoch", frame[:2] + b"\x03" + frame[3:], "unknown_node"
    yield "unknown network", frame[:4] + b"\x01\x01" + frame[6:], "unknown_node"
    yield "unknown node", frame[:6] + b"\x01\x07" + frame[8:], "unknown_node"
    yield "epoch of another key", frame[:2] + b"\x02" + frame[3:], "tag"
    yield "network of another key", frame[:4] + b"\x00\x02" + frame[6:], "tag"
    yield "node of another key", frame[:6] + b"\x00\x08" + frame[8:], "tag"
    for at in range(8, 12):
        yield f"counter changed at byte {at}", flipped(frame, at), "tag"
    for at in (12, 13, 27, len(frame) - 17, len(frame) - 16, len(frame) - 1):
        yield f"sealed part changed at byte {at}", flipped(frame, at, 0x80), "tag"
    yield "one byte more", frame + b"\0", "tag"
    if len(frame) > table.LEAST_BYTES:
        yield "one byte less", frame[:-1], "tag"
        yield "cut to 44 bytes", frame[:44], "tag"


def ccm() -> Iterator[Case]:
    for published in NIST_CCM:
        yield dict(zip(("source", "key", "nonce", "aad", "plaintext", "sealed"), published, strict=True))
    for name, header, plaintext in (
        ("a panic", Header.up(1, 7, 1, 18), bodies.build(EVENT)),
        ("all zero", Header.up(0, 0, 0, 0), bytes(16)),
        ("all ones", Header.down(0xFFFF, 0xFFFF, 0xFF, 0xFFFF_FFFF), b"\xff" * 16),
        ("17 bytes", Header.up(1, 7, 1, 60), bytes(range(17))),
        ("31 bytes", Header.up(1, 7, 1, 61), bytes(range(31))),
        ("222 bytes, the longest", Header.up(1, 7, 1, 62), bytes(range(222))),
    ):
        frame = sealed(header, plaintext)
        direction = "up" if header.link_class == table.LinkClass.UP else "down"
        yield {
            "source": f"anju/1: {name}",
            "key": key(header.network, header.node, header.epoch, direction).hex(),
            "nonce": frame[:12].hex() + "00",
            "aad": frame[:12].hex(),
            "plaintext": plaintext.hex(),
            "sealed": frame[12:].hex(),
        }


def frame_without_zeros(length: int) -> bytes:
    """So many non-zero bytes whose CRC-32 has no zero byte either: one unbroken COBS run."""
    candidates = (noise(f"anju/1 vector stream {length} {n}", length) for n in range(1000))
    return next(frame for frame in candidates if 0 not in zlib.crc32(frame).to_bytes(4, "big"))


def stream() -> Iterator[Case]:
    panic = CODEC.seal(Header.up(1, 7, 1, 18), EVENT)
    carried = frame_to_stream(panic)
    for name, frame in (
        ("a panic", panic),
        ("44 zeros", bytes(44)),
        ("44 bytes that begin and end with zero", b"\0" + noise("anju/1 ends", 42) + b"\0"),
        ("249 bytes without a zero: a run of 253 with the CRC", frame_without_zeros(249)),
        ("250 bytes without a zero: a run of 254, ended by the delimiter", frame_without_zeros(250)),
        ("250 zeros", bytes(250)),
        ("250 bytes, a zero after each", (b"\x01\0" * 125)),
    ):
        yield {"name": name, "stream": frame_to_stream(frame).hex(), "yields": [frame.hex()], "encodes": True}
    long = frame_without_zeros(250)
    small, big = bytes(range(1, 44)), bytes(range(1, 252))
    for name, data, yields in (
        ("a run of 254 as some encoders end it, with an empty run", frame_to_stream(long)[:-1] + b"\x01\0", [long]),
        ("nothing", b"", []),
        ("an idle line: zeros alone", bytes(5), []),
        ("two frames behind one another", carried * 2, [panic, panic]),
        ("a frame between zeros", b"\0\0" + carried + b"\0", [panic]),
        ("a frame without its delimiter", carried[:-1], []),
        ("a frame that lost its first byte", carried[1:], ["!cobs"]),
        ("a frame that lost its last byte", carried[:-2] + b"\0", ["!cobs"]),
        ("one bit turned in the frame", flipped(carried, 30, 0x04), ["!crc"]),
        ("one bit turned in the CRC", flipped(carried, len(carried) - 2, 0x04), ["!crc"]),
        ("three bytes: no room for a CRC", b"\x04abc\0", ["!crc"]),
        ("43 bytes with a good CRC", frame_to_stream(small), ["!length"]),
        ("251 bytes with a good CRC", frame_to_stream(big), ["!length"]),
        ("600 bytes of noise, then a frame", noise("anju/1 noise", 600) + b"\0" + carried, ["!length", panic]),
        ("a torn frame, then a whole one", carried[:20] + b"\0" + carried, ["!cobs", panic]),
    ):
        told = [item if isinstance(item, str) else item.hex() for item in yields]
        yield {"name": name, "stream": data.hex(), "yields": told, "encodes": False}


def rows() -> Iterator[Case]:
    panic = Report(
        seq=1,
        kind=ReportKind.HOLD_UP_ALARM,
        lane=Lane.PANIC,
        recorded_at_ms=TIME_S * 1000 + 120,
        event_at_ms=TIME_S * 1000,
        household="3-2-0501",
        zone=Zone(number=0, name="卧室紧急按钮", kind=ZoneKind.HOLD_UP),
        node=NodeAddress(network=1, node=7),
        event_id=18,
        counter=18,
        panel=PanelView(mode=PanelMode.AWAY, latched=(ZoneKind.HOLD_UP,)),
    )
    outcome = Report(
        seq=2**53 - 1,
        kind=ReportKind.COMMAND_OUTCOME,
        lane=Lane.ROUTINE,
        recorded_at_ms=2**53 - 1,
        household="3-2-0501",
        outcome=Outcome(command_id=1, outcome=OutcomeKind.SHOWN),
    )
    armed = Report(
        seq=2,
        kind=ReportKind.ARMED,
        lane=Lane.ROUTINE,
        recorded_at_ms=0,
        person='quote " backslash \\ slash / line \u2028 smile 😀',
    )
    for name, report in (("a panic", panic), ("largest numbers", outcome), ("text to escape", armed)):
        text = canonical.canonical(report)
        yield {
            "name": name,
            "report": json.loads(report.model_dump_json(exclude_none=True)),
            "canonical": text.decode(),
            "sha256": canonical.digest(text),
        }


def keys() -> Iterator[Case]:
    for network, node, epoch in LINKS:
        up, down = key(network, node, epoch, "up"), key(network, node, epoch, "down")
        yield {"network": network, "node": node, "epoch": epoch, "up": up.hex(), "down": down.hex()}


def text_of(about: str, cases: Iterable[Case]) -> str:
    lines = ",\n".join("  " + json.dumps(case, ensure_ascii=True) for case in cases)
    return f'{{"about": {json.dumps(about)}, "cases": [\n{lines}\n]}}\n'


def files() -> dict[str, str]:
    """Text of each file by its name."""
    return {
        "keys.json": text_of("Links that every receiver in these vectors knows. Published: never for use.", keys()),
        "ccm.json": text_of("AES-128-CCM, 16-byte tag, 13-byte nonce.", ccm()),
        "hello.json": text_of("HELLO frames.", hello()),
        "event.json": text_of("EVENT frames.", event()),
        "heartbeat.json": text_of("HEARTBEAT frames.", heartbeat()),
        "ack.json": text_of("ACK frames, both directions.", ack()),
        "command.json": text_of("COMMAND frames.", command()),
        "unknown.json": text_of("Authentic frames that version 1 cannot read.", unknown()),
        "refused.json": text_of("Frames to refuse, and why.", refused()),
        "stream.json": text_of("Byte streams, and the frames and line faults in them.", stream()),
        "rows.json": text_of("Uplink rows: canonical JSON and its hash.", rows()),
    }


def main() -> None:
    """Write every file."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
