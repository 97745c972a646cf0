"""What all nodes wire alike: a sensor and a debouncer for each enrolled input, how a node names itself, and how it is paired."""

import sys
import time

from anju.node.device import ENDED, TESTIFY
from anju.node.identity import BUTTONS, Identity, StoreError
from anju.node.input import Input
from anju.node.version import VERSION
from anju.node.witness import Witness
from anju.role.forget import forget
from anju.sensor.contact import OTHERS_SETTLE_MS, SETTLE_MS, Contact

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from anju.role.needs import Board

_WORK_MS = 10
"""Slices are this long together, and the last one on top: to give others their turn takes as long as a short slice."""

_SLICE_MS = 15
"""A slice takes up to 10 ms on the emulated board, and the collection of its garbage 5."""

_ANJU = "{}.{}.{}".format(*VERSION)
_MICROPYTHON = "{}.{}.{}-{}".format(*(tuple(sys.implementation.version) + ("",))[:4]).rstrip("-")
"""As in `1.28.0`, or `1.29.0-preview` of a port between releases."""


def wire(board: "Board", kinds: "tuple[str, ...]", wake: "Callable[[], object]") -> "tuple[list[Contact], list[Input]]":
    """In the order of the board's terminals; `wake` is called from interrupts. StoreError: the board has too few terminals."""
    pins = board.inputs()
    if len(kinds) > len(pins):
        raise StoreError("enrolled with {} inputs, but this board has {}".format(len(kinds), len(pins)))
    contacts: "list[Contact]" = []
    inputs = []
    for terminal, kind in enumerate(kinds):
        contacts.append(Contact(pins[terminal], wake, time.ticks_ms))
        make: "type[Input]" = Input
        if kind in BUTTONS:
            from anju.node.press import Press

            make = Press
        inputs.append(make(kind, board.ACTIVE_LEVEL, SETTLE_MS.get(kind, OTHERS_SETTLE_MS)))
    return contacts, inputs


def build(board: "Board", markings: "tuple[str, ...]") -> bytes:
    """Name of what runs here, as a HELLO tells it."""
    return " ".join((_ANJU, "micropython-" + _MICROPYTHON, board.NAME) + markings).encode()


def greet(board: "Board", identity: Identity) -> None:
    """Tell the console that the node is enrolled, and as whom."""
    where = (board.NAME, "network", identity.network, "node", identity.node)
    print("ready", "anju/" + _ANJU, "micropython/" + _MICROPYTHON, *where)


def work(device: "Any", clock: "Callable[[], int]", due: "int | None") -> bool:
    """Some slices of what the device works out, and no more than others can wait for; whether there were any, and it is to be
    looked at again at once.

    `due` is when it wants to be looked at next: no slice begins so shortly before that it might not be over.
    """
    now = clock()
    end = now + _WORK_MS
    if due is not None and due >= now:
        end = min(end, due - _SLICE_MS)
    has_worked = False
    while now < end and device.work(now):
        has_worked = True
        now = clock()
    return has_worked


def attended(device: "Any", board: "Board", now: int) -> "Any":
    """What stands for the device: a session beside it if it was promised a place, or can be paired and is not."""
    store = board.store()
    has_label = bool(store.noted("label"))
    if has_label and device.identity is not None:
        device.witness = Witness(lambda content: store.note("evidence", content), store.noted("evidence"))
    if store.noted("pairing") or (has_label and device.identity is None):
        from anju.pair import session

        return session.attend(device, board, now)
    return device


def heed(device: "Any", board: "Board", make: "Callable[[], Any]", now: int) -> "Any":
    """Do what the device wishes; what stands for it from now on. `make` makes one of what the store has."""
    if device.wish == ENDED:
        device = device.device
        forget("anju.pair.", "anju.update.")
    elif device.wish == TESTIFY:
        from anju.pair import testify

        device = testify.attend(device, board.store())
    else:
        from anju.pair import session

        device = session.heed(device, board, make, now)
        if not isinstance(device, session.Session):
            forget("anju.pair.", "anju.update.")
    return device
