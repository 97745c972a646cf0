"""What nodes with keys wire alike: who asks with them stands before the device as long as it takes."""

import time

from anju.node.keys import Key, Keys
from anju.role.forget import forget
from anju.sensor.contact import OTHERS_SETTLE_MS, Contact

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from anju.node.input import Input
    from anju.role.needs import Board


def keys_of(
    board: "Board",
    kinds: "tuple[str, ...]",
    contacts: "list[Contact]",
    inputs: "list[Input]",
    wake: "Callable[[], object]",
) -> Keys:
    """The keys of a keypad, if that is the last input; contacts and inputs grow by them."""
    keys = Keys()
    if kinds[-1] == "keypad":
        inputs.pop()
        for pin in board.inputs()[len(inputs) :]:
            key = Key(keys, "keypad", board.ACTIVE_LEVEL, OTHERS_SETTLE_MS)
            inputs.append(key)
            keys.keys.append(key)
            if len(inputs) > len(contacts):
                contacts.append(Contact(pin, wake, time.ticks_ms))
    return keys


def heed(device: "Any", keys: Keys, now: int) -> "Any":
    """What stands for the device from now on; the same if no key was let go and nothing is over."""
    if getattr(device, "is_over", False):
        device = device.device
        forget("anju.keys.", "anju.pair.")
    if keys.let_go and not hasattr(device, "is_over"):
        try:
            if not hasattr(device, "outbox"):
                raise MemoryError  # it is being paired, or signs: there is no room for more
            from anju.keys.asking import Asking

            device = Asking(device, keys, now)
        except MemoryError:
            keys.let_go.clear()
            device.feedback.refuse(now)
    return device
