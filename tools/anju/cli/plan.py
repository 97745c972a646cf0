"""`anju plan`: the households and zones of a site. Reading and comparing are in `anju.planning`."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from anju.cli import grammar, screen, values
from anju.service.errors import ServiceError
from anju.service.i18n import _, ngettext

if TYPE_CHECKING:
    from anju.plan.model import Plan, PlannedHousehold, PlannedZone
    from anju.planning.difference import Difference, ZoneChange
    from anju.uplink.reports import ZoneKind


class Form(StrEnum):
    """How `anju plan show` writes a plan."""

    TABLE = "table"
    CSV = "csv"
    TOML = "toml"
    JSON = "json"


def add_to(app: typer.Typer) -> None:
    """Define the commands; their help is translated now."""
    plans = typer.Typer(
        cls=grammar.Group, rich_markup_mode=None, help=_("Households and zones of a site, as they were planned.")
    )
    app.add_typer(plans, name="plan")
    site_option = values.site_option()
    file_argument = typer.Argument(
        metavar="FILE", help=_("A table (CSV) with the columns household, zone, kind; or a TOML file.")
    )
    json_option = typer.Option("--json", help=_("Print one JSON object."))

    @plans.command(
        "import",
        cls=grammar.Command,
        help=_("Make a file the site's plan, if there is no mistake in it; say what changes."),
    )
    def import_(
        file: Annotated[Path, file_argument],
        site: Annotated[Path, site_option] = Path(),
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help=_("Look for mistakes, say what would change, and change nothing."))
        ] = False,
        json: Annotated[bool, json_option] = False,
    ) -> None:
        _import(file, site, dry_run, json)

    @plans.command(cls=grammar.Command, help=_("Show the site's plan, or that of some households."))
    def show(
        households: Annotated[
            list[str] | None, typer.Argument(metavar="HOUSEHOLD", help=_("All, if not given; 3-2 is a whole unit."))
        ] = None,
        site: Annotated[Path, site_option] = Path(),
        form: Annotated[
            Form, typer.Option("--format", help=_("table, or what anju plan import reads, or JSON."))
        ] = Form.TABLE,
    ) -> None:
        _show(households or [], site, form)

    @plans.command(cls=grammar.Command, help=_("Say what a file would change in the site's plan."))
    def diff(
        file: Annotated[Path, file_argument],
        site: Annotated[Path, site_option] = Path(),
        json: Annotated[bool, json_option] = False,
    ) -> None:
        _import(file, site, True, json)


def _import(file: Path, folder: Path, dry_run: bool, json: bool) -> None:
    from anju.planning.difference import differences
    from anju.planning.reading import read
    from anju.service import settings, site_plan

    site = settings.load(folder)
    plan = read(file)
    try:
        before = site_plan.load(site.folder)
    except ServiceError as error:
        if dry_run:
            raise
        screen.hint(error.what)
        before = None
    found = differences(before or _nothing(), plan)
    if not dry_run:
        site_plan.save(site.folder, plan)
    if json:
        screen.as_json({"households": len(plan.households), "changes": [_as_json(one) for one in found]})
        return
    screen.say(*(line for one in found for line in _told(one)))
    count = ngettext("%(count)d household", "%(count)d households", len(plan.households))
    told = {"plan": count % {"count": len(plan.households)}, "changed": len(found)}
    if not found:
        screen.say(_("The plan of %(plan)s is the same as before.") % told)
    elif dry_run:
        screen.say(_("This would change %(changed)d; the plan would have %(plan)s. Nothing was changed.") % told)
    else:
        screen.say(_("The site plan has %(plan)s now; %(changed)d changed.") % told)
    building = site.concentrator.building
    if not any(flat.household.split("-")[0] == building for flat in plan.households):
        screen.hint(
            _("No household of building %(building)s is among them, which this site's concentrator serves.")
            % {"building": building}
        )


def _nothing() -> "Plan":
    from anju.plan.model import Plan

    return Plan()


def _show(wanted: Sequence[str], folder: Path, form: Form) -> None:
    from anju.plan.model import Plan
    from anju.planning import rows, table, toml
    from anju.service import settings, site_plan

    plan = site_plan.load(settings.load(folder).folder)
    if plan is None:
        raise ServiceError(
            _("This site has no plan yet."), _("Nothing was changed."), _("Bring one: anju plan import FILE")
        )
    if wanted:
        plan = Plan(households=tuple(_picked(plan, wanted)))
    if form is Form.TABLE:
        names = rows.kind_names()
        screen.table((_("Household"), _("Zone"), _("Kind")), _grouped(rows.listed(plan), names))
    elif form is Form.JSON:
        screen.as_json(plan.model_dump(mode="json"))
    else:
        # Not through the screen: a table is read by programs, and its lines end as they end.
        typer.echo(table.dump(plan) if form is Form.CSV else toml.dump(plan), nl=False)


def _picked(plan: "Plan", wanted: Sequence[str]) -> "Iterator[PlannedHousehold]":
    names = [name.strip().upper() for name in wanted]
    for name in names:
        if not any(values.is_in(flat.household, name) for flat in plan.households):
            raise ServiceError(
                _("%(household)s is not in the site plan.") % {"household": screen.printable(name)},
                _("Nothing was changed."),
                _("Look at the households there are with: anju plan show"),
            )
    yield from (flat for flat in plan.households if any(values.is_in(flat.household, name) for name in names))


def _grouped(
    rows: "Sequence[tuple[str, PlannedZone | None]]", names: "dict[ZoneKind, str]"
) -> Iterator[tuple[str, str, str]]:
    """A household's name stands in its first row only."""
    before = ""
    for household, zone in rows:
        shown = "" if household == before else household
        yield (shown, zone.name, names[zone.kind]) if zone is not None else (shown, "–", "–")
        before = household


def _told(one: "Difference") -> list[str]:
    """A household's changes in words."""
    from anju.planning.difference import Change

    head = {
        Change.ADDED: _("%(household)s is new"),
        Change.REMOVED: _("%(household)s is no longer planned"),
        Change.CHANGED: _("%(household)s:"),
    }[one.change]
    return [head % {"household": one.household}, *(f"    {_told_zone(zone)}" for zone in one.zones)]


def _told_zone(zone: "ZoneChange") -> str:
    from anju.planning.difference import Change
    from anju.planning.rows import kind_names

    names = kind_names()
    told = {"zone": zone.name, "kind": names[zone.kind], "before": names[zone.before or zone.kind]}
    if zone.change is Change.ADDED:
        return _("+ “%(zone)s” (%(kind)s)") % told
    if zone.change is Change.REMOVED:
        return _("- “%(zone)s” (%(kind)s)") % told
    return _("“%(zone)s” becomes %(kind)s; it was %(before)s") % told


def _as_json(one: "Difference") -> dict[str, object]:
    zones = [
        {"zone": zone.name, "change": zone.change.value, "kind": zone.kind.value}
        | ({"before": zone.before.value} if zone.before else {})
        for zone in one.zones
    ]
    return {"household": one.household, "change": one.change.value, "zones": zones}
