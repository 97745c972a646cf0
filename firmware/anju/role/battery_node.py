"""A node on a battery: wakes, decides, sends, waits for the answer, and sleeps. Wiring only: what it does and when it may
sleep is decided in `anju.node`.

No asyncio: every millisecond awake is battery, and there is one thing to do at a time. Before it sleeps, everything that must
outlive it is in the board's retained memory, the contacts are armed at the opposite of what they read, and then they are read
once more: a contact that moved in between ends the attempt. One that moves later wakes the board.
"""

import os
import select
import time

from anju.node import front
from anju.node.counter import Counter
from anju.node.feedback import DARK, Feedback
from anju.node.identity import StoreError
from anju.node.retained import Retained
from anju.node.sleeper import UNENROLLED_BENCH_MS, Sleeper, SleepingUnenrolled, wake
from anju.role import wiring
from anju.role.forget import TRIAL, forget
from anju.role.signals import Signals
from anju.sensor.contact import Contact
from anju.wire import table

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

    from anju.role.needs import BatteryBoard
    from anju.role.trial import Trial

_LOOK_AGAIN_MS = 10
"""An interrupt does not end the waiting for a frame, so it is never longer: half of what the quickest contact takes to settle."""

_LINK_RETRY_MS = 1000


def run(
    board: "BatteryBoard",
    trials: "list[Trial] | None" = None,
    markings: "tuple[str, ...]" = (),
    kind: "type[Node] | None" = None,
) -> None:
    """Be the node that `board` describes, for ever: on real hardware a sleep ends with a reset. `markings` are what a HELLO
    says of this image, `kind` what to be instead of a `Node`."""
    node = (kind or Node)(board, trials, markings)
    front.release()
    while True:
        node.live()
        node.sleep()


def nothing() -> None:
    """What an interrupt calls: the contact's own flag is looked at all the time."""


class Node:
    """What lives between two sleeps."""

    def __init__(self, board: "BatteryBoard", trials: "list[Trial] | None", markings: "tuple[str, ...]") -> None:
        self._board = board
        self._trial: "Trial | None" = trials.pop() if trials else None
        self._markings = markings
        self._guard = board.watchdog()
        self._link = board.link()
        self._signals = Signals(board.lamps(), board.buzzer())
        self._poller = select.poll()
        self._is_open = False
        self._link_due_ms = 0
        self._ticks = time.ticks_ms()
        self._elapsed_ms = 0
        self._contacts: "list[Contact]" = []
        self._device: "Any" = self._make_device(board.reset_cause() == table.ResetCause.DEEP_SLEEP)
        """A `Sleeper` or a `SleepingUnenrolled`, or an `anju.pair.session.Session` beside it."""

    def live(self) -> None:
        """Do all that is to be done now, and wait a little for more."""
        now = self._now()
        self._look(now)
        self._pump(now)
        self._listen()
        if self._trial is not None and self._trial.look(self._device.is_answered, now):
            self._trial = None
            forget(*TRIAL)
        if self._guard is not None:
            self._guard[0].feed()

    def sleep(self) -> None:
        """Sleep if there is nothing else to do."""
        now = self._now()
        rest = self._device.rest_ms(now)
        if not rest or (self._trial is not None and self._trial.needs_ms(now)):
            return
        self._signals.show(DARK)
        self._close()
        levels = [contact.level() for contact in self._contacts]
        awaited = 1 - levels[0]
        self._board.arm([terminal for terminal, level in enumerate(levels) if level != awaited], awaited)
        self._board.retain(self._device.retain(now, self._board.running_ms()))
        if not self._look(self._now()):
            print("asleep", rest)
            self._board.sleep(rest)
        self._board.recall()  # numbers will be used that it calls free

    def _look(self, now: int) -> bool:
        """Tell of every contact that moved; whether one did."""
        has_moved = False
        for zone, contact in enumerate(self._contacts):
            level = contact.edge()
            if level is not None:
                self._device.edge(zone, level, now + time.ticks_diff(contact.moved, self._ticks))
                has_moved = True
        return has_moved

    def _pump(self, now: int) -> None:
        """Send what is due, show what is true."""
        try:
            frame = self._device.poll(now)
            while frame is not None:
                self._open(now)
                self._link.send(frame)
                frame = self._device.poll(now)
        except StoreError as error:
            self._device = self._unenrolled_device(error, (), 0)
        if self._device.wish:
            self._device = wiring.heed(self._device, self._board, self._make_anew, now)
        self._signals.show(self._device.feedback.outputs)

    def _open(self, now: int) -> None:
        """Open the link, with the first frame; what it can't take the outbox sends again."""
        if self._is_open or now < self._link_due_ms:
            return
        try:
            self._link.open()
        except OSError as error:
            print("no link:", error)
            self._link_due_ms = now + _LINK_RETRY_MS
            return
        self._is_open = True
        self._poller.register(self._link.stream, select.POLLIN)

    def _close(self) -> None:
        if self._is_open:
            self._poller.unregister(self._link.stream)
            self._link.close()
            self._is_open = False

    def _listen(self) -> None:
        """Wait a little, or work a little, and take what has come."""
        pause = 0 if wiring.work(self._device, self._now, self._device.next_deadline()) else _LOOK_AGAIN_MS
        if not self._is_open:
            time.sleep_ms(pause)
            return
        try:
            self._poller.poll(pause)
            frame = self._link.receive()
            if frame is not None:  # one at a time: a flood must not keep a button waiting
                self._device.receive(frame, self._now())
        except OSError as error:
            print("no link:", error)
            self._close()
            self._link_due_ms = self._now() + _LINK_RETRY_MS

    def _now(self) -> int:
        """Milliseconds since the start, or since the sleep before it began, without the wrap of `ticks_ms`."""
        ticks = time.ticks_ms()
        self._elapsed_ms += time.ticks_diff(ticks, self._ticks)
        self._ticks = ticks
        return self._elapsed_ms

    def _make_anew(self) -> "Any":
        """After a pairing, or when it has been wiped."""
        return self._make_device(False)

    def _make_device(self, has_slept: bool) -> "Any":
        cause = self._board.reset_cause()
        now = self._elapsed_ms
        block = self._board.recall()
        struck = self._board.woken_by() if has_slept else ()
        try:
            store = self._board.store()
            identity, ceiling = store.load()
            kept = Retained.unpack(identity, ceiling, block) if has_slept else None
            number = 0 if kept is None else kept.next_number
            self._contacts, inputs = wiring.wire(self._board, identity.inputs, nothing)
            device = self._enrolled(
                identity,
                inputs,
                Counter(ceiling, store.reserve, number),
                Feedback(self._board.IS_SILENT),
                store.keep,
                os.urandom,
                print,
                self._board.HEARTBEAT_MS,
            )
            build = wiring.build(self._board, self._markings)
            if kept is None:
                wiring.greet(self._board, identity)
                device.start(build, cause, store.kept(), now)
            else:
                self._elapsed_ms = max(self._board.running_ms() - kept.slept_ms, 0)
                print("awake", *struck)
                device.resume(build, kept, self._elapsed_ms)
        except StoreError as error:
            return self._unenrolled_device(error, struck, 0 if has_slept else now + UNENROLLED_BENCH_MS)
        return self._woken(device, struck)

    def _enrolled(self, *parts: "Any") -> Sleeper:
        return Sleeper(*parts)

    def _unenrolled_device(self, reason: StoreError, struck: "Sequence[int]", awake_until_ms: int) -> "Any":
        print("store:", reason)
        print("unenrolled")
        kinds = ("any_press",) * len(self._board.inputs())
        self._contacts, inputs = wiring.wire(self._board, kinds, nothing)
        device = SleepingUnenrolled(inputs, Feedback(self._board.IS_SILENT))
        device.awake_until_ms = awake_until_ms
        return self._woken(device, struck)

    def _woken(self, device: "Any", struck: "Sequence[int]") -> "Any":
        """What stands for a device that knows what its contacts read; `_look` tells of what moves from now on."""
        for contact in self._contacts:
            contact.edge()
        levels = [contact.level() for contact in self._contacts]
        wake(device.inputs, struck, levels, self._elapsed_ms, self._board.awake_ms())
        return wiring.attended(device, self._board, self._elapsed_ms)
