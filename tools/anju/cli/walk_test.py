"""`anju walk-test`: prove that every zone works, household by household, and keep a record of it."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from anju.cli import grammar, screen, values
from anju.cli.asking import ask
from anju.service.errors import ServiceError
from anju.service.i18n import _

PARTLY, TIMED_OUT = 3, 5
MOST_SHOWN = 40
RECENT_MS = 24 * 3600 * 1000
"""With --all, a household that was complete within so long is not walked again."""


def add_to(app: typer.Typer) -> None:
    """Define the command; its help is translated now."""
    site_option = values.site_option()

    @app.command(
        "walk-test", cls=grammar.Command, help=_("Put households on TEST, one after the other, and tick each zone.")
    )
    def walk_test(
        households: Annotated[
            list[str] | None, typer.Argument(metavar="HOUSEHOLD", help=_("Such as 3-2-0501; 3-2 is a whole unit."))
        ] = None,
        everyone: Annotated[
            bool, typer.Option("--all", help=_("All households of the building that were not complete within a day."))
        ] = False,
        minutes: Annotated[int, values.minutes_option()] = 30,
        end: Annotated[
            bool, typer.Option("--end", help=_("End a walk-test that was left, and record what it has found."))
        ] = False,
        show: Annotated[bool, typer.Option("--show", help=_("Show the last records, and change nothing."))] = False,
        site: Annotated[Path, site_option] = Path(),
        json: Annotated[bool, typer.Option("--json", help=_("Print one JSON object for each step."))] = False,
    ) -> int:
        wanted = [name.strip().upper() for name in households or ()]
        if end and show:
            raise typer.BadParameter(_("--end and --show exclude each other"))
        if show:
            return _show(site, wanted, json=json)
        if bool(wanted) == everyone or (end and everyone):
            raise typer.BadParameter(_("name a household, or --all"))
        if end:
            return _end(site, wanted, json=json)
        return _walk_all(site, wanted, minutes, everyone=everyone, json=json)


def _walk_all(folder: Path, wanted: Sequence[str], minutes: int, *, everyone: bool, json: bool) -> int:
    chosen, silent = _chosen(folder, wanted)
    done = _complete_of_late(folder) if everyone else set()
    codes = [_no_node(household) for household in silent if not json] or [PARTLY] * bool(silent)
    for household in chosen:
        if household in done:
            if not json:
                screen.hint(_("%(household)s was complete within the last day.") % {"household": household})
            continue
        codes.append(_walk(folder, household, minutes, json=json))
        if codes[-1] == TIMED_OUT:
            return TIMED_OUT
    return max(codes, default=0)


def _walk(folder: Path, household: str, minutes: int, *, json: bool) -> int:
    from anju.cli.walk_screen import Walk
    from anju.cli.walk_words import at

    begun = ask(folder, do="walk_test", household=household, lasts_s=minutes * 60)
    try:
        return Walk(partial(ask, folder), household, json=json).follow(begun).value
    except KeyboardInterrupt:
        told = {"household": household, "time": at(begun["until_ms"])}
        screen.hint(_("%(household)s stays on TEST until %(time)s; what was ticked stays ticked.") % told)
        screen.hint(_("Go on: anju walk-test %(household)s. End it: anju walk-test --end %(household)s") % told)
        raise


def _end(folder: Path, wanted: Sequence[str], *, json: bool) -> int:
    from anju.cli.walk_words import summary

    codes = []
    for household in wanted:
        ask(folder, do="walk_test_end", household=household)
        record = ask(folder, do="walk_tests", household=household)["records"][-1]
        codes.append(PARTLY if record["missing"] else 0)
        if json:
            screen.as_json({"record": record})
        else:
            screen.say(summary(record))
    return max(codes)


def _show(folder: Path, wanted: Sequence[str], *, json: bool) -> int:
    from anju.cli.walk_words import headings, row, summary

    records = ask(folder, do="walk_tests")["records"]
    if wanted:
        records = [one for one in records if any(values.is_in(one["household"], name) for name in wanted)]
    if json:
        for record in records:
            screen.as_json(record)
    elif not records:
        screen.hint(_("There is no record yet. To make one: anju walk-test HOUSEHOLD"))
    elif wanted:
        for record in {one["household"]: one for one in records}.values():
            screen.say(_by(record), summary(record))
            screen.table(headings(), map(row, record["zones"]))
    else:
        screen.table(
            (_("Household"), _("Ended"), _("By"), _("Zones"), _("Missing")), map(_shown, records[-MOST_SHOWN:])
        )
    return 0


def _shown(record: dict[str, Any]) -> tuple[object, ...]:
    count, missing = len(record["zones"]), record["missing"]
    ended, ticked = values.when(record["ended_at_ms"]), f"{count - len(missing)}/{count}"
    return (record["household"], ended, record["person"], ticked, _(", ").join(missing) or "–")


def _by(record: dict[str, Any]) -> str:
    return _("%(household)s, %(time)s, by %(person)s") % {
        "household": record["household"],
        "time": values.when(record["ended_at_ms"]),
        "person": screen.printable(record["person"]),
    }


def _chosen(folder: Path, wanted: Sequence[str]) -> tuple[list[str], list[str]]:
    """Households to walk, in the plan's order, and those that are planned and have no node. ServiceError for what is neither."""
    from anju.plan.model import order
    from anju.service import settings, site_plan

    site = settings.load(folder)
    plan = site_plan.load(site.folder)
    there = {node["household"] for node in ask(folder, do="nodes")["nodes"]}
    planned = {flat.household for flat in plan.households} if plan else set()
    own = {name for name in planned if values.is_in(name, site.concentrator.building)}
    known = sorted(there | own, key=order)
    for name in wanted:
        if not any(values.is_in(household, name) for household in known):
            raise ServiceError(
                _("%(household)s is neither planned nor has it a node.") % {"household": screen.printable(name)},
                _("Nothing was changed."),
                _("Look at the households there are with: anju plan show, anju nodes"),
            )
    chosen = [one for one in known if not wanted or any(values.is_in(one, name) for name in wanted)]
    return [one for one in chosen if one in there], [one for one in chosen if one not in there]


def _no_node(household: str) -> int:
    screen.say(_("✗ %(household)s: planned, but it has no node yet.") % {"household": household})
    return PARTLY


def _complete_of_late(folder: Path) -> set[str]:
    import time

    since_ms = time.time() * 1000 - RECENT_MS
    records = ask(folder, do="walk_tests")["records"]
    return {one["household"] for one in records if not one["missing"] and one["ended_at_ms"] >= since_ms}
