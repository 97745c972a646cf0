"""What went wrong on a line, in words for the person at the bench: what happened, what was not changed, what to type next."""

from __future__ import annotations

from anju.flasher import transport
from anju.flasher.errors import BenchError, Trouble, nothing_changed
from anju.flasher.node import NonsenseError
from anju.flasher.ports import Port, in_use
from anju.service.i18n import _

_ENOSPC = "28"


def explain(error: transport.LineError, port: Port, unchanged: str, *, is_begun: bool) -> BenchError:
    """The error that a technician gets; `is_begun` if the board had already said what it is."""
    match error:
        case transport.OccupiedError():
            return in_use(port)
        case transport.ForbiddenError():
            return _forbidden(port)
        case transport.AbsentError():
            return _unplugged(port, unchanged) if is_begun else _absent(port, str(error))
        case transport.BoardError():
            return _raised(port, unchanged, str(error))
        case NonsenseError():
            return _nonsense(port, unchanged)
        case _:
            return _stopped(port, unchanged) if is_begun else _silent(port)


def full(port: Port, unchanged: str) -> BenchError:
    """There is no room for the bundle."""
    return BenchError(
        Trouble.FULL,
        _("The board's flash is full: the bundle does not fit beside what is there."),
        unchanged,
        _("Look what takes the room: mpremote connect %(port)s ls : – and remove what is not Anju's.")
        % {"port": port.url},
    )


def _forbidden(port: Port) -> BenchError:
    return BenchError(
        Trouble.NO_PERMISSION,
        _("You may not open %(port)s.") % {"port": port.url},
        nothing_changed(),
        _("Debian, Ubuntu: sudo usermod -aG dialout $USER; log out and in again, then type the command again."),
    )


def _absent(port: Port, reason: str) -> BenchError:
    return BenchError(
        Trouble.NOT_THERE,
        _("%(port)s cannot be opened: %(reason)s.") % {"port": port.url, "reason": reason},
        nothing_changed(),
        _("Look which ports there are: anju devices"),
    )


def _unplugged(port: Port, unchanged: str) -> BenchError:
    return BenchError(
        Trouble.UNPLUGGED,
        _("The board was unplugged, or its line broke."),
        unchanged,
        _("Plug it in again, then: anju flash %(port)s") % {"port": port.selector},
    )


def _silent(port: Port) -> BenchError:
    return BenchError(
        Trouble.SILENT,
        _("The board does not answer."),
        _("Its program is running and ignoring interrupts, or it has no MicroPython. Nothing was changed."),
        _(
            "Press RESET, then at once: anju flash %(port)s; if that does not help, put MicroPython on it (boards/README.md)."
        )
        % {"port": port.selector},
    )


def _stopped(port: Port, unchanged: str) -> BenchError:
    return BenchError(
        Trouble.STOPPED_ANSWERING,
        _("The board stopped answering in the middle of it."),
        unchanged,
        _("Type: anju flash %(port)s – what has arrived is not sent again. A longer wait: --timeout 300")
        % {"port": port.selector},
    )


def _raised(port: Port, unchanged: str, traceback: str) -> BenchError:
    last = traceback.splitlines()[-1] if traceback else ""
    if last.startswith("OSError:") and _ENOSPC in last:
        return full(port, unchanged)
    if "read back differently" in last:
        return BenchError(
            Trouble.READ_BACK,
            _("What was written to the flash reads back differently: %(file)s.") % {"file": last.rpartition(": ")[2]},
            unchanged,
            _("Flash it once more; if this comes back, the flash is worn: replace the board."),
        )
    return BenchError(
        Trouble.NOT_UNDERSTOOD,
        _("The board's MicroPython failed: %(reason)s.") % {"reason": last},
        unchanged,
        _("Put MicroPython 1.23 or newer on it, as its README in boards/ says, then flash again."),
    )


def _nonsense(port: Port, unchanged: str) -> BenchError:
    return BenchError(
        Trouble.NOT_UNDERSTOOD,
        _("What the board answers makes no sense."),
        unchanged,
        _("Is %(port)s a board with MicroPython, and a good cable? Then flash again.") % {"port": port.label},
    )
