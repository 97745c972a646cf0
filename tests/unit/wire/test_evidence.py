"""A statement is what the device's own key has signed, whole, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.uplink import reports
from anju.wire import evidence, table
from anju.wire.codec import Codec
from anju.wire.evidence import EvidenceFault, SignedStatement, Statement, Witnessed
from anju.wire.messages import Extra, Header, Message
from unit.wire.signatory import FIRST, Signatory, body_of, extras_of, message_of, press

ANNA, BERT = Signatory(1), Signatory(2)


def test_what_was_signed_is_read_and_verified_by_the_public_key_alone() -> None:
    told = ANNA.testimony([press(18), press(30)])
    read = evidence.read(message_of(told), ANNA.device)
    assert read == told
    assert read.is_by(ANNA.public_key)


def test_it_fits_into_a_frame_with_as_many_events_as_it_may_have() -> None:
    told = ANNA.testimony([press(number) for number in range(1, table.MOST_WITNESSED + 1)])
    codec = Codec(table.LinkClass.UP)
    codec.learn(1, 7, 1, up=bytes(16), down=bytes(range(16)))
    frame = codec.seal(Header.up(1, 7, 1, 50), body_of(told), extras_of(told))
    assert len(frame) <= table.MOST_BYTES
    assert evidence.read(codec.open(frame), ANNA.device).is_by(ANNA.public_key)
    assert len(frame) + 2 * len(b"12345678901") > table.MOST_BYTES, "one more would not fit"


def test_the_uplink_takes_as_many_events_as_a_frame() -> None:
    assert reports.MOST_WITNESSED == table.MOST_WITNESSED


def test_another_device_has_not_signed_it() -> None:
    told = ANNA.testimony([press()])
    assert not told.is_by(BERT.public_key)
    assert not BERT.testimony([press()], device=ANNA.device).is_by(BERT.public_key), (
        "a key that the device is not named after"
    )
    assert not evidence.read(message_of(told), BERT.device).is_by(ANNA.public_key)


def test_no_key_is_no_crash() -> None:
    assert not ANNA.testimony([press()]).is_by(bytes(32))


CHANGES: list[dict[str, Any]] = [
    {"network": 2},
    {"node": 8},
    {"epoch": 2},
    {"time_s": 1},
    {"time_age_s": 61},
    {"before": bytes([1]) + FIRST[1:]},
]


@pytest.mark.parametrize("changed", CHANGES, ids=lambda change: next(iter(change)))
def test_a_changed_statement_is_not_what_was_signed(changed: dict[str, Any]) -> None:
    told = ANNA.testimony([press()])
    assert not told._replace(statement=told.statement._replace(**changed)).is_by(ANNA.public_key)


@given(st.sampled_from(Witnessed._fields), st.integers(0, 255))
def test_a_changed_event_is_not_what_was_signed(field: str, value: int) -> None:
    told = ANNA.testimony([press()])
    changed = told.events[0]._replace(**{field: value})
    assert told._replace(events=(changed,)).is_by(ANNA.public_key) == (changed == told.events[0])


def test_events_are_signed_in_their_order_and_number() -> None:
    told = ANNA.testimony([press(18), press(30)])
    assert not told._replace(events=told.events[::-1]).is_by(ANNA.public_key)
    one = told._replace(events=told.events[:1], statement=told.statement._replace(events=1))
    assert not one.is_by(ANNA.public_key)


def test_the_digest_is_of_everything_that_is_signed() -> None:
    told = ANNA.testimony([press()])
    assert told._replace(signature=bytes(64)).digest == told.digest
    assert ANNA.testimony([press()], before=told.digest).digest != told.digest


def spoilt(told: SignedStatement) -> dict[str, Message]:
    good = message_of(told)
    signature, before, events = good.extras
    body: Any = good.body
    return {
        "no signature": good._replace(extras=(before, events)),
        "no predecessor": good._replace(extras=(signature, events)),
        "no events": good._replace(extras=(signature, before)),
        "a short signature": good._replace(extras=(Extra(signature.type, signature.value[:-1]), before, events)),
        "a long predecessor": good._replace(extras=(signature, Extra(before.type, before.value + b"\0"), events)),
        "a torn event": good._replace(extras=(signature, before, Extra(events.type, events.value[:-1]))),
        "one event too many": good._replace(extras=(signature, before, Extra(events.type, events.value * 2))),
        "none": good._replace(body=body._replace(events=0), extras=(signature, before, Extra(events.type, b""))),
        "reserved": good._replace(body=body._replace(reserved=b"\1" + bytes(6))),
        "ten": good._replace(
            body=body._replace(events=10), extras=(signature, before, Extra(events.type, events.value[:11] * 10))
        ),
    }


@pytest.mark.parametrize("how", spoilt(ANNA.testimony([press()])))
def test_parts_that_do_not_fit_together_are_no_evidence(how: str) -> None:
    with pytest.raises(EvidenceFault):
        evidence.read(spoilt(ANNA.testimony([press()]))[how], ANNA.device)


def test_statement_and_events_have_the_fields_of_their_tables() -> None:
    assert [*Statement._fields] == [name for name, _ in table.rows_of(table.STATEMENT)]
    assert [*Witnessed._fields] == [name for name, _ in table.rows_of(table.WITNESSED)]
    assert [*reports.Witnessed.model_fields] == sorted(Witnessed._fields)
