"""`anju bench`: which figure to measure, and how to show it; the measuring is in `anju.bench`."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from anju.bench.dead import Dead
from anju.bench.result import Result
from anju.cli import bench_faults, grammar, screen
from anju.service.i18n import _

if TYPE_CHECKING:
    from anju.bench import flashing, node, pairing  # with all that they stand on, they are only loaded where they run


def add_to(app: typer.Typer) -> None:
    """Define the commands; their help is translated now."""
    group = typer.Typer(
        cls=grammar.Group,
        rich_markup_mode=None,
        help=_("Measure this machine against a named limit, in the same run."),
    )
    app.add_typer(group, name="bench")
    json_option = typer.Option("--json", help=_("Print one JSON object."))

    @group.command(cls=grammar.Command, help=_("Opening frames, against header slices and one AES-CCM."))
    def decode(json: Annotated[bool, json_option] = False) -> None:
        from anju.bench.decode import measure

        _show(measure, json)

    @group.command(cls=grammar.Command, help=_("Journalling events, against bare SQLite with the same rows."))
    def journal(json: Annotated[bool, json_option] = False) -> None:
        from anju.bench.journal import measure

        _show(measure, json)

    @group.command(cls=grammar.Command, help=_("64 flats pressing at once, against a bare echo with one commit."))
    def press(json: Annotated[bool, json_option] = False) -> None:
        from anju.bench.press import measure

        _show(measure, json)

    _add_panel(group, json_option)
    _add_uplink(group, json_option)
    _add_destinations(group, json_option)
    _add_nodes_to(group, json_option)
    bench_faults.add_to(group)


def _add_nodes_to(group: typer.Typer, json_option: Any) -> None:
    """Those that run real nodes, on emulated boards or as processes."""

    @group.command(
        cls=grammar.Command,
        help=_("Flashing emulated boards, against mpremote and mpytool at the same files."),
    )
    def flash(json: Annotated[bool, json_option] = False) -> int:
        from anju.bench.flashing import measure

        with screen.progress() as report:
            outcome = measure(report)
        if json:
            screen.as_json(outcome.as_json())
        else:
            _show_flash(outcome)
        return 0 if outcome.is_good else 1

    @group.command(
        cls=grammar.Command,
        help=_(
            "A node on the emulated board: from a contact to the line, and what it needs of memory. Of its button any press"
            " will do, so that each edge is decided at once."
        ),
    )
    def node(
        seed: Annotated[int, typer.Option(metavar="S", help=_("Decides when contacts move."))] = 1,
        json: Annotated[bool, json_option] = False,
    ) -> int:
        from anju.bench.node import measure

        with screen.progress() as report:
            outcome = measure(seed, report)
        if json:
            screen.as_json(outcome.as_json())
        else:
            _show_node(outcome)
        return 0 if outcome.is_good else 1

    @group.command(
        cls=grammar.Command, help=_("Three nodes paired one after another: how long the screen takes for each.")
    )
    def pairing(
        seed: Annotated[int, typer.Option(metavar="S", help=_("Decides what is lost in the air."))] = 1,
        json: Annotated[bool, json_option] = False,
    ) -> int:
        from anju.bench.pairing import measure

        with screen.progress() as report:
            outcome = measure(seed, report)
        if json:
            screen.as_json(outcome.as_json())
        else:
            _show_pairing(outcome)
        return 0 if outcome.is_good else 1

    @group.command(
        "power-cut", cls=grammar.Command, help=_("Power cuts in the middle of flash writes, on the emulated board.")
    )
    def power_cut(
        cuts: Annotated[int, typer.Option(metavar="N", min=1, max=100_000, help=_("How many cuts."))] = 100,
        seed: Annotated[int, typer.Option(metavar="S", help=_("Decides where each cut strikes."))] = 1,
        json: Annotated[bool, json_option] = False,
    ) -> int:
        from anju.bench.power_cut import measure

        with screen.progress() as report:
            outcome = measure(cuts, seed, report)
        if json:
            screen.as_json(outcome.as_json())
        else:
            screen.say(
                _(
                    "%(cuts)d cuts while writing: %(lost)d events lost, %(reused)d numbers used twice, %(dead)d boots failed."
                )
                % {
                    "cuts": outcome.cuts,
                    "lost": len(outcome.lost),
                    "reused": len(outcome.counter_reused),
                    "dead": outcome.not_booted,
                }
            )
        return 0 if outcome.is_good else 1


def _add_panel(group: typer.Typer, json_option: Any) -> None:
    @group.command(cls=grammar.Command, help=_("Judging the events of 5,000 flats, against bare updates of a dict."))
    def panel(json: Annotated[bool, json_option] = False) -> int:
        from anju.bench.panel import measure

        with screen.progress() as report:
            outcome = measure(report)
        if json:
            screen.as_json(outcome.as_json())
        else:
            _show_figures("panel", outcome.figures)
        return 0 if outcome.is_good else 1


def _add_uplink(group: typer.Typer, json_option: Any) -> None:
    @group.command(
        cls=grammar.Command,
        help=_("A backlog of events goes up while panics overtake it, against bare SQLite at both ends."),
    )
    def uplink(
        backlog: Annotated[
            int, typer.Option(metavar="N", min=1000, max=1_000_000, help=_("How many events wait at the start."))
        ] = 100_000,
        tls: Annotated[bool, typer.Option("--tls", help=_("The duty room is on another PC, over TLS."))] = False,
        json: Annotated[bool, json_option] = False,
    ) -> int:
        from anju.bench.uplink import measure

        with screen.progress() as report:
            outcome = measure(report, tls=tls, backlog=backlog, live=min(20_000, backlog))
        if json:
            screen.as_json(outcome.as_json())
        else:
            _show_figures("uplink", outcome.figures)
        return 0 if outcome.is_good else 1


def _add_destinations(group: typer.Typer, json_option: Any) -> None:
    @group.command(
        cls=grammar.Command,
        help=_(
            "How fast and how soon alarms get to each destination while one is dead, against a bare echo with commits."
        ),
    )
    def destinations(
        events: Annotated[
            int, typer.Option(metavar="N", min=10, max=100_000, help=_("How many alarms come at once in each round."))
        ] = 400,
        dead: Annotated[
            Dead, typer.Option(help=_("Which one is dead: a receiver that never answers, or a broker that is down."))
        ] = Dead.RECEIVER,
        seed: Annotated[int, typer.Option(metavar="S", help=_("Decides who presses, and when."))] = 1,
        json: Annotated[bool, json_option] = False,
    ) -> int:
        from anju.bench.destinations import measure

        with screen.progress() as report:
            outcome = measure(report, events=events, seed=seed, dead=dead)
        if json:
            screen.as_json(outcome.as_json())
        else:
            _show_figures("destinations", outcome.figures)
        return 0 if outcome.is_good else 1


def _show_flash(outcome: "flashing.Outcome") -> None:
    from anju.bench.flashing import LIMITS

    labels = {
        "ratio_first": _("first copy: mpremote cp -r takes times as long"),
        "ratio_unchanged": _("nothing changed: mpremote cp -r takes times as long"),
        "ratio_first_mpytool": _("first copy: mpytool cp takes times as long"),
        "ratio_unchanged_mpytool": _("nothing changed: mpytool cp takes times as long"),
        "ratio_8_ports": _("eight boards take times as long as one"),
    }
    screen.table(
        ("flash", _("Measured"), _("Limit"), ""),
        [
            (labels[key], f"{value:.2f}", f"{'≥' if least else '≤'} {limit}", "✓" if outcome.is_met(key) else "✗")
            for (key, value), (limit, least) in zip(outcome.ratios.items(), LIMITS.values(), strict=True)
        ],
    )
    screen.say(
        _("anju flash took %(first).1f s for a first copy and %(again).1f s where nothing had changed.")
        % {"first": outcome.seconds["ours_first"], "again": outcome.seconds["ours_unchanged"]}
    )


def _show_pairing(outcome: "pairing.Outcome") -> None:
    from anju.bench.pairing import LIMIT_S, LOSS

    told = (
        (_("the slowest of three nodes"), outcome.clear),
        (_("the same, where %(share)d %% is lost each way") % {"share": round(100 * LOSS)}, outcome.lossy),
    )
    screen.table(
        ("pairing", _("Measured"), _("Limit"), ""),
        [
            (label, f"{session.slowest_s:.1f} s", f"≤ {LIMIT_S:.0f} s", "✓" if session.slowest_s <= LIMIT_S else "✗")
            for label, session in told
        ],
    )
    screen.say(_("From the typed command to its last line; whoever installs does at once what the screen says."))


def _show_figures(bench: str, figures: "Sequence[node.Figure]") -> None:
    screen.table(
        (bench, _("Measured"), _("Limit"), ""),
        [
            (
                one.label,
                f"{one.value:,} {one.unit}",
                "" if one.limit is None else f"{'≥' if one.is_least else '≤'} {one.limit:,} {one.unit}",
                "" if one.limit is None else "✓" if one.is_met else "✗",
            )
            for one in figures
        ],
    )


def _show_node(outcome: "node.Outcome") -> None:
    _show_figures("node", outcome.figures)
    screen.say(
        _("Both runs of the same movements were identical, to the microsecond.")
        if outcome.identical
        else _("Two runs of the same movements were different.")
    )
    screen.say(_("A model at 8 ns an instruction, not a microcontroller."))


def _show(measure: Callable[[Callable[[str], None]], Result], json: bool) -> None:
    with screen.progress() as report:
        result = measure(report)
    if json:
        screen.as_json(result.as_json())
        return
    screen.say(_("Limit: %(limit)s") % {"limit": result.limit_label})
    names = {"unit": result.unit_label}
    screen.table(
        (result.bench, _("Ours, %(unit)s") % names, _("Limit, %(unit)s") % names, _("Ratio")),
        [
            *((one.label, _figure(one.ours), _figure(one.limit), f"{one.ratio:.2f}") for one in result.comparisons),
            *((one.label, _figure(one.value), "", "") for one in result.beside),
        ],
    )


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
