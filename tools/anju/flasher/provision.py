"""Where a label comes from: the board makes its key pair and setup code, and the bench writes down what is to be printed.

The private key never leaves the board. The setup code leaves it until the bench says that it has committed it, and then never
again; so a cable that is pulled at any moment leaves a label that can still be read, or one that is on the bench's disk.

    bench                                board (anju.pair.provision, in the firmware's own slot)
    show()  ───────────────────────────► makes what is missing: key pair, setup code; keeps both; tells key and code
    COMMIT in the register
    noted() ───────────────────────────► keeps that it was noted; from now on show() tells the key alone
"""

from __future__ import annotations

from typing import Protocol

from anju.flasher.node import LabelTold
from anju.flasher.register import Register

MODULE = "anju/pair/provision.mpy"
"""In a bundle whose firmware can pair."""


class Owner(Protocol):
    """A board at an open console, as far as its label is concerned."""

    def label(self) -> LabelTold:
        """Public key and, until it was noted, setup code; both are made if there are none."""

    def label_noted(self) -> None:
        """The register holds it."""


def provision(owner: Owner, unique_id: str, register: Register) -> str:
    """See to it that the register has this board's label; its short name."""
    told = owner.label()
    code = bytes.fromhex(told.code)
    register.keep_label(unique_id, bytes.fromhex(told.key), code or None)
    if code:
        owner.label_noted()
    return register.name_of(unique_id)
