"""A node has started: its challenge comes back, and one start is one report."""

import pytest

from anju.concentrator.core.places import Address
from anju.uplink.reports import PanelMode, ReportKind
from anju.wire.messages import Ack, Hello, Message
from anju.wire.messages import Extra as ExtraItem
from anju.wire.table import Extra, Flag, Type, Verdict
from unit.concentrator.harness import HOUSEHOLD, Bench

pytestmark = pytest.mark.anyio


def told(message: Message) -> tuple[int, int, int, bytes | None]:
    assert isinstance(message.body, Ack)
    return message.body.verdict, message.body.acked_epoch, message.body.acked_counter, message.extra(Extra.CHALLENGE)


async def test_the_answer_names_the_hello_and_returns_its_challenge(rooms: Bench) -> None:
    node = await rooms.enrol()
    (answer,) = await rooms.receive(node, node.hello(b"12345678"))
    assert told(answer) == (Verdict.ACCEPTED, 1, node.counter, b"12345678")
    assert answer.body.type == Type.ACK


async def test_no_other_answer_carries_a_challenge(rooms: Bench) -> None:
    node = await rooms.enrol()
    answers = await rooms.receive(node, node.hello(), node.press(), node.heartbeat())
    assert [answer.extra(Extra.CHALLENGE) for answer in answers] == [b"8 random", None, None]


async def test_one_start_is_one_report_however_often_its_hello_comes(rooms: Bench) -> None:
    node = await rooms.enrol()
    frame = node.hello(b"12345678")
    answers = [told((await rooms.receive(node, again))[0]) for again in (frame, frame, node.hello(b"12345678"))]
    assert [(verdict, challenge) for verdict, _, _, challenge in answers] == [
        (Verdict.ACCEPTED, b"12345678"),
        (Verdict.DUPLICATE, b"12345678"),
        (Verdict.DUPLICATE, b"12345678"),
    ]
    (report,) = rooms.reports()
    assert (report.kind, report.firmware) == (ReportKind.NODE_STARTED, "0.1.0 test")


async def test_another_challenge_is_another_start(rooms: Bench) -> None:
    node = await rooms.enrol()
    await rooms.receive(node, node.hello(b"12345678"), node.hello(b"87654321"))
    assert rooms.kinds() == [ReportKind.NODE_STARTED] * 2


async def test_counter_0_is_nobodys(rooms: Bench) -> None:
    node = await rooms.enrol()
    assert await rooms.receive(node, node.frame(node.status(1), counter=0)) == []
    assert rooms.reports() == []
    assert rooms.reception.counts["replay"] == 1


async def test_a_start_is_no_alarm_and_arms_nobody(rooms: Bench) -> None:
    node = await rooms.enrol()
    await rooms.receive(node, node.hello())
    panel = rooms.journal.building.panels[HOUSEHOLD]
    assert (panel.mode, panel.latched) == (PanelMode.OFF, frozenset())
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
