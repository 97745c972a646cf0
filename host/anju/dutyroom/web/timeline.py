"""An incident's story as lines to read, the newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil
from typing import NamedTuple

from anju.dutyroom.core.change import Change, GivenCommand, Story, What
from anju.dutyroom.core.incident import TEST_S
from anju.dutyroom.web import words
from anju.dutyroom.web.clock import time_of_day
from anju.dutyroom.web.language import Translate
from anju.uplink.commands import CommandKind
from anju.uplink.reports import ALARMS, OutcomeKind, Report, ReportKind

NameOf = Callable[[int | None], str]

_ANSWERS_WITHIN_MS = 120_000
"""After this a button that has not answered is told as such."""


_SAME_TIME_MS = 3_000
"""A report that took longer than this to come up, or whose concentrator has another clock, shows both times."""


class Answer(NamedTuple):
    """A command under the line of what gave it; `tone` is good, waiting (and until when) or bad."""

    text: str
    result: str
    tone: str
    until_ms: int | None = None


class Line(NamedTuple):
    """One thing that happened; `sort` picks its mark."""

    at: str
    sort: str
    text: str
    remarks: tuple[str, ...] = ()
    note: str = ""
    answers: tuple[Answer, ...] = ()


def lines(_: Translate, story: Story, name_of: NameOf, now_ms: int) -> list[Line]:
    """The lines of a story; what became of a command stands with the command."""
    told = [change for change in story.changes if change.what is not What.OUTCOME]
    zones = {change.report.seq: words.zone(_, change.report.zone) for change in told if change.report}
    given: dict[int, list[Answer]] = {}
    for command in story.commands:
        given.setdefault(command.change, []).append(_answer(_, command, zones, now_ms))
    return [_line(_, change, name_of, tuple(given.get(change.number, ())), now_ms) for change in reversed(told)]


def _line(_: Translate, change: Change, name_of: NameOf, answers: tuple[Answer, ...], now_ms: int) -> Line:
    at = time_of_day(change.at_ms, now_ms)
    if change.report is not None:
        return _reported(_, change, change.report, now_ms)
    person = name_of(change.person) or _("somebody")
    texts = {
        What.ALARM: _("an alarm whose report can't be read any more"),
        What.ACKNOWLEDGE: _("%(person)s has seen it"),
        What.DISPATCH: _("%(person)s sent somebody: someone is coming"),
        What.CLOSE: _("%(person)s closed it: %(cause)s"),
        What.RESET: _("%(person)s asked for the latch to be reset"),
        What.TEST: _("%(person)s asked for TEST, for %(minutes)d min at most"),
        What.TEST_END: _("%(person)s asked for the end of TEST"),
        What.ORDER: _("%(person)s asked for: %(order)s"),
    }
    closed = change.incident.cause if change.incident else None
    cause = words.cause(_, closed) if closed else ""
    taken_from = change.detail.get("taken_from")
    remarks = (_("taken over from %(person)s") % {"person": name_of(int(taken_from))},) if taken_from else ()
    order = words.given(_, CommandKind(change.detail["order"])) if change.what is What.ORDER else ""
    text = texts[change.what] % {"person": person, "cause": cause, "minutes": TEST_S // 60, "order": order}
    note = change.detail.get("note", "") or change.detail.get("reason", "")
    return Line(at, change.what.value, text, remarks, note, answers)


def _reported(_: Translate, change: Change, report: Report, now_ms: int) -> Line:
    """What a concentrator reported stands at its own time; what came up much later says so."""
    zone, at = words.zone(_, report.zone), time_of_day(report.recorded_at_ms, now_ms)
    person, zone_kind = report.person or "", report.zone.kind if report.zone else None
    if report.kind in ALARMS:
        text = words.alarm(_, report.kind, zone, person, zone_kind)
    else:
        text = words.context(_, report.kind, zone, person)
    text = words.tried(_, text) if report.is_test else text
    if change.what in {What.CONTEXT, What.CANCEL}:
        return Line(at, change.what.value, text, _remarks(_, change, report, now_ms))
    if change.incident is not None and change.incident.presses > 1:
        text = _("%(text)s (no. %(count)d)") % {"text": text, "count": change.incident.presses}
    return Line(at, "alarm", text, _remarks(_, change, report, now_ms))


def _remarks(_: Translate, change: Change, report: Report, now_ms: int) -> tuple[str, ...]:
    """What makes a report less than plain: it came late, its time is doubtful; and what else there is to say of it."""
    remarks = []
    if abs(change.at_ms - report.recorded_at_ms) > _SAME_TIME_MS:
        remarks.append(_("reached the duty room at %(time)s") % {"time": time_of_day(change.at_ms, now_ms)})
    if report.delayed:
        happened_ms = report.event_at_ms if report.event_at_ms is not None else report.recorded_at_ms
        remarks.append(
            _("reached the concentrator late: it happened at %(time)s") % {"time": time_of_day(happened_ms, now_ms)}
        )
    if report.time_doubtful:
        remarks.append(_("its time is doubtful"))
    remarks += _particulars(_, report, now_ms)
    if report.walk_test:
        missing = [zone.name for zone in report.walk_test.missing]
        remarks.append(words.walked(_, missing, len(report.walk_test.zones)))
    return tuple(remarks)


def _particulars(_: Translate, report: Report, now_ms: int) -> Iterator[str]:
    """What there is to say of a panel's report beside its kind: by the clock, in spite of what, why, until when."""
    if report.schedule:
        minute = report.schedule.minute
        yield _("by the clock, at %(time)s") % {"time": f"{minute // 60:02}:{minute % 60:02}"}
    if report.warnings:
        found = {"zones": words.warnings(_, report.warnings)}
        refused = report.kind is ReportKind.ARM_REFUSED
        yield (_("because of: %(zones)s") if refused else _("in spite of: %(zones)s")) % found
    if report.kind is ReportKind.PANEL_EVENT:
        yield report.rule or ""
    if report.reason:
        yield _("because: %(reason)s") % {"reason": report.reason}
    if report.until_ms is not None:
        yield _("until %(time)s") % {"time": time_of_day(report.until_ms, now_ms)}


def _answer(_: Translate, command: GivenCommand, zones: dict[int, str], now_ms: int) -> Answer:
    text = words.given(_, command.kind)
    if command.kind in {CommandKind.SEEN, CommandKind.COMING} and command.report_seq in zones:
        text = _("%(light)s, %(zone)s") % {"light": text, "zone": zones[command.report_seq]}
    if command.outcome is None or command.outcome_at_ms is None:
        until_ms = command.given_at_ms + _ANSWERS_WITHIN_MS
        if now_ms > until_ms:
            return Answer(text, _("no answer"), "bad")
        return Answer(text, _("on its way …"), "waiting", until_ms)
    # Rounded up: "after 0.0 s" is believed by nobody, and nothing is made faster than it was.
    seconds = max(1, ceil((command.outcome_at_ms - command.given_at_ms) / 100)) / 10
    if command.refusal:
        return Answer(text, words.refused(_, command.refusal), "bad")
    is_good = command.outcome in {OutcomeKind.SHOWN, OutcomeKind.DONE}
    return Answer(text, words.outcome(_, command.outcome, seconds), "good" if is_good else "bad")
