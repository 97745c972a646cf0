"""Commands about one site: make it, run it, enrol nodes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from anju.cli import grammar, screen, values
from anju.cli.asking import ask
from anju.service.i18n import _


def add_to(app: typer.Typer) -> None:
    """Define the commands; their help is translated now."""
    site_option = values.site_option()
    json_option = typer.Option("--json", help=_("Print one JSON object."))

    @app.command(cls=grammar.Command, help=_("Make a folder with the settings of a new site."))
    def init(
        folder: Annotated[Path, typer.Argument(metavar="DIR", help=_("The folder to make."))],
        estate: Annotated[
            str, typer.Option(metavar="NAME", help=_("The estate's name; the folder's if not given."))
        ] = "",
        building: Annotated[str, typer.Option(metavar="B", help=_("The building: the 3 of 3-2-0501."))] = "1",
        network: Annotated[int, typer.Option(metavar="N", help=_("Number of the building's network of nodes."))] = 1,
        udp: Annotated[
            str, typer.Option(metavar="IP:PORT", help=_("Where to listen for nodes; “none” for serial lines only."))
        ] = "127.0.0.1:7010",
        serial: Annotated[
            list[str] | None,
            typer.Option(
                metavar="PORT", help=_("A serial line to nodes, as a path or a pyserial URL; may be repeated.")
            ),
        ] = None,
        port: Annotated[int, typer.Option(metavar="N", help=_("Port of the duty room's page."))] = 8380,
    ) -> None:
        _init(folder, estate, building, network, udp, serial or (), port)

    @app.command(cls=grammar.Command, help=_("Run a site's services until Ctrl-C; what dies is started again."))
    def run(site: Annotated[Path, typer.Argument(metavar="SITE", help=_("The site's folder."))]) -> None:
        from anju.service import settings, supervisor

        supervisor.run(settings.load(site))

    @app.command(cls=grammar.Command, help=_("Write systemd units for a site's services, which then need no terminal."))
    def units(
        out: Annotated[Path, typer.Argument(metavar="DIR", help=_("Where to; systemd reads /etc/systemd/system."))],
        site: Annotated[Path, site_option] = Path(),
        json: Annotated[bool, json_option] = False,
    ) -> None:
        _units(site, out, json)

    @app.command(cls=grammar.Command, help=_("Make the keys of one node and store them on both sides."))
    def enrol(
        household: Annotated[str, typer.Argument(metavar="HOUSEHOLD", help=_("Such as 3-2-0501."))],
        zone: Annotated[
            list[Any],
            typer.Option(
                metavar="NAME:KIND",
                parser=values.zone,
                help=_(
                    "What hangs at the node's inputs, in their order; KIND such as entry, instant, hold_up, any_press or tamper."
                ),
            ),
        ],
        out: Annotated[Path, typer.Option(metavar="DIR", help=_("Folder for the node's file."))],
        site: Annotated[Path, site_option] = Path(),
        json: Annotated[bool, json_option] = False,
    ) -> None:
        _enrol(household, zone, out, site, json)

    @app.command(cls=grammar.Command, help=_("Say how a running concentrator is, and which nodes it hears."))
    def status(site: Annotated[Path, site_option] = Path(), json: Annotated[bool, json_option] = False) -> None:
        _status(site, json)


def _init(folder: Path, estate: str, building: str, network: int, udp: str, serial: Sequence[str], port: int) -> None:
    from anju.cli.bundle import told_root_key
    from anju.service import root_key, site_template

    address = None if udp in {"", "none"} else udp
    name = estate or folder.absolute().name
    made = site_template.create(
        folder, estate=name, building=building, network=network, udp=address, port=port, serial=serial
    )
    screen.say(_("Made %(file)s.") % {"file": made.folder / "site.toml"})
    told_root_key(made.folder / root_key.PRIVATE)
    screen.hint(
        _("Next: anju enrol %(building)s-1-0101 --zone bed:hold_up --site %(site)s --out node-1")
        % {"building": building, "site": folder}
    )
    screen.hint(_("Then: anju run %(site)s") % {"site": folder})


def _units(folder: Path, out: Path, json: bool) -> None:
    from anju.service import settings, units

    made = units.write(settings.load(folder), out)
    if json:
        screen.as_json({"units": list(map(str, made))})
        return
    for path in made:
        screen.say(_("Wrote %(file)s.") % {"file": path})
    names = " ".join(path.name for path in made)
    screen.hint(
        _("They run as the user to whom the site's folder belongs; a user of its own is best, without a log-in.")
    )
    screen.hint(_("Next: systemctl daemon-reload && systemctl enable --now %(names)s") % {"names": names})
    screen.hint(_("How they are: systemctl status 'anju-*', journalctl -u 'anju-*', anju doctor"))


def _enrol(household: str, zones: list[tuple[str, str]], out: Path, folder: Path, json: bool) -> None:
    from anju.concentrator import enrolment
    from anju.service import settings
    from anju.uplink.reports import ZoneKind

    inputs = [(name, ZoneKind(kind)) for name, kind in zones]
    enrolled = enrolment.enrol(settings.load(folder), household, inputs, out)
    if json:
        screen.as_json({"network": enrolled.network, "node": enrolled.node, "file": str(enrolled.file)})
        return
    screen.say(
        _("Enrolled in %(household)s as node %(node)d of network %(network)d.")
        % {"household": household, "node": enrolled.node, "network": enrolled.network}
    )
    screen.hint(_("Its keys are in %(file)s, and nowhere else but in the keyring.") % {"file": enrolled.file})
    screen.hint(_("Bring that file into the node's store before its first start; the node deletes it there."))


def _status(folder: Path, json: bool) -> None:
    answer = ask(folder, do="status")
    if json:
        screen.as_json(answer)
        return
    frames = answer["frames"]
    refused = ", ".join(f"{reason} {count}" for reason, count in sorted(frames["refused"].items()))
    screen.say(
        _(
            "Journal %(id)s: %(events)d events of nodes, %(rows)d rows, %(outbox)d not yet received by the duty room"
            " (%(sent)d of them sent)"
        )
        % {"id": answer["journal_id"][:8], **{name: answer[name] for name in ("events", "rows", "outbox", "sent")}},
        _("Frames: %(accepted)d accepted, %(duplicates)d repeated, refused: %(refused)s")
        % {"accepted": frames["accepted"], "duplicates": frames["duplicates"], "refused": refused or _("none")},
    )
    if not answer["nodes"]:
        screen.hint(_("No node has been heard yet."))
        return
    screen.table(
        (_("Node"), _("Household"), _("Last heard"), _("Firmware")),
        [
            (
                f"{node['network']}/{node['node']}",
                node["household"] or "–",
                values.ago(node["last_seen_s"]),
                node["firmware"] or "–",
            )
            for node in answer["nodes"]
        ],
    )
