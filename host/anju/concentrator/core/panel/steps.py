"""After a step of the wall clock: what a panel remembers by it is told by the new one, so that nothing seems older or younger."""

from __future__ import annotations

from dataclasses import replace

from anju.concentrator.core.panel.on_test import OnTest
from anju.concentrator.core.panel.state import PanelState
from anju.concentrator.core.panel.stays import Stays
from anju.concentrator.core.panel.timer import Timer


def stepped(state: PanelState, by_ms: int) -> PanelState:
    """The state with all its wall times so much later (or earlier)."""

    def moved(timer: Timer) -> Timer:
        return timer._replace(since=timer.since._replace(wall_ms=timer.since.wall_ms + by_ms))

    sounding, test = state.sounding, state.test
    return replace(
        state,
        stays=Stays(tuple(stay.stepped(by_ms) for stay in state.stays.all)),
        timer=moved(state.timer) if state.timer else None,
        tripped=tuple(one._replace(at_ms=one.at_ms + by_ms if one.at_ms else 0) for one in state.tripped),
        bypasses=tuple(one._replace(timer=one.timer and moved(one.timer)) for one in state.bypasses),
        settling=tuple(one._replace(timer=moved(one.timer)) for one in state.settling),
        sounding=sounding._replace(timer=moved(sounding.timer)) if sounding else None,
        test=_stepped_test(test, by_ms) if test else None,
        tests=tuple((from_ms + by_ms, to_ms + by_ms) for from_ms, to_ms in state.tests),
        pressed=tuple(one._replace(at_ms=one.at_ms + by_ms) for one in state.pressed),
    )


def _stepped_test(test: OnTest, by_ms: int) -> OnTest:
    since = test.since._replace(wall_ms=test.since.wall_ms + by_ms)
    return test._replace(since=since, from_ms=test.from_ms + by_ms)
