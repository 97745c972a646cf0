"""The words of which stories are made: what happens, when, and what a person would call it."""

from __future__ import annotations

from enum import StrEnum
from math import inf
from typing import NamedTuple

MINUTE, HOUR = 60.0, 3600.0


class Act(StrEnum):
    """What happens. Those after RESETS happen to the building."""

    OPENS = "opens"
    CLOSES = "closes"
    MOVES = "somebody or something moves past"
    PRESSES = "presses"
    HOLDS = "presses and holds"
    DETECTS = "detects"
    RESTS = "detects no more"
    LOSES_POWER = "loses its power"
    HAS_POWER = "has power"
    BATTERY = "has a battery of so many millivolts"
    ARMS_AWAY = "arms and leaves"
    ARMS_HOME = "arms and stays"
    DISARMS = "disarms"
    IS_FORCED = "disarms under duress"
    BYPASSES = "takes out"
    BEGINS_TEST = "begins a test"
    ENDS_TEST = "ends the test"
    RESETS = "resets"
    BLACKOUT = "the concentrator has no power"
    CLOCK_IS_SET = "the concentrator's clock is set"
    JAMMED = "the radio is jammed"
    DONGLE_OUT = "the radio's dongle is out"


class Step(NamedTuple):
    """At `at_s` of its story. `amount`: seconds that it lasts or by which a clock is set, millivolts."""

    at_s: float
    act: Act
    thing: str = ""
    """A zone; a node, for its power and battery."""
    amount: float = 0.0


class Promise(NamedTuple):
    """What a person would call it: within `within_s` from `at_s` on, so often. `is_due`: it must come, or may.

    `is_nuisance`: nobody is to blame but whoever has forgotten something; the alarm is right, and nobody needs it.
    """

    at_s: float
    kind: str
    thing: str
    within_s: float
    times: int = 1
    is_due: bool = True
    is_nuisance: bool = False
    is_trouble: bool = False


class Story(NamedTuple):
    """What happens to a flat, and what has to come of it: nothing but what is promised."""

    name: str
    steps: tuple[Step, ...]
    promises: tuple[Promise, ...]
    lasts_s: float
    needs_peace: bool = False
    """Nothing may happen to the building meanwhile, for then it is not what a person expects. A restart ends a TEST,
    and begins to wait for silent nodes anew. A door that was closed again before anybody heard of it is no news, and one that
    nobody heard of gives no more time to leave. What a node tells that has not been told the time is judged most strictly."""

    @property
    def is_of_the_building(self) -> bool:
        """Whether something happens in it that all flats notice."""
        return any(step.act in _OF_THE_BUILDING for step in self.steps)

    def stands_open_at(self, at_s: float) -> bool:
        """Whether something is open then, or was until just now."""
        shuts = {step.thing: -_RESTS_S for step in self.steps}
        for step in self.steps:
            if step.act in {Act.OPENS, Act.DETECTS} and step.at_s <= at_s:
                shuts[step.thing] = inf
            elif step.act in {Act.CLOSES, Act.RESTS} and step.at_s + _RESTS_S <= at_s:
                shuts[step.thing] = step.at_s
            elif step.act is Act.MOVES and step.at_s <= at_s < step.at_s + _RESTS_S:
                shuts[step.thing] = inf
        return inf in shuts.values()


SILENCES = frozenset({Act.BLACKOUT, Act.JAMMED, Act.DONGLE_OUT})
"""What lasts, and lets nobody be heard."""
_RESTS_S = 5.0
"""Until what has moved past is at rest, and that was heard."""
_OF_THE_BUILDING = SILENCES | {Act.CLOCK_IS_SET}


def must_alarm(
    kind: str, thing: str, at_s: float, within_s: float = MINUTE, *, times: int = 1, is_nuisance: bool = False
) -> Promise:
    """Somebody needs help, or somebody is where nobody should be."""
    return Promise(at_s, kind, thing, within_s, times, is_nuisance=is_nuisance)


def may_alarm(kind: str, thing: str, at_s: float, within_s: float, *, is_nuisance: bool = False) -> Promise:
    """Part of the same: whether it is told is all one."""
    return Promise(at_s, kind, thing, within_s, is_due=False, is_nuisance=is_nuisance)


def must_trouble(kind: str, thing: str, at_s: float, within_s: float) -> Promise:
    """Something does not work."""
    return Promise(at_s, kind, thing, within_s, is_trouble=True)


def must_not_alarm() -> tuple[Promise, ...]:
    """Nothing is the matter."""
    return ()
