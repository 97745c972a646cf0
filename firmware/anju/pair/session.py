"""A pairing beside a running node: between its role and its device, with the device's own methods.

The device goes on as before: a contact that moves is sampled and sent between two slices of arithmetic, under the identity that
counts until the concentrator has said PAIRED. Loaded when it is needed, and forgotten afterwards (`anju.role.wiring`).

    unenrolled      beside it all the time, for its button; without a label there is none of this
    enrolled        while its case is open, by an Order.PAIR, and as long as a promise is kept
"""

import gc
import os

from micropython import const

from anju.node import device as enrolled
from anju.node import feedback, front
from anju.node.device import ENDED
from anju.node.identity import BUTTONS, StoreError
from anju.node.version import VERSION
from anju.pair import hands
from anju.pair.beside import Beside
from anju.pair.hands import Hands
from anju.pair.provision import Label, label_of
from anju.wire import table

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator

    from anju.node.identity import Identity
    from anju.pair.end import PairingEnd
    from anju.pair.provision import Store

PROMISE = "pairing"
"""Name of the note with what a GRANT promised."""
ROOT_KEY = "root_key"
"""Name of the note with the estate's root key."""

ADOPTED = const(4)
WIPE = const(5)
"""Wishes of a session, beside those of `anju.node.device`."""

LEAVING_MS = 10000
"""So long a node that is to forget its place waits for the answer to its LEAVING."""
PUT_OFFS = const(6)
SENDINGS = const(16)
"""So often at least the concentrator has spoken, and so often the event was sent meanwhile, before new keys wait no longer for
the answer to an event under the old ones. While it is out of reach nothing is given up, and no hurry shortens it."""
PROMISED_AWAKE_MS = 3000
PROMISED_REST_MS = 30000
"""One that sleeps, and was promised a place, asks for the outcome so long, and so often."""

_BYTES = const(16384)
"""Of the modules that a pairing loads, with room to load them in."""

OFFERED = const(7)
PAIRED = const(8)
_OFFERED_MS = 130000
_PAIRED_MS = 3000
feedback.PATTERNS[OFFERED] = ((), ((0, 1, 0, 0, 100), (0, 0, 0, 0, 900)))
feedback.PATTERNS[PAIRED] = (
    ((1, 0, 0, 2000, 120), (1, 0, 0, 0, 120), (1, 0, 0, 2000, 120), (1, 0, 0, 0, 120), (1, 0, 0, 2600, 300)),
    ((1, 0, 0, 0, _PAIRED_MS),),
)
"""Amber pulse while it waits; green and three beeps when both ends know each other. Else it is red and the long beep."""


class Session(Beside):
    """What stands where the device would."""

    def __init__(
        self, device: "Any", store: "Store", label: "Label | None", at: "Hands | None", terminals: int, now: int
    ) -> None:
        """`device` is a `Device` or an `Unenrolled`, `terminals` how many inputs its board has."""
        super().__init__(device)
        self._store = store
        self._label = label
        self._hands = at
        self._about = bytes(VERSION + (terminals,))
        self._end: "PairingEnd | None" = None
        self._is_adopted = False
        self._leaves_ms = -1
        self._woke_ms = now
        self._put_offs = 0
        self._awaited = self._tries = -1
        """How often new keys have been waiting for the answer to the event with this id, and how often it was sent before."""
        promise = store.noted(PROMISE)
        if promise:
            self._begin().resume(promise, device.identity, now)

    @property
    def has_work(self) -> bool:
        """Whether there is something to work out."""
        return self._end is not None and self._end.has_work

    def open(self, now: int) -> None:
        """Offer the node, or go on doing so."""
        if self._label is None:
            self._show(feedback.REFUSED, feedback.REFUSED_MS, now)
            return
        end = self._end or self._begin()
        if not end.is_open:
            print("pairing: open")
        end.open(now)
        self._show(OFFERED, _OFFERED_MS, now)

    def receive(self, received: bytes, now: int) -> None:
        """Pairing frames are the pairing's, all others the device's."""
        if len(received) > 1 and received[1] == table.LinkClass.PAIRING:
            if self._end is not None:
                self._end.receive(bytes(received), now)
        else:
            self.device.receive(received, now)

    def poll(self, now: int) -> "bytearray | None":
        """A frame to send at once, the device's first."""
        if self._is_adopted and self._end is not None and not self._end.is_pending:
            self._end = None
            self.wish = ADOPTED
        if self.wish == ADOPTED:
            return None  # nothing more is sealed under keys that are over
        try:
            sealed: "bytearray | None" = self.device.poll(now)
        except MemoryError:
            if self._end is None:
                raise
            self._end.give_way()  # an event needs its room now
            gc.collect()
            sealed = self.device.poll(now)
        if sealed is not None:
            return sealed
        wish, self.device.wish = self.device.wish, 0
        if wish == enrolled.PAIR:
            self.open(now)
        self._heed_hands(now)
        if self._end is None:
            self._end_if_idle()
            return None
        frame = self._end.poll(now)
        if frame is None:
            self._look_at_end(now)
            return None
        return bytearray(frame)

    def work(self, now: int) -> bool:
        """One slice of what there is to work out; whether there was one. Without memory for it the step is begun anew."""
        try:
            return self._end is not None and self._end.work(now)
        except MemoryError:
            print("pairing: no memory")
            gc.collect()
            return True

    def next_deadline(self) -> "int | None":
        """When to poll again."""
        deadlines = [self.device.next_deadline()]
        if self._hands is not None:
            deadlines.append(self._hands.deadline())
            if self._leaves_ms >= 0 and not self._hands.is_pressed:
                deadlines.append(self._leaves_ms)
        if self._end is not None:
            deadlines.append(self._end.next_deadline())
        soon = [deadline for deadline in deadlines if deadline is not None]
        return min(soon) if soon else None

    def rest_ms(self, now: int) -> int:
        """How long to sleep; 0 = stay awake."""
        end = self._end
        rest: int = self.device.rest_ms(now)
        if self._leaves_ms >= 0 or (self._hands is not None and self._hands.deadline() is not None):
            return 0
        if end is None:
            return rest
        if end.is_open or self._put_offs or now - self._woke_ms < PROMISED_AWAKE_MS:
            return 0
        return min(rest, PROMISED_REST_MS)

    def _begin(self) -> "PairingEnd":
        front.hold(_BYTES)
        from anju.pair.end import PairingEnd

        front.release()
        label = self._label or Label(bytes(75))  # a promise is kept without one: nothing new begins
        self._end = PairingEnd(label, self._about, os.urandom, self._keep_promise, self._adopt)
        return self._end

    def _keep_promise(self, content: bytes) -> None:
        self._store.note(PROMISE, content)

    def _adopt(self, identity: "Identity", root_key: bytes) -> "Iterator[None]":
        self._put_off()
        self._store.note(ROOT_KEY, root_key)
        yield
        self._put_off()
        self._store.save(identity)
        self._is_adopted = True

    def _put_off(self) -> None:
        """StoreError, and the outcome is asked for once more, while an event waits for its answer: it goes with the old keys."""
        device, end = self.device, self._end
        events = [] if device.identity is None else device.outbox.events()
        if not events:
            return
        oldest = events[0].event_id
        if oldest != self._awaited:
            self._awaited, self._put_offs, self._tries = oldest, 0, events[0].tries
            if end is not None:
                end.hurry()
        is_new = any(event.is_flying and event.tries < SENDINGS for event in events)  # made since, and hardly sent
        if self._put_offs < PUT_OFFS or is_new or events[0].tries - self._tries < SENDINGS:
            self._put_offs += 1
            raise StoreError("an event waits for its answer")

    def _look_at_end(self, now: int) -> None:
        """What has become of the pairing."""
        end = self._end
        if end is None or end.is_pending or end.is_open:
            if self.feedback.stage == feedback.IDLE:
                self._show(OFFERED, _OFFERED_MS, now)
            return
        self._end = None
        print("pairing: nothing changed")
        self._show(feedback.REFUSED, feedback.REFUSED_MS, now)

    def _heed_hands(self, now: int) -> None:
        """Offer it, or let it leave: first it says so, and then it forgets, once the button is let go."""
        at = self._hands
        if at is None:
            return
        done = at.poll(now)
        if done == hands.PRESSED and self.device.identity is None:
            self.open(now)
        elif done == hands.HELD:
            print("leaving")
            self._show(feedback.REFUSED, feedback.REFUSED_MS, now)
            self._leaves_ms = now
            if self.device.identity is not None:
                self.device.happened(table.Code.LEAVING, at.zone, now)
                self._leaves_ms += LEAVING_MS
        if self._leaves_ms < 0 or at.is_pressed:
            return
        if now >= self._leaves_ms or self.device.outbox.waiting(table.Code.LEAVING, at.zone) is None:
            self._leaves_ms = -1
            self.wish = WIPE

    def _end_if_idle(self) -> None:
        is_watched = self._hands is not None and self._hands.is_case_open
        if self.device.identity is not None and not (is_watched or self.wish or self._leaves_ms >= 0):
            self.wish = ENDED

    def _show(self, stage: int, lasts_ms: int, now: int) -> None:
        self.feedback.show(stage, lasts_ms, now)
        self.feedback.poll(now)


def attend(device: "Any", board: "Any", now: int) -> Session:
    """A session beside this device."""
    store = board.store()
    terminals = len(board.inputs())
    return Session(device, store, label_of(store), _hands_at(device, board), terminals, now)


def heed(device: "Any", board: "Any", make: "Callable[[], Any]", now: int) -> "Any":
    """Do what the device wishes and cannot do by itself; what stands in its place from now on. `make` gives a device anew."""
    wish, device.wish = device.wish, 0
    if wish == ADOPTED:
        device = make()
        device.feedback.show(PAIRED, _PAIRED_MS, now)
        print("paired")
    elif wish == WIPE:
        try:
            board.store().wipe()
        except StoreError as error:
            print("store:", error)
            return device
        print("wiped")
        device = make()
    else:
        device = attend(device, board, now)
        if wish == enrolled.PAIR:
            device.open(now)
    return device


def _hands_at(device: "Any", board: "Any") -> "Hands | None":
    """Of an enrolled node only if it has a button, and knows when its case is open: no resident's thumb unpairs it, and no door
    that stands open while the battery is changed."""
    inputs, identity = device.inputs, device.identity
    if identity is None:
        case = None if board.CASE < 0 else inputs[board.CASE]
        return Hands(inputs[board.BUTTON], case, board.BUTTON)
    kinds = identity.inputs
    button = ([zone for zone, kind in enumerate(kinds) if kind in BUTTONS] or (-1,))[0]
    if button < 0 or "tamper" not in kinds:
        return None
    return Hands(inputs[button], inputs[kinds.index("tamper")], button)
