"""Every byte that goes to a receiver is as the standard has it, and only what the standard has is taken for an answer."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.concentrator.destinations.dc09 import events
from anju.dc09 import frame
from anju.dc09.frame import Kind, Message
from unit.concentrator.dc09.strict import Seen, answer, crc16_arc, framed, see

NOW = dt.datetime(2026, 11, 29, 1, 2, 3, tzinfo=dt.UTC)
KEYS = st.one_of(st.none(), *(st.binary(min_size=size, max_size=size) for size in (16, 24, 32)))
ACCOUNTS = st.text("0123456789ABCDEF", min_size=3, max_size=16)
TIMES = st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2099, 12, 31), timezones=st.just(dt.UTC))  # noqa: DTZ001


def test_the_crc_is_that_of_the_standard() -> None:
    assert frame.crc(b"123456789") == crc16_arc(b"123456789") == 0xBB3D  # CRC-16/ARC's check value


@given(
    name=st.sampled_from(["ADM-CID", "SIA-DCS"]),
    number=st.integers(1, 9999),
    account=ACCOUNTS,
    line=st.text("0123456789ABCDEF", min_size=1, max_size=6),
    key=KEYS,
    at=TIMES,
    zone=st.integers(0, 999),
    extra=st.sampled_from(["", "[H01:02:03,11-29-2026]"]),
)
def test_a_message_is_seen_as_it_was_meant(
    name: str, number: int, account: str, line: str, key: bytes | None, at: dt.datetime, zone: int, extra: str
) -> None:
    told = events.adm_cid if name == "ADM-CID" else events.sia_dcs
    event = events.Event(1, 120, "PA")
    raw = frame.build(Message(name, number, account, told(event, account, 1, zone), extra), line, at, key)
    what = "1120" if name == "ADM-CID" else "PA"
    at = at.replace(microsecond=0)
    assert see(raw, key) == Seen(name, number, account, at, what, 1, zone, extra, key is not None)


@given(account=ACCOUNTS, key=KEYS)
def test_supervision_is_null_under_no_number(account: str, key: bytes | None) -> None:
    raw = frame.build(Message("NULL", frame.NULL_SEQUENCE, account), "0", NOW, key)
    assert see(raw, key) == Seen("NULL", 0, account, NOW, is_sealed=key is not None)


def test_a_frame_in_full() -> None:
    raw = frame.build(Message("ADM-CID", 17, "1A01", "#1A01|1120 01 002"), "0", NOW, None)
    assert raw == framed('"ADM-CID"0017R0L0#1A01[#1A01|1120 01 002]_01:02:03,11-29-2026')


def test_the_same_message_is_never_encrypted_to_the_same_twice() -> None:
    message = Message("ADM-CID", 17, "1A01", "#1A01|1120 01 002")
    assert len({frame.build(message, "0", NOW, bytes(16)) for _time in range(50)}) == 50


class TestAnswers:
    """What is read of a receiver."""

    seen = Seen("ADM-CID", 17, "1A01", NOW)

    @pytest.mark.parametrize("key", [None, bytes(16), bytes(24), bytes(32)])
    def test_an_ack(self, key: bytes | None) -> None:
        read = frame.read(answer("ACK", self.seen, key, NOW), key)
        assert read is not None
        assert (read.kind, read.sequence, read.account, read.is_sealed) == (Kind.ACK, 17, "1A01", key is not None)

    @pytest.mark.parametrize("key", [None, bytes(16)])
    def test_a_nak_tells_the_receivers_time(self, key: bytes | None) -> None:
        read = frame.read(answer("NAK", self.seen, key, NOW), key)
        assert read is not None
        assert (read.kind, read.at) == (Kind.NAK, NOW)

    def test_an_ack_in_the_clear_does_not_end_what_went_out_encrypted(self) -> None:
        assert frame.read(answer("ACK", self.seen), bytes(16)) is None

    def test_an_ack_under_another_key_is_none(self) -> None:
        assert frame.read(answer("ACK", self.seen, bytes(16)), b"k" * 16) is None
        assert frame.read(answer("ACK", self.seen, bytes(16)), None) is None

    @pytest.mark.parametrize(
        "body",
        [
            '"ACK"',
            '"ACK"0017R0L0#1A01',
            '"ACK"17R0L0#1A01[]',
            '"ACK"0017R0L0#1A01[] ',
            '"OK"0017R0L0#1A01[]',
            '"*ACK"0017R0L0#1A01[zz',
            '"*ACK"0017R0L0#1A01[' + "00" * 15,
        ],
    )
    def test_what_is_no_answer_is_none(self, body: str) -> None:
        assert frame.read(framed(body), bytes(16)) is None
        assert frame.read(framed(body), None) is None

    @given(st.binary(max_size=200), KEYS)
    def test_noise_is_none(self, noise: bytes, key: bytes | None) -> None:
        assert frame.read(noise, key) is None

    @given(place=st.integers(0, 200), bit=st.integers(0, 7))
    def test_a_flipped_bit_is_noticed(self, place: int, bit: int) -> None:
        raw = bytearray(answer("ACK", self.seen))
        raw[place % len(raw)] ^= 1 << bit
        read = frame.read(bytes(raw), None)
        # A digit of the CRC or the length may be written in small letters too.
        assert read is None or bytes(raw).upper() == answer("ACK", self.seen).upper()
