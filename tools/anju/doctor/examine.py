"""Runs every check on a site, in an order in which causes stand before what they cause."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from anju.doctor import backup, building, databases, disk, panels, rights, services, third_parties, uplink
from anju.doctor.finding import Finding
from anju.doctor.visit import Visit
from anju.service import settings
from anju.service.i18n import _

Check = Callable[[Visit], Iterator[Finding]]

SETTINGS = "settings"
CHECKS: dict[str, Check] = {
    "rights": rights.check,
    "disk": disk.check,
    "files": databases.check,
    "services": services.check,
    "writing": services.writing,
    "set_aside": databases.set_aside,
    "certificate": uplink.certificates,
    "backlog": uplink.backlog,
    "destinations": third_parties.check,
    "panels": panels.check,
    "links": building.links,
    "supply": building.supply,
    "clock": building.clock,
    "identity": building.identity,
    "nodes": building.nodes,
    "backup": backup.check,
}


class Report(NamedTuple):
    """What was looked at, and what was found, the first cause first."""

    checks: tuple[str, ...]
    findings: tuple[Finding, ...]


def examine(folder: Path, now_ms: int) -> Report:
    """Look at a site, and change nothing. One whose settings can't be read is looked at no further."""
    try:
        site = settings.load(folder)
        site.control_socket  # noqa: B018  # a folder whose path is too long for its sockets is no place for a site
    except settings.SettingsError as error:
        seen = _("By reading %(file)s.") % {"file": folder / settings.FILE_NAME}
        found = Finding(error.what, seen, error.next_step, check=SETTINGS)
        return Report((SETTINGS,), (found,))
    visit = Visit(site, now_ms)
    findings = [found._replace(check=name) for name, check in CHECKS.items() for found in _findings(check, visit)]
    return Report((SETTINGS, *CHECKS), tuple(findings))


def _findings(check: Check, visit: Visit) -> list[Finding]:
    """What a check says; one that may not look says that."""
    try:
        return list(check(visit))
    except OSError as error:
        return [
            Finding(
                _("%(file)s cannot be looked at: %(reason)s.")
                % {"file": error.filename or visit.site.folder, "reason": error.strerror or error},
                _("By the user who has typed this."),
                _("Ask again as the user who runs Anju, or as root."),
            )
        ]
