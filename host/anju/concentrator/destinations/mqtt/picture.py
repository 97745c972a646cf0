"""What is, as states: a picture of one household, or of the building, to be compared with what was shown before.

Events tell what happened, in order and however late; a state is always of now, so that no backlog can show what is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from anju.concentrator.core.building import Building
from anju.concentrator.core.node_kinds import kind_of
from anju.concentrator.core.panel.arming import Phase
from anju.concentrator.core.panel.state import PanelState
from anju.concentrator.core.panel.trouble import OF_NODES, Fault
from anju.concentrator.core.places import Address, Placement
from anju.concentrator.core.ports import Journal
from anju.concentrator.destinations.mqtt.discovery import CLASS_OF, Device, Entity, Scene, scope_of_node
from anju.concentrator.destinations.mqtt.events import PRESS_TYPES, SILENT, Message, encoded
from anju.concentrator.destinations.mqtt.topics import Topics, node_part
from anju.service.i18n import _, process_language, translation
from anju.service.zone_words import kind_names
from anju.uplink.reports import PanelMode, ReportKind, TroubleKind, Zone, ZoneKind

ONLINE, OFFLINE = "online", "offline"
_SILENCE = (TroubleKind.NODE_SILENT, TroubleKind.NODE_LOST)
_BUTTONS = frozenset({ZoneKind.HOLD_UP, ZoneKind.ANY_PRESS}) | SILENT
_ARMED = {PanelMode.OFF: "disarmed", PanelMode.HOME: "armed_home", PanelMode.AWAY: "armed_away"}
_PASSING = {Phase.EXIT: "arming", Phase.ENTRY: "pending", Phase.ABORT: "pending"}


class Chosen(NamedTuple):
    """What the site has chosen to show."""

    discovery: bool = True
    retain_arm_state: bool = False
    """A state that a broker keeps says to whoever gets at it, at any time, that nobody is at home."""
    zone_names: bool = False
    silent_alarms: bool = False


Picture = dict[str, Message]
"""By topic."""


@cache
def _names(language: str) -> dict[ZoneKind, str]:
    """Looked up once: a picture of a building names thousands of zones."""
    return kind_names(translation(language).gettext)


def households(building: Building) -> list[str]:
    """Those of which a node was heard."""
    found = {building.premises.household_of(address) for address in building.nodes}
    return sorted(household for household in found if household)


def panel_state(panel: PanelState, *, silent_alarms: bool) -> str:
    """The panel in Home Assistant's words: an alarm shows until a person resets it."""
    if panel.latched if silent_alarms else panel.latched - SILENT:
        return "triggered"
    return _PASSING.get(panel.phase, _ARMED[panel.mode])


class Painter(NamedTuple):
    """Paints from the journal's committed state."""

    journal: Journal
    topics: Topics
    chosen: Chosen

    def of_building(self) -> Picture:
        """Whether something of the building itself is in trouble: a link, the supply, the disk."""
        faults = self.journal.building.faults
        is_troubled = any(fault.kind not in OF_NODES for fault in faults)
        scene = Scene(self.topics, self._building_device(), (self.topics.status,))
        return self._picture(
            [scene.is_on("problem", _("trouble"), self.topics.of(None, "problem"), is_troubled, "problem")]
        )

    def of_household(self, household: str) -> Picture:
        """Its panel, its nodes, and whether each can be believed."""
        building, topics = self.journal.building, self.topics
        nodes = list(building.premises.nodes_of(household))
        if not nodes:
            return {}
        device = Device(f"{topics.scope}_{household}", household, _("household"), topics.scope)
        panel = building.panels.get(household) or PanelState()
        state = panel_state(panel, silent_alarms=self.chosen.silent_alarms)
        shown = [Scene(topics, device, (topics.status,)).panel(household, state)]
        quality = self._quality(household)
        picture: Picture = {}
        for address, placement in nodes:
            heard = topics.of(household, node_part(address), "status")
            is_heard = not any(Fault.of(kind, address) in building.faults for kind in _SILENCE)
            picture[heard] = Message(heard, (ONLINE if is_heard else OFFLINE).encode(), retain=True)
            shown += self._node(household, address, placement, quality.get(address))
        return picture | self._picture(shown)

    def _node(self, household: str, address: Address, placement: Placement, quality: int | None) -> Iterator[Entity]:
        building, topics, part = self.journal.building, self.topics, node_part(address)
        state = building.nodes.get(address)
        firmware = state.firmware if state else ""
        home = f"{topics.scope}_{household}"
        device = Device(scope_of_node(topics, address), f"{household} {part}", kind_of(firmware).name, home, firmware)
        scene = Scene(topics, device, (topics.status,))
        believed = scene._replace(availability=(topics.status, topics.of(household, part, "status")))
        for number, zone in enumerate(placement.inputs):
            yield from self._zone(believed, household, address, number, zone, state.levels if state else None)
        silent = any(Fault.of(kind, address) in building.faults for kind in _SILENCE)
        yield scene.is_on(f"{part}_problem", _("trouble"), topics.of(household, part, "problem"), silent, "problem")
        if kind_of(firmware).battery:
            is_low = Fault.of(TroubleKind.BATTERY_LOW, address) in building.faults
            yield scene.is_on(f"{part}_battery", _("battery"), topics.of(household, part, "battery"), is_low, "battery")
            mv = state.battery.mv if state else None
            topic = topics.of(household, part, "voltage")
            yield scene.measured(f"{part}_voltage", _("battery voltage"), topic, mv, "mV", device_class="voltage")
        topic = topics.of(household, part, "signal")
        yield scene.measured(f"{part}_signal", _("signal, of 255"), topic, quality, "lqi")

    def _zone(
        self, scene: Scene, household: str, address: Address, number: int, zone: Zone, levels: int | None
    ) -> Iterator[Entity]:
        if zone.kind in SILENT and not self.chosen.silent_alarms:
            return
        part, place = node_part(address), f"z{number}"
        name = zone.name if self.chosen.zone_names else _names(process_language())[zone.kind]
        if zone.kind in _BUTTONS:
            topic = self.topics.of(household, part, place, "press")
            more = {"device_class": "button", "event_types": list(PRESS_TYPES)}
            yield scene.entity("event", f"{part}_{place}", name, topic, None, **more)
        elif zone.kind in CLASS_OF:
            is_open = None if levels is None else bool(levels >> number & 1)
            topic = self.topics.of(household, part, place, "state")
            yield scene.is_on(f"{part}_{place}", name, topic, is_open, CLASS_OF[zone.kind])

    def _quality(self, household: str) -> dict[Address, int]:
        """How well each node hears us, by the newest survey."""
        surveys = [one.survey for one in self.journal.records(ReportKind.SURVEYED, household, 1) if one.survey]
        nodes = [node for survey in surveys for node in survey.nodes]
        return {Address(one.node.network, one.node.node): one.quality_down for one in nodes if one.quality_down}

    def _building_device(self) -> Device:
        return Device(
            self.topics.scope, _("building %(building)s") % {"building": self.topics.building}, _("concentrator")
        )

    def _picture(self, entities: Iterable[Entity]) -> Picture:
        picture: Picture = {}
        for one in entities:
            if self.chosen.discovery:
                picture[one.config_topic] = Message(one.config_topic, encoded(one.config), retain=True)
            if one.state is not None:
                retain = self.chosen.retain_arm_state or not one.is_arm_state
                picture[one.state_topic] = Message(one.state_topic, one.state.encode(), retain)
        return picture


def changes(before: Picture, now: Picture) -> list[Message]:
    """What to publish so that others see the new picture: a topic that has gone is emptied."""
    new = [message for topic, message in now.items() if before.get(topic) != message]
    gone = [
        Message(topic, b"", retain=True) for topic, message in before.items() if topic not in now and message.retain
    ]
    return new + gone


def momentary(picture: Picture) -> Picture:
    """What a broker does not keep, and whoever has just come can't know."""
    return {topic: message for topic, message in picture.items() if not message.retain}


def is_birth(payload: bytes) -> bool:
    """Whether Home Assistant says that it has started."""
    return payload == ONLINE.encode()
