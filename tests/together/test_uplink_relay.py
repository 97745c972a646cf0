"""Whoever passes batches, receipts and commands on may drop and delay them; changed, replayed or made up, they change nothing."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.types import ASGIApp

from anju.concentrator.destinations import duty_room as destination
from anju.dutyroom.core.change import What
from anju.dutyroom.core.incident import Act, Action
from anju.dutyroom.core.request import Arrival, Handling
from anju.dutyroom.store import reports_held
from anju.service.certs import signing
from anju.uplink.commands import CommandPage
from anju.uplink.receipts import Receipt
from anju.uplink.reports import Lane, ReportKind
from anju.uplink.signed import CERTIFICATE, INSTANCE, NONCE, SIGNATURE, Asked
from together.estate import Building, Room, building, duty_room
from together.relay import Answer, Deed, Deliver, Relay, Request, honest
from unit.concentrator.harness import FarNode, until
from unit.service.certs_kit import Estate

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("tries_at_once")]
HOUSEHOLD = "3-2-0501"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody holds back is given up soon."""
    monkeypatch.setattr(destination, "POLL_S", 1)
    monkeypatch.setattr(destination, "ANSWER_S", 2.0)


class Between:
    """An estate with one building, and the relay between them."""

    def __init__(self, room: Room, three: Building, node: FarNode, relay: Relay, folder: Path) -> None:
        self.room = room
        self.three = three
        self.node = node
        self.relay = relay
        self._folder = folder

    async def journalled(self, count: int = 1) -> None:
        async with self.three.rooms.journal.change() as draft:
            for _ in range(count):
                draft.record(ReportKind.OPENED, Lane.ROUTINE, household=HOUSEHOLD)

    def held(self) -> list[int]:
        """Numbers of the reports that the duty room holds."""
        return [seq for _, seq, _ in reports_held(self._folder / "dutyroom.db")]

    async def acknowledged_press(self) -> None:
        """Somebody presses the button, and a guard acknowledges it."""
        await self.three.rooms.receive(self.node, self.node.hello(), self.node.press())
        await until(self.room.desk.queue)
        person = await self.room.desk.sit_down(Arrival("Wang Qiang", "token", None, "page"))
        action = Action(Act.ACKNOWLEDGE, person.id, self.room.desk.now_ms())
        await self.room.desk.handle(Handling(1, action, "key-of-one-acknowledgement", "page"))


@pytest.fixture
async def between(tmp_path: Path) -> AsyncIterator[Between]:
    relays: list[Relay] = []

    def around(gate: ASGIApp) -> ASGIApp:
        relays.append(Relay(gate))
        return relays[0]

    async with duty_room(tmp_path, around) as room, building(tmp_path / "3", room, room.estate.issue("3")) as three:
        node = await three.rooms.enrol(HOUSEHOLD)
        yield Between(room, three, node, relays[0], tmp_path)


def changed(body: bytes, old: bytes, new: bytes) -> bytes:
    assert old in body
    return body.replace(old, new)


async def drops_answers(request: Request, deliver: Deliver) -> Answer:
    await deliver(request)
    return Answer(504, [], b"")


async def drops_everything(_request: Request, _deliver: Deliver) -> Answer:
    return Answer(504, [], b"")


async def changes_a_batch(request: Request, deliver: Deliver) -> Answer:
    if not request.is_batch:
        return await deliver(request)
    return await deliver(request._replace(body=changed(request.body, b'"lane":"routine"', b'"lane":"panic"  ')))


async def sends_no_signature(request: Request, deliver: Deliver) -> Answer:
    headers = [(name, value) for name, value in request.scope["headers"] if name != SIGNATURE.encode()]
    return await deliver(Request({**request.scope, "headers": headers}, request.body))


async def says_all_is_committed(request: Request, deliver: Deliver) -> Answer:
    """A receipt of its own, under the headers of another answer of the duty room."""
    if not request.is_batch:
        return await deliver(request)
    batch = json.loads(request.body)
    rows = [{"seq": row["report"]["seq"], "sha256": row["sha256"], "verdict": "committed"} for row in batch["rows"]]
    answer = await deliver(Request({**request.scope, "method": "GET"}, b""))
    receipt = json.dumps({"journal_id": batch["journal_id"], "rows": rows, "version": 1}).encode()
    headers = [(name, value) for name, value in answer.headers if name != b"content-length"]
    return Answer(200, [*headers, (b"content-length", str(len(receipt)).encode())], receipt)


async def says_it_was_refused(request: Request, deliver: Deliver) -> Answer:
    answer = await deliver(request)
    return answer._replace(status=403)


MISDEEDS: dict[str, Deed] = {
    "answers are dropped": drops_answers,
    "everything is dropped": drops_everything,
    "batches are changed": changes_a_batch,
    "signatures are taken away": sends_no_signature,
    "receipts are made up": says_all_is_committed,
    "refusals are made up": says_it_was_refused,
}


@pytest.mark.parametrize("misdeed", MISDEEDS.values(), ids=MISDEEDS.keys())
async def test_nothing_is_believed_and_nothing_lost(between: Between, misdeed: Deed) -> None:
    tried = 0

    async def counted(request: Request, deliver: Deliver) -> Answer:
        nonlocal tried
        tried += request.is_batch
        return await misdeed(request, deliver)

    between.relay.deed = counted
    await between.journalled(3)
    async with between.three.speaking():
        await until(lambda: tried >= 3)
        assert between.three.owed() == 3
        between.relay.deed = honest
        await until(lambda: not between.three.owed())
    assert between.held() == [1, 2, 3]
    assert between.room.log(What.CONFLICT) == []


async def test_a_replayed_batch_changes_nothing(between: Between) -> None:
    await between.journalled(2)
    async with between.three.speaking():
        await until(lambda: not between.three.owed())
    before = between.room.desk.newest()
    request, answer = between.relay.batches()[0]
    again = await between.relay.deliver(request)
    assert again.status == 200
    assert Receipt.model_validate_json(again.body) == Receipt.model_validate_json(answer.body)
    assert between.held() == [1, 2]
    assert between.room.desk.newest() == before


async def test_batches_in_another_order_are_each_kept_once(between: Between) -> None:
    kept: list[Request] = []

    async def holds_back(request: Request, deliver: Deliver) -> Answer:
        if request.is_batch:
            kept.append(request)
            return Answer(504, [], b"")
        return await deliver(request)

    between.relay.deed = holds_back
    async with between.three.speaking():
        for count in (1, 2, 3):
            await between.journalled()
            await until(lambda count=count: kept and kept[-1].body.count(b'"report"') == count)  # type: ignore[misc]
    for request in reversed(kept):
        await between.relay.deliver(request)
    between.relay.deed = honest
    async with between.three.speaking():
        await until(lambda: not between.three.owed())
    assert sorted(between.held()) == [1, 2, 3]


async def test_an_old_receipt_is_none_for_a_new_batch(between: Between) -> None:
    await between.journalled()
    async with between.three.speaking():
        await until(lambda: not between.three.owed())
        _, old = between.relay.batches()[0]
        tried = 0

        async def replays(request: Request, deliver: Deliver) -> Answer:
            nonlocal tried
            if not request.is_batch:
                return await deliver(request)
            tried += 1
            return old

        between.relay.deed = replays
        await between.journalled()
        await until(lambda: tried >= 3)
    assert between.three.owed() == 1


class TestCommands:
    async def test_an_acknowledgement_comes_down_although_the_first_ones_were_dropped(self, between: Between) -> None:
        dropped = 0

        async def drops_pages(request: Request, deliver: Deliver) -> Answer:
            nonlocal dropped
            answer = await deliver(request)
            if request.is_batch or b"seen" not in answer.body or dropped >= 3:
                return answer
            dropped += 1
            return Answer(504, [], b"")

        between.relay.deed = drops_pages
        async with between.three.speaking():
            await between.acknowledged_press()
            await until(lambda: between.three.rooms.journal.building.pending)
        assert dropped == 3

    async def test_a_command_that_was_made_up_or_changed_is_none(self, between: Between) -> None:
        changes = 0

        async def makes_up(request: Request, deliver: Deliver) -> Answer:
            nonlocal changes
            answer = await deliver(request)
            if request.is_batch or b'"seen"' not in answer.body:
                return answer
            changes += 1
            body = changed(answer.body, b'"kind":"seen"', b'"kind":"test"')
            return Answer(200, answer.headers, body)

        between.relay.deed = makes_up
        async with between.three.speaking():
            await between.acknowledged_press()
            await until(lambda: changes >= 3)
            assert between.three.rooms.downlink.last_command == 0

    async def test_an_old_page_does_not_hide_a_new_command(self, between: Between) -> None:
        async with between.three.speaking():
            await until(lambda: any(not request.is_batch for request, _ in between.relay.seen))
            empty = next(answer for request, answer in between.relay.seen if not request.is_batch)
            assert CommandPage.model_validate_json(empty.body).commands == ()
            tried = 0

            async def replays(request: Request, deliver: Deliver) -> Answer:
                nonlocal tried
                if request.is_batch:
                    return await deliver(request)
                tried += 1
                return empty

            between.relay.deed = replays
            await between.acknowledged_press()
            await until(lambda: tried >= 3)
            assert between.three.upwards.down_s(time.monotonic()) > 0
            between.relay.deed = honest
            await until(lambda: between.three.rooms.journal.building.pending)

    async def test_a_page_of_another_building_is_none(self, between: Between, tmp_path: Path) -> None:
        """Answers of two concentrators that ask the same are exchanged."""
        room = between.room
        async with building(tmp_path / "4", room, room.estate.issue("4")) as four:
            await four.line.ask("GET", f"commands?journal_id={four.rooms.journal.journal_id}&after=0", 5)
            _, others = between.relay.seen[-1]
            tried = 0

            async def exchanges(request: Request, deliver: Deliver) -> Answer:
                nonlocal tried
                await deliver(request)
                tried += 1
                return others

            between.relay.deed = exchanges
            async with between.three.speaking():
                await until(lambda: tried >= 3)
        assert between.three.rooms.downlink.last_command == 0


async def test_who_signs_with_another_estates_key_is_refused(between: Between, tmp_path: Path) -> None:
    foreign = Estate(tmp_path / "other").issue("3")
    answers: list[Answer] = []

    async def signs_itself(request: Request, deliver: Deliver) -> Answer:
        told = dict(request.scope["headers"])
        nonce, instance = told[NONCE.encode()].decode(), told[INSTANCE.encode()].decode()
        target = request.scope["raw_path"].decode()
        asked = Asked(request.scope["method"], target, nonce, instance, request.body)
        own = {name.encode(): value.encode() for name, value in signing.sign(foreign, asked.text()).items()}
        assert CERTIFICATE.encode() in own
        answers.append(await deliver(Request({**request.scope, "headers": list((told | own).items())}, request.body)))
        return answers[-1]

    between.relay.deed = signs_itself
    await between.journalled()
    async with between.three.speaking():
        await until(lambda: len(answers) >= 2)
    assert {answer.status for answer in answers} == {403}
    assert between.held() == []
    assert {"trouble": "refused", "concentrator": "3", "why": "foreign"} in between.room.troubles()
