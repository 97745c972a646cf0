"""The technician's commands: `anju flash`, `devices`, `monitor`, `bench-station`. What they do is in `anju.flasher`."""

from pathlib import Path
from typing import Annotated

import typer

from anju.cli import bench_screen, grammar, screen
from anju.service.i18n import _


def add_to(app: typer.Typer) -> None:
    """Define the commands; their help is translated now."""
    board_option = typer.Option(
        metavar="NAME", help=_("Which board it is, as in boards/; a node of ours says so by itself.")
    )
    bundle_option = typer.Option(
        metavar="DIR", help=_("A bundle from anju bundle build; if not given, one is built, unsigned.")
    )
    key_option = typer.Option(
        metavar="FILE",
        help=_("Public release key: the bundle must be signed with it, and new boards will take no other."),
    )
    jobs_option = typer.Option(metavar="N", min=1, max=64, help=_("How many boards at once."))
    timeout_option = typer.Option(metavar="S", min=1.0, max=3600.0, help=_("Seconds that one board may take."))
    json_lines = typer.Option("--json", help=_("Print one JSON object for each board."))

    @app.command(
        cls=grammar.Command,
        help=_(
            "Put a bundle on boards: what changed goes into the idle slot, is verified, and runs.\n\n"
            "PORT is a path, id:USB-SERIAL, socket://HOST:PORT, or “all”. Exit code: 0 done, 1 failed, 3 done in part, "
            "4 no board, 5 timed out."
        ),
    )
    def flash(
        ports: Annotated[list[str] | None, typer.Argument(metavar="PORT", help=_("Where the boards are."))] = None,
        board: Annotated[str | None, board_option] = None,
        bundle: Annotated[Path | None, bundle_option] = None,
        key: Annotated[Path | None, key_option] = None,
        jobs: Annotated[int, jobs_option] = 8,
        failed: Annotated[
            bool, typer.Option("--failed", help=_("Only those that failed the last time, with the same options."))
        ] = False,
        keep_identity: Annotated[
            bool,
            typer.Option(
                "--keep-identity/--erase-identity",
                help=_("Whether a node stays paired, or forgets its household and keys."),
            ),
        ] = True,
        dry_run: Annotated[
            bool,
            typer.Option("--dry-run", help=_("Say what would be done; nodes are interrupted, nothing is written.")),
        ] = False,
        timeout: Annotated[float, timeout_option] = 120.0,
        json: Annotated[bool, json_lines] = False,
    ) -> int:
        asked = bench_screen.Asked(board, bundle, key, not keep_identity, dry_run, timeout, json)
        return bench_screen.flash(ports or [], failed=failed, jobs=jobs, asked=asked)

    @app.command(
        cls=grammar.Command,
        help=_("Say what hangs on which port, as the bench remembers it; nothing is touched without --ask."),
    )
    def devices(
        ports: Annotated[list[str] | None, typer.Argument(metavar="PORT", help=_("All, if not given."))] = None,
        ask: Annotated[
            bool, typer.Option("--ask", help=_("Ask each board: its node is interrupted, and started again."))
        ] = False,
        timeout: Annotated[
            float, typer.Option(metavar="S", min=1.0, max=60.0, help=_("Seconds to wait for an answer."))
        ] = 10.0,
        json: Annotated[bool, json_lines] = False,
    ) -> int:
        return bench_screen.devices(ports or [], ask=ask, answer_s=timeout, json=json)

    @app.command(
        cls=grammar.Command,
        help=_("Show what a node says, until Ctrl-C. Nothing is sent: it is neither interrupted nor reset."),
    )
    def monitor(
        port: Annotated[str, typer.Argument(metavar="PORT", help=_("A path, id:USB-SERIAL or a URL."))],
    ) -> None:
        from anju.flasher.monitor import monitor as listen
        from anju.flasher.ports import resolve

        (found,) = resolve([port])[:1]
        screen.hint(_("Listening at %(port)s; Ctrl-C ends it, and the node goes on.") % {"port": found.label})
        listen(found, lambda line: screen.say(screen.printable(line)), screen.hint)

    @app.command(
        "bench-station",
        cls=grammar.Command,
        help=_("Watch all ports: a board that is plugged in is flashed, tested and recorded. Until Ctrl-C."),
    )
    def bench_station(
        board: Annotated[str | None, board_option] = None,
        bundle: Annotated[Path | None, bundle_option] = None,
        key: Annotated[Path | None, key_option] = None,
        jobs: Annotated[int, jobs_option] = 8,
        timeout: Annotated[float, timeout_option] = 120.0,
        json: Annotated[bool, json_lines] = False,
    ) -> None:
        bench_screen.station(bench_screen.Asked(board, bundle, key, False, False, timeout, json), jobs)
