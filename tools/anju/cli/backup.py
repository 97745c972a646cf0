"""`anju backup` and `restore`: a site in one sealed file, and back; `anju.concentrator.identity` does it."""

import datetime as dt
import os
from pathlib import Path
from typing import Annotated

import typer

from anju.cli import grammar, passphrases, screen, values
from anju.cli.identity import tell_spent
from anju.service.i18n import _

_PARTLY = 3


def add_to(app: typer.Typer) -> None:
    """Define the commands; their help is translated now."""
    json_option = typer.Option("--json", help=_("Print one JSON object."))

    @app.command(
        cls=grammar.Command,
        help=_(
            "Seal a whole site into a file: keys, journal, what the duty room holds, settings and plan.\n\n"
            "Its services may run meanwhile, and go on."
        ),
    )
    def backup(
        file: Annotated[Path, typer.Argument(metavar="FILE", help=_("The file to make; none is written over."))],
        site: Annotated[Path, values.site_option()] = Path(),
        json: Annotated[bool, json_option] = False,
    ) -> None:
        _backup(site, file, json=json)

    @app.command(
        cls=grammar.Command,
        help=_("Make a site of a backup, in the place of the one that is gone."),
    )
    def restore(
        file: Annotated[Path, typer.Argument(metavar="FILE", help=_("What anju backup has written."))],
        site: Annotated[
            Path, typer.Option("--site", metavar="NEW_DIR", help=_("The folder to make; an empty one will do."))
        ],
        json: Annotated[bool, json_option] = False,
    ) -> int:
        return _restore(file, site, json=json)


def _backup(folder: Path, out: Path, *, json: bool) -> None:
    from anju.concentrator.app import clock
    from anju.concentrator.identity import backup, seal
    from anju.service import log, settings

    log.configure_command()

    def ask() -> str:
        return passphrases.of_a_new_file(seal.passphrase_rule(), _("No backup was made."))

    made = backup.backup(settings.load(folder), out, ask, clock)
    files = [name for name in made.files if name != backup.MADE_AT]
    if json:
        screen.as_json({"file": str(out), "bytes": made.size, "files": files, "left_out": made.left_out})
        return
    screen.say(
        _("Backed up to %(file)s, %(size)d KB: %(what)s.")
        % {"file": out, "size": (made.size + 1023) // 1024, "what": ", ".join(files)}
    )
    screen.hint(_("Whoever has it and the passphrase can speak for this concentrator: keep the two apart."))
    screen.hint(
        _("Keep it on another disk. If this PC is lost: anju restore %(file)s --site NEW_DIR") % {"file": out.name}
    )
    screen.hint(_("The estate's private root key is not in it."))
    if made.left_out:
        screen.hint(
            _(
                "Nor are these, which only their own machine may have: %(files)s. Keep a copy of the folder certs yourself."
            )
            % {"files": ", ".join(made.left_out)}
        )


def _restore(file: Path, folder: Path, *, json: bool) -> int:
    from anju.concentrator import control
    from anju.concentrator.app import clock
    from anju.concentrator.identity import restore
    from anju.service import log

    log.configure_command()

    made = restore.restore(file, folder, passphrases.of_a_file, control.person_of(os.getuid()), clock)
    spent = sorted({f"{link.address.network}/{link.address.node}" for link in made.spent})
    if json:
        told = {"site": str(made.folder), "made_at_ms": made.made_at_ms, "owed": made.owed}
        screen.as_json(told | {"faults": made.faults, "pair_anew": spent, "missing": made.missing})
    else:
        _told(made.folder, made.made_at_ms, made.owed)
        _told_certificates(made.folder, made.missing)
    if made.faults:
        screen.hint(
            _("Its journal had been tampered with before the backup was made: anju verify journal --site %(site)s")
            % {"site": made.folder}
        )
    tell_spent(spent)
    return _PARTLY if spent or made.faults else 0


def _told_certificates(folder: Path, missing: list[str]) -> None:
    """What only somebody with the authority's key can bring, and what other buildings have said in vain."""
    from anju.concentrator.identity import backup
    from anju.service import settings
    from anju.service.certs import places

    site = settings.load(folder)
    if places.FILE in missing:
        who = places.DUTY_ROOM if site.dutyroom.uplink else site.concentrator.building
        screen.hint(
            _(
                "Its certificate for the uplink was not in the backup. Where the estate's authority is:"
                " anju certs renew %(who)s --out FILE. Bring FILE as %(path)s."
            )
            % {"who": who, "path": site.uplink_certificate}
        )
        screen.hint(_("Was the old PC stolen, revoke the certificate before it, by its number: anju certs list"))
    if backup.AUTHORITY_KEY in missing:
        screen.hint(
            _("The authority's key was not in the backup: bring %(key)s and %(issued)s back from your copy.")
            % {"key": folder / backup.AUTHORITY_KEY, "issued": folder / places.FOLDER / places.ISSUED}
        )
    if site.dutyroom.uplink and site.dutyroom_db.exists():
        screen.hint(
            _(
                "What other buildings have reported since is not in it, and they do not send it again: ask at each of them"
                " what has happened since."
            )
        )


def _told(folder: Path, made_at_ms: int, owed: int) -> None:
    """What was made, and all that is left to do by hand."""
    when = dt.datetime.fromtimestamp(made_at_ms / 1000).astimezone()
    screen.say(_("Made %(folder)s as it was on %(when)s.") % {"folder": folder, "when": f"{when:%Y-%m-%d %H:%M}"})
    screen.hint(
        _("Reports that the duty room had no receipt for then: %(owed)d. They are sent again; what it has, it knows.")
        % {"owed": owed}
    )
    screen.hint(
        _("What was paired or unpaired since is not known here: see anju nodes, and pair anew what is missing.")
    )
    screen.hint(
        _("Households are armed as they were then, and what happened since is not in this journal; see the duty room.")
    )
    screen.hint(
        _("The old PC must not go on: stop its services, see that nothing starts them again, take it off the network.")
    )
    screen.hint(_("Then: anju run %(site)s") % {"site": folder})
