"""An enrolment is taken whole or not at all."""

import json

from anju.node.identity import Identity, IdentityError
from firmware.portable.kit import Dice, raises

GOOD: "dict[str, object]" = {
    "version": 1,
    "network": 1,
    "node": 7,
    "epoch": 1,
    "up": "000102030405060708090a0b0c0d0e0f",
    "down": "101112131415161718191A1B1C1D1E1F",
    "inputs": ["entry", "hold_up", "tamper"],
}

BAD: "list[tuple[str, object]]" = [
    ("version", 2),
    ("version", 0),
    ("version", True),
    ("version", None),
    ("network", -1),
    ("network", 65536),
    ("network", "1"),
    ("network", True),
    ("node", 7.5),
    ("epoch", 256),
    ("epoch", None),
    ("up", ""),
    ("up", "00"),
    ("up", "0g" * 16),
    ("up", "000102030405060708090a0b0c0d0e0f00"),
    ("up", 17),
    ("up", GOOD["down"]),
    ("down", None),
    ("inputs", []),
    ("inputs", "entry"),
    ("inputs", ["entry"] * 17),
    ("inputs", ["window"]),
    ("inputs", [1]),
    ("inputs", [["entry"]]),
    ("inputs", None),
    ("colour", "red"),
]


def test_an_enrolment_becomes_an_identity_and_back() -> None:
    own = Identity.from_json(json.dumps(GOOD))
    assert (own.network, own.node, own.epoch) == (1, 7, 1)
    assert own.up == bytes(range(16))
    assert own.down == bytes(range(16, 32))
    assert own.inputs == ("entry", "hold_up", "tamper")
    assert Identity.from_json(own.to_json()).to_json() == own.to_json()


def test_each_bad_field_is_refused_by_name() -> None:
    for name, value in BAD:
        told = dict(GOOD)
        told[name] = value
        said = raises(IdentityError, Identity.from_json, json.dumps(told))
        assert name in said or (name, value) == ("up", GOOD["down"]), (name, value, said)


def test_no_field_may_be_missing() -> None:
    for name in GOOD:
        told = dict(GOOD)
        told.pop(name)
        assert name in raises(IdentityError, Identity.from_json, json.dumps(told))


def test_what_is_not_an_enrolment_is_refused() -> None:
    for text in ("", "[]", "7", "null", '"x"', "{", "{}", "\x00", "[[[[", '{"version":1}'):
        raises(IdentityError, Identity.from_json, text)


def test_a_damaged_enrolment_is_refused_or_still_whole() -> None:
    dice = Dice(71)
    text = json.dumps(GOOD)
    for _ in range(500):
        at = dice.below(len(text))
        damaged = text[:at] + chr(32 + dice.below(95)) + text[at + 1 + dice.below(2) :]
        try:
            own = Identity.from_json(damaged)
        except IdentityError:
            continue
        assert len(own.up) == len(own.down) == 16
        assert own.up != own.down


def test_it_does_not_show_its_keys() -> None:
    own = Identity.from_json(json.dumps(GOOD))
    for shown in (repr(own), str(own), "{}".format(own)):
        assert "0001020304" not in shown
        assert "\\x01\\x02" not in shown
