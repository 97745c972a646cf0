"""Troubles gathered: one line for what is the same, with a count and the last time; what is urgent stands first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from anju.dutyroom.core import panels
from anju.dutyroom.core.change import Change, What
from anju.dutyroom.core.own_trouble import Seen
from anju.dutyroom.web import words
from anju.dutyroom.web.clock import time_of_day
from anju.dutyroom.web.language import Translate
from anju.service.certs.places import DUTY_ROOM
from anju.uplink.reports import ALARMS, Lane, NodeAddress, Report, ReportKind, TroubleKind

_OF_DUTY_ROOM = frozenset(
    {
        TroubleKind.DESTINATION_DOWN,
        TroubleKind.CERTIFICATE_ENDS,
        TroubleKind.CERTIFICATE_ENDS_SOON,
        TroubleKind.CERTIFICATE_REFUSED,
    }
)
"""Their subject is a destination."""


class Trouble(NamedTuple):
    """One line of the list. `is_urgent`: as long as it lasts, an alarm may not be seen or not be heard of."""

    text: str
    where: str
    times: int
    last: str
    is_urgent: bool


def gathered(
    _: Translate, changes: Iterable[Change], now_ms: int, concentrators: Mapping[str, str] | None = None
) -> list[Trouble]:
    """Troubles of the changes, which come newest first; a link that came back is no trouble any more. `concentrators`: names by
    journal."""
    lines: dict[tuple[str, str], list[Change]] = {}
    settled: set[str] = set()
    lost: set[tuple[str | None, NodeAddress]] = set()
    for change in changes:
        if change.what is What.LINK_BACK:
            settled.add(change.detail["concentrator"])
        elif change.what is What.TROUBLE_OVER or _is_known_to_be_lost(change, lost):
            continue
        elif change.what is not What.LINK_LOST or change.detail["concentrator"] not in settled:
            lines.setdefault(_told(_, change, concentrators or {}, now_ms), []).append(change)
    found = [
        Trouble(text, where, len(same), time_of_day(same[0].at_ms, now_ms), any(map(_is_urgent, same)))
        for (text, where), same in lines.items()
    ]
    return sorted(found, key=lambda one: not one.is_urgent)


def _is_urgent(change: Change) -> bool:
    if change.what is What.LINK_LOST:
        return True
    if change.what is What.CONFLICT:
        return Report.model_validate_json(change.detail["offered"]).kind in ALARMS
    own = _own(change)
    if own is not None:
        return own.is_urgent
    return change.report is not None and change.report.lane is not Lane.ROUTINE


def _is_known_to_be_lost(change: Change, lost: set[tuple[str | None, NodeAddress]]) -> bool:
    """Whether it only says that a node is silent which is lost by now."""
    report = change.report
    if change.what is not What.TROUBLE or report is None or report.node is None:
        return False
    node = (change.journal_id, report.node)
    if report.trouble is TroubleKind.NODE_LOST:
        lost.add(node)
    return report.trouble is TroubleKind.NODE_SILENT and node in lost


def _told(_: Translate, change: Change, concentrators: Mapping[str, str], now_ms: int) -> tuple[str, str]:
    """What is wrong, and where."""
    if change.what is What.LINK_LOST:
        concentrator = _("concentrator %(name)s") % {"name": change.detail["concentrator"]}
        return _("Not heard any more: alarms from there cannot arrive"), concentrator
    if change.what is What.CONFLICT:
        offered = Report.model_validate_json(change.detail["offered"])
        text = _("A report came twice with different contents; the first was kept")
        if offered.kind in ALARMS:
            text = _("An alarm came under the number of another report; ask at the household")
        return text, offered.household or _("concentrator %(name)s") % {"name": change.detail["concentrator"]}
    own = _own(change)
    if own is not None:
        return words.own_trouble(_, own, now_ms), _where_of(_, own)
    report = change.report
    if report is None:
        return words.trouble(_, None), ""
    is_one_of_several = len(set(concentrators.values())) > 1
    if change.journal_id == panels.JOURNAL:
        told = {"trouble": words.panel_trouble(_, report.trouble), "code": report.rule or ""}
        has_code = report.trouble in {TroubleKind.PANEL_FAULT, TroubleKind.NOT_UNDERSTOOD}
        return _("%(trouble)s (%(code)s)") % told if has_code else told["trouble"], report.household or ""
    return _said(_, report), _where(_, report, concentrators.get(change.journal_id or ""), is_one_of_several)


def _own(change: Change) -> Seen | None:
    """What the duty room itself has seen."""
    return Seen.of(change.detail) if change.what is What.TROUBLE and change.report is None else None


def _where_of(_: Translate, own: Seen) -> str:
    if own.concentrator in {DUTY_ROOM, panels.NAME}:
        return _("duty room")
    if own.concentrator:
        return _("concentrator %(name)s") % {"name": own.concentrator}
    return own.origin


def _said(_: Translate, report: Report) -> str:
    if report.kind is ReportKind.ARM_MISSED:
        return words.context(_, report.kind, "", "")
    if report.kind is ReportKind.ARM_REFUSED:
        return _("Not armed by the clock: %(zones)s") % {"zones": words.warnings(_, report.warnings or ())}
    text = words.trouble(_, report.trouble)
    if report.trouble is TroubleKind.BATTERY_LOW and report.forecast_days is not None:
        return _("%(trouble)s: it may last %(days)d days more") % {"trouble": text, "days": report.forecast_days}
    return text


def _where(_: Translate, report: Report, concentrator: str | None, is_one_of_several: bool) -> str:
    if report.household:
        return report.household
    parts = [_("concentrator %(name)s") % {"name": concentrator}] if concentrator else []
    if report.node is not None:
        node = {"network": report.node.network, "node": report.node.node}
        # Each concentrator numbers its devices for itself.
        return _(", ").join([*(parts if is_one_of_several else ()), _("network %(network)d, device %(node)d") % node])
    if report.subject:
        parts.append(_("duty room") if report.trouble in _OF_DUTY_ROOM else report.subject)
    return _(", ").join(parts)
