"""A pairing that is under way when the PC is replaced: it ends on both ends or on neither, by one concentrator's word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from anju.concentrator.app import clock
from anju.concentrator.identity import adopt
from anju.concentrator.identity.export import export
from anju.service import settings
from anju.wire.table import Code, Step
from stateful.pairing import hasten
from unit.concentrator.identity_kit import PERSON, NextPc, ask
from unit.concentrator.pairing_kit import AirNode, Estate, NewNode, estate, nodes_of, paired, state_of

DOOR = 0


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    hasten(monkeypatch)


@pytest.fixture
def old() -> Iterator[Estate]:
    with estate() as up:
        yield up


@pytest.fixture
def new(old: Estate) -> Iterator[NewNode]:
    with nodes_of(old) as making:
        yield making


@pytest.fixture
def replaced(old: Estate) -> Iterator[list[NextPc]]:
    """The PCs after it."""
    made: list[NextPc] = []
    yield made
    for pc in made:
        pc.kill()


def dies_at(step: Step, old: Estate, node: AirNode, *, lost: bool) -> None:
    """A concentrator that dies once it has said this to a node; the frame arrives, or is lost."""
    old.pair(node.node.label.qr_text)
    seen: list[int] = []

    def reaches(heard: int) -> bool:
        if heard == step and not seen:
            seen.append(heard)
            old.kill()
            return lost
        return False

    node.deaf = reaches
    node.open()
    node.talk_until(lambda: seen)


def bound(old: Estate, node: AirNode) -> None:
    """A node that holds a promise, and a concentrator that dies before it has heard the proof."""
    dies_at(Step.GRANT, old, node, lost=False)
    node.talk_until(lambda: node.node.end.is_pending)


def taken_over(old: Estate, replaced: list[NextPc], out: Path) -> NextPc:
    """By a new PC with the same port; the old one does not run."""
    folder = old.site.folder.with_name("new")
    if not out.exists():
        export(old.site, out, ask, clock)
    adopt.adopt(out, folder, ask, PERSON, clock)
    replaced.append(NextPc(settings.load(folder)))
    return replaced[-1]


def test_what_was_promised_is_kept_by_the_next_one(
    old: Estate, new: NewNode, replaced: list[NextPc], tmp_path: Path
) -> None:
    node = new()
    bound(old, node)
    pc = taken_over(old, replaced, tmp_path / "out.anju")
    node.pair()
    assert state_of(pc) == [("1/1", "unproved")]
    node.greet()
    assert state_of(pc) == [("1/1", "proved")]
    assert "node_paired" in pc.kinds()


def test_one_that_goes_on_after_it_has_handed_over_cancels_and_the_next_one_has_no_other_word(
    old: Estate, new: NewNode, replaced: list[NextPc], tmp_path: Path
) -> None:
    """A copy for the safe, made while the service was down."""
    node = new()
    bound(old, node)
    export(old.site, tmp_path / "out.anju", ask, clock)
    old.restart()
    node.talk_until(lambda: not node.node.end.is_pending)
    assert node.node.identity is None
    assert old.nodes() == []
    old.kill()
    pc = taken_over(old, replaced, tmp_path / "out.anju")
    assert pc.nodes() == []
    assert not node.node.end.is_pending


def test_a_node_that_is_paired_anew_is_heard_under_its_old_keys_until_the_new_ones_are_proved_there(
    old: Estate, new: NewNode, replaced: list[NextPc], tmp_path: Path
) -> None:
    node = new()
    paired(old, node)
    before = node.far
    assert before is not None
    bound(old, node)
    pc = taken_over(old, replaced, tmp_path / "out.anju")
    node.ack_of(before, before.event(Code.OPENED, DOOR))
    node.pair()
    node.ack_of(before, before.event(Code.CLOSED, DOOR))
    node.greet()
    assert state_of(pc) == [("1/1", "proved")]
    node.is_now_of(pc)
    assert node.is_unheard(before.event(Code.OPENED, DOOR))


def test_one_that_is_paired_and_not_proved_goes_on_there(
    old: Estate, new: NewNode, replaced: list[NextPc], tmp_path: Path
) -> None:
    """The old PC has decided, and its word was lost."""
    node = new()
    dies_at(Step.OUTCOME, old, node, lost=True)
    pc = taken_over(old, replaced, tmp_path / "out.anju")
    node.pair()
    node.greet()
    assert state_of(pc) == [("1/1", "proved")]
    node.talk_until(lambda: "node_paired" in [*old.kinds(), *pc.kinds()])
