"""A node on mains power with up to sixteen contacts: wiring only, what it does is decided in `anju.node`.

Three tasks: `_edges` waits for interrupts, `_listen` for the link, `_tick` for the node's own deadlines; each calls `_pump`,
which sends what is due and shows the feedback. `_tick` also collects garbage, when it has nothing else to do for a while.
"""

import asyncio
import gc
import os
import time

from micropython import const

from anju.node import front
from anju.node.counter import Counter
from anju.node.device import Device
from anju.node.feedback import Feedback
from anju.node.identity import StoreError
from anju.role import wiring
from anju.role.forget import TRIAL, forget
from anju.role.signals import Signals
from anju.sensor.contact import Contact

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from anju.role.needs import WiredBoard
    from anju.role.trial import Trial

_LONGEST_PAUSE_MS = const(60000)
_LINK_RETRY_MS = const(1000)
_LULL_MS = const(8)
"""With so long to wait there is time to collect garbage; while a contact settles, too, so that its event need not wait for it."""


def run(board: "WiredBoard", trials: "list[Trial] | None" = None, markings: "tuple[str, ...]" = ()) -> None:
    """Be the node that `board` describes, until the power goes; `markings` are what a HELLO says of this image."""
    asyncio.run(Node(board, trials, markings).main())


class Node:
    """Tasks, and what they share."""

    def __init__(self, board: "WiredBoard", trials: "list[Trial] | None", markings: "tuple[str, ...]") -> None:
        self._board = board
        self._trial: "Trial | None" = trials.pop() if trials else None
        self._markings = markings
        self._link = board.link()
        self._signals = Signals(board.lamps(), board.buzzer())
        self._edge = board.flag()
        self._ticker: "asyncio.Task[None] | None" = None
        self._wakes_ms = 0
        """When `_tick` wakes by itself."""
        self._ticks = time.ticks_ms()
        self._elapsed_ms = 0
        self._contacts: "list[Contact]" = []
        self._device: "Any" = self._make_device()
        """A `Device` or an `Unenrolled`, or an `anju.pair.session.Session` beside it."""

    async def main(self) -> None:
        """Live."""
        # The link first: it is open before the others have anything to send.
        await asyncio.gather(self._listen(), self._edges(), self._tick())

    async def _edges(self) -> None:
        while True:
            now = self._now()
            for zone, contact in enumerate(self._contacts):
                level = contact.edge()
                if level is not None:
                    self._device.edge(zone, level, now + time.ticks_diff(contact.moved, self._ticks))
            self._react()
            await self._edge.wait()

    async def _listen(self) -> None:
        while True:
            try:
                self._link.open()
                while True:
                    # Reading nothing is asyncio's public way to wait until there is something.
                    await asyncio.StreamReader(self._link.stream).read(0)
                    await self._take_frames()
            except OSError as error:
                print("no link:", error)
            self._link.close()
            await asyncio.sleep_ms(_LINK_RETRY_MS)

    async def _take_frames(self) -> None:
        """Everything that has come; OSError if the link is gone."""
        frame = self._link.receive()
        while frame is not None:
            self._device.receive(frame, self._now())
            self._react()
            # After each frame the others have their turn: a flood must not keep a button waiting.
            await asyncio.sleep_ms(0)
            frame = self._link.receive()

    async def _tick(self) -> None:
        self._ticker = asyncio.current_task()
        guard = self._board.watchdog()
        front.release()  # the others have made what stays: they ran before
        longest = _LONGEST_PAUSE_MS if guard is None else guard[1] // 2
        while True:
            self._pump()
            if self._trial is not None and self._trial.look(self._device.is_answered, self._now()):
                self._trial = None
                forget(*TRIAL)
            if guard is not None:
                guard[0].feed()
            self._wakes_ms = self._now() + longest
            deadline = self._device.next_deadline()
            if wiring.work(self._device, self._now, deadline):
                deadline = 0
            if deadline is not None and deadline < self._wakes_ms:
                self._wakes_ms = deadline
            if self._wakes_ms - self._now() >= _LULL_MS:
                gc.collect()
            try:
                await asyncio.sleep_ms(max(self._wakes_ms - self._now(), 0))
            except asyncio.CancelledError:
                pass  # by _react

    def _react(self) -> None:
        """Pump after something that came from outside, and let `_tick` wake earlier if that brought an earlier deadline."""
        self._pump()
        deadline = 0 if self._device.has_work else self._device.next_deadline()
        # Waiting with a time-out for an event would do it without this, but takes asyncio a millisecond of a press's time.
        if self._ticker is not None and deadline is not None and deadline < self._wakes_ms:
            self._ticker.cancel()

    def _pump(self) -> None:
        """Send what is due, show what is true."""
        now = self._now()
        try:
            frame = self._device.poll(now)
            while frame is not None:
                self._link.send(frame)
                frame = self._device.poll(now)
        except StoreError as error:
            self._device = self._unenrolled_device(error)
        if self._device.wish:
            self._device = wiring.heed(self._device, self._board, self._make_device, now)
        self._signals.show(self._device.feedback.outputs)

    def _now(self) -> int:
        """Milliseconds since the start, without the wrap of `ticks_ms`."""
        ticks = time.ticks_ms()
        self._elapsed_ms += time.ticks_diff(ticks, self._ticks)
        self._ticks = ticks
        return self._elapsed_ms

    def _make_device(self) -> "Any":
        now = self._now()
        try:
            store = self._board.store()
            identity, ceiling = store.load()
            self._contacts, inputs = wiring.wire(self._board, identity.inputs, self._edge.set)
            device = self._enrolled(
                identity,
                inputs,
                Counter(ceiling, store.reserve),
                Feedback(self._board.IS_SILENT),
                store.keep,
                os.urandom,
                print,
                self._board.HEARTBEAT_MS,
            )
            build = wiring.build(self._board, self._markings)
            device.start(build, self._board.reset_cause(), store.kept(), now)
        except StoreError as error:
            return self._unenrolled_device(error)
        forget("anju.node.unenrolled")
        wiring.greet(self._board, identity)
        self._edge.set()  # what its contacts read is looked at anew
        return wiring.attended(device, self._board, now)

    def _enrolled(self, *parts: "Any") -> Device:
        return Device(*parts)

    def _unenrolled_device(self, reason: StoreError) -> "Any":
        from anju.node.unenrolled import Unenrolled

        print("store:", reason)
        print("unenrolled")
        self._contacts, inputs = wiring.wire(self._board, ("any_press",) * len(self._board.inputs()), self._edge.set)
        self._edge.set()  # the press that found the store broken is looked at anew
        return wiring.attended(Unenrolled(inputs, Feedback(self._board.IS_SILENT)), self._board, self._now())
