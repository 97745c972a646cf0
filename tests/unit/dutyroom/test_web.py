"""The page as browsers, and whoever pretends to be one, talk to it."""

from __future__ import annotations

from html.parser import HTMLParser

import httpx
import pytest

from anju.dutyroom import web
from anju.dutyroom.desk import Desk
from anju.dutyroom.store import Store
from anju.ledger import LedgerError
from anju.uplink.reports import Outcome, OutcomeKind, ReportKind, TroubleKind, Zone, ZoneKind
from unit.dutyroom.browser import KEY, ORIGIN, OWN, PORT, acknowledge, sit_down
from unit.dutyroom.conftest import HandClock
from unit.dutyroom.reports import JOURNAL, NEIGHBOUR, batch, press, report

pytestmark = pytest.mark.anyio


async def test_the_page_shows_the_queue_the_most_urgent_incident_and_troubles(
    client: httpx.AsyncClient, desk: Desk
) -> None:
    trouble = report(3, ReportKind.TROUBLE, NEIGHBOUR, trouble=TroubleKind.CLONE)
    await desk.receive(batch(report(1, ReportKind.TAMPER_ALARM, NEIGHBOUR), press(2), trouble))
    text = (await client.get("/")).text
    assert text.index('id="incident-2"') < text.index('id="incident-1"')
    assert '<article id="incident" class="hold_up unseen" data-id="2"' in text
    assert "Two devices use one identity" in text
    assert f'data-newest="{desk.newest()}"' in text
    assert "No log-in yet" in text


async def test_an_address_may_name_the_incident(client: httpx.AsyncClient, desk: Desk) -> None:
    await desk.receive(batch(press(1), press(2, NEIGHBOUR)))
    assert 'class="hold_up unseen" data-id="2"' in (await client.get("/?incident=2")).text
    for strange in ("x", "-1", "9" * 15, "9" * 400):
        assert (await client.get("/", params={"incident": strange})).status_code == 200


async def test_an_empty_duty_room_says_whether_it_is_quiet_or_deaf(
    client: httpx.AsyncClient, desk: Desk, clock: HandClock
) -> None:
    assert "Waiting for the first concentrator" in (await client.get("/")).text
    await desk.receive(batch(report(1, ReportKind.OPENED)))
    assert "All is quiet" in (await client.get("/parts/quiet")).text
    clock.advance(100)
    assert "not everything is heard" in (await client.get("/parts/quiet")).text


@pytest.mark.parametrize(
    ("asked", "cookie", "accepts", "tag"),
    [
        ("", "", "", "zh-CN"),
        ("", "", "de, fr;q=0.5", "zh-CN"),
        ("", "", "de, en;q=0.9, zh;q=0.8", "en"),
        ("", "", "zh-TW, en", "zh-CN"),
        ("", "en", "zh-CN", "en"),
        ("?lang=zh-CN", "en", "en", "zh-CN"),
        ("?lang=xx", "", "en", "en"),
    ],
)
async def test_the_language_is_the_one_asked_for_else_the_browsers_else_chinese(
    client: httpx.AsyncClient, asked: str, cookie: str, accepts: str, tag: str
) -> None:
    headers = {"accept-language": accepts} | ({"cookie": f"anju_lang={cookie}"} if cookie else {})
    assert f'<html lang="{tag}"' in (await client.get(f"/{asked}", headers=headers)).text


async def test_a_chosen_language_is_remembered(client: httpx.AsyncClient) -> None:
    await client.get("/?lang=zh-CN")
    assert '<html lang="zh-CN"' in (await client.get("/")).text


@pytest.mark.parametrize("address", ["/", "/events", "/api/incidents", "/static/console.js", "/nothing"])
async def test_another_host_is_refused(client: httpx.AsyncClient, address: str) -> None:
    for host in ("duty.example", f"duty.example:{PORT}", "127.0.0.1", "127.0.0.1:1", "localhost.evil:8380", ""):
        answer = await client.get(address, headers={"host": host})
        assert answer.status_code == 421


async def test_localhost_is_this_page_too(client: httpx.AsyncClient) -> None:
    assert (await client.get("/", headers={"host": f"localhost:{PORT}"})).status_code == 200


@pytest.mark.parametrize("address", ["/", "/api/incidents", "/static/console.css", "/nothing"])
async def test_every_answer_is_fenced(client: httpx.AsyncClient, address: str) -> None:
    headers = (await client.get(address)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": f"http://127.0.0.1:{PORT + 1}"},
        {"origin": f"https://127.0.0.1:{PORT}"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
    ],
)
async def test_a_request_from_another_page_changes_nothing(
    client: httpx.AsyncClient, desk: Desk, headers: dict[str, str]
) -> None:
    await desk.receive(batch(press(1)))
    await sit_down(client)
    for path in ("/duty", "/incidents/1/acknowledge"):
        answer = await client.post(path, json={"key": KEY, "person": "x"}, headers=headers)
        assert answer.status_code == 403
        assert "another page" in answer.json()["error"]
    assert desk.queue()[0].unseen == 1


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(client: httpx.AsyncClient) -> None:
    cookie = (await client.post("/duty", json={"person": "Wang Qiang"})).headers["set-cookie"]
    assert cookie.startswith(f"anju_desk_{PORT}=")
    assert {"httponly", "samesite=strict"} <= {part.strip().lower() for part in cookie.split(";")}


async def test_nobody_acts_without_saying_who_they_are(client: httpx.AsyncClient, desk: Desk) -> None:
    await desk.receive(batch(press(1)))
    assert (await acknowledge(client)).status_code == 403
    client.cookies.set(f"anju_desk_{PORT}", "guessed")
    assert (await acknowledge(client)).status_code == 403
    assert desk.queue()[0].unseen == 1


@pytest.mark.parametrize("person", ["", "   ", "x" * 65, "a\nb", 7, None])
async def test_a_name_is_a_name(client: httpx.AsyncClient, person: object) -> None:
    assert (await client.post("/duty", json={"person": person})).status_code == 422


async def test_a_form_serves_as_well_as_json(client: httpx.AsyncClient, desk: Desk) -> None:
    await desk.receive(batch(press(1)))
    assert (await client.post("/duty", data={"person": "王强"})).json() == {"person": "王强"}
    await client.post("/incidents/1/acknowledge", data={"key": KEY})
    fields = {"key": KEY + "2", "cause": "real", "note": "老人跌倒"}
    assert (await client.post("/incidents/1/close", data=fields)).json()["incident"]["cause"] == "real"


async def test_a_repeated_request_gets_the_first_answer(client: httpx.AsyncClient, desk: Desk) -> None:
    await desk.receive(batch(press(1)))
    await sit_down(client)
    first = await acknowledge(client)
    await desk.receive(batch(press(2)))
    again = await acknowledge(client)
    assert (first.status_code, again.status_code, first.json()) == (200, 200, again.json())
    assert len((await desk.commands(JOURNAL, 0, 0)).commands) == 1


async def test_the_first_answer_survives_a_restart(client: httpx.AsyncClient, store: Store, desk: Desk) -> None:
    await desk.receive(batch(press(1)))
    await sit_down(client)
    first = await acknowledge(client)
    restarted = web.application(Desk(store, desk.now_ms, lambda: 0.0), "Sunny Garden", PORT)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(restarted), base_url=ORIGIN, headers=OWN, cookies=client.cookies
    ) as later:
        assert (await acknowledge(later)).json() == first.json()


async def test_what_is_not_allowed_is_said_with_a_next_step(client: httpx.AsyncClient, desk: Desk) -> None:
    await desk.receive(batch(press(1)))
    await sit_down(client)
    early = await client.post("/incidents/1/dispatch", json={"key": KEY})
    assert (early.status_code, early.json()) == (409, {"error": "Nothing was changed: acknowledge the incident first."})
    await acknowledge(client, KEY + "2")
    for fields in ({}, {"cause": "real"}, {"cause": "duress", "note": "  "}):
        answer = await client.post(
            "/incidents/1/close", json={"key": f"{KEY}{len(fields)}{fields.get('cause')}", **fields}
        )
        assert answer.status_code == 409
        assert "stays open" in answer.json()["error"]


@pytest.mark.parametrize(
    ("address", "body", "status"),
    [
        ("/incidents/1/acknowledge", b"", 422),
        ("/incidents/1/acknowledge", b"[]", 422),
        ("/incidents/1/acknowledge", b"[" * 9000, 422),
        ("/incidents/1/acknowledge", b"{}", 422),
        ("/incidents/1/acknowledge", b'{"key": "short"}', 422),
        ("/incidents/1/acknowledge", b'{"key": "0123456789abcdef", "more": 1}', 422),
        ("/incidents/1/close", b'{"key": "0123456789abcdef", "cause": "boredom"}', 422),
        ("/incidents/1/close", b'{"key": "0123456789abcdef", "cause": "test", "note": "%s"}' % (b"x" * 501), 422),
        ("/incidents/1/close", b'{"key": "' + b"x" * 20_000, 413),
        ("/incidents/2/acknowledge", b'{"key": "0123456789abcdef"}', 404),
        ("/incidents/99999999999999999999/acknowledge", b'{"key": "0123456789abcdef"}', 404),
        ("/incidents/1/alarm", b'{"key": "0123456789abcdef"}', 404),
        ("/incidents/-1/acknowledge", b'{"key": "0123456789abcdef"}', 404),
    ],
)
async def test_a_bad_request_changes_nothing(
    client: httpx.AsyncClient, desk: Desk, address: str, body: bytes, status: int
) -> None:
    await desk.receive(batch(press(1)))
    await sit_down(client)
    newest = desk.newest()
    answer = await client.post(address, content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, desk.newest()) == (status, newest)


async def test_a_full_disk_is_said_and_shown(
    client: httpx.AsyncClient, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise LedgerError("The disk is full.", "Nothing was written.", "Make room.")

    await desk.receive(batch(press(1)))
    await sit_down(client)
    monkeypatch.setattr(desk._store._ledger, "write", full)
    answer = await acknowledge(client)
    assert answer.status_code == 503
    assert "cannot write to its disk" in answer.json()["error"]
    assert "cannot write to its disk" in (await client.get("/")).text


class Scripts(HTMLParser):
    """Counts what would run if a text became markup."""

    def __init__(self) -> None:
        super().__init__()
        self.found = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        handlers = [name for name, _ in attrs if name.startswith("on")]
        inline = tag == "script" and "src" not in dict(attrs)
        self.found += bool(handlers) + inline + (tag in {"style", "img", "iframe"})


async def test_names_and_notes_are_text_wherever_they_stand(client: httpx.AsyncClient, desk: Desk) -> None:
    evil = '"><img src=x onerror=alert(1)><script>1</script>'
    zone = Zone(number=0, name=evil, kind=ZoneKind.HOLD_UP)
    await desk.receive(batch(press(1).model_copy(update={"zone": zone}), concentrator=evil[:64]))
    await sit_down(client, evil)
    await acknowledge(client)
    await client.post("/incidents/1/close", json={"key": KEY + "2", "cause": "real", "note": evil})
    for path in ("/?incident=1", "/incidents/1", "/parts/queue", "/parts/side"):
        parser = Scripts()
        parser.feed((await client.get(path)).text)
        assert parser.found == 0


async def test_a_story_tells_who_did_what_and_what_the_button_showed(
    client: httpx.AsyncClient, desk: Desk, clock: HandClock
) -> None:
    await desk.receive(batch(press(1)))
    await sit_down(client)
    await acknowledge(client)
    clock.advance(0.3)
    (command,) = (await desk.commands(JOURNAL, 0, 0)).commands
    shown = Outcome(command_id=command.number, outcome=OutcomeKind.SHOWN)
    late = press(3, delayed=True, event_at_ms=clock.wall_ms - 9000, recorded_at_ms=clock.wall_ms)
    await desk.receive(batch(report(2, ReportKind.COMMAND_OUTCOME, outcome=shown), late))
    await sit_down(client, "Li Na")
    assert "Wang Qiang is handling this" in (await client.get("/incidents/1")).text
    await acknowledge(client, KEY + "2")
    text = (await client.get("/incidents/1")).text
    for told in (
        "lit at the button after 0.3 s",
        "taken over from Wang Qiang",
        "(no. 2)",
        "reached the concentrator late",
        "Bedside",
    ):
        assert told in text
    assert "no answer" not in text
    clock.advance(200)
    assert "no answer" in (await client.get("/incidents/1")).text


async def test_who_closed_without_sending_anyone_is_not_shown_as_dispatched(
    client: httpx.AsyncClient, desk: Desk
) -> None:
    await desk.receive(batch(press(1)))
    await sit_down(client)
    await acknowledge(client)
    await client.post("/incidents/1/close", json={"key": KEY + "2", "cause": "test"})
    assert (await client.get("/incidents/1")).text.count('class="done"') == 2


async def test_the_api_lists_open_incidents(client: httpx.AsyncClient, desk: Desk) -> None:
    await desk.receive(batch(press(1), press(2)))
    (incident,) = (await client.get("/api/incidents")).json()["incidents"]
    assert (incident["household"], incident["presses"], incident["state"], incident["report"]) == (
        "3-2-0501",
        2,
        "new",
        None,
    )
