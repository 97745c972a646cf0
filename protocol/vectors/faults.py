"""What a receiver must not believe: unreadable and refused frames, and byte streams with faults in them."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator

from frames import CODEC, COMMAND, EVENT, Case, sealed

from anju.wire import bodies, table
from anju.wire.framing import frame_to_stream
from anju.wire.messages import Extra, Header


def noise(name: str, count: int) -> bytes:
    """Bytes without a zero among them, the same for the same name."""
    blocks = (hashlib.sha256(f"{name} {n}".encode()).digest() for n in range(count // 16 + 1))
    return b"".join(blocks).replace(b"\0", b"")[:count]


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
    told = panic.hex()
    small, big = bytes(range(1, 44)), bytes(range(1, 252))
    for name, data, yields in (
        (
            "a run of 254 as some encoders end it, with an empty run",
            frame_to_stream(long)[:-1] + b"\x01\0",
            [long.hex()],
        ),
        ("nothing", b"", []),
        ("an idle line: zeros alone", bytes(5), []),
        ("two frames behind one another", carried * 2, [told, told]),
        ("a frame between zeros", b"\0\0" + carried + b"\0", [told]),
        ("a frame without its delimiter", carried[:-1], []),
        ("a frame that lost its first byte", carried[1:], ["!cobs"]),
        ("a frame that lost its last byte", carried[:-2] + b"\0", ["!cobs"]),
        ("one bit turned in the frame", flipped(carried, 30, 0x04), ["!crc"]),
        ("one bit turned in the CRC", flipped(carried, len(carried) - 2, 0x04), ["!crc"]),
        ("three bytes: no room for a CRC", b"\x04abc\0", ["!crc"]),
        ("43 bytes with a good CRC", frame_to_stream(small), ["!length"]),
        ("251 bytes with a good CRC", frame_to_stream(big), ["!length"]),
        ("600 bytes of noise, then a frame", noise("anju/1 noise", 600) + b"\0" + carried, ["!length", told]),
        ("a torn frame, then a whole one", carried[:20] + b"\0" + carried, ["!cobs", told]),
    ):
        yield {"name": name, "stream": data.hex(), "yields": yields, "encodes": False}
