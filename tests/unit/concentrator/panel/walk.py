"""Every state that a panel can reach, with timers of a few ticks: by breadth, from a panel that nobody has touched."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from anju.concentrator.core.moment import Moment
from anju.concentrator.core.panel.decide import decide
from anju.concentrator.core.panel.signals import (
    Action,
    Decision,
    PersonSignal,
    Scene,
    Signal,
    Standing,
    StartSignal,
    Times,
    TimeSignal,
    ZoneSignal,
)
from anju.concentrator.core.panel.source import Contact, Source
from anju.concentrator.core.panel.state import PanelState
from anju.concentrator.core.panel.stays import Stays
from anju.concentrator.core.panel.timer import Timer
from anju.concentrator.core.panel.zones import BUTTONS, ROW_OF
from anju.uplink.reports import PanelMode, ZoneKind
from anju.wire.table import Code, InputKind

TICKS = Times(exit_s=2, entry_s=1, abort_s=1, siren_s=2, settle_s=1)
NOW = Moment(1_800_000_000_000, 1000.0)
ACTIVE = {
    InputKind.ENTRY: (Code.OPENED, Code.CLOSED),
    **dict.fromkeys(BUTTONS, (Code.PANIC, Code.PANIC)),
    InputKind.TAMPER: (Code.TAMPERED, Code.TAMPER_RESTORED),
    InputKind.DETECTOR: (Code.DETECTED, Code.CLEARED),
}


class Node(NamedTuple):
    """A state of the walk: the panel, with all times told from now, and the zones that are active."""

    state: PanelState
    active: frozenset[Contact]


class Step(NamedTuple):
    """One signal, what it led to, and where from."""

    before: Node
    signal: Signal
    decision: Decision
    after: Node
    zones: tuple[Source, ...] = ()


@dataclass
class Walk:
    """What there is in the household, and which people may ask; `states` and `steps` count what was walked."""

    kinds: tuple[ZoneKind, ...]
    asks: tuple[PersonSignal, ...]
    can_start: bool = False
    states: set[Node] = field(default_factory=set)
    ways: dict[Node, set[Node]] = field(default_factory=dict)
    steps: int = 0

    def __post_init__(self) -> None:
        self.zones = tuple(Source(Contact(1, n, 0), kind, kind) for n, kind in enumerate(self.kinds))

    def run(self, check: Callable[[Step], None]) -> None:
        """Walk until nothing new is reached, and check each step."""
        start = _told_from_now(Node(PanelState(), frozenset()))
        self.states.add(start)
        todo = deque([start])
        while todo:
            node = todo.popleft()
            for step in self._from(node):
                self.steps += 1
                check(step)
                self.ways.setdefault(step.after, set()).add(node)
                if step.after not in self.states:
                    self.states.add(step.after)
                    todo.append(step.after)

    def can_all_reach(self, goal: Callable[[Node], bool]) -> bool:
        """Whether every state has a way to one of these."""
        reached = {node for node in self.states if goal(node)}
        todo = deque(reached)
        while todo:
            for before in self.ways.get(todo.popleft(), ()):
                if before not in reached:
                    reached.add(before)
                    todo.append(before)
        return reached == self.states

    def _from(self, node: Node) -> Iterator[Step]:
        for signal, active in self._signals(node):
            yield self._step(node, node.state, signal, active)
        yield self._step(node, _a_tick_later(node.state), TimeSignal(), node.active)

    def _step(self, before: Node, state: PanelState, signal: Signal, active: frozenset[Contact]) -> Step:
        standing = tuple(Standing(z.contact, z.kind, z.name, z.contact in active) for z in self.zones)
        decision = decide(state, signal, Scene(NOW, TICKS, lambda: standing))
        return Step(before, signal, decision, _told_from_now(Node(decision.state, active)), self.zones)

    def _signals(self, node: Node) -> Iterator[tuple[Signal, frozenset[Contact]]]:
        on_test = node.state.test is not None
        for zone in self.zones:
            becomes, rests = ACTIVE[ROW_OF[zone.kind].input]
            is_button = becomes is Code.PANIC
            is_active = zone.contact in node.active
            source = zone._replace(at_ms=NOW.wall_ms)
            code = rests if is_active else becomes
            after = node.active if is_button else node.active ^ {zone.contact}
            yield ZoneSignal(code, is_button, source, NOW.wall_ms, on_test=on_test), after
            if self.can_start:
                yield StartSignal(*zone.contact[:2]), node.active
        for asked in self.asks:
            yield asked, node.active


ARM = (
    PersonSignal(Action.ARM, mode=PanelMode.AWAY, anyway=True),
    PersonSignal(Action.ARM, mode=PanelMode.HOME, anyway=True),
)
DISARM, DURESS, RESET = (PersonSignal(action) for action in (Action.DISARM, Action.DURESS, Action.RESET))
TEST = PersonSignal(Action.TEST, lasts_s=1)
BYPASS = PersonSignal(Action.BYPASS, contact=Contact(1, 0, 0), reason="painting", lasts_s=1)


def _told_from_now(node: Node) -> Node:
    """What was does not count: only how things are, and how long they will be."""
    state = node.state
    left_s = state.timer.left_s(NOW) if state.timer else 0
    began_ms = NOW.wall_ms - round((state.stays.last.exit_s - left_s) * 1000)
    stay = state.stays.last._replace(since_ms=began_ms, out=())
    told = replace(
        state,
        stays=Stays((stay,)),
        tests=(),
        pressed=(),
        bypasses=tuple(sorted(state.bypasses)),
        settling=tuple(sorted(state.settling)),
        tripped=tuple(sorted({one._replace(at_ms=0, event_id=0) for one in state.tripped})),
    )
    return Node(told, node.active)


def _a_tick_later(state: PanelState) -> PanelState:
    def older(timer: Timer) -> Timer:
        since = Moment(timer.since.wall_ms - 1000, timer.since.monotonic_s - 1)
        return timer._replace(since=since) if timer.lasts_s else timer

    sounding, test = state.sounding, state.test
    return replace(
        state,
        timer=older(state.timer) if state.timer else None,
        bypasses=tuple(one._replace(timer=one.timer and older(one.timer)) for one in state.bypasses),
        settling=tuple(one._replace(timer=older(one.timer)) for one in state.settling),
        sounding=sounding._replace(timer=older(sounding.timer)) if sounding else None,
        test=test._replace(since=Moment(test.since.wall_ms - 1000, test.since.monotonic_s - 1)) if test else None,
        stays=Stays(tuple(stay._replace(since_ms=stay.since_ms - 1000) for stay in state.stays.all)),
    )
