"""Fed by the outbox, MQTT loses nothing through whatever happens to a broker, and holds nobody else up."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from anju.concentrator.control import ask
from anju.concentrator.destinations.mqtt import party
from anju.concentrator.destinations.mqtt.party import Mqtt
from anju.concentrator.destinations.third_parties import Offer, ThirdParties
from anju.uplink.reports import Lane, ReportKind
from unit.concentrator.harness import DESTINATION, Bench, running, until
from unit.concentrator.mqtt_kit import PASSWORD, Mosquitto, Receiver, listening, made, mosquitto, public
from unit.concentrator.site import answers, free_udp_port, new_site, start

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("tries_at_once")]
FLATS = ("3-1-0101", "3-1-0102", "3-1-0201", "3-1-0202")


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    async with mosquitto(tmp_path / "broker") as started:
        yield started


async def parties(rooms: Bench, **others: Mqtt) -> ThirdParties:
    offers = {name: Offer("mqtt", lambda one=one: one) for name, one in others.items()}  # type: ignore[misc]
    built = ThirdParties(rooms.journal, rooms.journal, rooms.clock, offers)
    await built.furnish()
    return built


async def happens(rooms: Bench, count: int, lane: Lane = Lane.ROUTINE) -> None:
    async with rooms.journal.change() as draft:
        for number in range(count):
            draft.record(ReportKind.OPENED, lane, household=FLATS[number % len(FLATS)])


def owed(rooms: Bench, name: str) -> int:
    return rooms.journal.owing(name).rows


async def test_a_receiver_has_everything_once_by_id_and_in_order(
    rooms: Bench, broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through brokers that are killed and come back with nothing."""
    monkeypatch.setattr(party, "RECEIPT_S", 0.5)
    receiver = Receiver(broker)
    home = made(rooms, broker, receipt_key=public(receiver.key))
    async with running((await parties(rooms, home=home)).run(), receiver.run()):
        for _round in range(3):
            await happens(rooms, 24)
            left = owed(rooms, "home")
            await until(lambda left=left: owed(rooms, "home") < left)  # type: ignore[misc]
            await broker.stop()
            await happens(rooms, 8)
            await broker.start()
        await until(lambda: not owed(rooms, "home"))
    seqs = [int(one["id"].rpartition("-")[2]) for one in receiver.heard]
    first = list(dict.fromkeys(seqs))
    assert first == list(range(1, 97))
    told: dict[str, dict[str, Any]] = {}
    for one in receiver.heard:
        assert told.setdefault(one["id"], one) == one


async def test_brokers_that_fail_hold_nobody_up(rooms: Bench, broker: Mosquitto, tmp_path: Path) -> None:
    (rooms.folder / "wrong").touch(0o600)
    (rooms.folder / "wrong").write_text("wrong")
    good, wrong = made(rooms, broker), made(rooms, broker, password_file="wrong", prefix="other")
    gone = made(rooms, broker="127.0.0.1:1", transport="tcp")
    hung = socket.create_server(("127.0.0.1", 0))  # takes a connection, and says nothing
    hanging = made(rooms, broker=f"127.0.0.1:{hung.getsockname()[1]}")
    built = await parties(rooms, good=good, wrong=wrong, gone=gone, hanging=hanging)
    async with running(built.run()):
        await happens(rooms, 16, Lane.PANIC)
        await until(lambda: not owed(rooms, "good"))
        assert {name: owed(rooms, name) for name in ("wrong", "gone", "hanging", DESTINATION)} == {
            "wrong": 16,
            "gone": 16,
            "hanging": 16,
            DESTINATION: 16,
        }
        await until(lambda: built.down_s["wrong"]() and built.down_s["gone"]())
        shown = (await built.handlers["destinations"]({}, "anna"))["destinations"]
        assert "refuses us" in next(one["why"] for one in shown if one["name"] == "wrong")
    hung.close()


async def test_a_broker_that_lets_us_in_and_takes_no_states_is_not_reached_and_it_is_said_why(
    rooms: Bench, broker: Mosquitto
) -> None:
    """As one does whose ACL lacks the line for discovery: what was told by the connection alone would be back each time."""
    await broker.stop()
    broker.acl = "user anju\ntopic readwrite anju/3/#\ntopic read homeassistant/status\n"
    await broker.start()
    built = await parties(rooms, home=made(rooms, broker))
    with capture_logs() as logs:
        async with running(built.run()):
            await until(built.down_s["home"])
            since_s = time.monotonic() - built.down_s["home"]()
            log = broker.folder / "log"
            seen = log.read_text().count("New client")
            await until(lambda: log.read_text().count("New client") > seen + 5)
            assert time.monotonic() - built.down_s["home"]() == pytest.approx(since_s)
            (shown,) = (await built.handlers["destinations"]({}, "anna"))["destinations"]
    assert "homeassistant/" in shown["why"]
    assert [one["event"] for one in logs if one.get("destination")] == ["destination not reached; trying again"]


@pytest.mark.parametrize("more", ["", "use_username_as_clientid true"])
async def test_who_takes_its_name_takes_its_line_unless_the_broker_ties_names_to_users(
    rooms: Bench, tmp_path: Path, more: str
) -> None:
    """What our README asks of a broker does it."""
    async with mosquitto(tmp_path / "tied", more=more) as broker:
        built = await parties(rooms, home=made(rooms, broker))
        log = broker.folder / "log"
        async with running(built.run()):
            await until(lambda: "as anju_3 " in log.read_text() or " as anju " in log.read_text())
            async with broker.client("stranger", "anju_3") as thief:
                await thief.publish("mark/here", qos=1)
                await happens(rooms, 1)
                await until(lambda: not owed(rooms, "home"))
        assert ("already connected" in log.read_text()) == (not more)


async def test_a_site_names_a_broker_and_the_service_speaks_there(tmp_path: Path, broker: Mosquitto) -> None:
    site = new_site(tmp_path / "site", free_udp_port())
    secret = site.folder / "mqtt-password"
    secret.touch(0o600)
    secret.write_text(PASSWORD)
    settings = site.folder / "site.toml"
    section = f'kind = "mqtt"\nbroker = "127.0.0.1:{broker.port}"\ntransport = "tcp"\nusername = "anju"\n'
    with settings.open("a") as file:
        file.write(f'\n[destinations.home]\n{section}password_file = "mqtt-password"\n')
    async with listening(broker) as heard:
        process = start(site)
        try:
            await until(lambda: answers(site) or process.poll() is not None)
            await until(lambda: heard.last("anju/3/status") == b"online")
            answer = await asyncio.to_thread(ask, site.control_socket, do="destination_test", name="home")
            assert (answer["taken"], answer["answer"]) == (True, "Success")
            await until(lambda: heard.last("anju/3/test"))
            assert json.loads(heard.last("anju/3/test") or b"")["id"].startswith("test-")
        finally:
            process.kill()
            log = process.communicate()[1]
        assert PASSWORD not in log
        await until(lambda: heard.last("anju/3/status") == b"offline")
