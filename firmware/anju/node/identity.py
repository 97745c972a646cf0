"""Who a node is: what enrolment gives it, and how that is read.

Exceptions, each on its own:
    StoreError       the store did not keep what it was given; nothing may be sent on its word
    IdentityError    an identity that cannot be used; nothing of it was kept
"""

import json
from binascii import unhexlify

from micropython import const

_VERSION = const(1)
_FIELDS = ("version", "network", "node", "epoch", "up", "down", "inputs")
_KEY_BYTES = const(16)
_MOST_INPUTS = const(16)
"""`levels` of a frame has a bit for each input, and 16 bits."""

_BUTTONS = ("any_press", "silent_hold_up", "silent_any_press")
KINDS = ("entry", "hold_up", "tamper", "detector", "siren", "keypad") + _BUTTONS
"""What an input can be enrolled as, in the order of `table.InputKind`; `anju.node.input` knows the codes of each."""
BUTTONS = ("hold_up",) + _BUTTONS
"""Those that are an `anju.node.press.Press`."""


class StoreError(Exception):
    """The store did not keep, or no longer has, what a node may not be without."""


class IdentityError(Exception):
    """An identity that cannot be used; says which part of it and why."""


class Identity:
    """Address, epoch, two link keys and the kind of each input. Never prints its keys."""

    def __init__(self, network: int, node: int, epoch: int, up: bytes, down: bytes, inputs: "tuple[str, ...]") -> None:
        self.network = network
        self.node = node
        self.epoch = epoch
        self.up = up
        self.down = down
        self.inputs = inputs

    @classmethod
    def from_json(cls, text: str) -> "Identity":
        """The identity in an `enrolment.json`; IdentityError names the first thing wrong with it."""
        try:
            told = json.loads(text)
        except ValueError:
            raise IdentityError("not JSON")
        if not isinstance(told, dict):
            raise IdentityError("not an enrolment")
        if _number(told, "version", _VERSION) != _VERSION:
            raise IdentityError("version: only 1 is known")
        for name in told:
            if name not in _FIELDS:
                raise IdentityError("{}: not a field of an enrolment".format(name))
        up, down = _key(told, "up"), _key(told, "down")
        if up == down:
            raise IdentityError("the two directions need two different keys")
        inputs = told.get("inputs")
        if not isinstance(inputs, list) or not 0 < len(inputs) <= _MOST_INPUTS:
            raise IdentityError("inputs: from 1 to 16 kinds")
        for kind in inputs:
            if kind not in KINDS:
                raise IdentityError("inputs: each is one of " + ", ".join(KINDS))
        return cls(
            _number(told, "network", 0xFFFF),
            _number(told, "node", 0xFFFF),
            _number(told, "epoch", 0xFF),
            up,
            down,
            tuple(inputs),
        )

    def to_json(self) -> str:
        """The same as `from_json` reads; it contains the keys, so it is for the store alone."""
        return json.dumps(
            {
                "version": _VERSION,
                "network": self.network,
                "node": self.node,
                "epoch": self.epoch,
                "up": self.up.hex(),
                "down": self.down.hex(),
                "inputs": list(self.inputs),
            }
        )


def _number(told: "dict[str, object]", name: str, most: int) -> int:
    value = told.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise IdentityError("{}: a whole number from 0 to {}".format(name, most))
    return value


def _key(told: "dict[str, object]", name: str) -> bytes:
    value = told.get(name)
    try:
        key = unhexlify(value) if isinstance(value, str) else b""
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise IdentityError("{}: 32 hexadecimal digits".format(name))
    return key
