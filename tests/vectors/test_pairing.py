"""Golden pairings, with the concentrator's end."""

from __future__ import annotations

from anju.concentrator.core.moment import Moment
from anju.concentrator.core.pairing import decide
from anju.concentrator.core.pairing.state import Decision, Pairings, Place
from anju.concentrator.core.places import Address
from anju.wire.label import Label, SetupCode
from anju.wire.table import InputKind
from vectors.golden import Case, each


def begun(case: Case) -> tuple[Pairings, Moment]:
    moment = Moment(case["time_s"] * 1000, 0.0)
    label = Label(case["device"], SetupCode(bytes.fromhex(case["code"])))
    kinds = tuple(InputKind(kind) for kind in case["kinds"])
    place = Place(bytes.fromhex(case["root_key"]), Address(case["network"], case["node"]), case["epoch"], kinds)
    return decide.begin(Pairings(), label, place, bytes.fromhex(case["secret"]), moment).pairings, moment


def granted(case: Case) -> tuple[Decision, Moment]:
    """The concentrator's answers up to its GRANT are those of the file."""
    pairings, moment = begun(case)
    decision = decide.heard(pairings, bytes.fromhex(case["offer"]), moment)
    assert decision.send == bytes.fromhex(case["key"])
    decision = decide.heard(decision.pairings, bytes.fromhex(case["answer"]), moment)
    assert decision.send == bytes.fromhex(case["grant"])
    return decision, moment


@each("pairing")
def test_it_ends_as_it_stands_there(case: Case) -> None:
    decision, moment = granted(case)
    decision = decide.heard(decision.pairings, bytes.fromhex(case["proof"]), moment)
    assert decision.send == bytes.fromhex(case["paired"])
    assert decision.link is not None
    assert (decision.link.up.hex(), decision.link.down.hex()) == (case["up"], case["down"])


@each("pairing")
def test_one_that_is_taken_back_is_cancelled_as_it_stands_there(case: Case) -> None:
    decision, moment = granted(case)
    decision = decide.withdraw(decision.pairings, case["device"])
    decision = decide.heard(decision.pairings, bytes.fromhex(case["proof"]), moment)
    assert decision.send == bytes.fromhex(case["cancelled"])
    assert decision.link is None
