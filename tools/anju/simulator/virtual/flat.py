"""A flat: its nodes, and the people who live there. Carries out the steps of a story."""

from __future__ import annotations

import random
from functools import partial

from anju.concentrator.core.panel.signals import Action
from anju.concentrator.core.panel.source import Contact
from anju.simulator.virtual.building import Building
from anju.simulator.virtual.node import Input, Node
from anju.simulator.virtual.story import Act, Step
from anju.uplink.reports import PanelMode, Refusal, Zone, ZoneKind

FURNITURE = {
    "door": (("front-door", ZoneKind.ENTRY, Input.CONTACT), ("door-case", ZoneKind.TAMPER, Input.CASE)),
    "window": (("window", ZoneKind.INSTANT, Input.CONTACT), ("window-case", ZoneKind.TAMPER, Input.CASE)),
    "hall": (("hall", ZoneKind.FOLLOWER, Input.CONTACT), ("hall-case", ZoneKind.TAMPER, Input.CASE)),
    "button": (("bedside", ZoneKind.HOLD_UP, Input.BUTTON), ("button-case", ZoneKind.TAMPER, Input.CASE)),
    "kitchen": (("smoke", ZoneKind.FIRE, Input.DETECTOR), ("leak", ZoneKind.WATER, Input.DETECTOR)),
}
"""Nodes of every flat, each with its zones."""
NODE_OF = {zone: node for node, zones in FURNITURE.items() for zone, _kind, _input in zones}

_AGAIN_S = 5.0
"""So soon somebody tries again at a panel that does not answer."""
_PRESS_S, _HOLD_S, _MOVES_S = 1.2, 4.0, 2.0
_MOVEMENTS = {
    Act.OPENS: True,
    Act.CLOSES: False,
    Act.DETECTS: True,
    Act.RESTS: False,
}
_PASSING = {Act.MOVES: _MOVES_S, Act.PRESSES: _PRESS_S, Act.HOLDS: _HOLD_S}
_ASKED: dict[Act, tuple[Action, dict[str, object]]] = {
    Act.ARMS_AWAY: (Action.ARM, {"mode": PanelMode.AWAY}),
    Act.ARMS_HOME: (Action.ARM, {"mode": PanelMode.HOME}),
    Act.DISARMS: (Action.DISARM, {}),
    Act.IS_FORCED: (Action.DURESS, {}),
    Act.ENDS_TEST: (Action.TEST, {"lasts_s": 0}),
    Act.RESETS: (Action.RESET, {}),
}


class Flat:
    """One household."""

    def __init__(self, household: str, building: Building, chance: random.Random) -> None:
        self.household = household
        self.building = building
        self.node_names: dict[int, str] = {}
        """By the number of the node on the wire."""
        self._chance = chance
        self._nodes: dict[str, Node] = {}
        self._contacts: dict[str, Contact] = {}

    async def furnish(self) -> None:
        """Hang up the nodes, and give them power within the first minute."""
        for name, zones in FURNITURE.items():
            told = [Zone(number=number, name=zone, kind=kind) for number, (zone, kind, _) in enumerate(zones)]
            link = await self.building.enrol(self.household, told)
            node = Node(link, [kind for *_, kind in zones], self.building.agenda, self._chance)
            node.send = self.building.connect(link, node.receive)
            self._nodes[name] = node
            self.node_names[link.address.node] = name
            self._contacts |= {zone: Contact(*link.address, number) for number, (zone, *_) in enumerate(zones)}
            self.building.agenda.after(self._chance.uniform(1, 60), node.power_on)

    async def do(self, step: Step) -> None:
        """Carry out a step."""
        act, thing = step.act, step.thing
        if act in _MOVEMENTS:
            self._move(thing, is_active=_MOVEMENTS[act])
        elif act in _PASSING:
            self._move(thing, is_active=True)
            self.building.agenda.after(_PASSING[act], partial(self._move, thing, is_active=False))
        elif act is Act.BATTERY:
            self._nodes[thing].battery_mv = round(step.amount)
        elif act is Act.LOSES_POWER:
            self._nodes[thing].power_off()
        elif act is Act.HAS_POWER:
            self._nodes[thing].power_on()
        else:
            await self._ask(*self._asked(step))

    def _move(self, zone: str, *, is_active: bool) -> None:
        node = self._nodes[NODE_OF[zone]]
        number = [name for name, *_ in FURNITURE[NODE_OF[zone]]].index(zone)
        node.move(number, is_active=is_active)

    def _asked(self, step: Step) -> tuple[Action, dict[str, object]]:
        if step.act is Act.BYPASSES:
            return Action.BYPASS, {"contact": self._contacts[step.thing], "reason": "it rattles"}
        if step.act is Act.BEGINS_TEST:
            return Action.TEST, {"lasts_s": int(step.amount)}
        return _ASKED[step.act]

    async def _ask(self, action: Action, how: dict[str, object]) -> None:
        """Ask the panel, as a person does: again if it does not answer, and anyway if it warns."""
        try:
            refusal = await self.building.ask(self.household, action, **how)
        except ConnectionError:
            self.building.agenda.after(_AGAIN_S, lambda: self._ask(action, how))
            return
        if refusal is Refusal.NOT_READY:
            await self.building.ask(self.household, action, anyway=True, **how)
