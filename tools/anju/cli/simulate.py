"""`anju simulate`: what can be asked of a day that is played; how it is played is in `anju.simulator.virtual`."""

from typing import TYPE_CHECKING, Annotated

import typer

from anju.cli import grammar, screen, values
from anju.service.i18n import _

if TYPE_CHECKING:
    from anju.simulator.virtual.play import Outcome  # with all that it stands on, it is only loaded where it runs
    from anju.simulator.virtual.verdict import Wrong

MOST_FLATS = 5000
_MOST_SHOWN = 20


def add_to(app: typer.Typer) -> None:
    """Define the commands; their help is translated now."""
    group = typer.Typer(
        cls=grammar.Group, rich_markup_mode=None, help=_("Play what happens in an estate, faster than it would.")
    )
    app.add_typer(group, name="simulate")

    @group.command(
        cls=grammar.Command,
        help=_("A day of residents, burglars, draughts and faults: which alarms come, and which should have."),
    )
    def day(
        flats: Annotated[int, typer.Option(metavar="N", min=1, max=MOST_FLATS, help=_("How many flats."))] = 200,
        seed: Annotated[int, typer.Option(metavar="S", help=_("The same seed, the same day."))] = 1,
        loss: Annotated[
            float, typer.Option(metavar="P", parser=values.share, help=_("Share of frames that the air loses."))
        ] = 0.02,
        json: Annotated[bool, typer.Option("--json", help=_("Print one JSON object."))] = False,
    ) -> int:
        import asyncio

        from anju.simulator.virtual.play import play

        with screen.progress() as report:
            outcome = asyncio.run(
                play(flats, seed, loss, lambda share: report(_("%(percent)d %% of the day") % {"percent": share * 100}))
            )
        if json:
            screen.as_json(outcome.as_json())
        else:
            _show(outcome)
        _complain(outcome)
        return 0 if outcome.is_good else 1


def _show(outcome: "Outcome") -> None:
    verdict = outcome.verdict
    missed, nuisance = verdict.missed_by_story, verdict.nuisance_by_story
    screen.table(
        (_("Story"), _("Played"), _("Alarms"), _("Not needed"), _("Missed")),
        [
            (story, count, verdict.by_story[story], nuisance[story], missed[story])
            for story, count in sorted(outcome.played.items())
        ],
    )
    screen.say("")
    screen.table(
        (_("Not raised, because"), _("Times")),
        [(_words().get(rule, rule), count) for rule, count in verdict.suppressed.most_common()],
    )
    screen.say(
        "",
        _(
            "%(flats)d flats, one day: %(alarms)d alarms, %(nuisance).2f a flat that nobody needed; %(troubles)d troubles."
        )
        % {
            "flats": outcome.flats,
            "alarms": verdict.alarms,
            "nuisance": outcome.nuisance_per_flat,
            "troubles": verdict.troubles,
        },
        _("Missed: %(missed)d. Invented: %(invented)d.")
        % {"missed": len(verdict.missed), "invented": len(verdict.invented)},
    )


def _complain(outcome: "Outcome") -> None:
    """What went wrong, for whoever has to find out why."""
    verdict = outcome.verdict
    for what, found in ((_("missed"), verdict.missed), (_("invented"), verdict.invented)):
        for one in found[:_MOST_SHOWN]:
            screen.hint(f"✗ {what}: {_described(one)}")


def _described(wrong: "Wrong") -> str:
    hours, minutes = divmod(int(wrong.at_s) // 60, 60)
    words = (f"{hours:02}:{minutes:02}", wrong.household, _called(wrong.what), wrong.thing, wrong.story)
    return screen.printable("  ".join(filter(None, words)))


def _called(what: str) -> str:
    """What was missed, by its name in stories, or invented, by that of the report: as the duty room calls it."""
    from anju.dutyroom.core.incident import KIND_OF
    from anju.dutyroom.web import words
    from anju.simulator.virtual.verdict import ALARM_OF, TROUBLE_OF
    from anju.uplink.reports import ReportKind

    if what in TROUBLE_OF:
        return words.trouble(_, TROUBLE_OF[what])
    return words.kind(_, KIND_OF[ALARM_OF.get(what) or ReportKind(what)])


def _words() -> dict[str, str]:
    """Rules of the panel's tables by which nothing was raised, as people say it."""
    return {
        "swinger": _("the zone had raised one in this stay already"),
        "bypassed": _("the zone was bypassed"),
        "sensors settle": _("the sensor had just got its power back"),
        "was known in time": _("heard of late: somebody had disarmed in time"),
        "aborted": _("called off before it was an alarm"),
        "cancelled": _("called off after it was an alarm"),
        "on test": _("the household was on TEST"),
    }
