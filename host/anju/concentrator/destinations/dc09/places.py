"""Under which account and zone a receiver knows a household and its inputs: by the plan, and a list of accounts beside it."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from anju.concentrator.destinations.dc09.events import MOST_ZONE
from anju.plan.model import Plan
from anju.service import site_plan
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.uplink.reports import Report

_MOST_BYTES = 1024 * 1024
_ACCOUNT = re.compile(r"[0-9A-F]{3,16}")


class Places:
    """Read anew whenever one of both files is another."""

    def __init__(self, folder: Path, accounts: Path | None, own_account: str) -> None:
        self._folder = folder
        self._file = accounts
        self._own = own_account
        self._seen: object = None
        self._plan: Plan | None = None
        self._accounts: dict[str, str] = {}

    def refresh(self) -> None:
        """Look at both files; ServiceError if one can't be used, and then nothing has changed."""
        seen = [_stamp(path) for path in (self._folder / site_plan.FILE_NAME, self._file) if path]
        if seen != self._seen:
            plan, accounts = site_plan.load(self._folder), read(self._file) if self._file else {}
            self._plan, self._accounts, self._seen = plan, accounts, seen

    def account(self, household: str | None) -> str:
        """The household's account, or else the building's."""
        return self._accounts.get(household, self._own) if household else self._own

    @property
    def without(self) -> list[str]:
        """Households of the plan that have no account of their own."""
        return (
            [flat.household for flat in self._plan.households if flat.household not in self._accounts]
            if self._plan
            else []
        )

    def zone(self, report: Report) -> int:
        """Its place among the household's zones in the plan, from 1; what is not planned, by its node's number; 0: no zone."""
        if report.zone is None:
            return 0
        flat = self._plan.household(report.household) if self._plan and report.household else None
        names = [zone.name for zone in flat.zones] if flat else []
        place = names.index(report.zone.name) if report.zone.name in names else len(names) + report.zone.number
        return min(place + 1, MOST_ZONE)


def read(path: Path) -> dict[str, str]:
    """Accounts by household, from lines such as `3-2-0501,1A01`; ServiceError names the line that is none."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise _unusable(path, _("it is not text in UTF-8")) from error
    if len(raw) > _MOST_BYTES:
        raise _unusable(path, _("it is larger than %(most)d bytes") % {"most": _MOST_BYTES})
    accounts: dict[str, str] = {}
    for number, row in enumerate(csv.reader(io.StringIO(text)), 1):
        cells = [cell.strip().upper() for cell in row]
        if not any(cells) or cells[0].startswith("#"):
            continue
        if len(cells) != 2 or not _ACCOUNT.fullmatch(cells[1]):
            raise _unusable(
                path, _("line %(line)d is not a household, a comma and 3 to 16 hex digits") % {"line": number}
            )
        if cells[0] in accounts or cells[1] in accounts.values():
            raise _unusable(path, _("line %(line)d names a household or an account once more") % {"line": number})
        accounts[cells[0]] = cells[1]
    return accounts


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _unusable(path: Path, why: str) -> ServiceError:
    return ServiceError(
        _("The accounts in %(path)s cannot be used: %(reason)s.") % {"path": path, "reason": why},
        _("Nothing was sent."),
        _("Correct the file; it is read again by itself."),
    )
