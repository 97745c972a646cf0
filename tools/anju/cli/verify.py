"""`anju verify`: whether what was kept is what happened. The checks themselves are in `anju.ledger`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from anju.cli import grammar, screen, values, verify_journal
from anju.service.errors import ServiceError
from anju.service.i18n import _

if TYPE_CHECKING:
    from anju.ledger.evidence import Findings
    from anju.uplink.reports import Report

_FAILED = 1


def add_to(app: typer.Typer) -> None:
    """Define the group of commands; their help is translated now."""
    group = typer.Typer(
        cls=grammar.Group, rich_markup_mode=None, help=_("Check what was kept against who has signed it.")
    )
    app.add_typer(group, name="verify")
    verify_journal.add_to(group)
    site_option = values.site_option()

    @group.command(
        cls=grammar.Command,
        help=_(
            "Check what nodes have signed.\n\n"
            "With public keys alone. Reads a journal or a copy of one, and changes nothing. Whoever has made up, changed or "
            "removed a report of an event that its node has signed for is found out."
        ),
    )
    def evidence(
        site: Annotated[Path, site_option] = Path(),
        journal: Annotated[
            Path | None, typer.Option(metavar="FILE", help=_("A journal somewhere else; the site's own if not given."))
        ] = None,
        duty_room: Annotated[bool, typer.Option("--duty-room", help=_("What the duty room holds instead."))] = False,
        keys: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE",
                help=_("Public keys to trust, a line for each: device id and key, as anju nodes --keys prints them."),
            ),
        ] = None,
        json: Annotated[bool, typer.Option("--json", help=_("Print one JSON object."))] = False,
    ) -> int:
        from anju.ledger.evidence import check

        if journal is not None and duty_room:
            raise typer.BadParameter(_("--journal goes without --duty-room"))
        trusted = None if keys is None else _read_keys(keys)
        path = _path(site, journal, duty_room=duty_room)
        cut_at = 0 if duty_room else _cut_at(path)
        found = check(_reports(path, duty_room=duty_room), trusted, cut_at)
        if json:
            screen.as_json(_as_json(found))
        else:
            _show(found)
        return _FAILED if found.faults else 0


def _path(site: Path, journal: Path | None, *, duty_room: bool) -> Path:
    """The file that is meant; ServiceError if it is not there."""
    from anju.service import settings

    path = journal
    if path is None:
        path = settings.load(site).dutyroom_db if duty_room else settings.load(site).journal
    if not path.is_file():
        nothing, next_step = _nothing_checked()
        raise ServiceError(_("There is no file %(file)s.") % {"file": path}, nothing, next_step)
    return path


def _nothing_checked() -> tuple[str, str]:
    return _("Nothing was checked."), _("Name a journal with --journal, or a site with --site.")


def _cut_at(path: Path) -> int:
    """Up to which row a journal was cut off; 0 if it can't be told, which the check will."""
    import sqlite3

    from anju.concentrator.journal_audit import cut_at

    try:
        return cut_at(path)
    except sqlite3.Error:
        return 0


def _reports(path: Path, *, duty_room: bool) -> "Iterator[Report]":
    """Reports in their order; ServiceError if there are none to be had."""
    import sqlite3

    from anju.concentrator.journal import JournalFault, reports_in
    from anju.dutyroom.store import reports_held

    nothing, next_step = _nothing_checked()
    try:
        if duty_room:
            yield from (report for _journal, _seq, report in reports_held(path))
        else:
            yield from reports_in(path)
    except sqlite3.Error as error:
        raise ServiceError(
            _("%(file)s cannot be read as a journal: %(reason)s.") % {"file": path, "reason": error}, nothing, next_step
        ) from error
    except JournalFault as fault:
        raise ServiceError(
            _("Row %(seq)d of %(file)s holds no report: somebody or something has changed it.")
            % {"seq": fault.seq, "file": path},
            nothing,
            _("Compare it with what the duty room holds: anju verify evidence --duty-room"),
        ) from fault


def _read_keys(file: Path) -> dict[str, str]:
    from anju.wire.label import device_id

    trusted = {}
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ServiceError(
            _("%(file)s cannot be read: %(reason)s.") % {"file": file, "reason": error}, _("Nothing was checked."), ""
        ) from error
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words:
            continue
        try:
            device, key = words
            if device_id(bytes.fromhex(key)) != device:
                raise ValueError
        except ValueError:
            raise ServiceError(
                _("Line %(number)d of %(file)s is no device id with its public key.")
                % {"number": number, "file": file},
                _("Nothing was checked."),
                _("Make the file anew: anju nodes --keys > %(file)s") % {"file": file},
            ) from None
        trusted[device] = key
    return trusted


def _as_json(found: "Findings") -> dict[str, Any]:
    return {
        "statements": found.statements,
        "devices": len(found.devices),
        "events": found.events,
        "alarms": found.alarms,
        "signed": found.signed,
        "faults": [fault._asdict() for fault in found.faults],
    }


def _show(found: "Findings") -> None:
    from anju.ledger.evidence import Fault
    from anju.wire.label import short_name

    told = {
        Fault.SIGNATURE: _("not signed by this device, or changed since"),
        Fault.UNTRUSTED: _("signed by a key that is not among those to trust"),
        Fault.MISSING: _("an event that was signed for is not there"),
        Fault.CHANGED: _("an event was changed after it was signed for"),
        Fault.GAP: _("the statement before this one is not there"),
    }
    verify_journal.show_faults(
        (_("Row"), _("Device"), _("Event"), _("What is wrong")),
        [
            (
                fault.seq,
                short_name(fault.device) if fault.device else "–",
                "–" if fault.counter is None else fault.counter,
                told[fault.fault],
            )
            for fault in found.faults
        ],
    )
    counts = {
        "statements": found.statements,
        "devices": len(found.devices),
        "signed": found.signed,
        "alarms": found.alarms,
        "faults": len(found.faults),
    }
    screen.say(
        _(
            "%(statements)d statements by %(devices)d devices; %(signed)d of %(alarms)d alarms signed for; faults: %(faults)d"
        )
        % counts
    )
