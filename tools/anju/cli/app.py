"""The commands of `anju`, in the order in which somebody who begins needs them."""

from typing import Annotated, Any

import typer

from anju.cli import (
    backup,
    bench,
    bundle,
    certs,
    demo,
    destinations,
    doctor,
    flash,
    grammar,
    identity,
    label,
    pair,
    panel,
    plan,
    simulate,
    site,
    survey,
    verify,
    walk_test,
)
from anju.service.i18n import LANGUAGES, _


def make() -> Any:
    """The whole command line, with its texts in the language of this process."""
    app = typer.Typer(
        cls=grammar.Group,
        add_completion=False,
        rich_markup_mode=None,
        help=_("Anju: alarms for the homes of an estate, from the button by the bed to the duty room."),
    )
    app.callback(invoke_without_command=False)(_root())
    demo.add_to(app)
    site.add_to(app)
    panel.add_to(app)
    plan.add_to(app)
    bundle.add_to(app)
    flash.add_to(app)
    label.add_to(app)
    pair.add_to(app)
    walk_test.add_to(app)
    survey.add_to(app)
    identity.add_to(app)
    certs.add_to(app)
    destinations.add_to(app)
    backup.add_to(app)
    verify.add_to(app)
    doctor.add_to(app)
    simulate.add_to(app)
    bench.add_to(app)
    return typer.main.get_command(app)


def _root() -> Any:
    def root(
        _version: Annotated[
            bool, typer.Option("--version", help=_("Say which version this is."), is_eager=True, callback=_show_version)
        ] = False,
        _lang: Annotated[
            str | None,
            typer.Option("--lang", metavar="en|zh-CN", help=_("Language of all output."), callback=_check_language),
        ] = None,
    ) -> None:
        pass

    return root


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"anju {version('anju')}")
        raise typer.Exit


def _check_language(tag: str | None) -> str | None:
    if tag is not None and tag.replace("-", "_").split(".")[0] not in {*LANGUAGES, "zh"}:
        raise typer.BadParameter(_("choose en or zh-CN"))
    return tag
