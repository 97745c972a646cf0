"""Arming by MQTT: where the site names a key, signed and fresh and once; nothing disarms, and nothing weakens what is armed."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from anju.concentrator.destinations.mqtt.arming import WINDOW_MS, Arming
from anju.concentrator.destinations.mqtt.flood import Bucket
from anju.concentrator.destinations.mqtt.signed import opened
from anju.concentrator.destinations.mqtt.topics import Topics
from anju.uplink.reports import PanelMode
from unit.concentrator.harness import HOUSEHOLD, Bench, kept, running, until
from unit.concentrator.mqtt_kit import Mosquitto, listening, made, mosquitto, public, sealed

pytestmark = pytest.mark.anyio
TOPIC = f"anju/3/{HOUSEHOLD}/command"
KEY = Ed25519PrivateKey.generate()


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    async with mosquitto(tmp_path / "broker") as started:
        yield started


def command(rooms: Bench, arm: str = "away", *, late_ms: int = 0, nonce: str = "", **more: object) -> bytes:
    fields = {"arm": arm, "at_ms": rooms.clock.now.wall_ms - late_ms, "nonce": nonce or secrets.token_hex(16)}
    return json.dumps(fields | more).encode()


@pytest.fixture
async def arming(rooms: Bench) -> Arming:
    node = await rooms.enrol()
    await rooms.receive(node, node.hello())
    made_now = Arming(rooms.journal, rooms.clock, Topics("anju", "3"), {"platform": public(KEY)})
    rooms.clock.advance(1)
    return made_now


def mode(rooms: Bench) -> PanelMode:
    panel = rooms.journal.building.panels.get(HOUSEHOLD)
    return panel.mode if panel else PanelMode.OFF


async def test_a_signed_command_arms_and_says_by_which_key(rooms: Bench, arming: Arming) -> None:
    assert await arming.take(TOPIC, sealed(KEY, "arm", TOPIC, command(rooms)), retained=False) == ""
    assert mode(rooms) is PanelMode.AWAY
    assert rooms.reports()[-1].person == "platform"


async def test_what_is_not_signed_for_this_is_refused(rooms: Bench, arming: Arming) -> None:
    text, other = command(rooms), "anju/3/3-2-0502/command"
    genuine = sealed(KEY, "arm", TOPIC, text)
    for payload in (
        b"ARM_AWAY",
        text,
        sealed(Ed25519PrivateKey.generate(), "arm", TOPIC, text),
        sealed(KEY, "receipt", TOPIC, text),
        sealed(KEY, "arm", other, text),
        genuine.replace(b"away", b"home"),
        genuine[:-1],
        genuine + b" " * 3000,
        sealed(KEY, "arm", TOPIC, command(rooms, "disarm")),
        sealed(KEY, "arm", TOPIC, command(rooms, "off")),
        sealed(KEY, "arm", TOPIC, command(rooms, anyway=True)),
    ):
        assert await arming.take(TOPIC, payload, retained=False)
    assert await arming.take(TOPIC, genuine, retained=True)
    assert await arming.take(other, sealed(KEY, "arm", other, command(rooms)), retained=False) == "no such household"
    assert mode(rooms) is PanelMode.OFF


async def test_a_command_counts_once_and_only_in_its_minute(rooms: Bench, arming: Arming) -> None:
    payload = sealed(KEY, "arm", TOPIC, command(rooms))
    assert await arming.take(TOPIC, payload, retained=False) == ""
    await rooms.arm(PanelMode.OFF)
    assert await arming.take(TOPIC, payload, retained=False) == "a replay"
    rooms.clock.advance(2 * WINDOW_MS / 1000)
    assert "too old" in await arming.take(TOPIC, payload, retained=False)
    rooms.clock.advance(-2 * WINDOW_MS / 1000)  # somebody sets the clock back
    assert await arming.take(TOPIC, payload, retained=False)
    early = sealed(KEY, "arm", TOPIC, command(rooms, late_ms=-WINDOW_MS - 1))
    assert "too old" in await arming.take(TOPIC, early, retained=False)
    assert mode(rooms) is PanelMode.OFF


async def test_a_restart_forgets_no_command(rooms: Bench, arming: Arming) -> None:
    payload = sealed(KEY, "arm", TOPIC, command(rooms))
    assert await arming.take(TOPIC, payload, retained=False) == ""
    await rooms.arm(PanelMode.OFF)
    again = Arming(rooms.journal, rooms.clock, Topics("anju", "3"), {"platform": public(KEY)})
    assert await again.take(TOPIC, payload, retained=False)
    assert mode(rooms) is PanelMode.OFF


@pytest.mark.parametrize("armed", [PanelMode.AWAY, PanelMode.HOME])
async def test_what_is_armed_stays_as_it_is(rooms: Bench, arming: Arming, armed: PanelMode) -> None:
    await rooms.arm(armed)
    before = rooms.journal.building.panels[HOUSEHOLD]
    for wanted in ("home", "away"):
        payload = sealed(KEY, "arm", TOPIC, command(rooms, wanted))
        assert await arming.take(TOPIC, payload, retained=False) == "armed already"
    assert rooms.journal.building.panels[HOUSEHOLD] == before


async def test_over_a_broker_it_arms_and_a_replay_of_the_same_bytes_does_not(rooms: Bench, broker: Mosquitto) -> None:
    node = await rooms.enrol()
    await rooms.receive(node, node.hello())
    destination = made(rooms, broker, arming_keys={"platform": public(KEY)})
    rooms.clock.advance(1)
    async with listening(broker) as heard, running(kept(destination)):
        await until(lambda: heard.last("anju/3/status") == b"online")
        payload = sealed(KEY, "arm", TOPIC, command(rooms))
        await broker.say(TOPIC, payload)
        await until(lambda: mode(rooms) is PanelMode.AWAY)
        await rooms.arm(PanelMode.OFF)
        with capture_logs() as logs:
            await broker.say(TOPIC, payload)
            await until(lambda: any(one.get("why") == "a replay" for one in logs))
    assert mode(rooms) is PanelMode.OFF
    await destination.close()


async def test_without_a_key_nobody_listens(rooms: Bench, broker: Mosquitto) -> None:
    await rooms.enrol()
    destination = made(rooms, broker)
    assert "anju/3/+/command" not in [ear.filter for ear in destination._ears()]


async def test_a_flood_is_not_listened_to(rooms: Bench, broker: Mosquitto) -> None:
    node = await rooms.enrol()
    await rooms.receive(node, node.hello())
    destination = made(rooms, broker, arming_keys={"platform": public(KEY)})
    async with listening(broker) as heard, running(kept(destination)):
        await until(lambda: heard.last("anju/3/status") == b"online")
        with capture_logs() as logs:
            async with broker.client("stranger") as stranger:
                for _ in range(300):
                    await stranger.publish(TOPIC, b"ARM" * 300)
            await until(lambda: any("flooded" in one["event"] for one in logs))
        assert len([one for one in logs if "refused" in one["event"]]) <= 5
        delivered = await destination.deliver(rooms.reports())
        assert len(delivered.taken) == len(rooms.reports())
    await destination.close()


async def test_what_is_too_large_or_goes_wrong_keeps_the_next_one_from_nothing(
    rooms: Bench, broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that may write there can't have us disconnected, nor made deaf."""
    node = await rooms.enrol()
    await rooms.receive(node, node.hello())
    destination = made(rooms, broker, arming_keys={"platform": public(KEY)})
    rooms.clock.advance(1)
    original, seen = Arming.take, list[int]()

    async def take(self: Arming, topic: str, payload: bytes, *, retained: bool) -> str:
        seen.append(len(payload))
        if payload == b"stumble":
            raise ZeroDivisionError
        return await original(self, topic, payload, retained=retained)

    monkeypatch.setattr(Arming, "take", take)
    async with listening(broker) as heard, running(kept(destination)):
        await until(lambda: heard.last("anju/3/status") == b"online")
        session = destination._session
        await broker.say(TOPIC, bytes(200_000))
        await broker.say(TOPIC, b"stumble")
        await broker.say(TOPIC, sealed(KEY, "arm", TOPIC, command(rooms)))
        await until(lambda: mode(rooms) is PanelMode.AWAY)
        assert session is destination._session
    assert max(seen) < 4096
    await destination.close()


@given(st.binary(max_size=4096))
def test_any_bytes_are_somebodys_or_nobodys(payload: bytes) -> None:
    assert opened("arm", TOPIC, payload, {"platform": public(KEY)}) is None


@given(st.lists(st.floats(0, 10), max_size=200))
def test_a_bucket_never_lets_more_through_than_it_says(gaps: list[float]) -> None:
    bucket, now, passed = Bucket(5, 2), 0.0, 0
    for gap in gaps:
        now += gap
        passed += bucket.takes(now)
    assert passed <= 5 + 2 * now + 1
