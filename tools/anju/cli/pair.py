"""The installer's commands: pair a node by its label, unpair one, look at all of them."""

import json as codec
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from anju.cli import grammar, screen, values
from anju.cli.asking import ask as _ask
from anju.service.errors import ServiceError
from anju.service.i18n import _


def add_to(app: typer.Typer) -> None:
    """Define the commands; their help is translated now."""
    site_option = values.site_option()
    yes_option = typer.Option("--yes", help=_("Don't ask whether it is meant."))

    @app.command(
        cls=grammar.Command,
        help=_("Pair a node by its label, from the code to the first press."),
        context_settings={"allow_extra_args": True},
    )
    def pair(
        context: typer.Context,
        household: Annotated[str, typer.Option(metavar="H", help=_("Such as 3-2-0501."))] = "",
        zone: Annotated[
            list[Any] | None,
            typer.Option(
                metavar="NAME:KIND",
                parser=values.zone,
                help=_(
                    "What hangs at the node's inputs, in their order; KIND such as hold_up, any_press, entry or tamper."
                ),
            ),
        ] = None,
        replace: Annotated[str, typer.Option(metavar="NODE", help=_("Take the place of this node."))] = "",
        undo: Annotated[bool, typer.Option("--undo", help=_("Take back your last pairing."))] = False,
        timeout: Annotated[
            float, typer.Option(metavar="S", min=5, max=900, help=_("How long to wait for the node."))
        ] = 120,
        yes: Annotated[bool, yes_option] = False,
        site: Annotated[Path, site_option] = Path(),
        json: Annotated[bool, typer.Option("--json", help=_("Print one JSON object for each step."))] = False,
    ) -> int:
        if context.args:
            raise typer.BadParameter(
                _(
                    "a setup code does not belong in a command line, where every user of this machine can read it;"
                    " leave it out and scan or type it when asked, or send it to standard input"
                )
            )
        zones: Sequence[tuple[str, str]] = zone or ()
        if undo:
            if household or zones or replace:
                raise typer.BadParameter(_("--undo goes without --household, --zone and --replace"))
            _undo(site, yes=yes, json=json)
            return 0
        if replace and (household or zones):
            raise typer.BadParameter(_("--replace takes household and zones from the node that goes"))
        if not replace and not (household and zones):
            raise typer.BadParameter(_("--household and --zone are needed, or --replace"))
        place = {"replace": replace} if replace else {"household": household, "zones": _zones(zones)}
        return _pair(site, place, timeout, json=json)

    @app.command(cls=grammar.Command, help=_("Forget a node, or all of a household; it has to be paired anew."))
    def unpair(
        target: Annotated[str, typer.Argument(metavar="NODE", help=_("D-7K3MQ, 1/7, a device id or a household."))],
        yes: Annotated[bool, yes_option] = False,
        site: Annotated[Path, site_option] = Path(),
        json: Annotated[bool, typer.Option("--json", help=_("Print one JSON object."))] = False,
    ) -> None:
        _unpair(site, target, yes=yes, json=json)

    @app.command(cls=grammar.Command, help=_("Show all nodes: where they hang, since when, when last heard."))
    def nodes(
        site: Annotated[Path, site_option] = Path(),
        keys: Annotated[
            bool,
            typer.Option("--keys", help=_("Print device ids and public keys, a line each, for anju verify evidence.")),
        ] = False,
        json: Annotated[bool, typer.Option("--json", help=_("Print one JSON object."))] = False,
    ) -> None:
        if keys and json:
            raise typer.BadParameter(_("--keys goes without --json, which has the keys too"))
        _nodes(site, keys=keys, json=json)


def _pair(folder: Path, place: dict[str, Any], timeout_s: float, *, json: bool) -> int:
    from anju.cli.code_entry import read_code
    from anju.cli.pairing_screen import follow

    # What can be told at once is told before anybody scans anything.
    _ask(folder, do="nodes")
    code = read_code()
    begun = _ask(folder, do="pair", code=code, timeout_s=timeout_s, **place)["pairing"]
    del code
    try:
        return follow(lambda **request: _ask(folder, **request), begun, json=json)
    except KeyboardInterrupt:
        ended = _ask(folder, do="pair_cancel", pairing=begun)["result"]
        if ended == "failed":
            screen.fail(_("Broken off."), _("Nothing was changed."), "")
        else:
            screen.hint(_("It is paired already. To take it back: anju pair --undo"))
        raise


def _undo(folder: Path, *, yes: bool, json: bool) -> None:
    (node,) = _ask(folder, do="pair_last")["nodes"]
    _confirm(_("Take back this pairing?"), [node], yes=yes)
    _ended(_ask(folder, do="pair_undo", device=node["device"])["nodes"], json=json)


def _unpair(folder: Path, target: str, *, yes: bool, json: bool) -> None:
    if not yes:
        shown = _ask(folder, do="unpair", target=target, look=True)["nodes"]
        _confirm(_("Forget these nodes? What they say will count no more."), shown, yes=False)
    _ended(_ask(folder, do="unpair", target=target)["nodes"], json=json)


def _confirm(question: str, nodes: Sequence[dict[str, Any]], *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise ServiceError(
            _("This takes protection away, and there is no terminal to ask whether it is meant."),
            _("Nothing was changed."),
            _("If it is meant, type the command again with --yes."),
        )
    for node in nodes:
        screen.hint(_named(node))
    if not typer.confirm(question, err=True):
        raise ServiceError(_("It was not meant."), _("Nothing was changed."), "")


def _ended(nodes: Sequence[dict[str, Any]], *, json: bool) -> None:
    if json:
        screen.as_json({"unpaired": list(nodes)})
        return
    for node in nodes:
        screen.say(_("Unpaired: %(node)s") % {"node": _named(node)})
    screen.hint(
        _("The node itself does not know yet: press its button for 10 s with the case open, before it is paired again.")
    )


def _nodes(folder: Path, *, keys: bool, json: bool) -> None:
    answer = _ask(folder, do="nodes")
    if keys:
        for device, key in sorted({(node["device"], node["public_key"]) for node in answer["nodes"] if node["device"]}):
            screen.say(f"{device} {key}")
        return
    if json:
        screen.as_json(answer)
        return
    if not answer["nodes"]:
        screen.hint(_("There is no node yet. To pair one: anju pair --household H --zone NAME:KIND"))
        return
    states = {
        "proved": _("in use"),
        "unproved": _("not heard yet"),
        "old": _("until the new one is proved"),
        "spent": _("pair it anew: it can't be answered any more"),
    }
    screen.table(
        (_("Node"), _("Label"), _("Household"), _("Zones"), _("Paired"), _("Last heard"), _("Link"), _("State")),
        [
            (
                node["node"],
                node["name"] or _("bench"),
                node["household"],
                ", ".join(zone["name"] for zone in node["zones"]),
                values.when(node["paired_at_ms"]),
                "–" if node["last_heard_s"] is None else values.ago(node["last_heard_s"]),
                node["link"] or "–",
                states[node["state"]],
            )
            for node in answer["nodes"]
        ],
    )


def _named(node: dict[str, Any]) -> str:
    zones = ", ".join(zone["name"] for zone in node["zones"])
    return screen.printable(f"{node['name'] or node['node']}  {node['household']}  {zones}")


def _zones(zones: Sequence[tuple[str, str]]) -> str:
    return codec.dumps([{"number": number, "name": name, "kind": kind} for number, (name, kind) in enumerate(zones)])
