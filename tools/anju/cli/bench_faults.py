"""`anju bench faults`: what can be asked, and how the verdict is shown; the run is in `anju.bench.faults`."""

from typing import TYPE_CHECKING, Annotated

import typer

from anju.cli import grammar, screen, values
from anju.service.i18n import _

if TYPE_CHECKING:
    from anju.bench.faults.bench import Outcome  # with all that it stands on, it is only loaded where it runs

MOST_LOSS = 0.8
"""Of what goes there and what comes back, one in 25 is answered."""
_MOST_SHOWN = 20


def add_to(group: typer.Typer) -> None:
    """Define the command; its help is translated now."""

    @group.command(
        cls=grammar.Command,
        help=_(
            "Everything fails at once: killed services, full and slow disks, clocks, cables, replaced PCs.\n\n"
            "In the end each event that a node made must be in the duty room once, in its order; and third parties told."
        ),
    )
    def faults(
        events: Annotated[
            int, typer.Option(metavar="N", min=100, max=1_000_000, help=_("How many events nodes make, at least."))
        ] = 2000,
        kills: Annotated[
            int, typer.Option(metavar="K", min=1, max=10_000, help=_("How many processes are killed."))
        ] = 12,
        loss: Annotated[
            float,
            typer.Option(metavar="P", parser=values.share, help=_("Share of datagrams that the air loses, each way.")),
        ] = 0.3,
        seed: Annotated[int, typer.Option(metavar="S", help=_("Decides what fails, and when."))] = 1,
        json: Annotated[bool, typer.Option("--json", help=_("Print one JSON object."))] = False,
    ) -> int:
        from anju.bench.faults.bench import Load, measure

        if loss > MOST_LOSS:
            raise typer.BadParameter(_("with more than 80 percent lost each way, nothing arrives in time"))
        with screen.progress() as report:
            outcome = measure(Load(events, kills, loss, seed), report)
        if json:
            screen.as_json(outcome.as_json())
        else:
            _show(outcome)
        _complain(outcome)
        return 0 if outcome.is_good else 1


def _show(outcome: "Outcome") -> None:
    known = words()
    screen.table(
        (_("What failed"), _("Times")), [(known.get(name, name), count) for name, count in outcome.faults.items()]
    )
    screen.say(
        "",
        _("%(events)d events, %(kills)d processes killed, seed %(seed)d, %(seconds)d s.")
        % {
            "events": outcome.events,
            "kills": outcome.kills,
            "seed": outcome.load.seed,
            "seconds": round(outcome.seconds),
        },
        _("lost: %(lost)d · duplicated: %(doubled)d · reordered: %(reordered)d")
        % {
            "lost": len(outcome.verdict.lost),
            "doubled": len(outcome.verdict.duplicated),
            "reordered": len(outcome.verdict.reordered),
        },
        *(
            _(
                "%(who)s: %(told)d events · lost: %(lost)d · duplicated: %(doubled)d · reordered: %(reordered)d ·"
                " resent as the same: %(resent)d · told anew after a restore: %(again)d"
            )
            % {
                "who": name.upper(),
                "told": one.told,
                "lost": len(one.verdict.lost),
                "doubled": len(one.verdict.duplicated),
                "reordered": len(one.verdict.reordered),
                "resent": one.resent,
                "again": one.again,
            }
            for name, one in outcome.parties.items()
        ),
    )


def _complain(outcome: "Outcome") -> None:
    """On stderr, with --json too: what is wrong, and where everything lies that tells why."""
    for line in outcome.complaints[:_MOST_SHOWN]:
        screen.hint(line)
    if outcome.folder is not None:
        screen.hint(
            _("Kept for a closer look, databases and logs of all services: %(folder)s") % {"folder": outcome.folder}
        )


def words() -> dict[str, str]:
    """What people call what fails; JSON has the names themselves."""
    return {
        "killed: an acknowledgement leaves: what it names must be on the disk": _(
            "killed: as an acknowledgement leaves"
        ),
        "killed: a frame has reached the concentrator": _("killed: as a frame arrives"),
        "killed: an acknowledgement leaves and is lost": _("killed: as an acknowledgement leaves and is lost"),
        "killed: an acknowledgement leaves, its report perhaps not delivered": _(
            "killed: the duty room, as an acknowledgement leaves"
        ),
        "killed: everything at once, as an acknowledgement leaves": _("killed: a whole PC's services at once"),
        "killed: the page, as a frame arrives": _("killed: the page"),
        "killed: reports go up to another PC, which does not take them": _("killed: the duty room, as reports come"),
        "killed: reports go up to another PC, and who sent them dies": _("killed: the concentrator, as reports leave"),
        "killed: a receipt comes down from another PC, and nobody takes it": _(
            "killed: the concentrator, as a receipt comes"
        ),
        "killed: a receipt comes down from another PC, and who wrote it dies": _(
            "killed: the duty room, as a receipt leaves"
        ),
        "killed: at any time": _("killed: at any time"),
        "full disk": _("a disk was full"),
        "slow disk": _("a disk was slow"),
        "clock step": _("a clock was set"),
        "network cut": _("the cable between two PCs was pulled"),
        "network broken off": _("connections between two PCs broke off"),
        "air cut": _("nobody was heard for a while"),
        "node without power": _("a node lost its power"),
        "receiver killed": _("a receiving centre was killed"),
        "receiver refused": _("a receiving centre said NAK"),
        "receiver broke off": _("a receiving centre broke off in its answer"),
        "receiver was late": _("a receiving centre answered too late"),
        "receiver answered another": _("a receiving centre acknowledged another number"),
        "broker killed": _("the MQTT broker was killed with all that it knew"),
        "backup restored": _("a concentrator was restored from an older backup"),
        "PC replaced": _("the duty room's PC was replaced from its backup"),
    }
