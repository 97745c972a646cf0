"""`anju export-identity` and `import-identity`: another PC takes a concentrator's place; `anju.concentrator.identity` does it."""

import datetime as dt
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from anju.cli import grammar, passphrases, screen, values
from anju.service.i18n import _

if TYPE_CHECKING:
    from anju.concentrator.core.identity import Identity
    from anju.concentrator.identity.adopt import Adopted

_PARTLY = 3


def add_to(app: typer.Typer) -> None:
    """Define the commands; their help is translated now."""
    json_option = typer.Option("--json", help=_("Print one JSON object."))

    @app.command(
        "export-identity",
        cls=grammar.Command,
        help=_("Seal into a file what another PC needs to be this concentrator: keys, places, settings and plan."),
    )
    def export_identity(
        out: Annotated[Path, typer.Option(metavar="FILE", help=_("The file to make; none is written over."))],
        site: Annotated[Path, values.site_option()] = Path(),
        json: Annotated[bool, json_option] = False,
    ) -> None:
        _export(site, out, json=json)

    @app.command(
        "import-identity",
        cls=grammar.Command,
        help=_("Make a site of an exported identity, on a PC that takes the place of another."),
    )
    def import_identity(
        file: Annotated[Path, typer.Argument(metavar="FILE", help=_("What anju export-identity has written."))],
        site: Annotated[
            Path, typer.Option("--site", metavar="NEW_DIR", help=_("The folder to make; an empty one will do."))
        ],
        json: Annotated[bool, json_option] = False,
    ) -> int:
        return _import(file, site, json=json)


def _export(folder: Path, out: Path, *, json: bool) -> None:
    from anju.concentrator.app import clock
    from anju.concentrator.identity import export, seal
    from anju.service import settings

    def ask() -> str:
        return passphrases.of_a_new_file(seal.passphrase_rule(), _("Nothing was exported."))

    identity = export.export(settings.load(folder), out, ask, clock)
    count = _count(identity)
    if json:
        screen.as_json({"file": str(out), "nodes": count, "exported_at_ms": identity.exported_at_ms})
        return
    screen.say(
        _("Exported to %(file)s: the keys of all nodes (%(count)d), settings and plan.") % {"file": out, "count": count}
    )
    screen.hint(_("Whoever has it and the passphrase can speak for this concentrator: keep the two apart."))
    screen.hint(_("It is as of now: after nodes were paired, export again and destroy the older file."))
    screen.hint(_("The estate's private root key is not in it, nor is what happened: journal and duty room stay here."))
    screen.hint(
        _(
            "On the new PC: anju import-identity %(file)s --site NEW_DIR. Before that one starts, stop this one for good."
        )
        % {"file": out.name}
    )
    screen.hint(
        _("Not before nodes are heard there, destroy this keyring: %(how)s")
        % {"how": _shred(f"{folder / 'keyring.db'}*")}
    )


def _import(file: Path, folder: Path, *, json: bool) -> int:
    from anju.concentrator import control
    from anju.concentrator.app import clock
    from anju.concentrator.identity import adopt

    adopted = adopt.adopt(file, folder, passphrases.of_a_file, control.person_of(os.getuid()), clock)
    identity = adopted.identity
    spent = sorted({f"{link.network}/{link.node}" for link in adopted.spent})
    if json:
        told = {"site": str(adopted.folder), "nodes": _count(identity), "pair_anew": spent}
        screen.as_json(told | {"exported_at_ms": identity.exported_at_ms, "exported_by": identity.person})
    else:
        _told(adopted, file, folder)
    tell_spent(spent)
    return _PARTLY if spent else 0


def tell_spent(nodes: list[str]) -> None:
    """Which nodes a site that was made of another one's file can't answer."""
    if nodes:
        screen.hint(
            _("These are heard but can't be answered any more, their counters are used up; pair them anew: %(nodes)s")
            % {"nodes": ", ".join(nodes)}
        )


def _told(adopted: "Adopted", file: Path, folder: Path) -> None:
    """What was made, and all that is left to do by hand."""
    from anju.concentrator.app import clock
    from anju.concentrator.core.panel import stored
    from anju.uplink.reports import PanelMode

    identity = adopted.identity
    when = dt.datetime.fromtimestamp(identity.exported_at_ms / 1000).astimezone()
    facts = {"person": identity.person, "when": f"{when:%Y-%m-%d %H:%M}", "count": _count(identity), "folder": folder}
    screen.say(_("Made %(folder)s: the concentrator that %(person)s exported on %(when)s; nodes: %(count)d.") % facts)
    panels = [stored.from_json(panel.state, clock()) for panel in identity.panels]
    armed = sum(panel.mode is not PanelMode.OFF for panel in panels)
    screen.hint(
        _("Households are armed as they were then: %(armed)d armed, %(latched)d with an alarm that waits for a reset.")
        % {"armed": armed, "latched": sum(bool(panel.latched) for panel in panels)}
    )
    screen.hint(
        _("What was paired or unpaired since is not known here: see anju nodes, and pair anew what is missing.")
    )
    screen.hint(
        _("The old PC must not go on: stop its services, see that nothing starts them again, take it off the network.")
    )
    screen.hint(
        _("Nodes call at the old PC's address and lines: this one has to have them. Look at %(file)s.")
        % {"file": folder / "site.toml"}
    )
    screen.hint(_("Then: anju run %(site)s") % {"site": folder})
    screen.hint(
        _("Not before nodes are heard here, destroy the old keyring and the file: %(how)s")
        % {"how": _shred(f"keyring.db* {file}")}
    )


def _shred(what: str) -> str:
    return _("shred -u %(what)s; from an SSD or a stick it goes only with the whole medium.") % {"what": what}


def _count(identity: "Identity") -> int:
    return len({link.id.address for link in identity.in_force})
