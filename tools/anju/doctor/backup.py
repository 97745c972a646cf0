"""Whether there is a backup, and how old it is: by the journal, where each is recorded."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator

from anju.doctor.finding import Finding
from anju.doctor.visit import Visit
from anju.service.i18n import _
from anju.uplink.reports import ReportKind

OLD_DAYS = 7
"""What a restored site can't know any more: who was armed, paired and unpaired since."""
_DAY_MS = 24 * 3600 * 1000
_NEWEST = """
    SELECT max(json_extract(report, '$.recorded_at_ms')) FROM event
    WHERE json_extract(report, '$.kind') IN (?, ?)
"""


def check(visit: Visit) -> Iterator[Finding]:
    """The newest backup of a site that has nodes; without any there is nothing to lose yet."""
    site = visit.site
    if "concentrator" not in visit.services or not (site.keyring.exists() and site.journal.exists()):
        return
    try:
        with visit.reading(site.keyring) as read:
            (nodes,) = read.execute("SELECT count(*) FROM link WHERE NOT ended").fetchone()
        with visit.reading(site.journal) as read:
            (made_ms,) = read.execute(_NEWEST, (ReportKind.BACKUP_MADE, ReportKind.BACKUP_RESTORED)).fetchone()
    except sqlite3.Error:
        return  # another check tells of the file
    if not nodes or (made_ms and visit.now_ms - made_ms < OLD_DAYS * _DAY_MS):
        return
    today = dt.datetime.fromtimestamp(visit.now_ms / 1000).astimezone()
    file = site.folder.parent / f"{site.folder.name}-{today:%Y%m%d-%H%M}.anju"
    yield Finding(
        _("The last backup of this site is too old.") if made_ms else _("There is no backup of this site."),
        _("The journal tells of the last one %(days)d days ago; at least every %(most)d days there should be one.")
        % {"days": (visit.now_ms - made_ms) // _DAY_MS, "most": OLD_DAYS}
        if made_ms
        else _("The journal tells of none. If this PC is lost, every node has to be paired anew: %(nodes)d.")
        % {"nodes": nodes},
        _("Make one under a passphrase that is kept elsewhere, and bring the file to another disk."),
        (("anju", "backup", str(file), "--site", str(site.folder)),),
    )
