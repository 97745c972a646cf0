"""Whether a site's services run, answer, and can write."""

from __future__ import annotations

from collections.abc import Iterator

from anju.doctor import tried
from anju.doctor.finding import Finding
from anju.doctor.visit import Visit
from anju.service.i18n import _, title


def check(visit: Visit) -> Iterator[Finding]:
    """Services that do not run, or run and do not answer."""
    silent = [name for name in visit.services if not visit.answers(name)]
    stopped = [name for name in silent if visit.pid(name) is None]
    if len(stopped) == len(visit.services):
        yield Finding(
            _("The services of this site do not run: no alarm is taken."),
            _("Nobody answers in %(folder)s, and no process of theirs is there.") % {"folder": visit.site.run},
            _("Start them. If they end again, the last lines that they write say why."),
            visit.start(),
        )
        return
    for name in silent:
        yield _stopped(visit, name) if name in stopped else _hung(visit, name)


def writing(visit: Visit) -> Iterator[Finding]:
    """A service that runs and says that it cannot write."""
    status = visit.status
    if status is not None and status.get("not_committed"):
        yield Finding(
            _("The concentrator runs and cannot write its journal: it acknowledges nothing, and nodes say it again."),
            _("It says: %(reason)s") % {"reason": status["not_committed"]},
            _(
                "See the disk: is it full, read-only or failing (dmesg)? Once it takes something again, nothing is left to do."
            ),
        )
    if visit.standing is not None and visit.standing.is_faulty:
        yield Finding(
            _("The duty room runs and cannot write its file: it takes no alarm; concentrators keep what they owe."),
            _("It says so of its last attempt."),
            _(
                "See the disk: is it full, read-only or failing (dmesg)? Once it takes something again, nothing is left to do."
            ),
        )


def _stopped(visit: Visit, name: str) -> Finding:
    if name == "page" and tried.is_port_taken(visit.site):
        port = visit.site.dutyroom.port
        return Finding(
            _("Another program has the port of the duty room's page."),
            _("Port %(port)d of this machine is answered by a process that is not ours.") % {"port": port},
            _("Find out who it is and end it, or choose another port under [dutyroom] in site.toml."),
            (("ss", "-ltnp", f"sport = :{port}"),),
        )
    consequence = {
        "concentrator": _("no alarm of this building is taken; its nodes try again"),
        "dutyroom": _("nobody sees or hears an alarm; the concentrator keeps what it owes"),
        "page": _("nobody sees an alarm on a screen; the sounder sounds all the same"),
    }[name]
    owed = ""
    if name == "dutyroom" and visit.status is not None and visit.status.get("outbox"):
        owed = " " + _("Reports that wait for it: %(count)d.") % {"count": visit.status["outbox"]}
    return Finding(
        _("The %(service)s does not run: %(consequence)s.") % {"service": title(name), "consequence": consequence},
        _("Nobody answers for it in %(folder)s, and no process of its is there.") % {"folder": visit.site.run} + owed,
        _("Its supervisor starts it again and again; its log says why it ends.")
        if visit.pid("supervisor") is not None
        else _("Start it. If it ends again, the last lines that it writes say why."),
        visit.start(name),
    )


def _hung(visit: Visit, name: str) -> Finding:
    pid = visit.pid(name)
    return Finding(
        _("The %(service)s runs and does not answer.") % {"service": title(name)},
        _("Process %(pid)s is there, and nothing came back within %(seconds)d s.")
        % {"pid": pid, "seconds": round(tried.PATIENCE_S)},
        _("End it by force: what it has acknowledged is on the disk. It is started again."),
        (("kill", "-9", str(pid)),),
    )
