"""What the estate's own programs ask of a panel over the local socket: who, why, once, and what became of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from anju.dutyroom import orders, uplink
from anju.dutyroom.core.change import What
from anju.dutyroom.desk import Desk
from anju.uplink.commands import PANEL_VALID_S, CommandKind
from anju.uplink.reports import Outcome, OutcomeKind, Refusal, ReportKind
from unit.dutyroom.reports import FRONT_DOOR, HOUSEHOLD, JOURNAL, NEIGHBOUR, OTHER_JOURNAL, batch, press, ref, report

pytestmark = pytest.mark.anyio
WHY = {"key": "k" * 16, "person": "Wang Wei", "reason": "Li Na called from the gate"}
DOOR = {"node": {"network": 1, "node": 7}, "number": 1}


@pytest.fixture
async def socket(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    """Whoever may open the socket."""
    transport = httpx.ASGITransport(uplink.application(desk, orders.routes(desk)))
    async with httpx.AsyncClient(transport=transport, base_url="http://duty-room") as opened:
        yield opened


async def ask(socket: httpx.AsyncClient, order: str, household: str = HOUSEHOLD, **what: Any) -> httpx.Response:
    return await socket.post(f"/desk/v1/households/{household}/{order}", json=WHY | what)


async def given(desk: Desk, journal: str = JOURNAL) -> list[Any]:
    return list((await desk.commands(journal, 0, 0)).commands)


@pytest.mark.parametrize(
    ("order", "what"),
    [
        ("arm_away", {"anyway": True}), ("arm_home", {}), ("disarm", {}), ("duress", {}), ("reset", {}), ("test_end", {}),
        ("test", {"lasts_s": 600}), ("bypass", {"zone": DOOR, "lasts_s": 3600}), ("unbypass", {"zone": DOOR}),
    ],
)  # fmt: skip
async def test_an_order_names_who_why_and_the_newest_report(
    socket: httpx.AsyncClient, desk: Desk, order: str, what: dict[str, Any]
) -> None:
    newest = report(2, ReportKind.CLOSED, zone=FRONT_DOOR)
    await desk.receive(batch(report(1, ReportKind.OPENED), newest, report(3, ReportKind.OPENED, NEIGHBOUR)))
    answer = await ask(socket, order, **what)
    (command,) = await given(desk)
    assert answer.json() == {"command": command.number}
    assert (command.kind, command.household, command.report) == (CommandKind(order), HOUSEHOLD, ref(newest))
    assert (command.person, command.reason, command.valid_s) == (WHY["person"], WHY["reason"], PANEL_VALID_S)
    assert command.model_dump(include=set(what), mode="json") == what


async def test_duress_is_given_as_a_disarming_is(socket: httpx.AsyncClient, desk: Desk) -> None:
    """Whoever stands beside the guard sees the same answer, and no more can be said with it."""
    await desk.receive(batch(report(1, ReportKind.OPENED)))
    answer = await ask(socket, "duress")
    (command,) = await given(desk)
    assert (answer.status_code, answer.json()) == (200, {"command": command.number})
    assert (command.kind, command.person, command.valid_s) == (CommandKind.DURESS, WHY["person"], PANEL_VALID_S)
    assert (await ask(socket, "duress", key="d" * 16, anyway=True)).status_code == 422


async def test_test_lasts_half_an_hour_if_nobody_says_more(socket: httpx.AsyncClient, desk: Desk) -> None:
    await desk.receive(batch(report(1, ReportKind.OPENED)))
    await ask(socket, "test")
    assert [one.lasts_s for one in await given(desk)] == [1800]


async def test_after_a_concentrator_was_replaced_the_new_ones_report_is_named(
    socket: httpx.AsyncClient, desk: Desk
) -> None:
    await desk.receive(batch(report(9, ReportKind.OPENED)))
    await desk.receive(batch(report(1, ReportKind.OPENED), journal_id=OTHER_JOURNAL))
    await ask(socket, "disarm")
    assert await given(desk) == []
    assert len(await given(desk, OTHER_JOURNAL)) == 1


async def test_the_same_key_gives_it_once(socket: httpx.AsyncClient, desk: Desk) -> None:
    await desk.receive(batch(report(1, ReportKind.OPENED)))
    first = await ask(socket, "disarm")
    assert (await ask(socket, "disarm")).json() == first.json()
    assert (await ask(socket, "arm_away")).status_code == 422
    assert (await ask(socket, "disarm", reason="another")).status_code == 422
    assert len(await given(desk)) == 1


async def test_what_became_of_it_can_be_asked(socket: httpx.AsyncClient, desk: Desk) -> None:
    await desk.receive(batch(report(1, ReportKind.OPENED)))
    number = (await ask(socket, "arm_away")).json()["command"]

    async def told() -> dict[str, Any]:
        answer: dict[str, Any] = (await socket.get(f"/desk/v1/commands/{number}")).json()
        return answer

    assert await told() == {"command": number, "outcome": None, "refusal": None}
    outcome = Outcome(command_id=number, outcome=OutcomeKind.REFUSED, refusal=Refusal.NOT_READY)
    await desk.receive(batch(report(2, ReportKind.COMMAND_OUTCOME, outcome=outcome)))
    assert await told() == {"command": number, "outcome": "refused", "refusal": "not_ready"}
    assert (await socket.get("/desk/v1/commands/1")).status_code == 404
    assert (await socket.get(f"/desk/v1/commands/{2**64}")).status_code == 404


async def test_it_stands_in_the_story_of_what_is_open_there(socket: httpx.AsyncClient, desk: Desk) -> None:
    await desk.receive(batch(press(1)))
    await ask(socket, "disarm")
    story = desk.story(1)
    assert story is not None
    assert story.changes[-1].what is What.ORDER
    assert story.changes[-1].detail == {"order": "disarm", "reason": WHY["reason"]}
    assert [one.kind for one in story.commands] == [CommandKind.DISARM]
    assert desk.name_of(story.changes[-1].person) == "Wang Wei"


async def test_nothing_is_tried_where_somebody_may_be_in_need(socket: httpx.AsyncClient, desk: Desk) -> None:
    await desk.receive(batch(press(1)))
    for _ in range(2):
        assert (await ask(socket, "test")).status_code == 409
    assert await given(desk) == []


@pytest.mark.parametrize(
    ("order", "what", "status"),
    [
        ("disarm", {"reason": ""}, 422), ("disarm", {"reason": None}, 422), ("disarm", {"reason": " x"}, 422),
        ("disarm", {"person": ""}, 422), ("disarm", {"key": "short"}, 422), ("disarm", {"more": 1}, 422),
        ("disarm", {"anyway": True}, 422), ("disarm", {"lasts_s": 5}, 422), ("arm_away", {"anyway": "yes"}, 422),
        ("bypass", {}, 422), ("unbypass", {}, 422), ("bypass", {"zone": DOOR | {"number": 16}}, 422),
        ("bypass", {"zone": DOOR, "lasts_s": 0}, 422), ("bypass", {"zone": DOOR, "lasts_s": 10**9}, 422),
        ("seen", {}, 404), ("open_the_door", {}, 404), ("disarm", {"reason": "x" * 20_000}, 413),
    ],
)  # fmt: skip
async def test_what_is_not_usable_gives_nothing(
    socket: httpx.AsyncClient, desk: Desk, order: str, what: dict[str, Any], status: int
) -> None:
    await desk.receive(batch(report(1, ReportKind.OPENED)))
    answer = await ask(socket, order, **what)
    assert answer.status_code == status
    assert "nothing was given" in answer.text or status == 413
    assert await given(desk) == []


@pytest.mark.parametrize("household", [NEIGHBOUR, "upstairs"])
async def test_what_was_never_heard_of_is_not_asked(socket: httpx.AsyncClient, desk: Desk, household: str) -> None:
    await desk.receive(batch(report(1, ReportKind.OPENED)))
    assert (await ask(socket, "disarm", household)).status_code == 404
    assert await given(desk) == []


async def test_the_page_does_not_answer_it(client: httpx.AsyncClient) -> None:
    """It has no log-in."""
    assert (await client.post(f"/desk/v1/households/{HOUSEHOLD}/disarm", json=WHY)).status_code == 404
