"""The way of reports to the duty room: whether it is there, what waits, and the certificates by which both know one another."""

from __future__ import annotations

import datetime as dt
import sqlite3
import stat
from collections.abc import Iterator
from typing import Any

from anju.concentrator.destinations.duty_room import NAME
from anju.doctor.finding import Command, Finding
from anju.doctor.visit import Visit
from anju.service.certs import places
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.uplink.reports import TroubleKind

OLD_S = 170
"""As long as a path may be down before that is trouble (EN 50136, grade 3)."""
_OWED = "SELECT count(*), min(seq) FROM outbox WHERE destination = ? AND state = 0"
_RECORDED = "SELECT json_extract(report, '$.recorded_at_ms') FROM event WHERE seq = ?"
_REFUSED = "SELECT 1 FROM fault WHERE kind = ?"


def backlog(visit: Visit) -> Iterator[Finding]:
    """Reports that have waited for too long."""
    count, age_s = owed(visit)
    if count == 0 or age_s < OLD_S:
        return
    elsewhere, address = visit.site.dutyroom.url, visit.site.dutyroom.url_address
    yield Finding(
        _("Reports wait for the duty room, which has not received them. None is lost: the concentrator keeps them."),
        _("The journal owes %(count)d, the oldest for %(minutes)d min.") % {"count": count, "minutes": age_s // 60},
        _("See on the duty room's PC that it runs (anju doctor there), and that %(url)s can be reached from here.")
        % {"url": elsewhere}
        if elsewhere
        else _("See that the duty room runs and can write, by the findings above. Then they go by themselves."),
        (("nc", "-zv", address[0], str(address[1])),) if address else (),
    )


def owed(visit: Visit) -> tuple[int, int]:
    """How many reports wait, and for how many seconds the oldest has."""
    if "concentrator" not in visit.services or not visit.site.journal.exists():
        return 0, 0
    try:
        with visit.reading(visit.site.journal) as read:
            count, oldest = read.execute(_OWED, (NAME,)).fetchone()
            at = read.execute(_RECORDED, (oldest,)).fetchone() if count else None
    except sqlite3.Error:
        return 0, 0  # another check tells of the file
    return count, max(0, visit.now_ms - at[0]) // 1000 if at and isinstance(at[0], int) else 0


def certificates(visit: Visit) -> Iterator[Finding]:
    """This machine's certificate, where it speaks or listens over the network."""
    site = visit.site
    who = places.DUTY_ROOM if site.dutyroom.uplink else site.concentrator.building
    if not (site.dutyroom.uplink or site.dutyroom.url):
        return
    from anju.service.certs.holder import Holder
    from anju.service.certs.own import Own
    from anju.service.certs.trust import Refused, Trust

    try:
        own = Own.open(site.uplink_certificate, Holder.typed(who))
    except ServiceError as error:
        seen = _("By reading %(file)s.") % {"file": site.uplink_certificate}
        yield Finding(error.what, seen, error.next_step, _another(visit, who))
        return
    try:
        trust = Trust(own.authority, site.revoked, must_exist=bool(site.dutyroom.uplink))
    except ServiceError as error:
        yield Finding(error.what, _("By reading %(file)s.") % {"file": site.revoked}, error.next_step)
        return
    try:
        trust.judge(own.certificate)
    except Refused:
        yield Finding(
            _("This machine's certificate for the uplink was revoked: nobody takes it any more."),
            _("%(file)s is on the list %(list)s.") % {"file": own.path, "list": site.revoked},
            _("Was this machine thought stolen, and is here? Issue another certificate where the authority is."),
            _made_here(visit, _how(visit, who), who),
        )
        return
    yield from _dates(visit, own, who)
    yield from _refused(visit)


def _dates(visit: Visit, own: Any, who: str) -> Iterator[Finding]:
    from anju.service.certs.trust import days_left, period

    begins, ends = period(own.certificate)
    now = dt.datetime.fromtimestamp(visit.now_ms / 1000, dt.UTC)
    days = days_left(own.certificate, now)
    if now >= begins and days >= places.WARN_DAYS:
        return
    what = _("This machine's certificate for the uplink ends in %(days)d days.") % {"days": days}
    if now > ends:
        what = _("This machine's certificate for the uplink has ended: it is taken all the same, and shown as trouble.")
    elif now < begins:
        what = _("This machine's certificate begins later than this clock says: the clock is wrong.")
    yield Finding(
        what,
        _("%(file)s counts from %(begins)s until %(ends)s; this clock says %(now)s.")
        % {"file": own.path, "begins": f"{begins:%Y-%m-%d}", "ends": f"{ends:%Y-%m-%d}", "now": f"{now:%Y-%m-%d}"},
        _("See that the clock is right. If it is, where the estate's authority is: anju certs renew %(who)s")
        % {"who": who},
        _made_here(visit, "renew", who),
    )


def _refused(visit: Visit) -> Iterator[Finding]:
    """What the concentrator has journalled: one of the two does not take the other."""
    try:
        with visit.reading(visit.site.journal) as read:
            is_refused = read.execute(_REFUSED, (TroubleKind.CERTIFICATE_REFUSED,)).fetchone() is not None
    except sqlite3.Error:
        return
    if is_refused:
        yield Finding(
            _("Duty room and concentrator do not take each other's certificate: no report arrives."),
            _("The concentrator has journalled it, and that it lasts."),
            _("See on the duty room's PC why it refuses (its page says so), and that both are of one authority."),
            (("anju", "certs", "show", str(visit.site.uplink_certificate)),),
        )


def _another(visit: Visit, who: str) -> tuple[Command, ...]:
    """What makes a file that can be used of one that cannot, or that is not there."""
    file = visit.site.uplink_certificate
    if not file.exists():
        return _made_here(visit, _how(visit, who), who)
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        return (("chmod", "600", str(file)),)
    made = _made_here(visit, _how(visit, who), who)
    return (("mv", str(file), f"{file}.old"), *made) if made else ()


def _how(visit: Visit, who: str) -> str:
    """`anju certs` issues none beside one that counts, and renews none that does not."""
    from anju.service.certs.authority import Authority

    try:
        issued = Authority.open(visit.site.folder).issued()
    except ServiceError:
        return "issue"
    return "renew" if any(str(one.holder) == who and not one.is_revoked for one in issued) else "issue"


def _made_here(visit: Visit, how: str, who: str) -> tuple[Command, ...]:
    """The command, where the authority is in this folder; elsewhere only its sentence says it."""
    site = visit.site
    if not (site.folder / places.FOLDER / places.KEY).exists():
        return ()
    out = () if who == places.DUTY_ROOM else ("--out", str(site.uplink_certificate))
    return (("anju", "certs", how, who, *out, "--site", str(site.folder)),)
