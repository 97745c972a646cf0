"""What comes into a panel and what it says: signals, the scene that they are judged in, and decisions."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from anju.concentrator.core.moment import Moment
from anju.concentrator.core.panel.source import Contact, Source
from anju.concentrator.core.panel.state import PanelState
from anju.concentrator.core.places import Address
from anju.uplink.reports import ArmWarning, Lane, PanelMode, Refusal, ReportKind, ScheduleEntry, ZoneKind


class Times(NamedTuple):
    """What an estate may choose, in seconds. The defaults are CP-01's; the siren's limit is what neighbours can bear."""

    exit_s: float = 60
    entry_s: float = 30
    abort_s: float = 30
    siren_s: float = 180
    settle_s: float = 60


class Standing(NamedTuple):
    """A zone of the household as it stands: its level, and what there is to say against relying on it."""

    contact: Contact
    kind: ZoneKind
    name: str
    is_open: bool = False
    doubts: tuple[ArmWarning, ...] = ()

    @property
    def source(self) -> Source:
        """As a report names it."""
        return Source(self.contact, self.kind, self.name)


class Scene(NamedTuple):
    """What a signal is judged in, beside the panel's own state. `zones` looks only when somebody asks.

    `asleep`: from when to when (Unix ms) the concentrator did not run, the last time; nobody could disarm then.
    """

    moment: Moment
    times: Times = Times()
    zones: Callable[[], tuple[Standing, ...]] = tuple
    asleep: tuple[int, int] = (0, 0)


class ZoneSignal(NamedTuple):
    """A node's event. `at_ms` is its own time, 0 if that is not known or not believed; then `heard_ms` tells when the node was
    heard before (0 = never), since when it may have happened.

    `is_late`: so old that it is judged against the arm state at its own time. `is_after_start`: made since the node has started.
    """

    code: int
    is_urgent: bool
    source: Source
    at_ms: int
    heard_ms: int = 0
    is_late: bool = False
    on_test: bool = False
    is_after_start: bool = True


class StartSignal(NamedTuple):
    """A node has got its power back: its sensors have to settle."""

    network: int
    node: int


class Vanished(NamedTuple):
    """A node has been silent for too long while the household is armed, and the estate takes that for tampering."""

    address: Address


class TimeSignal(NamedTuple):
    """Look at the clock."""


class Action(StrEnum):
    """What an authenticated person may ask of a panel."""

    ARM = "arm"
    DISARM = "disarm"
    DURESS = "duress"
    RESET = "reset"
    BYPASS = "bypass"
    UNBYPASS = "unbypass"
    TEST = "test"


class PersonSignal(NamedTuple):
    """A person's request. `mode`, `anyway` and `schedule` belong to ARM; `contact` to BYPASS, `lasts_s` to BYPASS and TEST.

    With `anyway` it is armed in spite of what there is to warn of. A BYPASS for 0 s lasts until the household is disarmed, a
    TEST for 0 s has ended.
    """

    action: Action
    person: str = ""
    mode: PanelMode = PanelMode.AWAY
    anyway: bool = False
    contact: Contact | None = None
    reason: str = ""
    lasts_s: int = 0
    schedule: ScheduleEntry | None = None
    """It is armed by the clock, as the person has set it."""


Signal = ZoneSignal | PersonSignal | StartSignal | Vanished | TimeSignal


class Warned(NamedTuple):
    """A zone that is not as it should be when a household is armed."""

    zone: Standing
    what: ArmWarning


class Told(NamedTuple):
    """One report: what happened, the rule (a row's name) that decided so, and the zone it is about."""

    kind: ReportKind
    lane: Lane
    rule: str
    source: Source | None = None
    is_test: bool = False
    warned: tuple[Warned, ...] = ()
    bypass: tuple[str, str] | None = None
    """Who has bypassed a zone, and why."""
    until_ms: int | None = None


class Decision(NamedTuple):
    """The panel's next state, and what to report of it; the first is of the signal itself."""

    state: PanelState
    told: tuple[Told, ...] = ()
    refusal: Refusal | None = None
