"""What the concentrator has journalled of its building: who is silent, which supply is low, who else has its keys."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from anju.doctor.finding import Command, Finding
from anju.doctor.visit import Visit
from anju.service.i18n import _
from anju.uplink.reports import TroubleKind

_DAY_MS = 24 * 3600 * 1000
_MOST_NAMED = 12
_STANDING = "SELECT kind, subject, since_ms FROM fault ORDER BY since_ms"
_LATELY = """
    SELECT count(*), max(json_extract(report, '$.recorded_at_ms')) FROM
    (SELECT report FROM event ORDER BY seq DESC LIMIT 20000)
    WHERE json_extract(report, '$.trouble') = ? AND json_extract(report, '$.recorded_at_ms') > ?
"""
_TIMESYNC = Path("/run/systemd/timesync/synchronized")
_AHEAD_MS = 5 * 60 * 1000


def nodes(visit: Visit) -> Iterator[Finding]:
    """Nodes that are silent, and those whose battery is low."""
    standing = _standing(visit)
    silent = {subject for kind, subject, _at in standing if kind in {TroubleKind.NODE_SILENT, TroubleKind.NODE_LOST}}
    low = {subject for kind, subject, _at in standing if kind == TroubleKind.BATTERY_LOW}
    status: Command = ("anju", "status", "--site", str(visit.site.folder))
    if silent:
        yield Finding(
            _("Devices are silent: what happens there is not known. Number: %(count)d.") % {"count": len(silent)},
            _("The concentrator waits for their heartbeat in vain: %(nodes)s") % {"nodes": _named(visit, silent)},
            _("Go there: has it power, is its line whole, does its light answer a press? Then: anju survey"),
            (status,),
        )
    if low:
        yield Finding(
            _("Batteries of devices are low. Number: %(count)d.") % {"count": len(low)},
            _("They say so themselves: %(nodes)s") % {"nodes": _named(visit, low)},
            _("Put new batteries in; the trouble is over when the device says that they are full."),
            (status,),
        )


def supply(visit: Visit) -> Iterator[Finding]:
    """Mains and the battery behind them."""
    kinds = {kind for kind, _subject, _at in _standing(visit)}
    if TroubleKind.UPS_LOW in kinds:
        yield Finding(
            _("This PC's battery is nearly empty: when it is, no alarm is taken."),
            _("There is no mains, and a fifth or less is left in the battery, by /sys/class/power_supply."),
            _("Bring mains back now; if that takes longer, a generator or another UPS."),
        )
    elif TroubleKind.MAINS_DOWN in kinds:
        yield Finding(
            _("This PC runs on its battery."),
            _("There is no mains, by /sys/class/power_supply."),
            _("See to the fuse and the plug before the battery is empty."),
        )


def links(visit: Visit) -> Iterator[Finding]:
    """Serial ports that are not there, and links that are down or jammed."""
    for url in visit.site.concentrator.serial:
        if url.startswith("/") and not Path(url).exists():
            ports = sorted(map(str, Path("/dev").glob("ttyUSB*"))) + sorted(map(str, Path("/dev").glob("ttyACM*")))
            yield Finding(
                _("A serial port of the settings is not there: %(port)s. No device on it is heard.") % {"port": url},
                _("There is no such file; serial ports that are there: %(ports)s")
                % {"ports": ", ".join(ports) or _("none")},
                _(
                    "Plug its adapter in again. Has it another name now, write that as serial under [concentrator] in site.toml; "
                    "one under /dev/serial/by-id stays the same."
                ),
            )
    told = {TroubleKind.LINK_DOWN: _("A link is down: %(link)s"), TroubleKind.JAMMED: _("A link is jammed: %(link)s")}
    for kind, subject, _at in _standing(visit):
        if kind in told and not any(
            subject.endswith(url) and not Path(url).exists() for url in visit.site.concentrator.serial
        ):
            yield Finding(
                told[TroubleKind(kind)] % {"link": subject},
                _("The concentrator has journalled it, and that it lasts."),
                _("See to its cable, its adapter and what disturbs it; its log says what was tried."),
                (("anju", "survey", "--help"),),
            )


def identity(visit: Visit) -> Iterator[Finding]:
    """Whether another concentrator has this one's keys."""
    times, last_ms = _lately(visit, TroubleKind.TWO_CONCENTRATORS)
    if times:
        yield Finding(
            _("Another concentrator speaks with this one's keys: a copy, or the PC that this one has replaced."),
            _("Nodes confirmed what was never sent from here, the last time %(minutes)d min ago.")
            % {"minutes": (visit.now_ms - last_ms) // 60_000},
            _(
                "Find the other one and stop it. If nobody knows of one, the keys were stolen: pair the nodes anew. This is said "
                "for a day after the last time."
            ),
            (("anju", "nodes", "--site", str(visit.site.folder)),),
        )


def clock(visit: Visit) -> Iterator[Finding]:
    """A clock that is behind what was journalled, was set lately, or is not kept right by anybody."""
    behind_ms = _newest_ms(visit) - visit.now_ms
    if behind_ms > _AHEAD_MS:
        yield Finding(
            _("This PC's clock is wrong: it is before what was journalled last."),
            _("By %(minutes)d min.") % {"minutes": behind_ms // 60_000},
            _("Set it, and see that it is kept right: from the network, or by a clock chip with a good battery."),
            (("timedatectl", "set-ntp", "true"),),
        )
        return
    if not _TIMESYNC.parent.is_dir() or _TIMESYNC.exists():
        return
    times, _last_ms = _lately(visit, TroubleKind.CLOCK_STEPPED)
    yield Finding(
        _("Nobody keeps this PC's clock right: times in reports, and certificates, are as wrong as it is."),
        _(
            "systemd-timesyncd runs and has not reached a time server. Times that the clock was set since yesterday: %(times)d."
        )
        % {"times": times},
        _("Let it reach one, or name one of your own network as NTP in /etc/systemd/timesyncd.conf."),
        (("timedatectl", "timesync-status"),),
    )


def _standing(visit: Visit) -> list[tuple[str, str, int]]:
    return list(_rows(visit, _STANDING))


def _lately(visit: Visit, kind: TroubleKind) -> tuple[int, int]:
    """How often a trouble was journalled within a day, and when last."""
    for times, last_ms in _rows(visit, _LATELY, kind.value, visit.now_ms - _DAY_MS):
        return times, last_ms or 0
    return 0, 0


def _newest_ms(visit: Visit) -> int:
    query = "SELECT json_extract(report, '$.recorded_at_ms') FROM event ORDER BY seq DESC LIMIT 1"
    return next((at_ms for (at_ms,) in _rows(visit, query) if isinstance(at_ms, int)), 0)


def _rows(visit: Visit, query: str, *values: object) -> list[Any]:
    """Of the journal; none where there is none that can be read, of which another check tells."""
    if "concentrator" not in visit.services or not visit.site.journal.exists():
        return []
    try:
        with visit.reading(visit.site.journal) as read:
            return read.execute(query, values).fetchall()
    except sqlite3.Error:
        return []


def _named(visit: Visit, subjects: set[str]) -> str:
    """Nodes by their household, where the concentrator or the keyring can be asked."""
    places: dict[str, str] = {}
    try:
        with visit.reading(visit.site.keyring) as read:
            for network, node, household in read.execute("SELECT network, node, household FROM link WHERE NOT ended"):
                places[f"{network}/{node}"] = household
    except sqlite3.Error:
        pass
    shown = sorted(f"{places.get(subject, '?')} ({subject})" for subject in subjects)
    more = f" … {len(shown) - _MOST_NAMED}" if len(shown) > _MOST_NAMED else ""
    return ", ".join(shown[:_MOST_NAMED]) + more
