"""Whoever makes up, changes or removes what a node has signed for is found out, with public keys alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.ledger.evidence import Fault, Findings, check
from anju.uplink.reports import Evidence, Lane, NodeAddress, Report, ReportKind, Witnessed
from anju.wire.evidence import SignedStatement
from anju.wire.evidence import Witnessed as Row
from unit.wire.signatory import EPOCH, NETWORK, NODE, TIME_S, Signatory, press

ANNA, BERT = Signatory(1), Signatory(2)
_FACTS: dict[str, Any] = {"lane": Lane.ROUTINE, "recorded_at_ms": TIME_S * 1000}


def event(seq: int, row: Row, kind: ReportKind = ReportKind.HOLD_UP_ALARM, node: int = NODE) -> Report:
    """One event as it was journalled."""
    where = NodeAddress(network=NETWORK, node=node)
    return Report(seq=seq, kind=kind, node=where, witnessed=Witnessed(**row._asdict()), **_FACTS)


def statement(seq: int, told: SignedStatement, by: Signatory = ANNA, node: int = NODE) -> Report:
    """A statement as it was journalled."""
    one = told.statement
    return Report(
        seq=seq,
        kind=ReportKind.EVIDENCE,
        device=by.device,
        node=NodeAddress(network=NETWORK, node=node),
        evidence=Evidence(
            before=one.before.hex(),
            digest=told.digest.hex(),
            epoch=one.epoch,
            events=tuple(Witnessed(**row._asdict()) for row in told.events),
            public_key=by.public_key.hex(),
            signature=told.signature.hex(),
            time_age_s=one.time_age_s,
            time_s=one.time_s,
        ),
        **_FACTS,
    )


def history() -> list[Report]:
    """Two presses and a door before the second, each press signed for."""
    door = Row(EPOCH, 25, 1, 0, TIME_S + 50)
    first = ANNA.testimony([press(18)])
    second = ANNA.testimony([door, press(30, TIME_S + 60)], before=first.digest)
    return [
        event(1, press(18)),
        statement(2, first),
        event(3, door, ReportKind.OPENED),
        event(4, press(30, TIME_S + 60)),
        statement(5, second),
    ]


def faults(reports: list[Report], trusted: dict[str, str] | None = None) -> list[tuple[int, Fault]]:
    return [(found.seq, found.fault) for found in check(reports, trusted).faults]


def test_a_whole_history_has_no_fault() -> None:
    assert check(history()) == Findings(statements=2, devices={ANNA.device}, events=3, alarms=2, signed=2)


def test_an_alarm_that_nobody_has_signed_for_is_counted() -> None:
    found = check([*history(), event(6, press(40))])
    assert (found.alarms, found.signed, found.faults) == (3, 2, [])


def test_a_removed_event_is_missed() -> None:
    assert faults([report for report in history() if report.seq != 4]) == [(5, Fault.MISSING)]


@pytest.mark.parametrize("field", ["code", "zone", "time_s"])
def test_a_changed_event_is_noticed(field: str) -> None:
    reports = history()
    witnessed = reports[3].witnessed
    assert witnessed is not None
    reports[3] = reports[3].model_copy(update={"witnessed": witnessed.model_copy(update={field: 5})})
    assert faults(reports) == [(5, Fault.CHANGED)]


def test_a_time_that_the_node_learned_later_is_no_change() -> None:
    reports = history()
    witnessed = reports[0].witnessed
    assert witnessed is not None
    reports[0] = reports[0].model_copy(update={"witnessed": witnessed.model_copy(update={"time_s": 0})})
    assert faults(reports) == []


def test_a_removed_statement_leaves_a_gap() -> None:
    assert faults([report for report in history() if report.seq != 2]) == [(5, Fault.GAP)]


def test_a_statement_that_was_signed_twice_is_no_gap() -> None:
    """After a loss of power, when its answer had not come yet."""
    reports = history()
    again = ANNA.testimony([press(18)]).statement
    assert faults([*reports[:2], reports[1].model_copy(update={"seq": 3}), *reports[2:]]) == []
    assert again.before == bytes(32)


def test_a_chain_that_begins_anew_is_no_fault() -> None:
    """The node has lost what it had kept; its events are signed for all the same."""
    row = press(50)
    assert faults([*history(), event(6, row), statement(7, ANNA.testimony([row]))]) == []


def test_a_made_up_event_is_not_signed_for() -> None:
    made_up = ANNA.testimony([press(18)])._replace(events=(press(99),))
    assert faults([event(1, press(99)), statement(2, made_up)]) == [(2, Fault.SIGNATURE)]


def test_a_concentrator_cannot_sign_for_a_node() -> None:
    told = BERT.testimony([press(18)], device=ANNA.device)
    forged = statement(2, told, by=ANNA)
    assert faults([event(1, press(18)), forged]) == [(2, Fault.SIGNATURE)]
    with_its_key = forged.evidence
    assert with_its_key is not None
    forged = forged.model_copy(
        update={"evidence": with_its_key.model_copy(update={"public_key": BERT.public_key.hex()})}
    )
    assert faults([event(1, press(18)), forged]) == [(2, Fault.SIGNATURE)]


def test_a_device_that_nobody_knows_is_not_trusted() -> None:
    stranger = [event(1, press(18)), statement(2, BERT.testimony([press(18)]), by=BERT)]
    assert faults(stranger) == []
    assert faults(stranger, {ANNA.device: ANNA.public_key.hex()}) == [(2, Fault.UNTRUSTED)]
    assert faults(stranger, {BERT.device: BERT.public_key.hex()}) == []


def test_the_same_numbers_of_another_node_are_another_event() -> None:
    told = ANNA.testimony([press(18)])
    assert faults([event(1, press(18), node=8), statement(2, told)]) == [(2, Fault.MISSING)]


_PLACES = st.sampled_from(["before", "digest", "epoch", "public_key", "signature", "time_age_s", "time_s"])


@given(_PLACES, st.integers(0, 63), st.integers(1, 15))
def test_any_change_of_a_statement_is_noticed(field: str, place: int, change: int) -> None:
    reports = history()
    told = reports[4].evidence
    assert told is not None
    value = getattr(told, field)
    if isinstance(value, int):
        changed: Any = value ^ change
    else:
        changed = value[:place] + f"{int(value[place], 16) ^ change:x}" + value[place + 1 :]
    reports[4] = reports[4].model_copy(update={"evidence": told.model_copy(update={field: changed})})
    assert faults(reports)
