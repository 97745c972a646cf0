"""What other makers' panels say is shown as any other report, in both languages; nobody can order anything of them."""

from __future__ import annotations

import httpx
import pytest

from anju.dutyroom import uplink
from anju.dutyroom.core import panels
from anju.dutyroom.core.incident import Act, Action, Reason, allowed
from anju.dutyroom.core.own_trouble import OwnTrouble, Seen
from anju.dutyroom.core.request import Arrival, Handling, NoSuchHousehold, Order
from anju.dutyroom.desk import Desk
from anju.dutyroom.figures import Figures
from anju.uplink.canonical import canonical
from anju.uplink.commands import CommandKind
from unit.dutyroom.browser import KEY
from unit.dutyroom.conftest import HandClock
from unit.dutyroom.panels import kit
from unit.dutyroom.panels.kit import PANIC, message
from unit.dutyroom.reports import HOUSEHOLD, JOURNAL, NOW_MS, batch, press

pytestmark = pytest.mark.anyio
BURGLARY, MAINS, SERVICE, PERIODIC, STRANGE = (
    f"|1{code} 01 {zone:03}" for code, zone in ((130, 9), (301, 0), (321, 0), (602, 0), (789, 0))
)


async def say(desk: Desk, clock: HandClock, *contents: str) -> None:
    receiver = kit.receiver(desk, clock)
    for sequence, content in enumerate(contents, 1):
        await receiver.judge(message(content, sequence), "tcp", "10.0.0.7")


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("en", ["Hold-up", "Button pressed: bedside", "building 3, unit 2, door 0501", "ADM-CID 1602"]),
        ("zh-CN", ["bedside", "3", "0501", "报警主机上报了一件事，不是警情"]),
    ],
)
async def test_an_incident_with_its_household_zone_and_context(
    desk: Desk, clock: HandClock, client: httpx.AsyncClient, tag: str, expected: list[str]
) -> None:
    await say(desk, clock, PANIC, PERIODIC)
    page = (await client.get("/", headers={"accept-language": tag})).text
    assert [text for text in expected if text not in page] == []


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        (
            "en",
            [
                "No mains: the alarm panel runs on its battery",
                "The alarm panel says that something is wrong with it (ADM-CID 1321)",
                "The alarm panel says something that this release does not know (ADM-CID 1789)",
                "An alarm panel calls whose account nobody has entered",
                "The alarm panel is silent",
                "#BAD1, 10.0.0.7",
            ],
        ),
        ("zh-CN", ["市电中断：报警主机正由电池供电", "报警主机报告自身有故障（ADM-CID 1321）", "报警主机没有声息"]),
    ],
)
async def test_troubles(desk: Desk, clock: HandClock, client: httpx.AsyncClient, tag: str, expected: list[str]) -> None:
    await say(desk, clock, MAINS, SERVICE, STRANGE)
    receiver = kit.receiver(desk, clock)
    await receiver.judge(message(PANIC, of="BAD1"), "tcp", "10.0.0.7")
    clock.advance(301)
    await receiver.look()
    page = (await client.get("/", headers={"accept-language": tag})).text
    assert [text for text in expected if text not in page] == []
    assert "concentrator panels" not in page


async def test_it_is_no_concentrator_that_could_be_missed(desk: Desk, clock: HandClock) -> None:
    await say(desk, clock, PANIC)
    assert desk.links() == []
    assert Desk(desk._store, desk.now_ms, lambda: clock.monotonic_s).links() == []


async def test_it_takes_no_orders(desk: Desk, clock: HandClock) -> None:
    await say(desk, clock, PANIC, BURGLARY)
    person = (await desk.sit_down(Arrival("Wang Qiang", "t" * 32, None, "test"))).id
    for number in (1, 2):
        await desk.handle(Handling(number, Action(Act.ACKNOWLEDGE, person, NOW_MS), f"{KEY}{number}", "test"))
    for incident in desk.queue():
        assert allowed(incident) == {Act.DISPATCH, Act.CLOSE}
        reset = Handling(incident.id, Action(Act.RESET, person, NOW_MS), f"{KEY} {incident.id}", "test")
        assert await desk.handle(reset) is Reason.NO_ORDERS
    with pytest.raises(NoSuchHousehold):
        await desk.order(_disarm())
    assert (await desk.commands(panels.JOURNAL, 0, 0)).commands == ()


def _disarm() -> Order:
    return Order(HOUSEHOLD, CommandKind.DISARM, "Wang Qiang", "asked for it", NOW_MS, KEY, "socket", None, None, None)


async def test_a_household_with_both_is_asked_by_its_own_concentrator(desk: Desk, clock: HandClock) -> None:
    await desk.receive(batch(press(1)))
    await say(desk, clock, PANIC)
    (incident,) = desk.queue()
    assert incident.presses == 2
    person = (await desk.sit_down(Arrival("Wang Qiang", "t" * 32, None, "test"))).id
    for act in (Act.ACKNOWLEDGE, Act.RESET):
        await desk.handle(Handling(1, Action(act, person, NOW_MS), f"{KEY}{act}", "test"))
    await desk.order(_disarm())
    given = (await desk.commands(JOURNAL, 0, 0)).commands
    assert [(one.kind, one.report.journal_id) for one in given] == [
        (CommandKind.SEEN, JOURNAL),
        (CommandKind.RESET, JOURNAL),
        (CommandKind.DISARM, JOURNAL),
    ]


async def test_no_concentrator_speaks_in_their_journal(desk: Desk, clock: HandClock) -> None:
    assert desk.owner(panels.JOURNAL) == panels.NAME
    body = canonical(batch(press(1), journal_id=panels.JOURNAL))
    transport = httpx.ASGITransport(uplink.application(desk))
    async with httpx.AsyncClient(transport=transport, base_url="http://duty-room") as concentrator:
        assert (await concentrator.post("/uplink/v1/batches", content=body)).status_code == 422
        polled = await concentrator.get("/uplink/v1/commands", params={"journal_id": panels.JOURNAL})
        assert polled.status_code == 422
    assert desk.queue() == []
    await say(desk, clock, PANIC)
    assert desk.owner(panels.JOURNAL) == panels.NAME


async def test_messages_are_counted_by_what_became_of_them(desk: Desk, clock: HandClock) -> None:
    receiver = kit.receiver(desk, clock)
    for raw in (message(PANIC), message(PANIC), kit.null(), message(PANIC, of="BAD1"), b"nothing"):
        await receiver.judge(raw, "udp", "?")
    figures = Figures(desk.queue, desk.links, desk.is_faulty, receiver)
    told = {(one.name, one.labels.get("outcome")): one.value for metric in figures() for one in metric.samples}
    counted = {outcome: value for (name, outcome), value in told.items() if name == "anju_panel_messages_total"}
    assert counted == {"taken": 1, "repeated": 1, "supervision": 1, "unknown": 1, "garbage": 1}
    assert told["anju_panels_silent", None] == 0


async def test_that_nobody_listens_stands_until_somebody_does(desk: Desk, clock: HandClock) -> None:
    down = Seen(OwnTrouble.PANELS_DOWN, panels.NAME)
    assert await desk.dates("panels tcp", down)
    assert not await desk.dates("panels tcp", down)
    assert [Seen.of(one.detail) for one in desk.troubles()] == [down]
    clock.advance(61)
    assert await desk.dates("panels tcp", None)
