"""A signature by the node's own key. What makes it is loaded for it alone, module by module: each takes a slice."""

from micropython import const

from anju.node import front

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    from anju.pair.provision import Label

_BYTES = const(14336)
"""Of the modules that sign, with room to load them in."""


def signed(label: "Label", *message: bytes) -> "Generator[None, None, bytes]":
    """Yields while it works; returns the 64 bytes over the message's parts."""
    front.hold(_BYTES)
    yield
    from anju.update import sha512  # noqa: F401 (of sign)

    yield
    from anju.update import ed25519  # noqa: F401 (of sign)

    yield
    from anju.update.sign import Signer

    front.release()
    signer = Signer(label.seed, label.public)
    yield from signer.prepare()
    signature = yield from signer.sign(*message)
    return signature
