"""Home Assistant finds all of an estate by itself: it is told what it documents, and a program sees this of four flats."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from anju.concentrator.core.panel.trouble import Fault
from anju.concentrator.core.places import Address
from anju.concentrator.destinations.mqtt.party import Mqtt
from anju.service import i18n
from anju.uplink.reports import (
    Lane,
    NodeAddress,
    PanelMode,
    ReportKind,
    Survey,
    SurveyedNode,
    TroubleKind,
    Zone,
    ZoneKind,
)
from anju.wire.table import Code
from unit.concentrator.harness import Bench, FarNode
from unit.concentrator.mqtt_kit import Heard, Listener, Mosquitto, listening, made, marked, mosquitto, painted

pytestmark = pytest.mark.anyio
HERE = Path(__file__).parent / "home_assistant"
FLATS = ("3-1-0101", "3-1-0102", "3-1-0201", "3-1-0202")
ALL_KINDS = tuple(Zone(number=number, name=kind.value, kind=kind) for number, kind in enumerate(list(ZoneKind)))
TOPIC = re.compile(r"^homeassistant/([a-z_]+)/[a-zA-Z0-9_-]+/[a-zA-Z0-9_-]+/config$")
CONFIG = json.loads((HERE / "discovery.json").read_text())


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    async with mosquitto(tmp_path / "broker") as started:
        yield started


def check(topic: str, payload: bytes) -> dict[str, object]:
    """A discovery payload, as documented for its component."""
    found = TOPIC.match(topic)
    assert found, topic
    config: dict[str, object] = json.loads(payload)
    Draft202012Validator(CONFIG).validate({found[1]: config})
    return config


async def kept(broker: Mosquitto) -> list[Heard]:
    """What a program finds that comes now."""
    async with listening(broker) as late:
        await marked(broker, late)
        return sorted(one for one in late.heard if not one.topic.startswith("mark"))


@pytest.mark.parametrize("choice", [{}, {"zone_names": True, "silent_alarms": True, "retain_arm_state": True}])
@pytest.mark.parametrize("language", i18n.LANGUAGES)
async def test_all_that_is_announced_is_as_documented(
    rooms: Bench, broker: Mosquitto, choice: dict[str, bool], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANJU_LANG", language)
    node = await rooms.enrol(FLATS[0], ALL_KINDS)
    await rooms.receive(node, node.hello(build=b"0.1.0 unix_sim"))
    destination = made(rooms, broker, **choice)
    await destination.test()
    await painted(destination)
    configs = {one.topic: check(one.topic, one.payload) for one in await kept(broker) if "/config" in one.topic}
    assert {topic.split("/")[1] for topic in configs} == set(CONFIG["properties"])
    ids = [config["unique_id"] for config in configs.values()]
    assert len(ids) == len(set(ids))
    shown = [config for config in configs.values() if "command_topic" in config]
    assert [config["supported_features"] for config in shown] == [[]]
    await destination.close()


async def test_what_is_unpaired_is_announced_no_more(rooms: Bench, broker: Mosquitto) -> None:
    node = await rooms.enrol(FLATS[0])
    await rooms.receive(node, node.hello())
    destination = made(rooms, broker)
    await destination.test()
    await painted(destination)
    assert [one for one in await kept(broker) if "n1-1" in one.topic]
    await rooms.keyring.end([link.id for link in rooms.keyring.links], ())
    assert destination._session is not None
    destination._session.touch(FLATS[0])
    await painted(destination)
    assert not [one for one in await kept(broker) if "n1-1" in one.topic]
    await destination.close()


async def test_a_silent_node_is_not_believed(rooms: Bench, broker: Mosquitto) -> None:
    """A door of which nobody hears anything must not look closed."""
    node = await rooms.enrol(FLATS[0])
    await rooms.receive(node, node.hello())
    await fail(rooms, node, TroubleKind.NODE_SILENT)
    destination = made(rooms, broker)
    await destination.test()
    await painted(destination)
    found = {one.topic: one.payload for one in await kept(broker)}
    assert found[f"anju/3/{FLATS[0]}/n1-1/status"] == b"offline"
    door = json.loads(found["homeassistant/binary_sensor/anju_3/anju_3_n1-1_z0/config"])
    assert {"topic": f"anju/3/{FLATS[0]}/n1-1/status"} in door["availability"]
    assert door["availability_mode"] == "all"
    await destination.close()


async def fail(rooms: Bench, node: FarNode, kind: TroubleKind) -> None:
    async with rooms.journal.change() as draft:
        draft.fault(Fault.of(kind, Address(*node.address)))


async def test_another_program_sees_this_of_four_flats(
    rooms: Bench, broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANJU_LANG", "en")
    nodes = [await rooms.enrol(flat) for flat in FLATS]
    for node in nodes:
        await rooms.receive(node, node.hello(build=b"0.1.0 unix_sim"))
    destination = made(rooms, broker)
    await destination.deliver(rooms.reports())
    await painted(destination)
    text = ["# A program connects. What the broker keeps:", *map(line, await kept(broker))]
    async with listening(broker) as listener:
        await marked(broker, listener)
        seen = Seen(rooms, broker, destination, listener)
        await rooms.arm(PanelMode.AWAY, FLATS[0])
        text += ["", "# 0101 leaves:", *await seen.news()]
        await rooms.receive(nodes[0], nodes[0].event(Code.OPENED, levels=1))
        await rooms.comes_in_and_stays(FLATS[0])
        text += ["", "# 0101: a door opens, and nobody disarms:", *await seen.news()]
        await rooms.receive(nodes[1], nodes[1].press())
        text += ["", "# 0102: the button by the bed:", *await seen.news()]
        await fail(rooms, nodes[2], TroubleKind.NODE_SILENT)
        text += ["", "# 0201: a node is silent:", *await seen.news()]
        await fail(rooms, nodes[3], TroubleKind.BATTERY_LOW)
        await surveyed(rooms, nodes[3])
        text += ["", "# 0202: a battery is low, and the links are surveyed:", *await seen.news()]
        await destination.close()
        text += ["", "# The concentrator is stopped:", *await seen.news()]
    told = "\n".join(text).replace(rooms.journal.journal_id, "JOURNAL") + "\n"
    expected = HERE / "four_flats.txt"
    assert told == expected.read_text()


async def surveyed(rooms: Bench, node: FarNode) -> None:
    network, number = node.address
    found = SurveyedNode(
        node=NodeAddress(network=network, node=number),
        quality_down=200,
        answered=1,
        asked=1,
        heard=1,
        lost=0,
        repeated=0,
        tries=1,
    )
    async with rooms.journal.change() as draft:
        draft.record(ReportKind.SURVEYED, Lane.ROUTINE, household=node.household, survey=Survey(nodes=(found,)))


class Seen:
    """What has come since somebody looked last."""

    def __init__(self, rooms: Bench, broker: Mosquitto, destination: Mqtt, listener: Listener) -> None:
        self._rooms = rooms
        self._broker = broker
        self._destination = destination
        self._listener = listener
        self._seq = rooms.journal.building.last_seq
        self._heard = len(listener.heard)

    async def news(self) -> list[str]:
        """In the order in which it came."""
        new = [one for one in self._rooms.reports() if one.seq > self._seq]
        self._seq = self._rooms.journal.building.last_seq
        if new:
            await self._destination.deliver(new)
            await painted(self._destination)
        await marked(self._broker, self._listener)
        heard, self._heard = self._listener.heard[self._heard :], len(self._listener.heard)
        return [line(one) for one in heard if not one.topic.startswith("mark")]


def line(one: Heard) -> str:
    """As the transcript has it; of what is announced the gist."""
    if one.topic.endswith("/config"):
        config = check(one.topic, one.payload)
        name, where = config["name"] or config["device"]["name"], config["state_topic"]  # type: ignore[index]
        return f"{one.topic.split('/')[1]:<20}{config['unique_id']:<28}“{name}” at {where}"
    return f"{one.topic}  {one.payload.decode()}"
