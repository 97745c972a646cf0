"""`anju doctor`: what is wrong with a site and what to do, in the order in which to do it; `anju.doctor` looks."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from anju.cli import grammar, screen, values
from anju.service.i18n import _

if TYPE_CHECKING:
    from anju.doctor.examine import Report
    from anju.doctor.finding import Finding

_FOUND = 1


def add_to(app: typer.Typer) -> None:
    """Define the command; its help is translated now."""

    @app.command(
        cls=grammar.Command,
        help=_(
            "Look for what is usually wrong with a site, and say what to do next.\n\n"
            "It changes nothing, and may be asked at any time. The exit code is 0 if all is well, 1 if there is a finding."
        ),
    )
    def doctor(
        folder: Annotated[
            Path | None, typer.Argument(metavar="SITE", help=_("The site's folder; as --site, if not given."))
        ] = None,
        site: Annotated[Path, values.site_option()] = Path(),
        json: Annotated[bool, typer.Option("--json", help=_("Print one JSON object."))] = False,
    ) -> int:
        return _doctor(folder or site, json=json)


def _doctor(folder: Path, *, json: bool) -> int:
    import time

    from anju.doctor.examine import examine
    from anju.service import log

    log.configure_command()
    with screen.progress() as tell:
        tell(_("Looking at %(site)s …") % {"site": folder.absolute()})
        report = examine(folder, time.time_ns() // 1_000_000)
    if json:
        screen.as_json(_as_json(folder, report))
    else:
        _show(report)
    return _FOUND if report.findings else 0


def _as_json(folder: Path, report: "Report") -> dict[str, Any]:
    return {
        "site": str(folder.absolute()),
        "healthy": not report.findings,
        "checks": list(report.checks),
        "findings": [
            {
                "check": found.check,
                "what": found.what,
                "seen": found.seen,
                "next": found.next_step,
                "commands": [list(command) for command in found.commands],
                "files": list(found.files),
            }
            for found in report.findings
        ],
    }


def _show(report: "Report") -> None:
    for number, found in enumerate(report.findings, 1):
        _show_one(number, found)
    if not report.findings:
        screen.say(_("All is well. Checks: %(count)d.") % {"count": len(report.checks)})
        return
    screen.say(_("Findings: %(count)d. Nothing was changed.") % {"count": len(report.findings)})
    screen.hint(_("Do what the first one says, then ask again: what comes after it may be over with it."))


def _show_one(number: int, found: "Finding") -> None:
    screen.say(f"{number}. {screen.printable(found.what)}")
    screen.say(_("Seen: %(how)s") % {"how": screen.printable(found.seen)}, indent=3)
    screen.say(_("Next: %(step)s") % {"step": screen.printable(found.next_step)}, indent=3)
    for command in found.commands:
        screen.say(f"$ {screen.printable(shlex.join(command))}", indent=6)
    screen.say("")
