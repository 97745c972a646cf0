"""Golden frames of every type, in both directions: what they open to, how they are sealed, and what is refused."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from anju.wire import bodies, table
from anju.wire.codec import Reason, Refused
from anju.wire.messages import Ack, Command, Evidence, Extra, Header, Hello, Status, Unknown
from vectors.golden import GOOD, RECEIVERS, Case, cases, each

CLASSES: dict[int, Any] = {
    table.Type.HELLO: Hello,
    table.Type.EVENT: Status,
    table.Type.HEARTBEAT: Status,
    table.Type.ACK: Ack,
    table.Type.COMMAND: Command,
    table.Type.EVIDENCE: Evidence,
    table.Type.REQUEST: Status,
}


def written(message: NamedTuple) -> dict[str, int | str]:
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in message._asdict().items()}


def read(case: Case) -> tuple[Header, Any, list[Extra]]:
    told: Case = {
        name: bytes.fromhex(value) if isinstance(value, str) else value for name, value in case["body"].items()
    }
    extras = [Extra(kind, bytes.fromhex(value)) for kind, value in case["extras"]]
    return Header(**case["header"]), CLASSES[told["type"]](**told), extras


@each(*GOOD)
def test_a_good_frame_opens_to_its_fields(case: Case) -> None:
    message = RECEIVERS[case["receiver"]].open(bytes.fromhex(case["frame"]))
    assert written(message.header) == case["header"]
    assert written(message.body) == case["body"]
    assert [[extra.type, extra.value.hex()] for extra in message.extras] == case["extras"]
    assert type(message.body) is CLASSES[message.body.type]


@each(*GOOD)
def test_its_fields_seal_to_the_frame(case: Case) -> None:
    header, body, extras = read(case)
    assert RECEIVERS["concentrator"].seal(header, body, extras).hex() == case["frame"]


@each("unknown")
def test_an_authentic_frame_that_cannot_be_read_is_unknown(case: Case) -> None:
    message = RECEIVERS[case["receiver"]].open(bytes.fromhex(case["frame"]))
    assert message.body == Unknown(case["type"], case["flags"])
    assert message.extras == ()


@each("refused")
def test_a_refused_frame_gives_its_reason(case: Case) -> None:
    with pytest.raises(Refused) as refusal:
        RECEIVERS[case["receiver"]].open(bytes.fromhex(case["frame"]))
    assert refusal.value.reason == case["reason"]


def test_each_type_is_there_in_each_of_its_directions() -> None:
    ways = {(case["receiver"], case["body"]["type"]) for name in GOOD for case in cases(name)}
    up = {("concentrator", kind) for kind in table.Type if kind is not table.Type.COMMAND}
    assert ways == up | {("node", table.Type.ACK), ("node", table.Type.COMMAND)}


@pytest.mark.parametrize("receiver", ["concentrator", "node"])
def test_each_reason_is_there(receiver: str) -> None:
    assert {case["reason"] for case in cases("refused") if case["receiver"] == receiver} == set(Reason)


@pytest.mark.parametrize("receiver", ["concentrator", "node"])
def test_each_byte_of_the_header_is_changed_somewhere(receiver: str) -> None:
    whole = next(
        bytes.fromhex(c["frame"])
        for c in cases("refused")
        if c["name"] == "one byte more" and c["receiver"] == receiver
    )
    changed = set()
    for case in cases("refused"):
        frame = bytes.fromhex(case["frame"])
        if case["receiver"] == receiver and len(frame) == len(whole) - 1:
            changed |= {at for at in range(table.HEADER_BYTES) if frame[at] != whole[at]}
    assert changed >= set(range(table.HEADER_BYTES))


@each("refused")
def test_nothing_of_a_refused_frame_is_read(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Authenticate before parsing: no body and no extra is touched on the way to a refusal (invariant I2)."""

    def touched(*_: object) -> None:
        raise AssertionError("a body was read before its frame was authenticated")

    for block in set(bodies.BODIES.values()):
        monkeypatch.setattr(block, "parse", touched)
    monkeypatch.setattr(bodies.EXTRAS, "parse", touched)
    with pytest.raises(Refused):
        RECEIVERS[case["receiver"]].open(bytes.fromhex(case["frame"]))
