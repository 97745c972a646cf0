"""What a node has signed of its alarms is kept with them, once, and only if that node's own key has signed it."""

from __future__ import annotations

from pathlib import Path

import pytest

from anju.concentrator.journal import reports_in
from anju.ledger.evidence import check
from anju.uplink.reports import ReportKind, TroubleKind
from anju.wire.evidence import SignedStatement, Witnessed
from anju.wire.table import Code, Verdict
from unit.concentrator.harness import BUTTON, Bench, FarNode, bench
from unit.wire.signatory import Signatory, body_of, extras_of

pytestmark = pytest.mark.anyio
ANNA = Signatory(1)


async def pressed(room: Bench, node: FarNode) -> Witnessed:
    """A press that is journalled; what its node will sign of it."""
    assert await room.verdict(node, node.press()) == Verdict.ACCEPTED
    return Witnessed(1, node.counter, Code.PANIC, BUTTON, room.clock.unix_s)


def told_by(node: FarNode, *events: Witnessed, before: bytes = bytes(32), by: Signatory = ANNA) -> SignedStatement:
    """A statement of this node."""
    return by.testimony(events, before, (*node.address, 1), ANNA.device)


def frame(node: FarNode, told: SignedStatement) -> bytes:
    """It, sealed under the next counter."""
    return node.frame(body_of(told), extras_of(told))


async def test_it_is_journalled_with_all_that_it_takes_to_verify_it(tmp_path: Path) -> None:
    async with bench(tmp_path) as room:
        node = await room.pair(ANNA.device, ANNA.public_key)
        told = told_by(node, await pressed(room, node))
        assert await room.verdict(node, frame(node, told)) == Verdict.ACCEPTED
        report = room.reports()[-1]
        assert report.kind is ReportKind.EVIDENCE
        assert (report.device, report.evidence and report.evidence.digest) == (ANNA.device, told.digest.hex())
    found = check(reports_in(tmp_path / "journal.db"))
    assert (found.statements, found.signed, found.alarms, found.faults) == (1, 1, 1, [])


async def test_an_event_says_in_the_nodes_own_numbers_what_will_be_signed(tmp_path: Path) -> None:
    async with bench(tmp_path) as room:
        node = await room.pair(ANNA.device, ANNA.public_key)
        event = await pressed(room, node)
        witnessed = room.reports()[-1].witnessed
        assert witnessed is not None
        assert witnessed.model_dump() == event._asdict()


async def test_one_that_comes_again_under_another_counter_is_recorded_once_over_a_restart_too(tmp_path: Path) -> None:
    async with bench(tmp_path) as room:
        node = await room.pair(ANNA.device, ANNA.public_key)
        told = told_by(node, await pressed(room, node))
        assert await room.verdict(node, frame(node, told)) == Verdict.ACCEPTED
        assert await room.verdict(node, frame(node, told)) == Verdict.DUPLICATE
    async with bench(tmp_path, room.clock) as room:
        assert await room.verdict(node, frame(node, told)) == Verdict.DUPLICATE
        assert room.kinds().count("evidence") == 1


async def test_what_another_key_has_signed_is_trouble_and_no_evidence(tmp_path: Path) -> None:
    async with bench(tmp_path) as room:
        node = await room.pair(ANNA.device, ANNA.public_key)
        event = await pressed(room, node)
        for told in (told_by(node, event, by=Signatory(2)), told_by(node, event)._replace(signature=bytes(64))):
            assert await room.verdict(node, frame(node, told)) == Verdict.NOT_UNDERSTOOD
        assert "evidence" not in room.kinds()
        troubles = [report.trouble for report in room.reports() if report.kind is ReportKind.TROUBLE]
        assert troubles == [TroubleKind.EVIDENCE] * 2


async def test_a_node_without_a_label_has_nothing_to_sign_with(tmp_path: Path) -> None:
    async with bench(tmp_path) as room:
        node = await room.enrol()
        told = told_by(node, await pressed(room, node))
        assert await room.verdict(node, frame(node, told)) == Verdict.NOT_UNDERSTOOD
        assert "evidence" not in room.kinds()


async def test_parts_that_do_not_fit_together_are_trouble(tmp_path: Path) -> None:
    async with bench(tmp_path) as room:
        node = await room.pair(ANNA.device, ANNA.public_key)
        told = told_by(node, await pressed(room, node))
        torn = node.frame(body_of(told), extras_of(told)[:2])
        assert await room.verdict(node, torn) == Verdict.NOT_UNDERSTOOD
        assert room.reports()[-1].trouble is TroubleKind.EVIDENCE
