"""Whether a bundle may go to a board, judged before anything is written. The running slot judges again, and by itself."""

from __future__ import annotations

from anju.bundle import ManifestError, keys
from anju.bundle.source import Source
from anju.flasher.errors import BenchError, Trouble, nothing_changed
from anju.flasher.load import Load
from anju.flasher.node import Facts, Held
from anju.flasher.ports import Port
from anju.flasher.wish import Wish
from anju.service.i18n import _


def suitable(facts: Facts, wish: Wish, port: Port) -> Load:
    """The bundle for this board; BenchError if it must not go there."""
    held = _held(facts)
    board = wish.board or (held.board if held else "")
    if not board and wish.loads.given is None:
        raise BenchError(
            Trouble.WHICH_BOARD,
            _("This is a new board (%(machine)s), and it does not say which of ours it is.")
            % {"machine": facts.machine},
            nothing_changed(),
            _("Say which: anju flash %(port)s --board NAME") % {"port": port.selector},
        )
    load = wish.loads.for_board(board)
    told = load.manifest
    _check_board(facts, told.board, port)
    if told.mpy & 0xFF != facts.mpy & 0xFF or (told.mpy >> 8 and told.mpy != facts.mpy):
        raise BenchError(
            Trouble.WRONG_BYTECODE,
            _("This bundle's bytecode (%(bundle)d) is not for the board's MicroPython %(version)s (%(board)d).")
            % {"bundle": told.mpy, "version": facts.micropython, "board": facts.mpy},
            nothing_changed(),
            _("Put MicroPython 1.23 or newer on the board, as its README in boards/ says, then flash again."),
        )
    _check_signature(facts, load, wish, port)
    if facts.release_key and facts.held and facts.held.manifest != load.digest:
        _check_number(facts.held.number, told.number)
    return load


def _held(facts: Facts) -> Held | None:
    return facts.held or next(iter(facts.slots.values()), None)


def _check_board(facts: Facts, wanted: str, port: Port) -> None:
    held = _held(facts)
    if held is not None and wanted != held.board:
        raise BenchError(
            Trouble.WRONG_BOARD,
            _("This bundle is for %(wanted)s, and this board is %(board)s.") % {"wanted": wanted, "board": held.board},
            nothing_changed(),
            _("Take the bundle for it: anju flash %(port)s --board %(board)s")
            % {"port": port.selector, "board": held.board},
        )
    mcus = Source.find().mcus(wanted)
    if mcus and facts.machine.rpartition(" with ")[2] not in mcus:
        raise BenchError(
            Trouble.WRONG_BOARD,
            _("%(board)s has an %(mcu)s, and this board is: %(machine)s.")
            % {"board": wanted, "mcu": " / ".join(mcus), "machine": facts.machine},
            nothing_changed(),
            _("Look which board is at %(port)s (boards/README.md), and name that one.") % {"port": port.label},
        )


def _check_signature(facts: Facts, load: Load, wish: Wish, port: Port) -> None:
    if not facts.release_key:
        return
    try:
        accepted = bytes.fromhex(facts.release_key)
        if wish.release_key not in (None, accepted):
            raise ValueError
        load.bundle.check_signature(accepted)
    except (ManifestError, ValueError):
        raise BenchError(
            Trouble.NOT_SIGNED,
            _("This board takes only bundles signed with the release key %(key)s, and this one is not.")
            % {"key": keys.fingerprint(bytes.fromhex(facts.release_key))},
            nothing_changed(),
            _("Sign one: anju bundle build --board %(board)s --key FILE; then: anju flash %(port)s --bundle DIR")
            % {"board": load.manifest.board, "port": port.selector},
        ) from None


def _check_number(running: int, number: int) -> None:
    if number <= running:
        raise BenchError(
            Trouble.OLDER,
            _("This bundle (number %(number)d) is not newer than the one that runs (%(running)d).")
            % {"number": number, "running": running},
            nothing_changed(),
            _("Flash the newer bundle. To go back, build the old source again with a higher --number."),
        )
