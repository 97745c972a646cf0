"""`anju label`: from the bench register to paper. What a label looks like is in `anju.labels`."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from anju.cli import grammar, screen
from anju.service.errors import ServiceError
from anju.service.i18n import _, ngettext

if TYPE_CHECKING:
    from anju.flasher.register import Labelled


class Form(StrEnum):
    """What `anju label` makes."""

    PDF = "pdf"
    ZPL = "zpl"
    PNG = "png"
    SVG = "svg"
    TEXT = "text"


_SHEET = "40x30"
_DPI = 203
_MEANT_FOR = {
    "--sheet": (Form.PDF, Form.ZPL, Form.PNG, Form.SVG),
    "--skip": (Form.PDF,),
    "--dpi": (Form.ZPL, Form.PNG),
    "--font": (Form.PDF, Form.ZPL, Form.PNG),
}
_PLACES = {Form.PDF: "labels.pdf", Form.ZPL: "labels.zpl", Form.TEXT: "labels.txt"}


def add_to(app: typer.Typer) -> None:
    """Define the command; its help is translated now."""

    @app.command(
        cls=grammar.Command,
        help=_(
            "Print the labels of boards that were flashed here.\n\n"
            "NODE is D-7K3MQ, a device id or “all”; without one, all that were never printed. Labels hold setup codes: "
            "the files are for your eyes only. Print at 100 %, without fitting to the page."
        ),
    )
    def label(
        nodes: Annotated[list[str] | None, typer.Argument(metavar="NODE", help=_("Whose labels."))] = None,
        form: Annotated[Form, typer.Option("--format", help=_("What to make."))] = Form.PDF,
        out: Annotated[
            Path | None,
            typer.Option(metavar="FILE", help=_("Where to; a folder for png and svg. labels.… here if not given.")),
        ] = None,
        sheet: Annotated[
            str | None,
            typer.Option(
                metavar="NAME",
                help=_("a4-70x37, a4-38x21, or the size of a label on a roll in mm; 40x30 if not given."),
            ),
        ] = None,
        skip: Annotated[
            int | None,
            typer.Option(metavar="N", min=0, max=999, help=_("Labels that are gone from the first sheet, for pdf.")),
        ] = None,
        dpi: Annotated[
            int | None,
            typer.Option(
                metavar="N",
                min=150,
                max=1200,
                help=_("Dots per inch of the printer, for zpl and png; 203 if not given."),
            ),
        ] = None,
        font: Annotated[
            Path | None,
            typer.Option(metavar="FILE", help=_("A font with Chinese letters; one of this machine's if not given.")),
        ] = None,
        json: Annotated[bool, typer.Option("--json", help=_("Print one JSON object."))] = False,
    ) -> None:
        told = {"--sheet": sheet, "--skip": skip, "--dpi": dpi, "--font": font}
        for option, value in told.items():
            if value is not None and form not in _MEANT_FOR[option]:
                raise typer.BadParameter(
                    _("%(option)s means nothing for %(form)s") % {"option": option, "form": form.value}
                )
        _label(nodes or [], form, out, sheet or _SHEET, skip or 0, dpi or _DPI, font, json)


def _label(
    nodes: Sequence[str], form: Form, out: Path | None, sheet: str, skip: int, dpi: int, font: Path | None, json: bool
) -> None:
    from anju.flasher.register import Register
    from anju.labels import font as fonts
    from anju.labels import make, sheets

    paper = sheets.sheet(sheet)
    paper.check_skip(skip)
    needs_font = form in _MEANT_FOR["--font"]
    chosen = fonts.named(font) if font is not None else (fonts.installed() if needs_font else None)
    with Register() as register:
        picked = _picked(register.labels(), nodes)
        labels = [(one.label, one.board) for one in picked if one.label is not None]
        files = make.content(labels, make.Format(form.value), make.Paper(paper, skip, dpi, chosen))
        written = make.write(out or Path(_PLACES.get(form, f"labels-{form.value}")), files)
        register.printed(picked)
    if json:
        screen.as_json({"labels": len(labels), "files": [str(path) for path in written]})
        return
    count = ngettext("%(count)d label", "%(count)d labels", len(labels)) % {"count": len(labels)}
    screen.say(
        _("%(labels)s: %(place)s") % {"labels": count, "place": written[0] if len(written) == 1 else written[0].parent}
    )
    if needs_font and chosen is None:
        screen.hint(_("This machine has no font with Chinese letters, so they are in English. Name one: --font FILE"))
    screen.hint(_("They hold setup codes: remove the file when they are on the nodes."))


def _picked(there: "Sequence[Labelled]", nodes: Sequence[str]) -> "list[Labelled]":
    """Whose labels to print; ServiceError where there is none."""
    if not there:
        raise _refused(
            _("No board of this bench has a label."),
            _("A board makes its keys when it is flashed with firmware that can pair: anju flash PORT"),
        )
    if not nodes or nodes == ["all"]:
        found = [one for one in there if one.label is not None and (nodes or not one.printed)]
        if not found:
            raise _refused(_("There is no label that was not printed before."), _("All once more: anju label all"))
        return found
    return list({one.unique_id: one for name in nodes for one in [_named(there, name)]}.values())


def _named(there: "Sequence[Labelled]", name: str) -> "Labelled":
    from difflib import get_close_matches

    from anju.wire.label import short_name

    wanted = name.strip().upper()
    found = [one for one in there if wanted in (one.device, short_name(one.device), one.unique_id.upper())]
    if not found:
        near = get_close_matches(wanted, [short_name(one.device) for one in there], n=1)
        raise _refused(
            _("This bench knows no label of %(node)s.") % {"node": screen.printable(name)},
            _("Did you mean %(node)s?") % {"node": near[0]} if near else _("Look at the names there are: anju devices"),
        )
    if len(found) > 1:
        raise _refused(
            _("%(count)d nodes are called %(node)s.") % {"count": len(found), "node": wanted},
            _("Name one by its device id: %(ids)s") % {"ids": ", ".join(one.device for one in found)},
        )
    if found[0].label is None:
        raise _refused(
            _("The setup code of %(node)s was read at another bench, and a node tells it once.") % {"node": wanted},
            _("Print its label there."),
        )
    return found[0]


def _refused(what: str, next_step: str) -> ServiceError:
    return ServiceError(what, _("Nothing was written."), next_step)
