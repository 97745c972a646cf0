"""Third parties that reports go to: whether each takes them, whether anybody may answer on its line, whether its files serve."""

from __future__ import annotations

import datetime as dt
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

from anju.doctor.finding import Command, Finding
from anju.doctor.uplink import OLD_S
from anju.doctor.visit import Visit
from anju.service.certs import places
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.service.third_parties import Dc09, ThirdParty

_OWED = """
    SELECT name, count(seq), min(json_extract(report, '$.recorded_at_ms')) FROM destination
    LEFT JOIN outbox ON destination = name AND state = 0 LEFT JOIN event USING (seq) WHERE is_on GROUP BY name
"""


def check(visit: Visit) -> Iterator[Finding]:
    """Files that can't be used as they are, those that are on and take nothing, and those on a line without protection."""
    if "concentrator" not in visit.services or not visit.site.destinations:
        return
    for name, settings in visit.site.destinations.items():
        yield from _secrets(visit, name, settings)
        yield from _certificates(visit, name, settings)
        yield from _accounts(visit, name, settings)
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


def _secrets(visit: Visit, name: str, settings: ThirdParty) -> Iterator[Finding]:
    for path in (visit.site.folder / one for one in settings.secrets):
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except OSError as error:
            yield Finding(
                _("%(name)s is told nothing: %(file)s cannot be read: %(reason)s.")
                % {"name": name, "file": path, "reason": error.strerror},
                _("By looking for what [destinations.%(name)s] in site.toml names.") % {"name": name},
                _("Put the secret there, for the user who runs Anju alone: chmod 600 %(path)s") % {"path": path},
            )
            continue
        if mode & 0o077:
            yield Finding(
                _("%(name)s is told nothing: others may read %(file)s, which holds a secret.")
                % {"name": name, "file": path},
                _("Its mode: %(mode)o") % {"mode": mode},
                _("Take that right away. Was somebody else at this PC, have the other side give another secret."),
                (("chmod", "600", str(path)),),
            )


def _accounts(visit: Visit, name: str, settings: ThirdParty) -> Iterator[Finding]:
    """While its list can't be used no alarm is told, though the line stands."""
    if not isinstance(settings, Dc09) or settings.accounts_file is None:
        return
    from anju.concentrator.destinations.dc09.places import read

    try:
        read(visit.site.folder / settings.accounts_file)
    except ServiceError as error:
        yield Finding(
            _("%(name)s is told nothing: its list of accounts cannot be used.") % {"name": name},
            error.what,
            error.next_step,
        )


def _certificates(visit: Visit, name: str, settings: ThirdParty) -> Iterator[Finding]:
    """Those of its authorities, of which one that counts is enough, and ours; what it shows itself is seen by a test."""
    now = dt.datetime.fromtimestamp(visit.now_ms / 1000, dt.UTC)
    for path in (visit.site.folder / one for one in settings.certificates):
        try:
            periods = _periods(path)
        except (OSError, ValueError) as error:
            yield Finding(
                _("%(name)s is told nothing: %(file)s holds no certificate that can be read.")
                % {"name": name, "file": path},
                str(getattr(error, "strerror", None) or error),
                _("Put certificates in PEM form there, as the other side has given them to you."),
            )
            continue
        begins, ends = max(periods, key=lambda period: period[1])
        days = (ends - now).days
        if begins <= now and days >= places.WARN_DAYS:
            continue
        what = _("The certificate by which %(name)s is known, or we are known there, ends in %(days)d days.")
        if now > ends:
            what = _(
                "The certificate by which %(name)s is known, or we are known there, has ended: it is told nothing."
            )
        elif now < begins:
            what = _(
                "The certificate by which %(name)s is known, or we are known there, begins later than this clock says."
            )
        yield Finding(
            what % {"name": name, "days": days},
            _("%(file)s counts from %(begins)s until %(ends)s; this clock says %(now)s.")
            % {"file": path, "begins": f"{begins:%Y-%m-%d}", "ends": f"{ends:%Y-%m-%d}", "now": f"{now:%Y-%m-%d}"},
            _(
                "See that the clock is right. If it is, ask the other side for another, and put it there: it is read by itself."
            ),
            (("anju", "destinations", "test", name, "--site", str(visit.site.folder)),),
        )


def _periods(path: Path) -> list[tuple[dt.datetime, dt.datetime]]:
    from cryptography import x509

    from anju.service.certs.trust import period

    return [period(one) for one in x509.load_pem_x509_certificates(path.read_bytes())]


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
