"""Commands from the estate that a household's panel decides on, as what a person asks of it. Pure."""

from __future__ import annotations

from anju.concentrator.core.panel.on_test import LEAST_S, MOST_S
from anju.concentrator.core.panel.signals import Action, PersonSignal
from anju.concentrator.core.panel.source import Contact
from anju.uplink.commands import CommandKind, EstateCommand
from anju.uplink.reports import PanelMode

_ACTIONS = {
    CommandKind.RESET: Action.RESET,
    CommandKind.ARM_AWAY: Action.ARM,
    CommandKind.ARM_HOME: Action.ARM,
    CommandKind.DISARM: Action.DISARM,
    CommandKind.DURESS: Action.DURESS,
    CommandKind.BYPASS: Action.BYPASS,
    CommandKind.UNBYPASS: Action.UNBYPASS,
    CommandKind.TEST: Action.TEST,
    CommandKind.TEST_END: Action.TEST,
}
KINDS = frozenset(_ACTIONS)
"""What a panel decides on; the others are for a node."""


def signal_of(command: EstateCommand) -> PersonSignal | None:
    """What a command asks; None if it lacks what its kind needs."""
    kind, zone, lasts_s = command.kind, command.zone, command.lasts_s or 0
    if kind in {CommandKind.BYPASS, CommandKind.UNBYPASS} and zone is None:
        return None
    if kind is CommandKind.BYPASS and not command.reason:
        return None
    if kind is CommandKind.TEST and not LEAST_S <= lasts_s <= MOST_S:
        return None
    return PersonSignal(
        _ACTIONS[kind],
        command.person,
        mode=PanelMode.HOME if kind is CommandKind.ARM_HOME else PanelMode.AWAY,
        anyway=command.anyway is True,
        contact=Contact(zone.node.network, zone.node.node, zone.number) if zone else None,
        reason=command.reason or "",
        lasts_s=0 if kind is CommandKind.TEST_END else lasts_s,
    )
