"""Third parties that reports go to: whether each takes them, and whether its line is one on which anybody may answer."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from anju.doctor.finding import Command, Finding
from anju.doctor.uplink import OLD_S
from anju.doctor.visit import Visit
from anju.service.i18n import _

_OWED = """
    SELECT name, count(seq), min(json_extract(report, '$.recorded_at_ms')) FROM destination
    LEFT JOIN outbox ON destination = name AND state = 0 LEFT JOIN event USING (seq) WHERE is_on GROUP BY name
"""


def check(visit: Visit) -> Iterator[Finding]:
    """Those that are on and take nothing, and those that are told over a line without protection."""
    if "concentrator" not in visit.services or not visit.site.destinations:
        return
    site = str(visit.site.folder)
    waiting = _waiting(visit)
    for name, (count, age_s) in waiting.items():
        if count and age_s >= OLD_S:
            test: Command = ("anju", "destinations", "test", name, "--site", site)
            yield Finding(
                _("%(name)s does not take what it is to be told. The duty room is told all the same.") % {"name": name},
                _("The journal owes it %(count)d reports, the oldest for %(minutes)d min.")
                % {"count": count, "minutes": age_s // 60},
                _("See what it answers. If it is to be told no more, switch it off: anju destinations off NAME"),
                (test,),
            )
    for name, settings in visit.site.destinations.items():
        if name in waiting and getattr(settings, "unprotected", False):
            yield Finding(
                _(
                    "%(name)s is told over a line without TLS: whoever is on it can answer in its place, and alarms are lost."
                )
                % {"name": name},
                _("By unprotected = true in site.toml."),
                _('Use transport = "tls", or a VPN; with a VPN this may stay as it is.'),
            )


def _waiting(visit: Visit) -> dict[str, tuple[int, int]]:
    """Of those that are on: how many reports wait, and for how many seconds the oldest has."""
    if not visit.site.journal.exists():
        return {}
    try:
        with visit.reading(visit.site.journal) as read:
            rows = read.execute(_OWED).fetchall()
    except sqlite3.Error:
        return {}  # another check tells of the file
    return {
        name: (count, 0 if oldest_ms is None else max(0, visit.now_ms - oldest_ms) // 1000)
        for name, count, oldest_ms in rows
        if name in visit.site.destinations
    }
