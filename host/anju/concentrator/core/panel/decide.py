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
    due = _look(state, signal, scene)
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
                after = _look(decision.state, signal, scene, is_chained=True)
                decision = Decision(after.state, decision.told + after.told)
        case _:
            assert_never(signal)
    return decision._replace(told=due.told + decision.told)


def _look(state: PanelState, signal: Signal, scene: Scene, *, is_chained: bool = False) -> Decision:
    """What is due, done. A fault of ours in that must not cost a call for help: then it stays due."""
    try:
        return clockwork.look(state, scene, is_chained=is_chained)
    except Exception:
        if isinstance(signal, ZoneSignal) and signal.is_urgent:
            return Decision(state)
        raise
