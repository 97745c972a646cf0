"""A receiver's eyes, written from ANSI/SIA DC-09 and from nothing of ours: whatever a frame may not have is an error."""

from __future__ import annotations

import datetime as dt
import re
from typing import NamedTuple

from Crypto.Cipher import AES

_FRAME = re.compile(
    r"\n(?P<crc>[0-9A-F]{4})(?P<length>0[0-9A-F]{3})"
    r'(?P<body>"(?P<star>\*?)(?P<id>ADM-CID|SIA-DCS|NULL)"(?P<sequence>[0-9]{4})R(?P<receiver>[0-9A-F]{1,6})L(?P<line>[0-9A-F]{1,6})'
    r"#(?P<account>[0-9A-F]{3,16})\[(?P<rest>[^\r\n]*))\r"
)
_CLEAR = re.compile(
    r"(?P<data>[^\[\]]*)\](?P<extra>(?:\[[A-Z][^\[\]]*\])*)_(?P<at>[0-2]\d:[0-5]\d:[0-5]\d,[01]\d-[0-3]\d-\d{4})"
)
_CONTACT_ID = re.compile(r"#(?P<account>[0-9A-F]{3,16})\|(?P<what>[136]\d{3}) (?P<group>\d{2}) (?P<zone>\d{3})")
_SIA = re.compile(r"#(?P<account>[0-9A-F]{3,16})\|Nri(?P<group>\d{1,2})/(?P<what>[A-Z]{2})(?P<zone>\d{3})")


class Seen(NamedTuple):
    """What a frame says."""

    id: str
    sequence: int
    account: str
    at: dt.datetime
    what: str = ""
    group: int = 0
    zone: int = 0
    extra: str = ""
    is_sealed: bool = False


def crc16_arc(data: bytes) -> int:
    """Polynomial 0x8005, start 0, reflected in and out: bit by bit as it is defined, not as it is usually programmed."""
    register = 0
    for byte in data:
        for bit in range(8):
            top = (register >> 15) & 1
            register = (register << 1) & 0xFFFF
            if top ^ ((byte >> bit) & 1):
                register ^= 0x8005
    return int(f"{register:016b}"[::-1], 2)


def see(raw: bytes, key: bytes | None = None) -> Seen:
    """What a frame says; AssertionError names what is wrong with it."""
    found = _FRAME.fullmatch(raw.decode("ascii"))
    assert found, f"no frame: {raw!r}"
    body = found["body"].encode("ascii")
    assert int(found["crc"], 16) == crc16_arc(body), "the CRC is not that of the body"
    assert int(found["length"], 16) == len(body), "the length is not that of the body"
    assert found["receiver"] == "0", "R0 is always sent"
    assert bool(found["star"]) == (key is not None), "encrypted or not, other than agreed"
    sequence = int(found["sequence"])
    assert (sequence == 0) == (found["id"] == "NULL"), "0000 is the number of NULL alone"
    clear = _CLEAR.fullmatch(_opened(found["rest"], key) if key is not None else found["rest"])
    assert clear, f"neither data nor time: {found['rest']!r}"
    at = dt.datetime.strptime(clear["at"], "%H:%M:%S,%m-%d-%Y").replace(tzinfo=dt.UTC)
    told: tuple[str, int, int] = ("", 0, 0)
    if found["id"] == "NULL":
        assert clear["data"] == "", "NULL has no data"
    else:
        said = (_CONTACT_ID if found["id"] == "ADM-CID" else _SIA).fullmatch(clear["data"])
        assert said, f"no event: {clear['data']!r}"
        assert said["account"] == found["account"], "two accounts"
        told = (said["what"], int(said["group"]), int(said["zone"]))
    return Seen(found["id"], sequence, found["account"], at, *told, clear["extra"], key is not None)


def _opened(rest: str, key: bytes) -> str:
    assert re.fullmatch(r"(?:[0-9A-F]{32})+", rest), "not whole blocks in hex"
    text = AES.new(key, AES.MODE_CBC, bytes(16)).decrypt(bytes.fromhex(rest)).decode("ascii")
    pad, bar, said = text.partition("|")
    assert bar, "no end of the pad"
    assert 16 <= len(pad) <= 31, "the pad has 16 to 31 bytes"
    assert not set(pad) & set("[]|"), "the pad holds what ends it"
    return said


def answer(
    kind: str,
    seen: Seen,
    key: bytes | None = None,
    at: dt.datetime | None = None,
    sequence: int | None = None,
    account: str | None = None,
) -> bytes:
    """What a receiver says of a message: ACK in its own encryption, DUH in the clear, NAK with the time alone."""
    number, of = seen.sequence if sequence is None else sequence, account or seen.account
    time = f"{at or dt.datetime.now(dt.UTC):_%H:%M:%S,%m-%d-%Y}"
    if kind == "NAK":
        return framed(f'"NAK"0000R0L0A0[]{time}')
    if key is None or kind == "DUH":
        return framed(f'"{kind}"{number:04}R0L0#{of}[]')
    text = f"|]{time}".encode()
    text = b"P" * (16 + -len(text) % 16) + text
    sealed = AES.new(key, AES.MODE_CBC, bytes(16)).encrypt(text).hex().upper()
    return framed(f'"*{kind}"{number:04}R0L0#{of}[{sealed}')


def framed(body: str) -> bytes:
    """A body between its CRC, its length and the ends of a line."""
    return f"\n{crc16_arc(body.encode()):04X}{len(body):04X}{body}\r".encode()
