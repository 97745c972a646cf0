"""What a check may look at: the site, the time, and who answers; asked once, when the first check wants to know."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from anju.doctor import tried
from anju.doctor.finding import Command
from anju.dutyroom.terminals import Standing
from anju.ledger.beside import reading
from anju.service.settings import Site
from anju.service.supervisor import services_of

_UNITS = Path("/etc/systemd/system")


class Visit:
    """One look at one site. Nothing of it is changed."""

    def __init__(self, site: Site, now_ms: int, units: Path = _UNITS) -> None:
        self.site = site
        self.now_ms = now_ms
        self._units = units
        self._patience_s = time.monotonic() + tried.PATIENCE_S

    @cached_property
    def services(self) -> tuple[str, ...]:
        """Those that belong to this site."""
        return services_of(self.site)

    @cached_property
    def status(self) -> dict[str, Any] | None:
        """What the concentrator says of itself; None: it does not answer."""
        return tried.patiently(lambda: tried.concentrator(self.site), self._until_s("concentrator"))

    @cached_property
    def standing(self) -> Standing | None:
        """What the duty room's core says; None: it does not answer, or is on another PC."""
        if "dutyroom" not in self.services:
            return None
        return tried.patiently(lambda: tried.duty_room(self.site), self._until_s("dutyroom"))

    @cached_property
    def is_page_up(self) -> bool:
        """Whether our page answers on its port."""
        return tried.patiently(lambda: tried.page(self.site) or None, self._until_s("page")) is not None

    def answers(self, name: str) -> bool:
        """Whether a service does its work, as far as it lets itself be asked."""
        return {
            "concentrator": lambda: self.status is not None,
            "dutyroom": lambda: self.standing is not None,
            "page": lambda: self.is_page_up,
        }[name]()

    def pid(self, name: str) -> int | None:
        """The living process of a service, or of the supervisor; None: there is none, or it could not say so."""
        return tried.pid(self.site, name)

    def start(self, name: str | None = None) -> tuple[Command, ...]:
        """How this site, or a service of it, is started; again, where it runs."""
        names = self.services if name is None else (name,)
        if units := [unit for one in names if (unit := self._unit(one))]:
            return (("systemctl", "restart", *units),)
        if self.pid("supervisor") is not None:
            pids = [str(pid) for one in names if (pid := self.pid(one))]
            return (("kill", *pids),) if pids else ()  # whoever has started it starts it again
        if name is None or not any(self.pid(one) for one in self.services):
            return (("anju", "run", str(self.site.folder)),)
        pid = self.pid(name)  # each was started by itself
        start: Command = (sys.executable, "-m", f"anju.{name}", str(self.site.folder))
        return (start,) if pid is None else (("kill", str(pid)), start)

    @contextmanager
    def reading(self, path: Path) -> Iterator[sqlite3.Connection]:
        """A database as it is; nothing is made beside one that nobody has open. sqlite3.Error where it can't be read."""
        wal = path.with_name(path.name + "-wal")
        with reading(path, is_still=not wal.exists()) as read:
            yield read

    def _until_s(self, name: str) -> float:
        """Until when it is waited for: somebody may be about to start it, or it may be about to answer."""
        is_kept = self.pid("supervisor") is not None or self.pid(name) is not None or self._unit(name) is not None
        return self._patience_s if is_kept else 0.0

    def _unit(self, name: str) -> str | None:
        """The systemd unit of a service of this site, if one is installed."""
        for path in sorted(self._units.glob(f"anju-{name}*.service")):
            try:
                if str(self.site.folder) in path.read_text("utf-8"):
                    return path.name
            except (OSError, UnicodeDecodeError):
                continue
        return None


def owner(path: Path) -> int | None:
    """The user number of a file's owner; None if it is not there."""
    try:
        return os.stat(path).st_uid  # noqa: PTH116  # as everything else here, also for what is no file
    except OSError:
        return None
