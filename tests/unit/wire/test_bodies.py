"""Blocks against a plain interpreted Construct of the same rows, on every length; messages against the tables."""

from __future__ import annotations

import io
from typing import Any

import pytest
from construct import Bytes, ConstructError, Int8sb, Int8ub, Int16ub, Int32ub, Struct, Terminated
from hypothesis import given
from hypothesis import strategies as st

from anju.wire import bodies, table
from anju.wire.bodies import Block
from anju.wire.messages import Body, Extra, Header, Status
from unit.wire.frames import any_body, any_extras

FIELDS = {"B": Int8ub, "b": Int8sb, "H": Int16ub, "I": Int32ub, "8s": Bytes(8), "7s": Bytes(7)}
TABLES = {"HEADER": table.HEADER} | {kind.name: fields for kind, fields in table.BODIES.items()}
BLOCKS = {"HEADER": bodies.HEADER} | {table.Type(kind).name: block for kind, block in bodies.BODIES.items()}


def interpreted(fields: str) -> Any:
    """The same rows as Construct's own documentation would write them."""
    return Struct(*[name / FIELDS[letter] for name, letter in table.rows_of(fields)], Terminated)


@pytest.mark.parametrize("name", TABLES)
@given(data=st.data())
def test_a_block_reads_what_an_interpreted_construct_reads(name: str, data: st.DataObject) -> None:
    plain, block = interpreted(TABLES[name]), BLOCKS[name]
    raw = data.draw(st.binary(max_size=2 * block.size) | st.binary(min_size=block.size, max_size=block.size))
    try:
        expected = plain.parse(raw)
    except ConstructError:
        with pytest.raises(ConstructError):
            block.parse(raw)
    else:
        assert block.parse(raw)._asdict() == {field: expected[field] for field, _ in table.rows_of(TABLES[name])}


@pytest.mark.parametrize("name", TABLES)
def test_every_truncation_is_an_error_in_both(name: str) -> None:
    plain, block = interpreted(TABLES[name]), BLOCKS[name]
    raw = bytes(range(1, block.size + 2))
    for length in [*range(block.size), block.size + 1]:
        with pytest.raises(ConstructError):
            plain.parse(raw[:length])
        with pytest.raises(ConstructError):
            block.parse(raw[:length])
    assert plain.parse(raw[: block.size]) is not None
    assert block.parse(raw[: block.size]) is not None


@given(any_body)
def test_a_block_writes_what_an_interpreted_construct_writes(body: Body) -> None:
    rows = table.BODIES[table.Type(body.type)]
    assert bodies.BODIES[body.type].build(body) == interpreted(rows).build(body._asdict())


@given(any_body)
def test_a_block_is_a_construct_like_any_other(body: Body) -> None:
    """It can stand inside a Struct, and reads streams."""
    block = bodies.BODIES[body.type]
    outer = Struct("body" / block, "rest" / Bytes(1))
    raw = outer.build({"body": body, "rest": b"!"})
    assert outer.parse(raw).body == body
    assert outer.sizeof() == table.BODY_BYTES + 1
    assert block.parse_stream(io.BytesIO(raw)) == body


@pytest.mark.parametrize("name", TABLES)
def test_a_message_has_the_fields_of_its_table(name: str) -> None:
    read = BLOCKS[name].parse(bytes(BLOCKS[name].size))
    assert read._fields == tuple(field for field, _ in table.rows_of(TABLES[name]))


def test_a_message_with_other_fields_is_not_accepted() -> None:
    with pytest.raises(TypeError, match="Header"):
        Block(table.STATUS, Header)
    swapped = table.STATUS.replace("type", "?").replace("flags", "type").replace("?", "flags")
    with pytest.raises(TypeError, match="Status"):
        Block(swapped, Status)


def test_every_type_has_a_block_of_one_cipher_block() -> None:
    assert set(bodies.BODIES) == set(table.Type)
    assert {block.size for block in bodies.BODIES.values()} == {table.BODY_BYTES}
    assert bodies.HEADER.size == table.HEADER_BYTES


@given(any_extras)
def test_extras_come_back(extras: tuple[Extra, ...]) -> None:
    assert bodies.EXTRAS.parse(bodies.EXTRAS.build(extras)) == extras
    wrapped = Struct("extras" / bodies.EXTRAS)
    assert wrapped.parse(wrapped.build({"extras": extras})).extras == extras


@given(any_extras.filter(bool))
def test_every_truncation_of_extras_is_shorter_or_an_error(extras: tuple[Extra, ...]) -> None:
    raw = bodies.EXTRAS.build(extras)
    borders = {len(bodies.EXTRAS.build(extras[:count])): count for count in range(len(extras))}
    for length in range(len(raw)):
        if length in borders:
            assert bodies.EXTRAS.parse(raw[:length]) == extras[: borders[length]]
        else:
            with pytest.raises(ConstructError):
                bodies.EXTRAS.parse(raw[:length])


def test_an_extra_holds_at_most_255_bytes() -> None:
    assert len(bodies.EXTRAS.build([Extra(1, bytes(255))])) == 257
    with pytest.raises(ValueError, match="range"):
        bodies.EXTRAS.build([Extra(1, bytes(256))])
    with pytest.raises(ConstructError):
        bodies.EXTRAS.sizeof()
