"""A siren node and a keypad as processes: outputs at their pins, and keys pressed at theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from anju.bundle import stage
from anju.wire import table
from anju.wire.messages import Ack, Command, Extra, Message, Status
from firmware.ends import UdpEnd
from firmware.node_process import NOW_S, Concentrator, Enrolment, NodeProcess


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the process runs."""
    return stage("unix_sim", tmp_path_factory.mktemp("node") / "bundle")


class Panel(Concentrator):
    """A concentrator that sounds and challenges."""

    ids = 0

    def sound(self, what: int, seconds: int) -> None:
        """Order it."""
        self._order(table.Order.SOUND, what, seconds)

    def challenge(self, request: Status, challenge: bytes) -> None:
        """Ask for a proof."""
        self._order(table.Order.CHALLENGE, request.event_id, 0, Extra(table.Extra.CHALLENGE, challenge))

    def request(self) -> Message:
        """The next REQUEST, not answered; whatever comes before it is acknowledged."""
        while True:
            message = self.hear()
            if isinstance(message.body, Status) and message.body.type == table.Type.REQUEST:
                return message
            if not isinstance(message.body, Ack):
                self.acknowledge(message)

    def levels(self, levels: int) -> None:
        """Acknowledge what comes until a heartbeat tells these levels."""
        while True:
            message = self.hear()
            self.acknowledge(message)
            if isinstance(message.body, Status) and message.body.levels == levels:
                return

    def _order(self, order: int, event_id: int, zone: int, *extras: Extra) -> None:
        self.ids += 1
        flags = table.Flag.ACK_REQUESTED
        body = Command(table.Type.COMMAND, flags, NOW_S, self.ids, order, zone, event_id, 120)
        self._end.send(self._codec.seal(self._header(), body, extras))


def greeted(end: UdpEnd, enrolment: Enrolment, node: NodeProcess) -> Panel:
    """A concentrator that has answered the hello."""
    panel = Panel(end, enrolment)
    node.expect("ready")
    panel.acknowledge(panel.hear())
    return panel


def test_it_sounds_as_it_is_told_and_ends_by_itself(bundle: Path, tmp_path: Path) -> None:
    enrolment = Enrolment(tmp_path / "store", ("siren", "tamper"))
    with UdpEnd() as end, NodeProcess(bundle, enrolment.folder, end.address) as node:
        panel = greeted(end, enrolment, node)
        panel.sound(table.Sound.INTRUSION | table.LATCHED_LIGHT, 1)
        node.expect("@pin siren 1", "@pin light 1", "@pin siren 0")
        assert panel.verdict().verdict == table.Verdict.ACCEPTED
        assert "@pin light 0" not in node.lines
        panel.sound(table.Sound.EXIT, 30)
        node.expect("@pin light 0", "@pwm beeper 1500", "@pwm beeper 0", "@pwm beeper 1500")
        panel.sound(table.Sound.QUIET, 0)
        node.drive("pin input1 1")
        node.expect("event")


def test_after_a_kill_it_is_off_until_it_is_told_again(bundle: Path, tmp_path: Path) -> None:
    enrolment = Enrolment(tmp_path / "store", ("siren",))
    with UdpEnd() as end, NodeProcess(bundle, enrolment.folder, end.address) as node:
        panel = greeted(end, enrolment, node)
        panel.sound(table.Sound.INTRUSION | table.LATCHED_LIGHT, 100)
        node.expect("@pin siren 1")
        node.kill()
    with UdpEnd() as end, NodeProcess(bundle, enrolment.folder, end.address) as node:
        panel = greeted(end, enrolment, node)
        panel.ids = 10
        panel.sound(table.Sound.ENTRY, 100)
        node.expect("@pwm beeper 2000")
        assert not [line for line in node.lines if line.startswith(("@pin siren", "@pin light"))]


def test_a_keypad_asks_proves_and_shows_what_came_of_it(bundle: Path, tmp_path: Path) -> None:
    enrolment = Enrolment(tmp_path / "store", ("any_press", "keypad"))
    with UdpEnd() as end, NodeProcess(bundle, enrolment.folder, end.address, "--heartbeat", "1") as node:
        panel = greeted(end, enrolment, node)
        for key in (5, 4):  # digits 1 and 0
            for level in (1, 0):
                node.drive(f"pin input{key} {level}")
                panel.levels(level << key)
        node.drive("pin input3 1")
        panel.levels(1 << 3)
        node.drive("pin input3 0")
        asked = panel.request()
        assert isinstance(asked.body, Status)
        assert (asked.body.code, asked.body.zone, asked.extras) == (table.Action.OFF, 1, ())
        panel.challenge(asked.body, b"8 random")
        proved = panel.request()
        while not proved.extras:
            proved = panel.request()
        assert proved.extra(table.Extra.CHALLENGE) == b"8 random"
        assert proved.extra(table.Extra.CODE) == b"10"
        panel.acknowledge(proved)
        node.expect("@pin led_green 1")
