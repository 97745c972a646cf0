"""The disk below a site: full, nearly full, or not to be written."""

from __future__ import annotations

import heapq
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from anju.concentrator.gauges import DISK_ENOUGH_BYTES
from anju.doctor.finding import Finding
from anju.doctor.visit import Visit
from anju.service.i18n import _
from anju.service.settings import FILE_NAME

_MOST_SHOWN = 5
_MOST_LOOKED_AT = 100_000
"""Files; so many are looked at within some seconds."""
_OF_PEOPLE = ("/var", "/home", "/root", "/srv", "/tmp", "/opt")  # noqa: S108  # looked into, not written
"""Where on a system's own disk there may be something to take away."""


def check(visit: Visit) -> Iterator[Finding]:
    """The disk of the site's folder."""
    folder = visit.site.folder
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        yield Finding(
            _("The disk of this site is mounted read-only: nothing can be journalled, so nothing is acknowledged."),
            _("As the kernel says of %(folder)s") % {"folder": _mount(folder)},
            _("After a fault of the disk Linux does so by itself: see dmesg, save what is there, then mount it anew."),
            (("mount", "-o", "remount,rw", str(_mount(folder))),),
        )
        return
    free = shutil.disk_usage(folder).free
    if free >= DISK_ENOUGH_BYTES:
        return
    site_files = {path.absolute() for path in folder.rglob("*")}
    largest = _largest(_mount(folder), site_files)
    yield Finding(
        _("The disk of this site is full: nothing more can be journalled, so nothing is acknowledged.")
        if free < DISK_ENOUGH_BYTES // 64
        else _("The disk of this site is nearly full: soon nothing can be journalled or acknowledged."),
        _(
            "Free on %(mount)s: %(free)d MB of the %(least)d MB that it needs. The largest files but for the site's: %(files)s"
        )
        % {
            "mount": _mount(folder),
            "free": free >> 20,
            "least": DISK_ENOUGH_BYTES >> 20,
            "files": ", ".join(f"{path} {size >> 20} MB" for size, path in largest) or _("none"),
        },
        _("Take away what is not needed there. What is the site's own must stay: what is owed is in it."),
        files=tuple(path for _size, path in largest),
    )


def _mount(folder: Path) -> Path:
    place = folder.resolve()
    while not place.is_mount():
        place = place.parent
    return place


def _largest(mount: Path, but: set[Path]) -> list[tuple[int, str]]:
    """The largest files of a disk, largest first; of a system's own disk, where people leave things."""
    places = [str(mount)] if str(mount) != "/" else [place for place in _OF_PEOPLE if not Path(place).is_mount()]
    device, looked_at = mount.stat().st_dev, 0
    found: list[tuple[int, str]] = []
    for place in places:
        for here, folders, files in os.walk(place):
            of_a_site = FILE_NAME in files
            folders[:] = [name for name in folders if _device(os.path.join(here, name)) == device]  # noqa: PTH118  # many
            for name in files:
                if _is_of_anju(name, of_a_site=of_a_site):
                    continue
                path = os.path.join(here, name)  # noqa: PTH118  # the same
                looked_at += 1
                try:
                    size = os.lstat(path).st_blocks * 512
                except OSError:
                    continue
                if size >= 1 << 20 and Path(path) not in but:
                    found.append((size, path))
            if looked_at > _MOST_LOOKED_AT:
                break
    return heapq.nlargest(_MOST_SHOWN, found)


def _is_of_anju(name: str, *, of_a_site: bool) -> bool:
    """A backup, or a database of another site on this disk: nobody must be advised to take it away."""
    return name.endswith(".anju") or (of_a_site and ".db" in name)


def _device(path: str) -> int | None:
    try:
        return os.lstat(path).st_dev
    except OSError:
        return None
