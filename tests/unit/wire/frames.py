"""What the tests of the wire share: codecs with keys, and strategies for headers, bodies and extras."""

from __future__ import annotations

from hypothesis import strategies as st

from anju.wire import bodies, table
from anju.wire.codec import Codec
from anju.wire.messages import Body, Extra, Header

NETWORK, NODE, EPOCH = 1, 7, 1
UP, DOWN = bytes(range(16)), bytes(range(16, 32))


def codec(receives: table.LinkClass) -> Codec:
    """A receiver that knows one link."""
    made = Codec(receives)
    made.learn(NETWORK, NODE, EPOCH, up=UP, down=DOWN)
    return made


CONCENTRATOR = codec(table.LinkClass.UP)
NODE_CODEC = codec(table.LinkClass.DOWN)


def _field(letter: str) -> st.SearchStrategy[int | bytes]:
    ranges = {"B": (0, 0xFF), "b": (-128, 127), "H": (0, 0xFFFF), "I": (0, 0xFFFF_FFFF)}
    if letter.endswith("s"):
        return st.binary(min_size=int(letter[:-1]), max_size=int(letter[:-1]))
    return st.integers(*ranges[letter])


def _body(kind: table.Type) -> st.SearchStrategy[Body]:
    fields = [_field(letter) for _, letter in table.rows_of(table.BODIES[kind])[1:]]
    return st.tuples(st.just(int(kind)), *fields).map(
        lambda values: bodies.BODIES[kind].parse(bodies.BODIES[kind].build(values))
    )


any_body = st.sampled_from(list(table.BODIES)).flatmap(_body)
skippable = st.builds(Extra, st.integers(0, table.CRITICAL - 1), st.binary(max_size=40))
any_extras = st.lists(skippable, max_size=4).map(tuple)


def header(link_class: table.LinkClass, counter: int) -> Header:
    """A header of the one link that `CONCENTRATOR` and `NODE_CODEC` know."""
    return Header(table.MAGIC, link_class, EPOCH, 0, NETWORK, NODE, counter)


counters = st.integers(0, 0xFFFF_FFFF)
directions = st.sampled_from([table.LinkClass.UP, table.LinkClass.DOWN])
