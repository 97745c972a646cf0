"""What stands on a node's label, made on the node itself: its key pair and its setup code. At the bench, over the REPL:

    from anju.pair import provision
    provision.show()      makes what is missing, and tells the public key, and the setup code until it was noted
    provision.noted()     the bench has committed both: the setup code is told no more

Both are kept in one note of the store, which neither an update nor a wiped identity touches.
"""

import json
import os
from hashlib import sha256

from anju.node.identity import StoreError

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from anju.node.identity import Identity

    # ruff: noqa: PYI063 (MicroPython has no `/` among parameters)
    class Store(Protocol):
        """As much of a store as pairing needs."""

        def note(self, __name: str, __content: bytes) -> None: ...
        def noted(self, __name: str) -> "bytes | None": ...
        def save(self, __identity: Identity) -> None: ...
        def wipe(self) -> None: ...


LABEL = "label"
"""Name of the note: seed, public key, setup code, and whether that was noted."""
_KEY_BYTES = 32
_CODE_BYTES = 10
_SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ID_SYMBOLS = 13


class Label:
    """A node's own secrets, and what follows from them. Never prints them."""

    def __init__(self, content: bytes) -> None:
        """From the note."""
        self.seed = content[:_KEY_BYTES]
        self.public = content[_KEY_BYTES : 2 * _KEY_BYTES]
        self.code = content[2 * _KEY_BYTES : -1]
        self.is_noted = bool(content[-1])

    @property
    def device(self) -> bytes:
        """The device id, ASCII: the first 65 bits of the hash of the public key."""
        bits = int.from_bytes(sha256(self.public).digest()[:9], "big") >> 7
        return "".join([_SYMBOLS[bits >> 5 * place & 31] for place in range(_ID_SYMBOLS - 1, -1, -1)]).encode()


def label_of(store: "Store") -> "Label | None":
    """The label of the node with this store; None if none was made, or it is lost."""
    content = store.noted(LABEL)
    return Label(content) if content and len(content) == 2 * _KEY_BYTES + _CODE_BYTES + 1 else None


def show() -> None:
    """Print public key and setup code as one line of JSON; made if there are none. StoreError: they can't be kept."""
    store = _store()
    label = label_of(store)
    if label is None:
        label = _made()
        _keep(store, label)
    print(json.dumps({"key": label.public.hex(), "code": "" if label.is_noted else label.code.hex()}))


def noted() -> None:
    """From now on `show` tells the public key alone."""
    store = _store()
    label = label_of(store)
    if label is None:
        raise StoreError("there is no label: show it first")
    label.is_noted = True
    _keep(store, label)


def _store() -> "Store":
    import board

    store: "Store" = board.store()
    return store


def _made() -> Label:
    from anju.update.sign import Signer  # only here: a label is read in many a start, and made in one

    seed = os.urandom(_KEY_BYTES)
    signer = Signer(seed)
    for _ in signer.prepare():
        pass
    return Label(seed + signer.public + os.urandom(_CODE_BYTES) + b"\0")


def _keep(store: "Store", label: Label) -> None:
    store.note(LABEL, label.seed + label.public + label.code + bytes((label.is_noted,)))
