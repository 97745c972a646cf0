"""`anju survey`: how well each node is heard and hears, measured where it is awake, counted where it sleeps."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from anju.cli import grammar, screen, values
from anju.cli.asking import ask
from anju.service.errors import ServiceError
from anju.service.i18n import _

PARTLY = 3


def add_to(app: typer.Typer) -> None:
    """Define the command; its help is translated now."""
    site_option = values.site_option()

    @app.command(
        cls=grammar.Command, help=_("Measure the links: round trips, losses, tries, signal in both directions.")
    )
    def survey(
        households: Annotated[
            list[str] | None, typer.Argument(metavar="HOUSEHOLD", help=_("All, if not given; 3-2 is a whole unit."))
        ] = None,
        times: Annotated[
            int, typer.Option(metavar="N", min=1, max=100, help=_("How often each node that is awake is asked."))
        ] = 5,
        show: Annotated[bool, typer.Option("--show", help=_("Show the last records, and measure nothing."))] = False,
        site: Annotated[Path, site_option] = Path(),
        json: Annotated[bool, typer.Option("--json", help=_("Print one JSON object for each node."))] = False,
    ) -> int:
        wanted = [name.strip().upper() for name in households or ()]
        nodes = _recorded(site, wanted) if show else _surveyed(site, wanted, times, json=json)
        if json:
            for node in nodes:
                screen.as_json(node)
        elif nodes:
            screen.table(_headings(), map(_row, nodes))
            if any(not node["answered"] for node in nodes):
                screen.hint(
                    _(
                        "A node that did not answer sleeps, or is out of reach: it was only watched. Press its button to see."
                    )
                )
        else:
            screen.hint(_("There is no record yet. To make one: anju survey"))
        return PARTLY if any("last_heard_ms" not in node for node in nodes) else 0


def _surveyed(folder: Path, wanted: Sequence[str], times: int, *, json: bool) -> list[dict[str, Any]]:
    chosen = _chosen(folder, wanted)
    begun = ask(folder, do="survey", households=chosen if wanted else [], times=times)
    nodes: list[dict[str, Any]] = []
    with screen.progress() as show:
        while True:
            answer = ask(folder, do="survey_watch", survey=begun["survey"], seen=len(nodes))
            nodes += answer["nodes"]
            if answer["nodes"] and not json:
                show(_("%(done)d of %(count)d nodes") % {"done": len(nodes), "count": begun["nodes"]})
            if answer["is_over"] and not answer["nodes"]:
                break
    if answer["failure"]:
        raise ServiceError(
            _("The survey has failed: %(reason)s") % {"reason": answer["failure"]},
            _("Records of households that were done before are kept."),
            _("Survey once more: anju survey"),
        )
    return sorted(nodes, key=_place)


def _recorded(folder: Path, wanted: Sequence[str]) -> list[dict[str, Any]]:
    """The newest record of each household."""
    records = {record["household"]: record for record in ask(folder, do="surveys")["records"]}
    found = [
        node | {"at_ms": record["at_ms"], "person": record["person"]}
        for household, record in records.items()
        if not wanted or any(values.is_in(household, name) for name in wanted)
        for node in record["nodes"]
    ]
    return sorted(found, key=_place)


def _chosen(folder: Path, wanted: Sequence[str]) -> list[str]:
    there = sorted({node["household"] for node in ask(folder, do="nodes")["nodes"]})
    for name in wanted:
        if not any(values.is_in(household, name) for household in there):
            raise ServiceError(
                _("No node is enrolled in household %(household)s.") % {"household": screen.printable(name)},
                _("Nothing was changed."),
                _("Look at the nodes there are with: anju nodes"),
            )
    if not there:
        raise ServiceError(
            _("There is no node yet."),
            _("Nothing was changed."),
            _("To pair one: anju pair --household H --zone NAME:KIND"),
        )
    return [household for household in there if not wanted or any(values.is_in(household, name) for name in wanted)]


def _place(node: dict[str, Any]) -> tuple[object, ...]:
    from anju.plan.model import order

    return (order(node["household"]), [int(part) for part in node["node"].split("/")])


def _headings() -> tuple[str, ...]:
    return (
        *(_("Household"), _("Node"), _("Answers"), _("Round trip"), _("Slowest"), _("Lost"), _("Again"), _("Tries")),
        *(_("Hears"), _("Is heard"), _("Last heard"), _("Firmware")),
    )


def _row(node: dict[str, Any]) -> tuple[str, ...]:
    import time

    def ms(name: str) -> str:
        return _("%(ms)d ms") % {"ms": node[name]} if name in node else "–"

    sent = node["heard"] - node["repeated"] + node["lost"]
    heard_ms = node.get("last_heard_ms")
    return (
        node["household"],
        node["node"],
        f"{node['answered']}/{node['asked']}" if node["answered"] else _("watched"),
        ms("round_trip_ms"),
        ms("slowest_ms"),
        f"{100 * node['lost'] / sent:.1f} %" if sent else "–",
        str(node["repeated"]),
        str(node["tries"]),
        _quality(node.get("quality_down")),
        _quality(node.get("quality_up")),
        "–" if heard_ms is None else values.ago(time.time() - heard_ms / 1000),
        node.get("firmware", "–"),
    )


def _quality(told: int | None) -> str:
    """Of 255; n/a where the link does not tell."""
    return _("n/a") if told is None else f"{100 * told // 255} %"
