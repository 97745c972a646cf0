"""`anju panel`: look at a household's panel and do what its people ask for."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from anju.cli import grammar, screen, values
from anju.cli.asking import ask
from anju.service.i18n import _


class PanelAction(StrEnum):
    """What `anju panel` does."""

    SHOW = "show"
    ARM = "arm"
    DISARM = "disarm"
    RESET = "reset"
    BYPASS = "bypass"
    UNBYPASS = "unbypass"
    TEST = "test"
    TEST_END = "test-end"
    DURESS = "duress"
    SCHEDULE = "schedule"
    CODE = "code"


class ArmMode(StrEnum):
    """How a household is armed."""

    AWAY = "away"
    HOME = "home"


_OPTIONS = {
    PanelAction.ARM: {"mode", "anyway"},
    PanelAction.BYPASS: {"reason", "for"},
    PanelAction.TEST: {"for"},
    PanelAction.SCHEDULE: {"mode", "anyway", "days", "at"},
    PanelAction.CODE: {"duress"},
}
"""Which options belong to which action; the others take none."""
_WITH_ZONES = frozenset({PanelAction.SHOW, PanelAction.BYPASS, PanelAction.UNBYPASS})
_LIKE_DISARMING = frozenset({PanelAction.DISARM, PanelAction.DURESS})


def add_to(app: typer.Typer) -> None:
    """Define the command; its help is translated now."""

    @app.command(
        cls=grammar.Command,
        help=_(
            "Look at a household's panel, arm and disarm it, reset it, leave zones out, put it on TEST, arm it by the clock; "
            "codes for its keypads."
        ),
        epilog=_(
            "Such as: anju panel 3-2-0501 bypass kitchen --reason painted --for 2h · "
            "anju panel 3-2-0501 schedule add --days mon-fri --at 22:30 --mode home"
        ),
    )
    def panel(
        household: Annotated[str, typer.Argument(metavar="HOUSEHOLD", help=_("Such as 3-2-0501."))],
        action: Annotated[PanelAction, typer.Argument(metavar="ACTION", help=_("What to do."))] = PanelAction.SHOW,
        what: Annotated[
            list[str] | None,
            typer.Argument(
                metavar="WHAT",
                help=_(
                    "A zone's name for bypass and unbypass; add, list or remove NUMBER for schedule; "
                    "add PERSON, remove PERSON or list for code."
                ),
            ),
        ] = None,
        mode: Annotated[
            ArmMode | None, typer.Option(help=_("How to arm: nobody is home (if not given), or somebody is."))
        ] = None,
        anyway: Annotated[bool, typer.Option("--anyway", help=_("Arm in spite of what there is to warn of."))] = False,
        reason: Annotated[str | None, typer.Option(metavar="TEXT", help=_("Why a zone is left out."))] = None,
        lasts: Annotated[
            int | None,
            typer.Option(
                "--for",
                metavar="TIME",
                parser=values.duration,
                help=_(
                    "How long a bypass or TEST lasts, such as 30min or 2h; a bypass otherwise until it is disarmed."
                ),
            ),
        ] = None,
        days: Annotated[
            Any,
            typer.Option(
                metavar="DAYS", parser=values.days, help=_("Days of the week, such as mon-fri, sat,sun or 1-5.")
            ),
        ] = None,
        at: Annotated[
            Any, typer.Option(metavar="HH:MM", parser=values.minute_of_day, help=_("When, by the estate's local time."))
        ] = None,
        duress: Annotated[
            bool, typer.Option("--duress", help=_("The code for when somebody forces the person."))
        ] = False,
        site: Annotated[Path, values.site_option()] = Path(),
        json: Annotated[bool, typer.Option("--json", help=_("Print one JSON object."))] = False,
    ) -> None:
        given = {
            "mode": mode and mode.value,
            "anyway": anyway or None,
            "reason": reason,
            "for": lasts,
            "days": days,
            "at": at,
            "duress": duress or None,
        }
        _check(action, {name for name, value in given.items() if value is not None})
        if action is PanelAction.CODE:
            from anju.cli import codes

            codes.run(household, what or (), duress, site, json)
            return
        request = _request(action, list(what or ()), given)
        answer = ask(site, household=household, **request)
        if json:
            screen.as_json(answer)
        elif action is PanelAction.SCHEDULE:
            _show_schedule(household, answer["schedule"])
        else:
            _show(action, answer)


def _check(action: PanelAction, given: set[str]) -> None:
    for name in sorted(given - _OPTIONS.get(action, set())):
        raise typer.BadParameter(
            _("--%(option)s does not belong to %(action)s") % {"option": name, "action": action.value}
        )


def _request(action: PanelAction, what: Sequence[str], given: dict[str, Any]) -> dict[str, Any]:
    if action is PanelAction.SCHEDULE:
        return _schedule_request(what, given)
    needs_zone = action in {PanelAction.BYPASS, PanelAction.UNBYPASS}
    if needs_zone and not what:
        raise typer.BadParameter(_("name the zone: anju panel HOUSEHOLD %(action)s ZONE") % {"action": action.value})
    if len(what) > needs_zone:
        raise typer.BadParameter(_("this is too much: %(words)s") % {"words": " ".join(what[needs_zone:])})
    request: dict[str, Any] = {"do": action.value.replace("-", "_")}
    if needs_zone:
        request["zone"] = what[0]
    if action is PanelAction.BYPASS and not given["reason"]:
        raise typer.BadParameter(_("say why with --reason: whoever looks at the zone tomorrow wants to know"))
    if action is PanelAction.ARM:
        request |= {"mode": given["mode"] or ArmMode.AWAY.value, "anyway": given["anyway"] is True}
    if given["reason"]:
        request["reason"] = given["reason"]
    if given["for"] is not None:
        request["lasts_s"] = given["for"]
    return request


def _schedule_request(what: Sequence[str], given: dict[str, Any]) -> dict[str, Any]:
    match [*what]:
        case ["add"]:
            if given["at"] is None or given["days"] is None:
                raise typer.BadParameter(_("say when with --days and --at"))
            how = {"mode": given["mode"] or ArmMode.AWAY.value, "anyway": given["anyway"] is True}
            return {"do": "schedule_add", "days": given["days"], "minute": given["at"], **how}
        case ["remove", number] if number.isascii() and number.isdecimal():
            request: dict[str, Any] = {"do": "schedule_remove", "number": int(number)}
        case [] | ["list"]:
            request = {"do": "schedule"}
        case _:
            raise typer.BadParameter(_("after schedule comes add, list or remove NUMBER"))
    if any(given[name] is not None for name in ("mode", "anyway", "days", "at")):
        raise typer.BadParameter(_("--mode, --anyway, --days and --at belong to schedule add"))
    return request


def _show(action: PanelAction, answer: dict[str, Any]) -> None:
    from anju.cli import panel_words

    if action in _LIKE_DISARMING:
        # Whoever watches must not see the one from the other.
        answer = answer | {"latched": [kind for kind in answer["latched"] if kind != "silent_hold_up"]}
    screen.say(*panel_words.told(answer))
    if action in _WITH_ZONES and answer["zones"]:
        screen.table(panel_words.zone_headings(), map(panel_words.zone_row, answer["zones"]))


def _show_schedule(household: str, entries: Sequence[dict[str, Any]]) -> None:
    from anju.cli import panel_words

    if entries:
        screen.table(panel_words.schedule_headings(), map(panel_words.schedule_row, entries))
        return
    screen.hint(
        _("Nothing is set. To arm every night: anju panel %(household)s schedule add --days 1-7 --at 23:00 --mode home")
        % {"household": household}
    )
