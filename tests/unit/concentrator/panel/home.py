"""One household at its panel, in the words of the people who live there, with clocks that the test moves."""

from __future__ import annotations

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
    Told,
    ZoneSignal,
)
from anju.concentrator.core.panel.source import Contact, Source
from anju.concentrator.core.panel.state import PanelState
from anju.concentrator.core.panel.steps import stepped
from anju.concentrator.core.panel.stored import from_json, to_json
from anju.concentrator.core.panel.zones import BUTTONS, ROW_OF
from anju.uplink.reports import ArmWarning, PanelMode, ReportKind, ZoneKind
from anju.wire.table import Code, InputKind

DELAYED_AFTER_S = 30
_CODES = {
    InputKind.ENTRY: (Code.OPENED, Code.CLOSED),
    **dict.fromkeys(BUTTONS, (Code.PANIC, None)),
    InputKind.TAMPER: (Code.TAMPERED, Code.TAMPER_RESTORED),
    InputKind.DETECTOR: (Code.DETECTED, Code.CLEARED),
}
ZONES = {
    "door": ZoneKind.ENTRY,
    "window": ZoneKind.INSTANT,
    "hall": ZoneKind.FOLLOWER,
    "safe": ZoneKind.ALL_HOURS,
    "button": ZoneKind.HOLD_UP,
    "hidden button": ZoneKind.SILENT_HOLD_UP,
    "smoke": ZoneKind.FIRE,
    "gas": ZoneKind.GAS,
    "water": ZoneKind.WATER,
    "case": ZoneKind.TAMPER,
}


class Home:
    """A flat with a zone of each kind; `told` is all that its panel has said."""

    def __init__(self, times: Times | None = None, zones: dict[str, ZoneKind] | None = None) -> None:
        self.state = PanelState()
        self.told: list[Told] = []
        self.now = Moment(1_800_000_000_000, 50_000.0, "boot 1")
        self.times = times or Times()
        self.open: set[str] = set()
        self.doubts: dict[str, tuple[ArmWarning, ...]] = {}
        self.zones = zones or ZONES
        self._boots = 1

    def contact(self, zone: str) -> Contact:
        """Each zone hangs at a node of its own."""
        return Contact(1, 1 + list(self.zones).index(zone), 0)

    def become_active(self, zone: str, *, ago_s: float = 0, doubtful: bool = False, heard_s: float = 0) -> Decision:
        """A zone is opened, pressed or detects something; `ago_s`: so long ago that only now it is heard of.

        `heard_s`: how long ago its node was heard before; 0: never.
        """
        self.open.add(zone)
        code = _CODES[ROW_OF[self.zones[zone]].input][0]
        return self._event(zone, code, ago_s=ago_s, doubtful=doubtful, heard_s=heard_s)

    def rest(self, zone: str, *, ago_s: float = 0) -> Decision:
        """It is closed, or detects nothing any more."""
        self.open.discard(zone)
        code = _CODES[ROW_OF[self.zones[zone]].input][1]
        return self._event(zone, code, ago_s=ago_s) if code else self._signal(TimeSignal())

    def hold(self, zone: str) -> Decision:
        """The button has been held for three seconds."""
        return self._event(zone, Code.HELD)

    def says(self, zone: str, code: Code, *, ago_s: float = 0) -> Decision:
        """Whatever a node can say."""
        return self._event(zone, code, ago_s=ago_s)

    def power_up(self, zone: str) -> Decision:
        """The zone's node has got its power back."""
        return self._signal(StartSignal(*self.contact(zone)[:2]))

    def arm(self, mode: PanelMode = PanelMode.AWAY, *, anyway: bool = False) -> Decision:
        """Somebody arms."""
        return self.ask(Action.ARM, mode=mode, anyway=anyway)

    def leave(self) -> None:
        """Arm, go out through the door, and let the exit time pass."""
        self.arm()
        self.become_active("door")
        self.rest("door")
        self.wait(self.times.exit_s)

    def disarm(self) -> Decision:
        """Somebody disarms."""
        return self.ask(Action.DISARM)

    def bypass(self, zone: str, lasts_s: int = 0) -> Decision:
        """Somebody takes a zone out."""
        return self.ask(Action.BYPASS, contact=self.contact(zone), reason="being painted", lasts_s=lasts_s)

    def ask(self, action: Action, **what: object) -> Decision:
        """Any request of a person."""
        return self._signal(PersonSignal(action, "wang", **what))  # type: ignore[arg-type]  # as PersonSignal has them

    def wait(self, seconds: float) -> list[ReportKind]:
        """Let time pass, waking up at each deadline as the concentrator does; the kinds that were told."""
        before, end = len(self.told), self.now.monotonic_s + seconds
        while (due := self.state.next_deadline()) is not None and due <= end:
            self._pass(max(due - self.now.monotonic_s, 0))
            self._signal(TimeSignal())
        self._pass(end - self.now.monotonic_s)
        return [told.kind for told in self.told[before:]]

    def look_late(self, seconds: float) -> None:
        """Let time pass, and look only then."""
        self._pass(seconds)
        self._signal(TimeSignal())

    def step_clock(self, seconds: float) -> None:
        """Somebody sets the wall clock, which the concentrator notices by the other one."""
        self.now = self.now._replace(wall_ms=self.now.wall_ms + round(seconds * 1000))
        self.state = stepped(self.state, round(seconds * 1000))

    def restart(self, down_s: float = 0) -> None:
        """The concentrator is killed and starts again."""
        self._pass(down_s)
        self.state = from_json(to_json(self.state), self.now)

    def reboot(self, down_s: float = 0, wall_s: float | None = None) -> None:
        """The machine is switched off and on again; its clock says that `wall_s` have passed."""
        self._boots += 1
        text = to_json(self.state)
        wall_ms = self.now.wall_ms + round((down_s if wall_s is None else wall_s) * 1000)
        self.now = Moment(wall_ms, 10.0, f"boot {self._boots}")
        self.state = from_json(text, self.now)

    def kinds(self) -> list[ReportKind]:
        """What was told, since the last time that somebody asked."""
        kinds = [told.kind for told in self.told]
        self.told.clear()
        return kinds

    def _event(self, zone: str, code: int, *, ago_s: float = 0, doubtful: bool = False, heard_s: float = 0) -> Decision:
        at_ms = 0 if doubtful else self.now.wall_ms - round(ago_s * 1000)
        source = Source(self.contact(zone), self.zones[zone], zone, len(self.told) + 1, at_ms)
        on_test = bool(at_ms) and self.state.was_on_test(at_ms)
        is_late = ago_s > DELAYED_AFTER_S
        heard_ms = self.now.wall_ms - round(heard_s * 1000) if heard_s else 0
        return self._signal(ZoneSignal(code, code == Code.PANIC, source, at_ms, heard_ms, is_late, on_test))

    def _signal(self, signal: Signal) -> Decision:
        decision = decide(self.state, signal, Scene(self.now, self.times, self._standing))
        self.state = decision.state
        self.told += decision.told
        return decision

    def _standing(self) -> tuple[Standing, ...]:
        return tuple(
            Standing(self.contact(name), kind, name, name in self.open, self.doubts.get(name, ()))
            for name, kind in self.zones.items()
        )

    def _pass(self, seconds: float) -> None:
        self.now = self.now._replace(
            wall_ms=self.now.wall_ms + round(seconds * 1000), monotonic_s=self.now.monotonic_s + seconds
        )
