"""What a node can find out about itself, without a concentrator and without a person.

A new image is tested before it is confirmed. At the bench, over the REPL:

    from anju.role import selftest
    selftest.report()
"""

import json
import os

from micropython import const

from anju.node.identity import StoreError
from anju.node.seal import Cipher

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from anju.role.needs import AnyBoard

# The panic of protocol/vectors/v1/event.json, under its published key.
_KEY = b"\x3d\x77\x56\x3f\x51\x2d\x10\x78\x63\x0b\x3a\x55\x61\x70\x79\xd0"
_SEALED = (
    b"\xa1\x01\x01\x00\x00\x01\x00\x07\x00\x00\x00\x12\xbc\x4d\x32\xe4\x37\x8a\xb3\x1e\x66\xe9"
    b"\x4c\xb3\x30\xee\x72\x53\x13\xd9\x65\x08\xb1\x0c\xfb\x5a\x19\x0c\xac\xa7\x98\xfb\xac\xd3"
)
_HEADER_BYTES = const(12)
_TAG_BYTES = const(16)


def faults(board: "AnyBoard") -> "list[str]":
    """What does not work, in words; empty if all does. Neither lamps nor sounder are touched, and nothing is sent."""
    found = []
    for test in (_cipher, _chance, _store, _inputs, _link):
        try:
            fault = test(board)
        except Exception as error:  # noqa: BLE001 (a new image may fail in any way, and the other tests tell more)
            fault = repr(error)
        if fault:
            found.append("{}: {}".format(test.__name__.lstrip("_"), fault))
    return found


def report() -> None:
    """Print the result for this board as one line of JSON: `ok`, and the list of `faults`."""
    import board

    found = faults(board)
    print(json.dumps({"ok": not found, "faults": found}))


def _cipher(board: "AnyBoard") -> str:
    cipher = Cipher(_KEY)
    plain = cipher.open(_SEALED) or b""  # the tag is over it all: nothing but the right AES opens it
    frame = bytearray(_SEALED[:_HEADER_BYTES] + plain + bytes(_TAG_BYTES))
    cipher.seal(frame)
    if frame != _SEALED:
        return "AES differs"
    frame[-1] ^= 1
    return "a changed frame opens" if cipher.open(bytes(frame)) is not None else ""


def _chance(board: "AnyBoard") -> str:
    return "random numbers repeat" if os.urandom(8) == os.urandom(8) else ""


def _store(board: "AnyBoard") -> str:
    store = board.store()
    try:
        store.load()
    except StoreError as error:
        if store.holds_identity():
            return str(error)
    return ""


def _inputs(board: "AnyBoard") -> str:
    for terminal, pin in enumerate(board.inputs()):
        if pin.value() not in (0, 1):
            return "terminal {} reads {}".format(terminal, pin.value())
    return ""


def _link(board: "AnyBoard") -> str:
    link = board.link()
    link.open()
    link.close()
    return ""
