"""A node as a process, paired over UDP with the concentrator's end of a pairing; its power goes at every step."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from anju.bundle import stage
from anju.concentrator.core.pairing import decide
from anju.simulator.interpreter import micropython
from anju.simulator.node import Place
from anju.simulator.provision import provision
from anju.wire import table
from anju.wire.codec import Codec
from anju.wire.label import Label
from anju.wire.messages import Ack, Command, Extra, Header, Hello, Message, Status
from firmware.ends import PATIENCE_S, UdpEnd
from firmware.node_process import NOW_S, NodeProcess
from stateful.pairing import Concentrator as Pairings
from stateful.pairing import moment

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


class Desk:
    """A concentrator: its end of pairings, and what nodes say under the keys that these make."""

    def __init__(self, end: UdpEnd) -> None:
        self.pairings = Pairings()
        self.steps: list[int] = []
        """Of the pairing frames that came."""
        self.deaf = 0
        """This step is lost on its way to here."""
        self._end = end
        self._codec = Codec(table.LinkClass.UP)
        self._counter = 0
        self._known = 0
        self._began = time.monotonic()

    @property
    def now(self) -> int:
        """Milliseconds."""
        return round(1000 * (time.monotonic() - self._began))

    def serve(self) -> Message | None:
        """Hear one frame and answer it; what it says if it is none of a pairing."""
        frame = self._end.receive()
        if frame[1] != table.LinkClass.PAIRING:
            return self._opened(frame)
        self.steps.append(frame[2])
        if frame[2] == self.deaf:
            return None
        answer = self.pairings.do(decide.heard(self.pairings.pairings, frame, moment(self.now)))
        for link in self.pairings.links[self._known :]:
            self._codec.learn(1, link.address.node, link.epoch, up=link.up, down=link.down)
        self._known = len(self.pairings.links)
        if answer is not None:
            self._end.send(answer)
        return None

    def until(self, is_done: Callable[[], bool]) -> None:
        """Serve until this is so."""
        deadline = time.monotonic() + PATIENCE_S
        while not is_done():
            assert time.monotonic() < deadline, self.steps
            self.serve()

    def heard(self, step: int) -> None:
        """Serve until the node has sent this step once more."""
        self.steps.clear()
        self.until(lambda: step in self.steps)

    def event(self, code: int) -> Message:
        """The next event with this code, acknowledged like all before it."""
        return self._next(lambda message: isinstance(message.body, Status) and message.body.code == code)

    def hello(self, epoch: int = 1) -> Header:
        """The next hello under keys of this number."""
        return self._next(lambda message: isinstance(message.body, Hello) and message.header.epoch == epoch).header

    def verdict(self) -> int:
        """Of the next ACK from a node."""
        message = self._next(lambda message: isinstance(message.body, Ack))
        assert isinstance(message.body, Ack)
        return message.body.verdict

    def command(self, to: Header, order: int) -> None:
        """Tell the node something."""
        body = Command(table.Type.COMMAND, table.Flag.ACK_REQUESTED, NOW_S, 5, order, 0, 0, 120)
        self._end.send(self._codec.seal(self._header(to), body))

    def _next(self, is_it: Callable[[Message], bool]) -> Message:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            message = self.serve()
            if message is not None and is_it(message):
                return message
        raise AssertionError(self.steps)

    def _opened(self, frame: bytes) -> Message:
        message = self._codec.open(frame)
        header, body, _ = message
        if not isinstance(body, Ack):
            event_id = body.event_id if isinstance(body, Status) else 0
            ack = Ack(table.Type.ACK, 0, NOW_S, header.epoch, table.Verdict.ACCEPTED, header.counter, event_id, 0, 0)
            extras = [Extra(table.Extra.CHALLENGE, body.challenge)] if isinstance(body, Hello) else []
            self._end.send(self._codec.seal(self._header(header), ack, extras))
        return message

    def _header(self, to: Header) -> Header:
        self._counter += 1
        return Header.down(to.network, to.node, to.epoch, self._counter)


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
