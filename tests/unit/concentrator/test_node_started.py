"""A node's HELLO: answered with its own challenge, and its start reported once."""

import pytest

from anju.concentrator.core.places import Address
from anju.wire.messages import Ack, Hello
from anju.wire.messages import Extra as ExtraItem
from anju.wire.table import Extra, Flag, Type, Verdict
from unit.concentrator.harness import Bench

pytestmark = pytest.mark.anyio


async def test_the_challenge_comes_back_and_the_start_goes_up(rooms: Bench) -> None:
    node = await rooms.enrol()
    (answer,) = await rooms.receive(node, node.hello(b"12345678"))
    assert isinstance(answer.body, Ack)
    assert answer.body.verdict == Verdict.ACCEPTED
    assert answer.body.time_s == rooms.clock.unix_s
    assert answer.extra(Extra.CHALLENGE) == b"12345678"
    (report,) = rooms.reports()
    assert (report.kind, report.lane, report.household) == ("node_started", "routine", node.household)
    assert report.firmware == "0.1.0 test"


async def test_sealed_again_it_is_one_start(rooms: Bench) -> None:
    node = await rooms.enrol()
    frames = [node.hello(b"1st boot"), node.hello(b"1st boot"), node.hello(b"2nd boot")]
    answers = await rooms.receive(node, *frames)
    verdicts = [answer.body.verdict for answer in answers if isinstance(answer.body, Ack)]
    assert verdicts == [Verdict.ACCEPTED, Verdict.DUPLICATE, Verdict.ACCEPTED]
    assert [answer.extra(Extra.CHALLENGE) for answer in answers] == [b"1st boot", b"1st boot", b"2nd boot"]
    assert rooms.kinds() == ["node_started", "node_started"]


async def test_a_retry_gets_its_challenge_too(rooms: Bench) -> None:
    """The first answer may be lost, and without its challenge a node takes no command."""
    node = await rooms.enrol()
    frame = node.hello(b"12345678")
    await rooms.receive(node, frame)
    (answer,) = await rooms.receive(node, frame)
    assert answer.extra(Extra.CHALLENGE) == b"12345678"


async def test_a_start_is_no_alarm_and_changes_no_panel(rooms: Bench) -> None:
    node = await rooms.enrol()
    await rooms.receive(node, node.hello())
    assert rooms.journal.building.panels == {}
    assert rooms.journal.totals()["events"] == 0


@pytest.mark.parametrize(
    ("build", "firmware"),
    [
        (b"0.1.0 micropython-1.28.0 unix_sim", "0.1.0 micropython-1.28.0 unix_sim"),
        (b"", "1.2.3"),
        (None, "1.2.3"),
        (b"\x1b[31mred\n\xff\xe4\xbd\xa0", "[31mred"),
        (b"x" * 200, 64 * "x"),
    ],
)
async def test_what_it_says_of_its_firmware_is_printable_or_left_out(
    rooms: Bench, build: bytes | None, firmware: str
) -> None:
    node = await rooms.enrol()
    body = Hello(Type.HELLO, Flag.ACK_REQUESTED, b"12345678", 1, 2, 3, 1, 3, 0)
    extras = () if build is None else (ExtraItem(Extra.BUILD, build),)
    assert await rooms.verdict(node, node.frame(body, extras)) == Verdict.ACCEPTED
    assert rooms.reports()[0].firmware == firmware
    assert rooms.journal.building.nodes[Address(*node.address)].firmware == firmware
