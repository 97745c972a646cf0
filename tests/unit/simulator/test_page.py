"""The scripted visitor uses the page as a browser does, and is not put off by a duty room that restarts."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from anju.simulator.page import EventStream, Incident, Origin, Page, Refused

ADDRESS = "http://127.0.0.1:8380"
TOLD = {
    "id": 4,
    "household": "3-1-0101",
    "building": "3",
    "kind": "hold_up",
    "state": "new",
    "presses": 1,
    "unseen": 1,
    "opened_at_ms": 1,
    "owner": None,
    "cause": None,
    "report": {"journal_id": "0" * 32, "seq": 1, "network": 1, "node": 7, "event_id": 18},
}


def events(*lines: str) -> list[tuple[str, str]]:
    """The events in a stream of lines."""
    stream = EventStream()
    return [event for line in lines if (event := stream.feed(line)) is not None]


def test_events_are_cut_from_lines() -> None:
    assert events("id: 3", "event: incident", 'data: {"a":', "data: 1}", "", ": still here", "", "data: x", "") == [
        ("incident", '{"a":\n1}'),
        ("message", "x"),
    ]


def test_the_last_id_is_remembered() -> None:
    stream = EventStream()
    for line in ("id: 3", "data: x", "", "id: 9", "data: y"):
        stream.feed(line)
    assert stream.last_id == "9"


def test_an_incident_is_read_with_and_without_its_report() -> None:
    assert Incident.of(TOLD) == Incident(4, "3-1-0101", "hold_up", "new", 1, Origin(7, 18))
    assert Incident.of(TOLD | {"report": None}).origin is None


def page(answer: Callable[[httpx.Request], httpx.Response], on_incident: Callable[..., None] = print) -> Page:
    """A page whose server is a function."""
    return Page(ADDRESS, on_incident, httpx.MockTransport(answer))


@pytest.mark.anyio
async def test_a_click_is_sent_again_with_its_key_until_it_is_answered() -> None:
    bodies: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["Origin"] == ADDRESS
        bodies.append(request.content)
        if len(bodies) == 1:
            raise httpx.ConnectError("refused")
        return httpx.Response(503 if len(bodies) == 2 else 200, json={"incident": TOLD})

    async with page(answer) as visitor:
        await visitor.click(4, "acknowledge")
    assert len(bodies) == 3
    assert len(set(bodies)) == 1


@pytest.mark.anyio
async def test_a_forgotten_visitor_sits_down_again() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if request.url.path != "/duty" and asked.count("/duty") < 2:
            return httpx.Response(403, json={"error": "who are you?"})
        return httpx.Response(200, json={"incident": TOLD})

    async with page(answer) as visitor:
        await visitor.sit_down("guard")
        await visitor.click(4, "dispatch")
    assert asked == ["/duty", "/incidents/4/dispatch", "/duty", "/incidents/4/dispatch"]


@pytest.mark.anyio
async def test_a_refusal_is_told_with_its_reason() -> None:
    async with page(lambda _request: httpx.Response(409, json={"error": "closed already"})) as visitor:
        with pytest.raises(Refused, match="closed already"):
            await visitor.click(4, "acknowledge")


@pytest.mark.anyio
async def test_the_stream_goes_on_where_it_broke() -> None:
    seen: list[Incident] = []
    asked_after: list[str] = []
    enough = asyncio.Event()

    async def stream(number: int) -> AsyncIterator[bytes]:
        told = json.dumps({"incident": TOLD | {"id": number}})
        yield f"id: {number}\nevent: incident\ndata: {told}\n\n".encode()

    def answer(request: httpx.Request) -> httpx.Response:
        asked_after.append(request.url.params["after"])
        return httpx.Response(200, content=stream(len(asked_after)))

    def shown(incident: Incident, _at: float) -> None:
        seen.append(incident)
        if len(seen) == 2:
            enough.set()

    async with page(answer, shown) as visitor, asyncio.TaskGroup() as group:
        watching = group.create_task(visitor.watch())
        await enough.wait()
        watching.cancel()
    assert [incident.id for incident in seen] == [1, 2]
    assert asked_after[:2] == ["0", "1"]


@pytest.mark.anyio
async def test_a_stream_that_cannot_go_on_is_made_up_for_by_the_queue() -> None:
    seen: list[Incident] = []
    enough = asyncio.Event()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/incidents":
            return httpx.Response(200, json={"incidents": [TOLD | {"report": None}]})
        return httpx.Response(200, content=b"event: reload\nid: 7\ndata: {}\n\n")

    def shown(incident: Incident, _at: float) -> None:
        seen.append(incident)
        enough.set()

    async with page(answer, shown) as visitor, asyncio.TaskGroup() as group:
        watching = group.create_task(visitor.watch())
        await enough.wait()
        watching.cancel()
    assert seen[0].id == TOLD["id"]
