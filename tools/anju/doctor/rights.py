"""Who may look into a site's files, and whose they are."""

from __future__ import annotations

import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

from anju.doctor.finding import Finding
from anju.doctor.visit import Visit, owner
from anju.service import root_key
from anju.service.certs import places
from anju.service.i18n import _
from anju.service.settings import FILE_NAME, Site

_DATABASE = ("", "-wal", "-shm")
_OTHERS = 0o077


def check(visit: Visit) -> Iterator[Finding]:
    """Files of a site that others may open, or that belong to somebody else than its folder."""
    site = visit.site
    there = [path for path in _private(site) if path.exists()]
    open_to_others = [path for path in there if stat.S_IMODE(path.stat().st_mode) & _OTHERS]
    if open_to_others:
        yield Finding(
            _("Others than the user who runs Anju may open files of this site."),
            _("Their modes: %(files)s")
            % {
                "files": ", ".join(
                    f"{path.name or path} {stat.S_IMODE(path.stat().st_mode):o}" for path in open_to_others
                )
            },
            _("Take that right away. Was somebody else at this PC, take the keys for known: pair the nodes anew."),
            (("chmod", "go=", *map(str, open_to_others)),),
        )
    keeper = owner(site.folder)
    foreign = [path for path in there if owner(path) not in (None, keeper)]
    if keeper is not None and foreign:
        yield Finding(
            _("Files of this site belong to another user than its folder: its services can't write them."),
            _("The folder is of %(user)s; these are not: %(files)s")
            % {"user": _name(keeper), "files": ", ".join(path.name for path in foreign)},
            _("Give them back, as root. They came to be so when a command was typed as root."),
            (("chown", _name(keeper), *map(str, foreign)),),
        )


def _private(site: Site) -> list[Path]:
    databases = [
        path.with_name(path.name + ending)
        for path in (site.keyring, site.journal, site.dutyroom_db)
        for ending in _DATABASE
    ]
    keys = [site.folder / root_key.PRIVATE, site.uplink_certificate, site.folder / places.FOLDER / places.KEY]
    return [site.folder, site.folder / FILE_NAME, *databases, *keys, site.run]


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
