"""What Home Assistant is told of an entity, as it documents MQTT discovery (www.home-assistant.io/integrations/mqtt)."""

from __future__ import annotations

from typing import Any, NamedTuple

from anju.concentrator.core.places import Address
from anju.concentrator.destinations.mqtt.topics import COMMAND, Topics, node_part
from anju.uplink.reports import ZoneKind

CLASS_OF = {
    ZoneKind.ENTRY: "door",
    ZoneKind.INSTANT: "window",
    ZoneKind.FOLLOWER: "door",
    ZoneKind.ALL_HOURS: "opening",
    ZoneKind.FIRE: "smoke",
    ZoneKind.GAS: "gas",
    ZoneKind.WATER: "moisture",
    ZoneKind.TAMPER: "tamper",
}
"""Device classes of zones that stand open or closed; a button is an event, sirens and keypads have no state."""


class Device(NamedTuple):
    """What entities hang on."""

    id: str
    name: str
    model: str
    via: str | None = None
    firmware: str = ""

    def described(self) -> dict[str, Any]:
        """As discovery names it."""
        device: dict[str, Any] = {
            "identifiers": [self.id],
            "manufacturer": "Anju",
            "model": self.model,
            "name": self.name,
        }
        if self.via:
            device["via_device"] = self.via
        if self.firmware:
            device["sw_version"] = self.firmware
        return device


class Entity(NamedTuple):
    """One entity: where it is announced, what is said there, where its state goes, and the state now (None: nobody knows)."""

    config_topic: str
    config: dict[str, Any]
    state_topic: str
    state: str | None = None
    is_arm_state: bool = False


class Scene(NamedTuple):
    """Makes the entities of one device."""

    topics: Topics
    device: Device
    availability: tuple[str, ...]

    def entity(
        self, component: str, entity: str, name: str | None, state_topic: str, state: str | None, **more: Any
    ) -> Entity:
        """An entity of a component; `name` None: the device's own."""
        unique = f"{self.topics.scope}_{entity}"
        config = {
            "availability": [{"topic": topic} for topic in self.availability],
            "availability_mode": "all",
            "device": self.device.described(),
            "name": name,
            "origin": {"name": "Anju"},
            "qos": 1,
            "state_topic": state_topic,
            "unique_id": unique,
        }
        return Entity(self.topics.config(component, unique), config | more, state_topic, state)

    def panel(self, household: str, state: str) -> Entity:
        """A household's panel. It can be looked at: what Home Assistant's buttons publish is not signed, and is refused."""
        more = {
            "code_arm_required": False,
            "command_topic": self.topics.of(household, COMMAND),
            "supported_features": list[str](),
        }
        topic = self.topics.of(household, "panel")
        panel = self.entity("alarm_control_panel", f"{household}_panel", None, topic, state, **more)
        return panel._replace(is_arm_state=True)

    def is_on(self, entity: str, name: str | None, topic: str, is_on: bool | None, device_class: str) -> Entity:
        """A binary sensor."""
        state = None if is_on is None else "ON" if is_on else "OFF"
        more: dict[str, Any] = {"device_class": device_class}
        if device_class in {"battery", "problem"}:
            more["entity_category"] = "diagnostic"
        return self.entity("binary_sensor", entity, name, topic, state, **more)

    def measured(self, entity: str, name: str, topic: str, value: int | None, unit: str, **more: Any) -> Entity:
        """A sensor with a number."""
        state = None if value is None else str(value)
        fixed = {"entity_category": "diagnostic", "state_class": "measurement", "unit_of_measurement": unit}
        return self.entity("sensor", entity, name, topic, state, **(fixed | more))


def scope_of_node(topics: Topics, address: Address) -> str:
    """A node's id among all devices of the broker."""
    return f"{topics.scope}_{node_part(address)}"
