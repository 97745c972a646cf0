"""`anju verify journal`: whether a journal, or what a duty room holds, is as it was written. The checks lie beside the rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from anju.cli import grammar, screen, values
from anju.service.errors import ServiceError
from anju.service.i18n import _

if TYPE_CHECKING:
    from anju.dutyroom.store import held
    from anju.ledger import audit
    from anju.service.settings import Site

_FAILED = 1
_MOST_SHOWN = 50


def add_to(group: typer.Typer) -> None:
    """Define the command; its help is translated now."""

    @group.command(
        cls=grammar.Command,
        help=_(
            "Check the signed chain over all that was journalled.\n\n"
            "With the concentrator's public key alone, beside a running concentrator or without one; nothing is changed. A row "
            "that somebody has changed, removed, inserted or swapped is named."
        ),
    )
    def journal(
        site: Annotated[Path, values.site_option()] = Path(),
        journal: Annotated[
            Path | None, typer.Option(metavar="FILE", help=_("A journal somewhere else; the site's own if not given."))
        ] = None,
        key: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE", help=_("The public key to trust; journal-key.pub beside the journal if not given.")
            ),
        ] = None,
        duty_room: Annotated[
            bool,
            typer.Option(
                "--duty-room",
                help=_("What the duty room holds instead, compared with the site's journal if it has one."),
            ),
        ] = False,
        json: Annotated[bool, typer.Option("--json", help=_("Print one JSON object."))] = False,
    ) -> int:
        if duty_room and (journal is not None or key is not None):
            raise typer.BadParameter(_("--duty-room goes without --journal and --key"))
        return _check_duty_room(site, json=json) if duty_room else _check_journal(site, journal, key, json=json)


def _check_journal(site: Path, journal: Path | None, key: Path | None, *, json: bool) -> int:
    from anju.concentrator.journal_audit import verify
    from anju.ledger import journal_key
    from anju.service import settings

    path = settings.load(site).journal if journal is None else journal
    _is_there(path)
    public = journal_key.load_public(key or path.parent / journal_key.PUBLIC)
    with _readable(path):
        found = verify(path, public)
    if json:
        faults = [fault._asdict() for fault in found.faults]
        screen.as_json({"rows": found.rows, "last": found.last, "cut_at": found.cut_at, "faults": faults})
    else:
        _show_journal(found)
    return _FAILED if found.faults else 0


def _check_duty_room(folder: Path, *, json: bool) -> int:
    from anju.dutyroom.store.held import verify
    from anju.service import settings

    site = settings.load(folder)
    _is_there(site.dutyroom_db)
    with _readable(site.dutyroom_db):
        found = verify(site.dutyroom_db, *_of_the_journal(site))
    if json:
        faults = [fault._asdict() for fault in found.faults]
        counts = {"reports": found.reports, "log": found.log, "compared": found.compared}
        screen.as_json(counts | {"faults": faults})
    else:
        _show_duty_room(found)
    return _FAILED if found.faults else 0


def _of_the_journal(site: "Site") -> "tuple[Iterator[held.Held], Iterator[held.Held]]":
    """What a concentrator on the same PC has receipts for, and all that it has journalled; nothing if there is none."""
    from anju.concentrator.destinations.duty_room import NAME
    from anju.concentrator.journal_audit import hashes
    from anju.dutyroom.store.held import Held

    if not site.journal.is_file():
        return iter(()), iter(())
    return (Held(*row) for row in hashes(site.journal, NAME)), (Held(*row) for row in hashes(site.journal))


def _is_there(path: Path) -> None:
    if not path.is_file():
        raise ServiceError(
            _("There is no file %(file)s.") % {"file": path},
            _("Nothing was checked."),
            _("Name a journal with --journal, or a site with --site."),
        )


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """ServiceError where SQLite can't read a file."""
    import sqlite3

    try:
        yield
    except sqlite3.Error as error:
        raise ServiceError(
            _("%(file)s cannot be read to its end: %(reason)s.") % {"file": path, "reason": error},
            _("Nothing was changed."),
            _(
                "If it is of this release and still so after a start of the service, it is damaged: compare another copy, such "
                "as what the duty room holds or a backup."
            ),
        ) from error


def _show_journal(found: "audit.Findings") -> None:
    from anju.ledger.audit import Fault

    told = {
        Fault.CHANGED: _("was changed"),
        Fault.REMOVED: _("was removed"),
        Fault.INSERTED: _("was inserted"),
        Fault.SWAPPED: _("has the report of row %(other)s"),
        Fault.KEPT: _("a row up to this one was changed, removed or inserted"),
        Fault.OWED: _("what is owed of it does not fit it"),
        Fault.HEAD: _("the end of the chain is not what the key has signed"),
        Fault.CUT: _("what was cut off up to here is not signed by the key"),
    }
    show_faults(
        (_("Row"), _("What is wrong")),
        [
            (
                f"{fault.seq}-{fault.last}" if fault.last not in (None, fault.seq) else fault.seq,
                told[fault.fault] % {"other": fault.other},
            )
            for fault in found.faults
        ],
    )
    if found.cut_at:
        screen.hint(
            _("Rows up to %(seq)d were cut off when their time had come; that is signed.") % {"seq": found.cut_at}
        )
    counts = {"rows": found.rows, "last": found.last, "faults": len(found.faults)}
    screen.say(_("%(rows)d rows, the last one is %(last)d; faults: %(faults)d") % counts)
    if found.faults:
        screen.hint(
            _(
                "Keep a copy of the file as it is. What it was before stands in the duty room (anju verify journal --duty-room) "
                "and in backups."
            )
        )
    if any(fault.fault is Fault.HEAD for fault in found.faults):
        screen.hint(_("See first that it is the key of this journal's concentrator."))


def _show_duty_room(found: "held.Findings") -> None:
    from anju.dutyroom.store.held import Fault

    told = {
        Fault.REPORT: _("report is not what came, or the one before it is missing"),
        Fault.LOG: _("row of the log was changed, or one before it is missing"),
        Fault.MISSING: _("report is not here, although its concentrator has a receipt for it"),
        Fault.UNLIKE: _("report is another one than its concentrator has journalled"),
    }
    show_faults(
        (_("Journal"), _("Row"), _("What is wrong")),
        [(fault.journal_id[:8] if fault.journal_id else "–", fault.seq, told[fault.fault]) for fault in found.faults],
    )
    counts = {"reports": found.reports, "log": found.log, "compared": found.compared, "faults": len(found.faults)}
    screen.say(
        _(
            "%(reports)d reports, %(compared)d of them compared with the journal; rows of the log: %(log)d; faults: %(faults)d"
        )
        % counts
    )
    if found.faults:
        screen.hint(
            _("Keep a copy of the file as it is, and compare with the concentrator's journal and with backups.")
        )


def show_faults(titles: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    """A table of them, as far as somebody reads on."""
    if rows:
        screen.table(titles, rows[:_MOST_SHOWN])
    if len(rows) > _MOST_SHOWN:
        screen.hint(_("… and %(count)d more; --json has all.") % {"count": len(rows) - _MOST_SHOWN})
