"""Troubles gathered: one line for what is the same, with a count and the last time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from anju.dutyroom.core.change import Change, What
from anju.dutyroom.web import words
from anju.dutyroom.web.clock import time_of_day
from anju.dutyroom.web.language import Translate
from anju.uplink.reports import ALARMS, Report


class Trouble(NamedTuple):
    """One line of the list."""

    text: str
    where: str
    times: int
    last: str


def gathered(_: Translate, changes: Iterable[Change], now_ms: int) -> list[Trouble]:
    """Troubles of the changes, which come newest first; a link that came back is no trouble any more."""
    lines: dict[tuple[str, str], list[Change]] = {}
    settled: set[str] = set()
    for change in changes:
        if change.what is What.LINK_BACK:
            settled.add(change.detail["concentrator"])
        elif change.what is not What.LINK_LOST or change.detail["concentrator"] not in settled:
            lines.setdefault(_told(_, change), []).append(change)
    return [
        Trouble(text, where, len(same), time_of_day(same[0].at_ms, now_ms)) for (text, where), same in lines.items()
    ]


def _told(_: Translate, change: Change) -> tuple[str, str]:
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
    report = change.report
    if report is None:
        return words.trouble(_, None), ""
    where = report.household or ""
    if not where and report.node is not None:
        where = _("network %(network)d, device %(node)d") % {"network": report.node.network, "node": report.node.node}
    return words.trouble(_, report.trouble), where
