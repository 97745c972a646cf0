"""The stream of changes: each once, in order, from where a browser stopped, in its language."""

from __future__ import annotations

import httpx
import pytest
from starlette.types import ASGIApp

from anju.dutyroom.board import MOST_REPLAYED
from anju.dutyroom.desk import Desk
from anju.dutyroom.web.stream import MOST_STREAMS
from anju.uplink.reports import ReportKind, TroubleKind
from unit.dutyroom.browser import KEY, Listener, acknowledge, sit_down
from unit.dutyroom.reports import JOURNAL, batch, press, report

pytestmark = pytest.mark.anyio


async def test_each_alarm_is_one_event_with_the_report_that_brought_it(page: ASGIApp, desk: Desk) -> None:
    async with Listener(page, accept_language="en") as listener:
        await listener.events(1, but="")
        await desk.receive(batch(press(1), press(2, node=8), report(3, ReportKind.OPENED)))
        events = await listener.events(3)
    assert [(one.name, one.number) for one in events] == [("incident", 1), ("incident", 2), ("incident", 3)]
    told = [one.data["incident"] for one in events]
    assert [one["presses"] for one in told] == [1, 2, 2]
    assert told[1]["report"] == {"journal_id": JOURNAL, "seq": 2, "network": 1, "node": 8, "event_id": 2}
    assert told[2]["report"] is None
    assert "Hold-up" in events[0].data["html"]


async def test_each_browser_reads_its_own_language(page: ASGIApp, desk: Desk) -> None:
    async with Listener(page, accept_language="en") as english, Listener(page, accept_language="zh") as chinese:
        for listener in (english, chinese):
            await listener.events(1, but="")
        await desk.receive(batch(press(1)))
        texts = [(await listener.events(1))[0].data["html"] for listener in (english, chinese)]
    assert "Hold-up" in texts[0]
    assert "Hold-up" not in texts[1]


async def test_a_closed_incident_leaves_the_queue(page: ASGIApp, client: httpx.AsyncClient, desk: Desk) -> None:
    await desk.receive(batch(press(1)))
    await sit_down(client)
    await acknowledge(client)
    async with Listener(page, f"after={desk.newest()}") as listener:
        await listener.events(1, but="")
        await client.post("/incidents/1/close", json={"key": KEY + "2", "cause": "test"})
        (event,) = await listener.events(1)
    assert (event.data["incident"]["state"], event.data["incident"]["cause"], event.data["html"]) == (
        "closed",
        "test",
        "",
    )


async def test_a_browser_that_comes_back_is_told_what_it_missed(page: ASGIApp, desk: Desk) -> None:
    await desk.receive(batch(*(press(seq) for seq in range(1, 6))))
    async with Listener(page, "after=1", last_event_id="3") as listener:
        assert [one.number for one in await listener.events(2)] == [4, 5]


async def test_the_page_itself_says_where_its_stream_begins(page: ASGIApp, desk: Desk) -> None:
    await desk.receive(batch(press(1), press(2)))
    async with Listener(page, "after=1") as listener:
        assert [one.number for one in await listener.events(1)] == [2]


@pytest.mark.parametrize("last", ["700", "0"])
async def test_a_browser_that_missed_too_much_reads_anew(page: ASGIApp, desk: Desk, last: str) -> None:
    for first in range(1, MOST_REPLAYED + 2, 250):
        await desk.receive(batch(*(press(seq) for seq in range(first, first + 250))))
    async with Listener(page, last_event_id="9" * 15 if last == "700" else last) as listener:
        (event,) = await listener.events(1)
        assert (event.name, event.number) == ("reload", desk.newest())


@pytest.mark.parametrize("last", ["x", "-1", "9" * 40, "٣"])
async def test_a_strange_event_number_is_none(page: ASGIApp, desk: Desk, last: str) -> None:
    await desk.receive(batch(press(1)))
    async with Listener(page, last_event_id=last) as listener:
        await listener.events(1, but="")
        await desk.receive(batch(press(2)))
        assert [one.number for one in await listener.events(1)] == [2]


async def test_troubles_and_links_are_told(page: ASGIApp, desk: Desk) -> None:
    await desk.receive(batch(report(1, ReportKind.OPENED)))
    async with Listener(page) as listener:
        (link,) = await listener.events(1, but="")
        assert [(one["concentrator"], one["state"]) for one in link.data["links"]] == [("3", "heard")]
        await desk.receive(batch(report(2, ReportKind.TROUBLE, trouble=TroubleKind.FORGERY)))
        assert [one.name for one in await listener.events(1)] == ["trouble"]


async def test_streams_are_few_and_a_place_is_free_again(page: ASGIApp, desk: Desk) -> None:
    listeners = [Listener(page) for _ in range(MOST_STREAMS)]
    for listener in listeners:
        await listener.__aenter__()
        await listener.events(1, but="")
    async with Listener(page) as refused:
        await refused.end()
        assert refused.status == 503
    for listener in listeners:
        await listener.__aexit__(None, None, None)
    async with Listener(page) as again:
        await again.events(1, but="")
        assert again.status == 200


async def test_a_stream_ends_when_the_duty_room_does(page: ASGIApp, desk: Desk) -> None:
    async with Listener(page) as listener:
        await listener.events(1, but="")
        desk.stop()
        await listener.end()
