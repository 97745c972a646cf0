"""A dongle: carries sealed frames between the air and a serial line. It holds no key, opens nothing, keeps nothing.

What comes by air goes down the line as it is, what comes by the line goes into the air; a frame that has the wrong length, or
a line that garbles it, is dropped. Whoever listens to the line sees no more than whoever listens to the air.
"""

import select
import time

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from anju.role.needs import DongleBoard, Link
    from anju.role.trial import Trial

_RETRY_MS = 1000
_WAIT_MS = 1000
"""Between two feedings of the watchdog when nothing comes."""

_BURST = 16
"""Frames taken from one side before the other has its turn: neither can silence the other."""


def run(board: "DongleBoard", trials: "list[Trial] | None" = None, markings: "tuple[str, ...]" = ()) -> None:
    """Relay until the power goes; it says no HELLO, so nobody hears of `markings`."""
    if trials:
        trials.pop().look(False, 0)
    print("ready", board.NAME)
    guard = board.watchdog()
    while True:
        air, line = board.link(), board.line()
        try:
            air.open()
            line.open()
            poller = select.poll()
            for link in (air, line):
                poller.register(link.stream, select.POLLIN)
            while True:
                if guard is not None:
                    guard[0].feed()
                if not carry(air, line) + carry(line, air):
                    poller.poll(_WAIT_MS)
        except OSError as error:
            print("no link:", error)
        air.close()
        line.close()
        time.sleep_ms(_RETRY_MS)


def carry(source: "Link", target: "Link") -> int:
    """Hand on what has come, up to a burst; how many frames that were."""
    for count in range(_BURST):
        frame = source.receive()
        if frame is None:
            return count
        target.send(bytearray(frame))
    return _BURST
