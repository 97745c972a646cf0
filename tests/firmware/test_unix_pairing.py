"""A node as a process, paired over UDP with the concentrator's end of a pairing; its power goes at every step."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from anju.bundle import stage
from anju.concentrator.core.pairing import decide
from anju.simulator.interpreter import micropython
from anju.simulator.node import Place
from anju.simulator.provision import provision
from anju.wire import table
from anju.wire.label import Label
from firmware.ends import UdpEnd
from firmware.node_process import NodeProcess
from firmware.pairing_desk import Desk

PRESS = "pin input0 1"
RELEASE = "pin input0 0"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the process runs."""
    return stage("unix_sim", tmp_path_factory.mktemp("node") / "bundle")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A node's flash, empty."""
    folder = tmp_path / "store"
    folder.mkdir()
    return folder


def labelled(bundle: Path, store: Path) -> Label:
    return provision(Place(micropython(), bundle, {"PATH": os.environ["PATH"], "MICROPYPATH": ".frozen"}), store)


def test_a_press_pairs_it_and_the_next_one_is_an_alarm(bundle: Path, store: Path) -> None:
    label = labelled(bundle, store)
    assert labelled(bundle, store) == label
    with UdpEnd() as end, NodeProcess(bundle, store, end.address) as node:
        desk = Desk(end)
        desk.pairings.show(label, desk.now)
        node.expect("unenrolled")
        node.drive(PRESS)
        desk.hello()
        node.expect("pairing: open", "@pin led_amber 1", "ready", "paired", "@pin led_green 1", "@pwm buzzer 2000")
        assert (
            desk.event(table.Code.PANIC).header.node == 7
        )  # the button is still down, and now it has somebody to call
        node.drive(RELEASE)
        node.drive("pin input1 1")
        desk.event(table.Code.OPENED)
        status, errors = node.end()
    assert (status, errors) == (0, "")
    shown = "\n".join(node.lines)
    (link,) = desk.pairings.links
    for secret in (label.code.secret, link.up, link.down):
        assert secret.hex() not in shown
    with UdpEnd() as end, NodeProcess(bundle, store, end.address) as node:
        assert node.expect("ready").endswith("network 1 node 7")


def test_without_a_label_nothing_is_offered(bundle: Path, store: Path) -> None:
    with UdpEnd() as end, NodeProcess(bundle, store, end.address) as node:
        node.expect("unenrolled")
        node.drive(PRESS)
        node.expect("@pwm buzzer 400", "@pwm buzzer 0")
        assert not end.has_frame()


def test_taken_back_nothing_has_changed(bundle: Path, store: Path) -> None:
    label = labelled(bundle, store)
    with UdpEnd() as end, NodeProcess(bundle, store, end.address) as node:
        desk = Desk(end)
        desk.pairings.show(label, desk.now)
        node.expect("unenrolled")
        node.drive(PRESS)
        desk.deaf = table.Step.PROOF
        desk.heard(table.Step.PROOF)
        assert (store / "pairing").stat().st_size > 200
        desk.pairings.do(decide.withdraw(desk.pairings.pairings, label.device))
        desk.deaf = 0
        desk.heard(table.Step.PROOF)
        node.expect("pairing: nothing changed", "@pin led_red 1", "@pwm buzzer 400")
        assert not (store / "identity").exists()
        assert not desk.pairings.links


@pytest.mark.parametrize("is_heard", [False, True])
@pytest.mark.parametrize("step", [table.Step.OFFER, table.Step.ANSWER, table.Step.PROOF])
def test_a_kill_at_each_step_ends_on_both_ends(bundle: Path, store: Path, step: int, is_heard: bool) -> None:
    label = labelled(bundle, store)
    with UdpEnd() as end:
        desk = Desk(end)
        desk.pairings.show(label, desk.now)
        desk.deaf = 0 if is_heard else step
        with NodeProcess(bundle, store, end.address) as node:
            node.expect("unenrolled")
            node.drive(PRESS)
            desk.heard(step)
            node.kill()
        while end.has_frame():
            end.receive()
        desk.deaf = 0
        is_promised = any((store / name).exists() for name in ("pairing", "identity"))
        assert is_promised or step != table.Step.PROOF
        with NodeProcess(bundle, store, end.address) as node:
            if not is_promised:
                node.expect("unenrolled")
                node.drive(PRESS)
            assert desk.hello().node == 7
            node.expect("ready")
        assert len(desk.pairings.links) == 1


def test_an_order_pairs_it_anew_and_until_then_the_old_keys_count(bundle: Path, store: Path) -> None:
    label = labelled(bundle, store)
    with UdpEnd() as end, NodeProcess(bundle, store, end.address) as node:
        desk = Desk(end)
        desk.pairings.show(label, desk.now)
        node.expect("unenrolled")
        node.drive(PRESS)
        old = desk.hello()
        desk.event(table.Code.PANIC)
        node.drive(RELEASE)
        desk.deaf = table.Step.PROOF
        desk.command(old, table.Order.PAIR)
        assert desk.verdict() == table.Verdict.ACCEPTED
        node.expect("pairing: open")
        desk.pairings.show(label, desk.now, epoch=2, node=7)
        desk.heard(table.Step.ANSWER)
        node.drive("pin input1 1")
        assert desk.event(table.Code.OPENED).header.epoch == 1
        desk.heard(table.Step.PROOF)
        node.drive("pin input1 0")
        assert desk.event(table.Code.CLOSED).header.epoch == 1
        desk.deaf = 0
        desk.hello(2)
        node.expect("paired")
        node.drive("pin input0 1")
        assert desk.event(table.Code.PANIC).header.epoch == 2
