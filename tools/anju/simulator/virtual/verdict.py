"""What was reported upwards, held against what a person would have called it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

from anju.simulator.virtual.building import Told
from anju.simulator.virtual.story import Promise
from anju.uplink.reports import Report, ReportKind, TroubleKind

ALARM_OF = {
    "burglary": ReportKind.INTRUSION_ALARM,
    "hold-up": ReportKind.HOLD_UP_ALARM,
    "duress": ReportKind.DURESS_ALARM,
    "fire": ReportKind.FIRE_ALARM,
    "technical": ReportKind.TECHNICAL_ALARM,
    "tamper": ReportKind.TAMPER_ALARM,
}
TROUBLE_OF = {
    "silent": TroubleKind.NODE_SILENT,
    "lost": TroubleKind.NODE_LOST,
    "battery low": TroubleKind.BATTERY_LOW,
    "jammed": TroubleKind.JAMMED,
    "link down": TroubleKind.LINK_DOWN,
    "clock": TroubleKind.CLOCK_STEPPED,
}
NODE_RESTS_S = 300 * 1.5
"""After an outage: a node on a battery that was not heard for long tries every five minutes (R107)."""

_CALLED_OFF = {ReportKind.ALARM_ABORTED: "aborted", ReportKind.ALARM_CANCELLED: "cancelled"}
_AS_IT_SHOULD = "as it should be"
_EARLY_S = 0.5
_SURE_S = 3.0
"""A node tells whole seconds."""


@dataclass(eq=False)
class Owed:
    """A promise in the day: from when to when, of which household (None: of the building), and how often it has come."""

    story: str
    promise: Promise
    household: str | None
    from_s: float
    until_s: float
    came: int = 0

    @property
    def is_missed(self) -> bool:
        """Whether it must have come and did not, as often as it should."""
        return self.promise.is_due and self.came < self.promise.times


class Stood(NamedTuple):
    """A trouble, from when to when."""

    household: str | None
    thing: str
    kind: TroubleKind | None
    from_s: float
    to_s: float = inf


class Wrong(NamedTuple):
    """Something that was missed or invented, for a person to read."""

    at_s: float
    household: str
    what: str
    thing: str
    story: str


@dataclass
class Verdict:
    """Of a building's day. `by_story`: alarms that each story led to; `suppressed`: by the rule that raised none."""

    alarms: int = 0
    troubles: int = 0
    nuisance: int = 0
    missed: list[Wrong] = field(default_factory=list)
    invented: list[Wrong] = field(default_factory=list)
    suppressed: Counter[str] = field(default_factory=Counter)
    by_story: Counter[str] = field(default_factory=Counter)
    nuisance_by_story: Counter[str] = field(default_factory=Counter)

    @property
    def missed_by_story(self) -> Counter[str]:
        """How often each story was missed."""
        return Counter(wrong.story for wrong in self.missed)

    def add(self, other: Verdict) -> None:
        """Another building's."""
        self.alarms += other.alarms
        self.troubles += other.troubles
        self.nuisance += other.nuisance
        self.missed += other.missed
        self.invented += other.invented
        for ours, theirs in (
            (self.suppressed, other.suppressed),
            (self.by_story, other.by_story),
            (self.nuisance_by_story, other.nuisance_by_story),
        ):
            ours.update(theirs)


def until_s(from_s: float, within_s: float, outages: Iterable[tuple[float, float]]) -> float:
    """When a promise has to be kept: while nobody could hear anything its time does not run, and then it begins anew."""
    until = from_s + within_s
    for began_s, over_s in sorted(outages):
        if began_s <= until and over_s > from_s:
            until = max(until, over_s + NODE_RESTS_S + within_s)
    return until


def judge(told: Iterable[Told], owed: list[Owed], node_names: dict[int, str]) -> Verdict:
    """Hold the one against the other."""
    verdict = Verdict()
    stood: list[Stood] = []
    for one_told in told:
        at_s, report = one_told.at_s, one_told.report
        if rule := _suppressed_by(report):
            verdict.suppressed[rule] += 1
        if report.is_alarm:
            verdict.alarms += 1
            _alarm(verdict, one_told, owed)
        elif report.kind is ReportKind.TROUBLE:
            verdict.troubles += 1
            stood.append(Stood(*_subject(report, node_names), at_s))
        elif report.kind is ReportKind.TROUBLE_RESTORED:
            _end(stood, _subject(report, node_names), at_s)
    for one in owed:
        one.came += sum(_is_shown(one, trouble) for trouble in stood)
        if one.is_missed:
            what, thing = one.promise.kind, one.promise.thing
            verdict.missed.append(Wrong(one.from_s, one.household or "", what, thing, one.story))
    return verdict


def _alarm(verdict: Verdict, told: Told, owed: list[Owed]) -> None:
    report = told.report
    zone = report.zone.name if report.zone else ""
    candidates = [
        one
        for one in owed
        if not one.promise.is_trouble
        and (ALARM_OF[one.promise.kind], one.promise.thing) == (report.kind, zone)
        and one.household == report.household
        and one.came < one.promise.times
        and _is_in_time(one, told.at_s)
    ]
    if not candidates:
        verdict.invented.append(Wrong(told.at_s, report.household or "", report.kind.value, zone, ""))
        return
    # What comes late may be of an older story than what has come meanwhile: its own time tells.
    begun = [one for one in candidates if told.event_s is not None and one.from_s <= told.event_s + _SURE_S]
    one = begun[-1] if begun else candidates[0]
    one.came += 1
    verdict.by_story[one.story] += 1
    if one.promise.is_nuisance:
        verdict.nuisance += 1
        verdict.nuisance_by_story[one.story] += 1


def _subject(report: Report, node_names: dict[int, str]) -> tuple[str | None, str, TroubleKind | None]:
    thing = node_names.get(report.node.node, "") if report.node else ""
    return report.household, thing, report.trouble


def _end(stood: list[Stood], subject: tuple[str | None, str, TroubleKind | None], at_s: float) -> None:
    for number, one in enumerate(stood):
        if one[:3] == subject and one.to_s == inf:
            stood[number] = one._replace(to_s=at_s)


def _is_shown(one: Owed, trouble: Stood) -> bool:
    """Whether a trouble is there when it is promised; it may have been there before, then it is not told again."""
    promise = one.promise
    if not promise.is_trouble or trouble[:3] != (one.household, promise.thing, TROUBLE_OF[promise.kind]):
        return False
    return trouble.from_s <= one.until_s and trouble.to_s > one.from_s


def _is_in_time(one: Owed, at_s: float) -> bool:
    return one.from_s - _EARLY_S <= at_s <= one.until_s


def _suppressed_by(report: Report) -> str:
    """The rule by which something was not raised, or not to the end."""
    if report.test and report.kind is not ReportKind.HOLD_UP_HELD:
        return "on test"
    if report.kind is ReportKind.OPENED and report.rule != _AS_IT_SHOULD:
        return report.rule or ""
    return _CALLED_OFF.get(report.kind, "")
