"""What is authentic but not understood is raised all the same, as loudly as it asks: a newer node's alarm is an alarm."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from anju.wire import bodies
from anju.wire.messages import Command, Extra
from anju.wire.table import BODY_BYTES, Code, Flag, Order, Type, Verdict
from unit.concentrator.harness import BUTTON, HOUSEHOLD, Bench, FarNode

pytestmark = pytest.mark.anyio

RESERVED = 6
ASKED, URGENT = Flag.ACK_REQUESTED, Flag.ACK_REQUESTED | Flag.URGENT
REST = bytes(BODY_BYTES - 2)


async def what_came_of(rooms: Bench, node: FarNode, plaintext: bytes) -> tuple[str, str, str | None]:
    """Kind, lane and trouble of the one report that a plaintext led to, after checking that it was answered."""
    assert await rooms.verdict(node, node.sealed(plaintext)) == Verdict.NOT_UNDERSTOOD
    (report,) = rooms.reports()
    assert report.household == HOUSEHOLD
    assert report.counter == node.counter
    assert report.time_doubtful
    return report.kind, report.lane, report.trouble


UNREADABLE = {
    "a reserved type": (RESERVED, b""),
    "an extra that must be understood": (Type.EVENT, b"\xff\x01!"),
    "an extra that runs past the end": (Type.EVENT, b"\x01\x09short"),
    "half an extra": (Type.HEARTBEAT, b"\x01"),
    "a command, which only we may give": (Type.COMMAND, b""),
}


@pytest.mark.parametrize(("kind", "behind"), UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_an_urgent_one_is_an_alarm(rooms: Bench, kind: int, behind: bytes) -> None:
    node = await rooms.enrol()
    plaintext = bytes((kind, URGENT)) + REST + behind
    assert await what_came_of(rooms, node, plaintext) == ("unknown_alarm", "panic", None)


@pytest.mark.parametrize(("kind", "behind"), UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_a_calm_one_is_trouble(rooms: Bench, kind: int, behind: bytes) -> None:
    node = await rooms.enrol()
    plaintext = bytes((kind, ASKED)) + REST + behind
    assert await what_came_of(rooms, node, plaintext) == ("trouble", "routine", "not_understood")


@pytest.mark.parametrize(("flags", "kind", "lane"), [(URGENT, "unknown_alarm", "panic"), (ASKED, "trouble", "routine")])
async def test_an_unknown_code_is_an_event_that_was_understood_but_for_its_meaning(
    rooms: Bench, flags: int, kind: str, lane: str
) -> None:
    node = await rooms.enrol()
    frame = node.event(77, BUTTON, flags=flags, levels=2)
    assert await rooms.verdict(node, frame) == Verdict.ACCEPTED
    (report,) = rooms.reports()
    assert (report.kind, report.lane, report.event_id) == (kind, lane, 1)
    assert report.zone is not None
    assert report.zone.name == "bedside"
    assert rooms.levels(node) == 2


async def test_an_extra_that_need_not_be_understood_is_skipped(rooms: Bench) -> None:
    node = await rooms.enrol()
    frame = node.frame(node.status(Code.PANIC, BUTTON), (Extra(0x7F, b"from the future"),))
    assert await rooms.verdict(node, frame) == Verdict.ACCEPTED
    assert rooms.kinds() == ["hold_up_alarm"]


async def test_an_input_that_was_not_enrolled_still_alarms(rooms: Bench) -> None:
    node = await rooms.enrol()
    assert await rooms.verdict(node, node.event(Code.PANIC, 200)) == Verdict.ACCEPTED
    (report,) = rooms.reports()
    assert (report.kind, report.zone) == ("hold_up_alarm", None)


async def test_its_retry_is_not_raised_twice(rooms: Bench) -> None:
    node = await rooms.enrol()
    frame = node.sealed(bytes((RESERVED, URGENT)) + REST)
    assert await rooms.verdict(node, frame) == Verdict.NOT_UNDERSTOOD
    assert await rooms.verdict(node, frame) == Verdict.DUPLICATE
    assert rooms.kinds() == ["unknown_alarm"]


async def test_what_asks_for_no_answer_gets_none(rooms: Bench) -> None:
    node = await rooms.enrol()
    assert await rooms.verdict(node, node.sealed(bytes((RESERVED, Flag.URGENT)) + REST)) is None
    assert rooms.kinds() == ["unknown_alarm"]


async def test_it_is_committed_before_it_is_answered(rooms: Bench) -> None:
    node = await rooms.enrol()
    frame = node.sealed(bytes((RESERVED, URGENT)) + REST)
    with rooms.disk.refuses():
        assert await rooms.verdict(node, frame) is None
    assert await rooms.verdict(node, frame) == Verdict.NOT_UNDERSTOOD


TYPES = st.sampled_from([*Type, RESERVED, 0, 255])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=TYPES, rest=st.binary(min_size=BODY_BYTES - 1, max_size=200))
@example(kind=Type.HELLO, rest=b"\x01" + bytes(14) + b"\x01\x09\xff\x00\x1b[31m!!")
@example(kind=Type.HELLO, rest=b"\x01" + bytes(14) + b"\x01\x80" + 128 * b"\\")
@example(kind=Type.EVENT, rest=b"\xff" * 15)
async def test_whatever_an_enrolled_node_says_is_received(rooms: Bench, kind: int, rest: bytes) -> None:
    """A node with a key may be broken or turned: nothing that it can say trips us up, and what asks for it is answered."""
    node = await rooms.enrol()
    answers = await rooms.receive(node, node.sealed(bytes((kind,)) + rest))
    assert rooms.reception.counts["fault"] == rooms.reception.counts["not_acknowledged"] == 0
    if kind != Type.ACK:  # an ACK is not acked, however it is flagged
        assert len(answers) == rest[0] & Flag.ACK_REQUESTED


async def test_a_well_formed_command_is_as_strange(rooms: Bench) -> None:
    node = await rooms.enrol()
    command = Command(Type.COMMAND, URGENT, rooms.clock.unix_s, 1, Order.SEEN, 0, 1, 120)
    assert await what_came_of(rooms, node, bodies.build(command)) == ("unknown_alarm", "panic", None)
