"""What a node can find out about itself, without a concentrator and without a person.

A new image is tested before it is confirmed. At the bench, over the REPL:

    from anju.role import selftest
    selftest.report()
"""

import json
import os
from binascii import unhexlify

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
_KEY = unhexlify("3d77563f512d1078630b3a55617079d0")
_PLAIN = unhexlify("02036955b900001203000001a52b00c8")
_SEALED = unhexlify("a10101000001000700000012bc4d32e4378ab31e66e94cb330ee725313d96508b10cfb5a190caca798fbacd3")
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
    frame = bytearray(_SEALED[:_HEADER_BYTES] + _PLAIN + bytes(_TAG_BYTES))
    cipher.seal(frame)
    if frame != _SEALED or cipher.open(_SEALED) != _PLAIN:
        return "AES does not give what the specification's vector has"
    frame[-1] ^= 1
    return "a changed frame opens" if cipher.open(bytes(frame)) is not None else ""


def _chance(board: "AnyBoard") -> str:
    return "the random numbers repeat" if os.urandom(8) == os.urandom(8) else ""


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
