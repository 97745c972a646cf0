"""`decide`: what a signal means to a household, given its panel's state. Pure."""

from __future__ import annotations

from typing import assert_never

from anju.concentrator.core.panel import clockwork, events, people
from anju.concentrator.core.panel.signals import (
    Decision,
    PersonSignal,
    Scene,
    Signal,
    StartSignal,
    TimeSignal,
    Vanished,
    ZoneSignal,
)
from anju.concentrator.core.panel.state import PanelState


def decide(state: PanelState, signal: Signal, scene: Scene) -> Decision:
    """Decide on one signal. What was due before it is done first: a decision never depends on when somebody looks at a clock."""
    due = clockwork.look(state, scene)
    match signal:
        case TimeSignal():
            return due
        case StartSignal(network, node):
            return due._replace(state=clockwork.settle(due.state, network, node, scene))
        case Vanished(address):
            decision = events.vanished(due.state, address, scene)
        case PersonSignal():
            decision = people.ask(due.state, signal, scene)
        case ZoneSignal():
            decision = events.judge(due.state, signal, scene)
            if decision.state is not due.state:
                after = clockwork.look(decision.state, scene, is_chained=True)
                decision = Decision(after.state, decision.told + after.told)
        case _:
            assert_never(signal)
    return decision._replace(told=due.told + decision.told)
