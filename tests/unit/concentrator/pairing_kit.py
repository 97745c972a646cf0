"""A concentrator as a process, and nodes' real pairing ends that reach it over UDP."""

from __future__ import annotations

import json
import select
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from anju.concentrator.control import ask
from anju.concentrator.core.places import Address, Route
from anju.concentrator.keyring import Link
from anju.uplink.reports import Report
from anju.wire import pairing
from anju.wire.messages import Ack, Command, Message
from anju.wire.table import Step
from stateful.pairing import Node
from unit.concentrator.harness import PATIENCE_S, FarNode, HandClock
from unit.concentrator.site import answers, free_udp_port, new_site, start

HOUSEHOLD = "3-2-0501"
ZONES = [{"kind": "entry", "name": "front-door", "number": 0}, {"kind": "hold_up", "name": "bed", "number": 1}]
_TURN_S = 0.02


class Estate:
    """One site, its concentrator as a process, and the journal as it lies on the disk."""

    def __init__(self, folder: Path) -> None:
        self.site = new_site(folder / "site", free_udp_port())
        self.process = start(self.site)
        self.wait_until_up()

    def wait_until_up(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not answers(self.site):
            assert self.process.poll() is None, self.process.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.communicate()

    def restart(self) -> None:
        """And up again."""
        if self.process.poll() is None:
            self.kill()
        self.process = start(self.site)
        self.wait_until_up()

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        return ask(self.site.control_socket, do=do, **request)

    def pair(self, code: str, **changed: Any) -> str:
        """Begin to pair; the attempt's number."""
        asked = {"household": HOUSEHOLD, "zones": json.dumps(ZONES)} | changed
        number: str = self.ask("pair", code=code, **asked)["pairing"]
        return number

    def steps(self, number: str) -> list[str]:
        """What whoever watches has been told so far."""
        return [step["step"] for step in self.told(number)]

    def told(self, number: str) -> list[dict[str, Any]]:
        steps: list[dict[str, Any]] = self.ask("pairing", pairing=number, after=0)["steps"]
        return steps

    def nodes(self) -> list[dict[str, Any]]:
        shown: list[dict[str, Any]] = self.ask("nodes")["nodes"]
        return shown

    def reports(self) -> list[Report]:
        """All that is journalled."""
        import sqlite3

        with sqlite3.connect(f"{self.site.journal.as_uri()}?mode=ro", uri=True) as journal:
            return [Report.model_validate_json(text) for (text,) in journal.execute("SELECT report FROM event")]

    def kinds(self) -> list[str]:
        return [report.kind.value for report in self.reports()]


class AirNode:
    """A node's pairing end with its own UDP socket; `said` and `heard` are the steps that went over it."""

    def __init__(self, estate: Estate, seed: int = 1, **how: Any) -> None:
        self.node = Node(seed, **how)
        self.said: list[int] = []
        self.heard: list[int] = []
        self.deaf: Callable[[int], bool] = lambda _step: False
        """Whether a frame of this step is lost before it arrives here."""
        self._estate = estate
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        address = estate.site.concentrator.udp_address
        assert address
        self._socket.connect(address)
        self.far: FarNode | None = None
        self._before = self.node.identity

    def close(self) -> None:
        self._socket.close()

    def is_now_of(self, estate: Estate) -> None:
        """Another PC answers where it calls."""
        self._estate = estate

    def open(self) -> None:
        """Somebody opens the case and presses."""
        self._before = self.node.identity
        self.node.end.open(self.now)

    @property
    def now(self) -> int:
        return time.monotonic_ns() // 1_000_000

    def turn(self) -> None:
        """Whatever there is to say, hear and work out."""
        end = self.node.end
        while end.work(self.now):
            pass
        while (frame := end.poll(self.now)) is not None:
            self.said.append(pairing.read(frame)[0].step)
            self._send(frame)
        if select.select([self._socket], [], [], _TURN_S)[0]:
            try:
                frame = self._socket.recv(300)
            except ConnectionError:  # nobody is there at the moment
                return
            if pairing.is_pairing(frame):
                step = pairing.read(frame)[0].step
                if not self.deaf(step):
                    self.heard.append(step)
                    end.receive(frame, self.now)

    def talk_until(self, condition: Callable[[], object]) -> None:
        """Take turns until something holds."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            self.turn()
            assert time.monotonic() < deadline

    def talk_until_heard(self, step: Step) -> None:
        """Take turns until the concentrator has said this."""
        self.talk_until(lambda: step in self.heard)

    def pair(self) -> None:
        """Talk until it is paired."""
        self.talk_until(lambda: self.node.identity != self._before and not self.node.end.is_pending)

    def paired(self) -> FarNode:
        """Its end of the link that it was given."""
        identity = self.node.identity
        assert identity is not None
        link = Link(Address(identity.network, identity.node), identity.epoch, identity.up, identity.down)
        clock = HandClock()
        clock.now = clock.now._replace(wall_ms=int(time.time() * 1000))
        return FarNode(link, clock, Route("udp", ""))

    def greet(self) -> None:
        """Say hello under the new keys, until it is acknowledged."""
        self.far = self.paired()
        self.ack_of(self.far, self.far.hello())

    def ack_of(self, far: FarNode, frame: bytes) -> Ack:
        """Say something under link keys until it is acknowledged."""
        for turn in range(int(PATIENCE_S / 0.2)):
            self._send(frame)
            if select.select([self._socket], [], [], 0.2)[0]:
                try:
                    answer = self._socket.recv(300)
                except ConnectionError:
                    continue
                if not pairing.is_pairing(answer) and isinstance(body := far.open(answer).body, Ack):
                    if turn:
                        self._drop_answers(far)
                    return body
        raise AssertionError(self._estate.process.poll())

    def _drop_answers(self, far: FarNode) -> None:
        """What was said more than once is acknowledged as often: take that away, and nothing else."""
        self._estate.ask("status")
        while select.select([self._socket], [], [], 0.3)[0]:
            frame = self._socket.recv(300, socket.MSG_PEEK)
            if pairing.is_pairing(frame) or not isinstance(far.open(frame).body, Ack):
                return
            self._socket.recv(300)

    def command(self) -> Message:
        """The next command under the keys that it said hello with."""
        far = self.far
        assert far is not None
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if select.select([self._socket], [], [], _TURN_S)[0]:
                frame = self._socket.recv(300)
                if not pairing.is_pairing(frame) and isinstance((message := far.open(frame)).body, Command):
                    return message
        raise AssertionError(self._estate.process.poll())

    def is_told_nothing(self) -> bool:
        """Whether nothing comes under link keys, although whoever is asked meanwhile answers."""
        self._estate.ask("status")
        while select.select([self._socket], [], [], 0.5)[0]:
            if not pairing.is_pairing(self._socket.recv(300)):
                return False
        return True

    def is_unheard(self, frame: bytes) -> bool:
        """Whether nobody acknowledges a frame, although whoever is asked behind it answers."""
        self._send(frame)
        self._estate.ask("status")
        return not select.select([self._socket], [], [], 0.3)[0]

    def raw(self, frame: bytes) -> None:
        """Any bytes."""
        self._send(frame)

    def _send(self, frame: bytes) -> None:
        with suppress(ConnectionError):
            self._socket.send(frame)


NewNode = Callable[..., AirNode]


@contextmanager
def estate() -> Iterator[Estate]:
    """A running site; pytest's own folders are too deep for a socket."""
    with tempfile.TemporaryDirectory(prefix="anju-") as folder:
        running = Estate(Path(folder))
        try:
            yield running
        finally:
            running.kill()


@contextmanager
def nodes_of(site: Estate) -> Iterator[NewNode]:
    """Makes nodes, each with a seed of its own."""
    made: list[AirNode] = []

    def node(seed: int = 1, **how: object) -> AirNode:
        made.append(AirNode(site, seed, **how))
        return made[-1]

    yield node
    for one in made:
        one.close()


def paired(site: Estate, node: AirNode, **how: object) -> str:
    """Pair a node and let it say hello; the attempt's number."""
    number = site.pair(node.node.label.qr_text, **how)
    node.open()
    node.pair()
    node.greet()
    return number


def state_of(site: Estate) -> list[tuple[str, str]]:
    """Address and state of each link."""
    return [(node["node"], node["state"]) for node in site.nodes()]
