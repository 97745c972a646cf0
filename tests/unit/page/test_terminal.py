"""The page in a process of its own: it reads the core's file, and only the core changes it."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import httpx
import pytest

from anju.dutyroom import terminals, uplink, web
from anju.dutyroom.core.change import What
from anju.dutyroom.core.incident import State
from anju.dutyroom.desk import Desk
from anju.dutyroom.serve import listen_on_path, serving
from anju.dutyroom.store import Store
from anju.page import terminal as page
from anju.page.terminal import Core, Terminal
from unit.concentrator.harness import running, until
from unit.dutyroom.browser import KEY, ORIGIN, OWN, PORT, Listener, acknowledge, sit_down
from unit.dutyroom.reports import HOUSEHOLD, NEIGHBOUR, NOW_MS, batch, press

pytestmark = pytest.mark.anyio


class Clock:
    """Seconds of the page's process, which a test adds to."""

    monotonic_s = 1000.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJU_LANG", "en")
    monkeypatch.setattr(page, "_AGAIN_S", 0.01)
    monkeypatch.setattr(page, "_POLL_S", 0.05)


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="anju-") as name:  # pytest's own is too deep for a socket
        yield Path(name)


@asynccontextmanager
async def core(folder: Path) -> AsyncIterator[Desk]:
    """The core of a duty room on its socket; again on the same folder it is a restart."""
    store = Store.open(folder / "dutyroom.db")
    desk = Desk(store, lambda: NOW_MS + 10, lambda: 0.0)
    application = uplink.application(desk, terminals.routes(desk))
    try:
        with closing(listen_on_path(folder / "core.sock")) as listener:
            async with serving(application, listener):
                yield desk
                desk.stop()
    finally:
        await store.close()


@asynccontextmanager
async def shown(folder: Path, clock: Clock) -> AsyncIterator[Terminal]:
    """A page's process, following the core."""
    asked = Core(folder / "core.sock")
    terminal = Terminal(
        folder / "dutyroom.db", asked, await asked.answering(), lambda: NOW_MS + 20, lambda: clock.monotonic_s
    )
    try:
        async with running(terminal.follow()):
            yield terminal
            terminal.stop()
    finally:
        terminal.close()
        await asked.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def browser(terminal: Terminal) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(web.application(terminal, "Sunny Garden", PORT))
    return httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"accept-language": "en", **OWN})


async def test_a_guard_works_with_it_and_the_core_has_it(folder: Path, clock: Clock) -> None:
    async with core(folder) as desk, shown(folder, clock) as terminal, browser(terminal) as client:
        await desk.receive(batch(press(1)))
        await until(terminal.queue)
        assert HOUSEHOLD in (await client.get("/")).text
        await sit_down(client)
        answer = await acknowledge(client)
        assert (answer.status_code, answer.json()["incident"]["owner"]) == (200, "Wang Qiang")
        assert [incident.state for incident in desk.queue()] == [State.ACKNOWLEDGED]
        assert [incident.state for incident in terminal.queue()] == [State.ACKNOWLEDGED]
        again = await acknowledge(client)
        assert again.json()["incident"]["id"] == 1
        assert len([one for one in terminal.story(1).changes if one.what is What.ACKNOWLEDGE]) == 1  # type: ignore[union-attr]
        assert (await acknowledge(client, KEY + "-2")).status_code == 409
        assert (await client.post("/incidents/1/close", json={"key": KEY, "cause": "test"})).status_code == 422
        assert (await acknowledge(client, KEY + "-3", incident=99)).status_code == 404


async def test_every_browser_hears_what_the_core_commits(folder: Path, clock: Clock) -> None:
    async with core(folder) as desk, shown(folder, clock) as terminal:
        application = web.application(terminal, "Sunny Garden", PORT)
        async with Listener(application) as one, Listener(application) as other:
            await until(lambda: len(terminal._subscriptions) == 2)
            await desk.receive(batch(press(1), press(2, NEIGHBOUR)))
            for listener in (one, other):
                assert [event.number for event in await listener.events(2)] == [1, 2]


async def test_without_the_core_it_shows_what_it_has_and_says_so(folder: Path, clock: Clock) -> None:
    async with AsyncExitStack() as stack:
        async with core(folder) as desk:
            await desk.receive(batch(press(1)))
            terminal = await stack.enter_async_context(shown(folder, clock))
            client = await stack.enter_async_context(browser(terminal))
            await sit_down(client)
            assert not terminal.is_faulty()
        clock.monotonic_s += 100
        assert terminal.is_faulty()
        assert [link.state for link in terminal.links()] == ["lost"]
        assert HOUSEHOLD in (await client.get("/")).text
        refused = await acknowledge(client)
        assert refused.status_code == 503
        assert "does not answer" in refused.json()["error"]


async def test_a_core_that_was_started_anew_is_followed_and_nothing_is_missed(folder: Path, clock: Clock) -> None:
    async with AsyncExitStack() as stack:
        async with core(folder) as first:
            await first.receive(batch(press(1)))
            terminal = await stack.enter_async_context(shown(folder, clock))
            stream = terminal.subscribe(None)
        second = await stack.enter_async_context(core(folder))
        await second.receive(batch(press(2, NEIGHBOUR)))
        await until(lambda: len(terminal.queue()) == 2)
        await until(lambda: stream.ended)
        assert [change.number for change in terminal.subscribe(1).missed or ()] == [2]


async def test_a_core_on_another_file_is_read_anew(folder: Path, clock: Clock) -> None:
    async with AsyncExitStack() as stack:
        async with core(folder) as first:
            await first.receive(batch(press(1), press(2, NEIGHBOUR)))
            terminal = await stack.enter_async_context(shown(folder, clock))
        for name in ("dutyroom.db", "dutyroom.db-wal", "dutyroom.db-shm"):
            (folder / name).unlink(missing_ok=True)
        await stack.enter_async_context(core(folder))
        await until(lambda: not terminal.queue())
        assert terminal.subscribe(2).missed is None


async def test_it_can_write_nothing(folder: Path, clock: Clock) -> None:
    async with core(folder), shown(folder, clock) as terminal:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            terminal._records._read().execute("INSERT INTO people (name) VALUES ('x')")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("arrivals", b"{}", 422),
        ("arrivals", b" " * 20_000, 413),
        ("incidents/1/acknowledge", b"[]", 422),
        ("incidents/1/alarm", b"{}", 404),
        ("incidents/1/cancel", b"{}", 404),
    ],
)
async def test_what_is_not_usable_changes_nothing(folder: Path, path: str, body: bytes, status: int) -> None:
    async with core(folder) as desk:
        await desk.receive(batch(press(1)))
        transport = httpx.AsyncHTTPTransport(uds=str(folder / "core.sock"))
        async with httpx.AsyncClient(transport=transport, base_url="http://duty-room") as client:
            assert (await client.post(f"/desk/v1/{path}", content=body)).status_code == status
        assert desk.newest() == 1
