"""`anju destinations`: third parties that reports go to, beside the duty room: whether each works, and whether it is on."""

from pathlib import Path
from typing import Annotated, Any

import typer

from anju.cli import grammar, screen, values
from anju.cli.asking import ask
from anju.service.i18n import _

FAILED, PARTLY = 1, 3


def add_to(app: typer.Typer) -> None:
    """Define the commands; their help is translated now."""
    group = typer.Typer(
        cls=grammar.Group,
        rich_markup_mode=None,
        help=_("Third parties that reports go to, beside the duty room: [destinations.NAME] in site.toml."),
    )
    app.add_typer(group, name="destinations")
    site_option = values.site_option()
    name_argument = typer.Argument(metavar="NAME", help=_("As site.toml has it: arc of [destinations.arc]."))
    json_option = typer.Option("--json", help=_("Print one JSON object."))

    @group.command(
        "list", cls=grammar.Command, help=_("Show each: whether it is on, what waits for it, what is wrong.")
    )
    def list_(site: Annotated[Path, site_option] = Path(), json: Annotated[bool, json_option] = False) -> int:
        return _list(site, json=json)

    @group.command(cls=grammar.Command, help=_("Send a marked test, which nobody takes for an alarm; show the answer."))
    def test(
        name: Annotated[str, name_argument],
        site: Annotated[Path, site_option] = Path(),
        json: Annotated[bool, json_option] = False,
    ) -> int:
        return _test(site, name, json=json)

    @group.command(cls=grammar.Command, help=_("Tell it what happens from now on."))
    def on(
        name: Annotated[str, name_argument],
        site: Annotated[Path, site_option] = Path(),
        json: Annotated[bool, json_option] = False,
    ) -> int:
        return _switch(site, name, is_on=True, json=json)

    @group.command(cls=grammar.Command, help=_("Tell it nothing more; what waits for it now it is never told."))
    def off(
        name: Annotated[str, name_argument],
        site: Annotated[Path, site_option] = Path(),
        json: Annotated[bool, json_option] = False,
    ) -> int:
        return _switch(site, name, is_on=False, json=json)


def _list(site: Path, *, json: bool) -> int:
    answer = ask(site, do="destinations")
    shown = answer["destinations"]
    if json:
        screen.as_json({"destinations": shown})
    elif not shown:
        screen.hint(
            _("Reports go to the duty room alone. A third party is named in site.toml, as [destinations.NAME].")
        )
    else:
        headings = (_("Name"), _("Kind"), _("State"), _("Waiting"), _("Taken last"))
        screen.table(headings, [_row(one) for one in shown])
        for one in shown:
            screen.say(*_remarks(one))
    return PARTLY if any(one["on"] and one["why"] for one in shown) else 0


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    taken = values.when(one["taken_at_ms"]) if one["taken_at_ms"] is not None else "–"
    return (one["name"], one["kind"], _state(one), one["owed"], taken)


def _state(one: dict[str, Any]) -> str:
    if not one["on"]:
        return _("off")
    return _("not reached") if one["why"] else _("on")


def _remarks(one: dict[str, Any]) -> list[str]:
    texts = [one["why"]] * bool(one["why"]) + one["warnings"]
    return [f"! {one['name']}: {screen.printable(text)}" for text in texts]


def _test(site: Path, name: str, *, json: bool) -> int:
    answer = ask(site, do="destination_test", name=name)
    if json:
        screen.as_json({key: answer[key] for key in ("name", "taken", "answer", "took_s")})
    else:
        said = {"name": name, "answer": screen.printable(answer["answer"]), "seconds": answer["took_s"]}
        if answer["taken"]:
            screen.say(_("✓ %(name)s has taken a test. Its answer: %(answer)s, after %(seconds).2f s") % said)
        else:
            screen.say(_("✗ %(name)s has not taken a test: %(answer)s, after %(seconds).2f s") % said)
            screen.hint(_("Nothing is lost: what waits for it is sent again by itself. See its settings in site.toml."))
    return 0 if answer["taken"] else FAILED


def _switch(site: Path, name: str, *, is_on: bool, json: bool) -> int:
    answer = ask(site, do="destination_switch", name=name, on=is_on)
    if json:
        screen.as_json({key: answer[key] for key in ("name", "on", "given_up")})
    elif is_on:
        screen.say(_("✓ %(name)s is on, and is told what happens from now on.") % {"name": name})
        screen.hint(_("See whether it answers: anju destinations test %(name)s") % {"name": name})
    else:
        screen.say(_("✓ %(name)s is off, and is told nothing more.") % {"name": name})
        if answer["given_up"]:
            screen.say(
                _("Reports that waited for it and are never told to it: %(count)d") % {"count": answer["given_up"]},
                indent=2,
            )
    return 0
