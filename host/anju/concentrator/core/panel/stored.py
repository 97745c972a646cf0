"""The stored form of a panel: JSON with a version, so that a panel is the same after a restart, of the machine too."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from anju.concentrator.core.moment import Moment
from anju.concentrator.core.panel.arming import Phase
from anju.concentrator.core.panel.on_test import OnTest
from anju.concentrator.core.panel.source import Contact, Source
from anju.concentrator.core.panel.state import Bypass, PanelState, Pressed, Settling, Sounding
from anju.concentrator.core.panel.stays import Out, Stay, Stays
from anju.concentrator.core.panel.timer import Timer
from anju.concentrator.core.panel.zones import Siren
from anju.uplink.reports import PanelMode, ZoneKind

VERSION = 4
_WITH_PHASES, _WITH_SPANS = 3, 4
"""The versions that brought phases, and from when to when a zone was bypassed."""
_NOTHING = PanelState()


@lru_cache(maxsize=4096)  # states are few and small: most households are off with nothing latched
def to_json(state: PanelState) -> str:
    """The stored form; what is as in a panel that nobody has touched is left out."""
    stored: dict[str, Any] = {"version": VERSION, "stays": [_stay(stay) for stay in state.stays.all]}
    parts: dict[str, Any] = {
        "phase": state.phase,
        "timer": state.timer,
        "was_restarted": state.was_restarted,
        "came_back": state.came_back,
        "tripped": state.tripped,
        "latched": sorted(state.latched),
        "bypasses": state.bypasses,
        "settling": state.settling,
        "sounding": state.sounding,
        "test": state.test,
        "tests": state.tests,
        "pressed": state.pressed,
    }
    stored |= {name: part for name, part in parts.items() if part != getattr(_NOTHING, name) and part != []}
    return json.dumps(stored, separators=(",", ":"))


def from_json(text: str, now: Moment) -> PanelState:
    """A stored state as it stands `now`; ValueError if a newer version wrote it."""
    stored = json.loads(text)
    if not 1 <= stored["version"] <= VERSION:
        raise ValueError(f"panel state of version {stored['version']}; this version reads 1 to {VERSION}")
    if stored["version"] < _WITH_PHASES:
        return _old(stored)
    read = _read_stay if stored["version"] >= _WITH_SPANS else _read_stay_without_spans
    test = stored.get("test")
    sounding = stored.get("sounding")
    return PanelState(
        stays=Stays(tuple(read(*stay) for stay in stored["stays"])),
        phase=Phase(stored.get("phase", Phase.OFF)),
        timer=_timer(stored.get("timer"), now),
        was_restarted=stored.get("was_restarted", False),
        came_back=stored.get("came_back", False),
        tripped=tuple(_source(*source) for source in stored.get("tripped", ())),
        latched=_latched(stored),
        bypasses=tuple(
            Bypass(_source(*source), person, reason, _timer(timer, now), until_closed)
            for source, person, reason, timer, until_closed in stored.get("bypasses", ())
        ),
        settling=tuple(
            Settling(network, node, _surely(timer, now)) for network, node, timer in stored.get("settling", ())
        ),
        sounding=Sounding(Siren(sounding[0]), _surely(sounding[1], now)) if sounding else None,
        test=_test(test, now) if test else None,
        tests=tuple((from_ms, to_ms) for from_ms, to_ms in stored.get("tests", ())),
        pressed=tuple(Pressed(Contact(*contact), at_ms) for contact, at_ms in stored.get("pressed", ())),
    )


def _old(stored: dict[str, Any]) -> PanelState:
    """Version 1 and 2 knew no phases: whoever was armed was guarded at once."""
    stays = tuple(Stay(since_ms, PanelMode(mode)) for since_ms, mode in stored["modes"])
    phase = Phase.OFF if stays[-1].mode is PanelMode.OFF else Phase.GUARD
    return PanelState(stays=Stays(stays), phase=phase, latched=_latched(stored))


def _latched(stored: dict[str, Any]) -> frozenset[ZoneKind]:
    return frozenset(ZoneKind(kind) for kind in stored.get("latched", ()))


def _stay(stay: Stay) -> tuple[Any, ...]:
    return (stay.since_ms, stay.mode, stay.exit_s, stay.out, sorted(stay.shut))


def _read_stay(since_ms: int, mode: str, exit_s: float, out: list[list[Any]], shut: list[list[int]]) -> Stay:
    spans = tuple(Out(Contact(*contact), from_ms, to_ms) for contact, from_ms, to_ms in out)
    return Stay(since_ms, PanelMode(mode), exit_s, spans, _contacts(shut))


def _read_stay_without_spans(since_ms: int, mode: str, exit_s: float, out: list[list[int]], *shut: Any) -> Stay:
    """Version 3 knew only which zones had been bypassed in a stay, at whatever time: it took them for out from end to end."""
    return _read_stay(since_ms, mode, exit_s, [[contact, since_ms, None] for contact in out], *shut)


def _contacts(stored: list[list[int]]) -> frozenset[Contact]:
    return frozenset(Contact(*contact) for contact in stored)


def _source(contact: list[int], kind: str, name: str, event_id: int, at_ms: int) -> Source:
    return Source(Contact(*contact), ZoneKind(kind), name, event_id, at_ms)


def _test(stored: list[Any], now: Moment) -> OnTest:
    test = OnTest(Moment(*stored[0]), *stored[1:])
    return test if test.since.boot == now.boot else test.after_boot(now)


def _timer(stored: list[Any] | None, now: Moment) -> Timer | None:
    return _surely(stored, now) if stored else None


def _surely(stored: list[Any], now: Moment) -> Timer:
    timer = Timer(Moment(*stored[0]), stored[1])
    return timer if timer.since.boot == now.boot else timer.after_boot(now)
