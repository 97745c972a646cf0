"""Invariant I2: what is not authentic is a counted refusal; never an exception, never a change of anything."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from anju.concentrator.reception import Arrival
from anju.wire import bodies
from anju.wire.messages import Header
from anju.wire.seal import Cipher
from anju.wire.table import HEADER_BYTES, MOST_BYTES, Code
from unit.concentrator.harness import Bench, FarNode, bench

pytestmark = pytest.mark.anyio

REASONS = {"length", "header", "direction", "unknown_node", "tag"}


class Target:
    """A concentrator with one node that has spoken, and everything about it that a forgery must not change."""

    def __init__(self, rooms: Bench, node: FarNode, genuine: bytes) -> None:
        self.rooms = rooms
        self.node = node
        self.genuine = genuine
        self.state = self._state()

    async def refuses(self, frame: bytes) -> str:
        """The reason for which a frame was refused, after checking that nothing else came of it."""
        counts, sent = self.rooms.reception.counts.copy(), len(self.rooms.sent)
        await self.rooms.reception.receive([Arrival(frame, self.node.route)])
        assert self._state() == self.state
        assert len(self.rooms.sent) == sent
        grown = self.rooms.reception.counts - counts
        assert grown.total() == 1
        (reason,) = grown
        return str(reason)

    def _state(self) -> str:
        return repr((self.rooms.rows(), self.rooms.journal.building))


@pytest.fixture
async def target(rooms: Bench) -> AsyncIterator[Target]:
    node = await rooms.enrol()
    await rooms.receive(node, node.hello(), node.event(Code.OPENED))
    genuine = node.press()  # not received yet: a frame that would change much
    await rooms.receive(node, genuine[:-1] + bytes([genuine[-1] ^ 1]))  # this minute's one trouble about forgeries
    yield Target(rooms, node, genuine)
    assert await rooms.verdict(node, genuine) is not None  # and none of it kept the genuine frame out


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[str, int, bytes]:
    """How to spoil a genuine frame: flip one bit, cut it, or let it grow."""
    how = draw(st.sampled_from(["flip", "cut", "grow"]))
    return how, draw(st.integers(0, 44 * 8 - 1)), draw(st.binary(min_size=1, max_size=300))


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=spoilt())
@example(damage=("cut", 0, b"-"))
async def test_spoilt_frames_are_refused(target: Target, damage: tuple[str, int, bytes]) -> None:
    how, at, more = damage
    frame = bytearray(target.genuine)
    if how == "flip":
        frame[at // 8] ^= 1 << at % 8
    elif how == "cut":
        del frame[at % len(frame) :]
    else:
        frame += more
    assert await target.refuses(bytes(frame)) in REASONS


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frame=st.binary(max_size=2000))
@example(frame=b"")
@example(frame=bytes(MOST_BYTES))
@example(frame=bytes(MOST_BYTES + 1))
async def test_noise_is_refused(target: Target, frame: bytes) -> None:
    assert await target.refuses(frame) in REASONS


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sealed=st.binary(min_size=32, max_size=MOST_BYTES - HEADER_BYTES), counter=st.integers(0, 0xFFFF_FFFF))
async def test_a_right_header_over_noise_is_refused_by_its_tag(target: Target, sealed: bytes, counter: int) -> None:
    header: bytes = bodies.HEADER.build(Header.up(*target.node.address, 1, counter))
    assert await target.refuses(header + sealed) == "tag"


async def test_another_nodes_key_is_refused(target: Target) -> None:
    other = await target.rooms.enrol("3-2-0502")
    header: bytes = bodies.HEADER.build(Header.up(*target.node.address, 1, 99))
    body: bytes = bodies.build(other.status(Code.PANIC))
    assert await target.refuses(other._cipher.seal(header, body)) == "tag"


async def test_a_frame_sent_back_to_us_is_refused(target: Target) -> None:
    _, acknowledgement = target.rooms.sent[0]
    assert await target.refuses(acknowledgement) == "direction"
    as_if_up = acknowledgement[:1] + b"\x01" + acknowledgement[2:]
    assert await target.refuses(as_if_up) == "tag"  # the two directions have two keys


async def test_nodes_networks_and_epochs_that_are_not_enrolled_are_refused(target: Target) -> None:
    cipher, body = Cipher(bytes(16)), bodies.build(target.node.status(Code.PANIC))
    network, node = target.node.address
    for header in (
        Header.up(network, node + 1, 1, 99),
        Header.up(network + 1, node, 1, 99),
        Header.up(network, node, 2, 99),
    ):
        assert await target.refuses(cipher.seal(bodies.HEADER.build(header), body)) == "unknown_node"


async def test_an_event_that_was_refused_is_not_taken_from_another_site(target: Target, tmp_path: Path) -> None:
    """Two sites number their nodes alike; their keys differ."""
    (tmp_path / "elsewhere").mkdir()
    async with bench(tmp_path / "elsewhere") as elsewhere:
        twin = await elsewhere.enrol()
        assert twin.address == target.node.address
        assert await target.refuses(twin.press()) == "tag"
