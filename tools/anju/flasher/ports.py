"""Which ports there are, and how a person names them: a path or any URL of pyserial's, `id:USB-SERIAL`, or `all`."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from anju.flasher.errors import BenchError, Trouble, nothing_changed
from anju.flasher.place import bench_folder
from anju.service.i18n import _
from anju.service.lock import FileLock, Held

CONSOLES = "ANJU_PORTS"
"""Environment variable with more consoles, separated by blanks: those that `all` would not find, such as `socket://host:port`."""
ALL, BY_SERIAL = "all", "id:"
_LOOK_AGAIN_S = 0.05


@dataclass(frozen=True, slots=True)
class Port:
    """A place where a board may hang. Its `url` may change when it is plugged in again; its USB serial does not."""

    url: str
    usb_serial: str = ""
    description: str = ""

    @property
    def label(self) -> str:
        """A short name for a line on the screen."""
        return self.url.removeprefix("socket://").removeprefix("/dev/")

    @property
    def selector(self) -> str:
        """What to type to mean this one, wherever it is plugged in."""
        return BY_SERIAL + self.usb_serial if self.usb_serial else self.url


def attached() -> list[Port]:
    """USB serial ports that are plugged in, and the consoles of the environment variable."""
    from serial.tools import list_ports

    found = [
        Port(told.device, told.serial_number or "", told.product or told.description or "")
        for told in sorted(list_ports.comports())
        if told.vid is not None
    ]
    return found + [Port(url) for url in os.environ.get(CONSOLES, "").split()]


def resolve(told: Iterable[str]) -> list[Port]:
    """The ports that these words mean, each once; BenchError for one that is not there."""
    there = attached()
    found: dict[str, Port] = {}
    for word in told:
        if word == ALL:
            meant = there
            if not meant:
                raise _nowhere(_("No board is plugged in."))
        elif word.startswith(BY_SERIAL):
            meant = [port for port in there if port.usb_serial == word.removeprefix(BY_SERIAL)]
            if not meant:
                raise _nowhere(
                    _("No plugged-in port has the USB serial %(serial)s.") % {"serial": word.removeprefix(BY_SERIAL)}
                )
        else:
            path = word if "://" in word else os.path.realpath(word)
            meant = [port for port in there if path == port.url] or [Port(path if path != word else word)]
        found.update((port.url, port) for port in meant)
    return list(found.values())


def again(port: Port, limit_s: float) -> Port:
    """The same board's port after it was gone for a moment, perhaps under another name; the old one if it has no USB serial."""
    end = time.monotonic() + limit_s
    while port.usb_serial:
        for candidate in attached():
            if candidate.usb_serial == port.usb_serial:
                return candidate
        if time.monotonic() > end:
            break
        time.sleep(_LOOK_AGAIN_S)
    return port


@contextmanager
def alone(port: Port) -> Iterator[None]:
    """Keeps other commands of ours off a port; BenchError if one is at it.

    The operating system's own lock, which pyserial takes, keeps off the rest, but there is none for network consoles.
    """
    name = hashlib.sha256(port.url.encode()).hexdigest()[:16] + ".lock"
    try:
        lock = FileLock(bench_folder() / name)
    except Held as held:
        raise in_use(port, held.pid) from None
    try:
        yield
    finally:
        lock.release()


def in_use(port: Port, pid: int | None = None) -> BenchError:
    """Somebody else is at this port."""
    who = _("process %(pid)d") % {"pid": pid} if pid else _("another program")
    return BenchError(
        Trouble.IN_USE,
        _("%(port)s is in use by %(who)s.") % {"port": port.label, "who": who},
        nothing_changed(),
        _("End that program (a monitor, another flash), then type the command again."),
    )


def _nowhere(what: str) -> BenchError:
    return BenchError(
        Trouble.NOT_THERE,
        what,
        _("Nothing was done."),
        _("Plug it in and look: anju devices. Network consoles are listed in %(name)s.") % {"name": CONSOLES},
    )
