"""What nodes sign: statements with the keys that sign them, and the frames that carry them."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Generator, Iterator

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from frames import TIME_S, Case, good

from anju.wire import table
from anju.wire.evidence import SignedStatement, Statement, Witnessed
from anju.wire.label import device_id
from anju.wire.messages import Evidence, Extra, Header


def cases() -> Iterator[Case]:
    """The chain of one node, and both ends of what fits."""
    first = yield from _case("a press", Header.up(1, 7, 1, 60), [Witnessed(1, 18, 3, 0, TIME_S)], bytes(32), 42)
    door = Witnessed(1, 61, 1, 1, TIME_S + 50)
    events = [door, Witnessed(1, 63, 3, 0, 0)]
    yield from _case(
        "the next one, of a door and a press at an unknown time", Header.up(1, 7, 1, 64), events, first, 90
    )
    least = [Witnessed(0, 0, 0, 0, 0)]
    yield from _case("least values, and no time", Header.up(0, 0, 0, 2), least, bytes(32), table.TIME_AGE_UNKNOWN)
    most = [Witnessed(0xFF, 0xFFFF_FFFF, 0xFF, 0xFF, 0xFFFF_FFFF)] * table.MOST_WITNESSED
    yield from _case("most values", Header.up(0xFFFF, 0xFFFF, 0xFF, 0xFFFF_FFFD), most, b"\xff" * 32, 0xFFFF)


def _case(
    name: str, header: Header, events: list[Witnessed], before: bytes, age_s: int
) -> Generator[Case, None, bytes]:
    """One case; its digest is returned, for the next."""
    seed = hashlib.sha256(f"anju/1 vector witness {header.node}".encode()).digest()
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public = private.public_key().public_bytes_raw()
    device = device_id(public)
    time_s = TIME_S + 100 if events[0].epoch else 0
    place = header.network, header.node, header.epoch
    statement = Statement(device.encode(), *place, time_s, age_s, before, len(events))
    told = SignedStatement(statement, tuple(events), b"")
    told = told._replace(signature=private.sign(table.EVIDENCE_PREFIX + told.digest))
    rows = b"".join(struct.pack(table.format_of(table.WITNESSED), *event) for event in events)
    body = Evidence(table.Type.EVIDENCE, table.Flag.ACK_REQUESTED, time_s, age_s, len(events), bytes(7))
    extras = (
        Extra(table.Extra.SIGNATURE, told.signature),
        Extra(table.Extra.BEFORE, before),
        Extra(table.Extra.EVENTS, rows),
    )
    signed = {"seed": seed.hex(), "public_key": public.hex(), "device": device, "digest": told.digest.hex()}
    yield good(name, header, body, *extras) | signed
    return told.digest
