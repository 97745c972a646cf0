"""The bench station: whatever is plugged in is flashed, tested and recorded."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from anju.flasher.flash import flash
from anju.flasher.many import remember
from anju.flasher.ports import Port, attached
from anju.flasher.register import Register
from anju.flasher.wish import Outcome, Tell, Wish

_LOOK_AGAIN_S = 0.3
ABSENT_S = 5.0
"""A board with USB of its own takes its port along when it resets; so long it may be gone and is still the same visit.

Without a USB serial nothing tells one board from the next at the same path, and such a port (a serial bridge) outlasts a reset:
there the first look without it counts.
"""


class Station:
    """Watches ports. One that was there at the beginning is done too, and each once, until it is unplugged."""

    def __init__(
        self,
        wish: Wish,
        register: Register,
        jobs: int,
        *,
        arrived: Callable[[Port], None],
        left: Callable[[Port], None],
        done: Callable[[Outcome], None],
        tell: Tell,
        look: Callable[[], list[Port]] = attached,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wish, self._register, self._look, self._clock = wish, register, look, clock
        self._arrived, self._left, self._done, self._tell = arrived, left, done, tell
        self._pool = ThreadPoolExecutor(max_workers=jobs)
        self._there: dict[str, tuple[Port, float]] = {}
        """Ports that were seen, each with the time at which it was seen last."""
        self._work: dict[str, Future[Outcome]] = {}

    def run(self) -> None:
        """Until Ctrl-C, which lets the boards that are being flashed end first."""
        try:
            while True:
                self.look_once()
                time.sleep(_LOOK_AGAIN_S)
        finally:
            self._pool.shutdown(cancel_futures=True)
            self._collect()

    def look_once(self) -> None:
        """What has come, what has gone, what is done."""
        now = self._clock()
        for port in self._look():
            if port.selector not in self._there:
                self._arrived(port)
                self._work[port.selector] = self._pool.submit(flash, port, self._wish, self._tell)
            self._there[port.selector] = port, now
        self._collect()
        for selector, (port, seen) in list(self._there.items()):
            absent_s = now - seen
            if selector not in self._work and absent_s > (ABSENT_S if port.usb_serial else 0):
                del self._there[selector]
                self._left(port)

    def _collect(self) -> None:
        for selector in [name for name, work in self._work.items() if work.done()]:
            work = self._work.pop(selector)
            if work.cancelled():
                continue
            outcome = work.result()
            remember(self._register, outcome)
            self._done(outcome)
