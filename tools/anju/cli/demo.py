"""`anju demo`: what can be asked of a demo; how it is done is in `anju.simulator`."""

from enum import StrEnum
from typing import Annotated

import typer

from anju.cli import grammar, values
from anju.service.i18n import _


class Board(StrEnum):
    """What can be asked for; anything else is refused with these names."""

    UNIX = "unix"
    QEMU = "qemu"


def add_to(app: typer.Typer) -> None:
    """Define the command; its help is translated now."""

    @app.command(cls=grammar.Command, help=_("A whole estate on this machine: real firmware, made-up flats."))
    def demo(
        flats: Annotated[
            int | None, typer.Option(metavar="N", help=_("How many flats; 12 if not given, or 4 on emulated boards."))
        ] = None,
        board: Annotated[
            Board, typer.Option(help=_("What nodes run on: a process each, or QEMU's emulated board each."))
        ] = Board.UNIX,
        loss: Annotated[
            float, typer.Option(metavar="P", parser=values.share, help=_("Share of datagrams lost, such as 20%."))
        ] = 0.0,
        duplicate: Annotated[
            float, typer.Option(metavar="P", parser=values.share, help=_("Share of datagrams that arrive twice."))
        ] = 0.0,
        reorder: Annotated[
            float,
            typer.Option(metavar="P", parser=values.share, help=_("Share of datagrams that arrive out of order.")),
        ] = 0.0,
        seed: Annotated[int, typer.Option(metavar="S", help=_("The same seed, the same residents and faults."))] = 1,
        headless: Annotated[bool, typer.Option("--headless", help=_("No live table; residents act faster."))] = False,
        seconds: Annotated[
            float | None,
            typer.Option(metavar="N", help=_("How long residents act; until Ctrl-C if not given, or 20 if headless.")),
        ] = None,
        json: Annotated[bool, typer.Option("--json", help=_("End with one JSON object of figures."))] = False,
        port: Annotated[
            int | None,
            typer.Option(metavar="N", help=_("Port of the duty room's page; 8380 if free, or any, if not given.")),
        ] = None,
        guard: Annotated[
            bool, typer.Option("--guard/--no-guard", help=_("Whether a scripted guard answers alarms, or you do."))
        ] = True,
    ) -> int:
        from anju.simulator.demo import DemoOptions, OptionsError, run
        from anju.simulator.ground import Ground, Processes

        ground: Ground = Processes()
        if board is Board.QEMU:
            from anju.emulator.ground import Boards

            ground = Boards()
        if flats is None:
            flats = 4 if board is Board.QEMU else 12
        if flats > ground.most_flats:
            raise typer.BadParameter(
                _("flats: at most %(most)d on board %(board)s") % {"most": ground.most_flats, "board": board.value}
            )
        try:
            options = DemoOptions(
                flats=flats,
                loss=loss,
                duplicate=duplicate,
                reorder=reorder,
                seed=seed,
                headless=headless,
                seconds=seconds,
                json=json,
                port=port,
                guard=guard,
            )
        except OptionsError as error:
            raise typer.BadParameter(str(error)) from None
        return run(options, ground)
