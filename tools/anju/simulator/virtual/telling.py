"""What many stories have in common."""

from __future__ import annotations

from anju.simulator.virtual.story import MINUTE, SILENCES, Act, Promise, Step, Story

_AFTERWARDS_S = 15 * MINUTE
_BEFORE_S = MINUTE
"""Room for what happens before the first moment of a story."""


def told(name: str, steps: tuple[Step, ...], promises: tuple[Promise, ...], *, needs_peace: bool = False) -> Story:
    """A story, which ends with everything in order: somebody disarms, and resets what there is to reset."""
    end_s = max([*(step.at_s + _lasts_s(step) for step in steps), 0]) + _AFTERWARDS_S
    order = (Step(end_s, Act.DISARMS), Step(end_s + 10, Act.RESETS))
    shifted = tuple(step._replace(at_s=step.at_s + _BEFORE_S) for step in sorted((*steps, *order)))
    later = tuple(promise._replace(at_s=promise.at_s + _BEFORE_S) for promise in promises)
    return Story(name, shifted, later, end_s + 2 * _BEFORE_S, needs_peace)


def leaves() -> tuple[Step, ...]:
    """Arms and goes out through the door."""
    return (Step(0, Act.ARMS_AWAY), Step(8, Act.MOVES, "hall"), *opens_and_closes("front-door", 15))


def comes_home(at_s: float) -> tuple[Step, ...]:
    """Through the door and the hall; whether anybody disarms is another matter."""
    return (*opens_and_closes("front-door", at_s), Step(at_s + 5, Act.MOVES, "hall"))


def opens_and_closes(zone: str, at_s: float, lasts_s: float = 4.0) -> tuple[Step, ...]:
    """A door, or a window."""
    return (Step(at_s, Act.OPENS, zone), Step(at_s + lasts_s, Act.CLOSES, zone))


def _lasts_s(step: Step) -> float:
    return step.amount if step.act in SILENCES else 0.0
