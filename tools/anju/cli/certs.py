"""`anju certs`: the estate's own authority, and who may speak over the uplink; `anju.service.certs` does it."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from anju.cli import grammar, screen, values
from anju.service.certs.places import MOST_DAYS, USUAL_DAYS
from anju.service.i18n import _

if TYPE_CHECKING:
    from anju.service.certs.authority import Issued
    from anju.service.certs.holder import Holder


def add_to(app: typer.Typer) -> None:
    """Define the commands; their help is translated now."""
    certs = typer.Typer(
        cls=grammar.Group,
        rich_markup_mode=None,
        help=_("Say which machines may speak over the uplink."),
    )
    app.add_typer(certs, name="certs")
    site_option = values.site_option()
    json_option = typer.Option("--json", help=_("Print one JSON object."))
    holder_argument = typer.Argument(metavar="WHO", help=_("duty-room, or the building of a concentrator, such as 3."))
    out_option = typer.Option(
        metavar="FILE",
        help=_("The file to make; if not given, the site's uplink.pem for the duty room, else uplink-WHO.pem here."),
    )
    days_option = typer.Option(metavar="N", min=1, max=MOST_DAYS, help=_("How long it counts, in days."))

    @certs.command(cls=grammar.Command, help=_("Make the estate's authority, once, on one PC."))
    def create(site: Annotated[Path, site_option] = Path(), json: Annotated[bool, json_option] = False) -> None:
        _create(site, json)

    @certs.command(cls=grammar.Command, help=_("Make the key and certificate of a machine that has none."))
    def issue(
        who: Annotated[str, holder_argument],
        out: Annotated[Path | None, out_option] = None,
        days: Annotated[int, days_option] = USUAL_DAYS,
        site: Annotated[Path, site_option] = Path(),
        json: Annotated[bool, json_option] = False,
    ) -> None:
        _issue(site, who, out, days, json, renews=False)

    @certs.command(cls=grammar.Command, help=_("Make a new key and certificate in place of one that ends."))
    def renew(
        who: Annotated[str, holder_argument],
        out: Annotated[Path | None, out_option] = None,
        days: Annotated[int, days_option] = USUAL_DAYS,
        site: Annotated[Path, site_option] = Path(),
        json: Annotated[bool, json_option] = False,
    ) -> None:
        _issue(site, who, out, days, json, renews=True)

    @certs.command(cls=grammar.Command, help=_("Have a machine refused from now on: it was stolen."))
    def revoke(
        what: Annotated[
            str, typer.Argument(metavar="WHAT", help=_("duty-room, a building, or the number of one certificate."))
        ],
        site: Annotated[Path, site_option] = Path(),
        json: Annotated[bool, json_option] = False,
    ) -> None:
        _revoke(site, what, json)

    @certs.command("list", cls=grammar.Command, help=_("Show every certificate that was issued."))
    def show_all(site: Annotated[Path, site_option] = Path(), json: Annotated[bool, json_option] = False) -> None:
        _list(site, json)

    @certs.command(cls=grammar.Command, help=_("Say for whom a file is, and until when it counts."))
    def show(
        file: Annotated[Path, typer.Argument(metavar="FILE", help=_("What anju certs has written."))],
        json: Annotated[bool, json_option] = False,
    ) -> None:
        _show(file, json)


def _create(folder: Path, json: bool) -> None:
    from anju.service import log, settings
    from anju.service.certs import authority, places

    log.configure_command()
    site = settings.load(folder)
    made = authority.Authority.create(site.folder, site.estate.name, _now())
    key = site.folder / places.FOLDER / places.KEY
    if json:
        screen.as_json({"key": str(key), "until": made.until.isoformat()})
        return
    screen.say(_("Made the authority of %(estate)s.") % {"estate": site.estate.name})
    screen.hint(
        _("Its key: %(file)s. Whoever has it can pass for every machine: keep a copy where only you are.")
        % {"file": key}
    )
    screen.hint(_("Next: anju certs issue duty-room, then anju certs issue BUILDING for each concentrator."))


def _issue(folder: Path, who: str, out: Path | None, days: int, json: bool, *, renews: bool) -> None:
    from anju.service import log, settings
    from anju.service.certs import authority, places

    log.configure_command()
    site, holder = settings.load(folder), _holder(who)
    usual = site.folder / places.FILE if holder.building is None else Path(f"uplink-{holder}.pem")
    file = out or usual
    made = authority.Authority.open(site.folder)
    issued = (made.renew if renews else made.issue)(holder, file, days, _now())
    if json:
        screen.as_json(_facts(issued) | {"file": str(file)})
        return
    screen.say(
        _("%(file)s: certificate %(number)s of %(who)s, good until %(until)s.")
        % {"file": file, "number": issued.serial, "who": holder.title, "until": f"{issued.until:%Y-%m-%d}"}
    )
    if file != site.folder / places.FILE:
        screen.hint(
            _(
                "Bring it as %(name)s into the site's folder of %(who)s, over no open line, and destroy what is left of it here."
            )
            % {"name": places.FILE, "who": holder.title}
        )
    if renews:
        screen.hint(
            _(
                "A running service takes it at its next connection. Then revoke the one before it, by its number in"
                " anju certs list: it counts until that, even after its end."
            )
        )


def _revoke(folder: Path, what: str, json: bool) -> None:
    from anju.service import log, settings
    from anju.service.certs import authority, places

    log.configure_command()
    site = settings.load(folder)
    gone = authority.Authority.open(site.folder).revoke(what, _now())
    if json:
        screen.as_json({"revoked": [_facts(one) for one in gone]})
        return
    for one in gone:
        screen.say(_("Revoked %(number)s of %(who)s.") % {"number": one.serial, "who": one.holder.title})
    screen.hint(
        _("A duty room in this folder refuses it at once. Is it on another PC, bring it %(file)s.")
        % {"file": site.folder / places.FOLDER / places.REVOKED}
    )


def _list(folder: Path, json: bool) -> None:
    from anju.service import log, settings
    from anju.service.certs.authority import Authority

    log.configure_command()
    issued = Authority.open(settings.load(folder).folder).issued()
    if json:
        screen.as_json({"certificates": [_facts(one) for one in issued]})
        return
    if not issued:
        screen.say(_("No certificate was issued yet."))
        return
    rows = [(one.holder.title, f"{one.until:%Y-%m-%d}", _state(one), one.serial) for one in issued]
    screen.table((_("For"), _("Until"), _("State"), _("Number")), rows)


def _show(file: Path, json: bool) -> None:
    from cryptography import x509

    from anju.service.certs.holder import Holder
    from anju.service.certs.trust import days_left
    from anju.service.errors import ServiceError

    try:
        certificate = x509.load_pem_x509_certificates(file.read_bytes())[0]
    except (OSError, ValueError) as error:
        raise ServiceError(
            _("%(file)s is no certificate that can be read.") % {"file": file},
            _("Nothing was changed."),
            _("Name what anju certs issue has written, such as uplink.pem."),
        ) from error
    holder, days = Holder.of(certificate), days_left(certificate, _now())
    number, until = f"{certificate.serial_number:x}", certificate.not_valid_after_utc
    if json:
        who = str(holder) if holder else None
        screen.as_json({"number": number, "who": who, "until": until.isoformat(), "days_left": days})
        return
    told = {"number": number, "who": holder.title if holder else _("nobody of an uplink"), "until": f"{until:%Y-%m-%d}"}
    screen.say(_("Certificate %(number)s of %(who)s, good until %(until)s.") % told)
    if days < 0:
        screen.hint(_("It has ended: anju certs renew"))
    else:
        screen.hint(_("Days left: %(days)d. Whether it was revoked, anju certs list says.") % {"days": days})


def _holder(text: str) -> "Holder":
    from anju.service.certs.holder import Holder

    try:
        return Holder.typed(text)
    except ValueError:
        raise typer.BadParameter(
            _("%(text)s is nobody; type duty-room, or a building such as 3") % {"text": text}
        ) from None


def _state(one: "Issued") -> str:
    if one.is_revoked:
        return _("revoked")
    return _("ended") if one.has_ended(_now()) else _("in force")


def _facts(one: "Issued") -> dict[str, Any]:
    return {"number": one.serial, "who": str(one.holder), "until": one.until.isoformat(), "revoked": one.is_revoked}


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
