"""`python -m anju.concentrator SITE` as a process: it starts and ends cleanly, or says in one message why it cannot."""

import asyncio
import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from anju.concentrator.app import build
from anju.concentrator.control import ask
from anju.concentrator.core.places import Address, Route
from anju.concentrator.enrolment import enrol
from anju.concentrator.keyring import Link
from anju.service.settings import Site, load
from anju.uplink.reports import ZoneKind
from anju.wire.messages import Ack
from anju.wire.table import Verdict
from unit.concentrator.harness import PATIENCE_S, FarNode, HandClock
from unit.concentrator.site import answers, free_udp_port, new_site, start

EX_CONFIG = 78
REASONS = {
    "port in use": "cannot listen for nodes on UDP 127.0.0.1 port",
    "journal in the way": "journal.db cannot be opened: Is a directory",
    "keyring in the way": "keyring.db cannot be opened: Is a directory",
    "socket in the way": "cannot listen on",
    "no link": "has no link: site.toml names neither `udp` nor `serial`",
    "run folder in the way": "run cannot be used: File exists",
    "second instance": "The concentrator of this site is running already, as process",
}
GOES_ON = "It goes on; nothing else was started."


def wait_until_up(site: Site, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not answers(site):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(scope="module", autouse=True)
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, subprocess.Popen[str]]]:
    """Processes that cannot start, each for its reason. They begin before all other tests of this file and are looked at
    after them, because a second instance waits some seconds for the first to end."""
    sites = {name: new_site(tmp_path_factory.mktemp("site") / "s", free_udp_port()) for name in REASONS}
    sites["no link"] = new_site(tmp_path_factory.mktemp("site") / "s")
    sites["journal in the way"].journal.mkdir()
    sites["keyring in the way"].keyring.mkdir()
    sites["socket in the way"].control_socket.mkdir()
    sites["run folder in the way"].run.rmdir()
    sites["run folder in the way"].run.write_text("")
    first = start(sites["second instance"])
    wait_until_up(sites["second instance"], first)
    taken = sites["port in use"].concentrator.udp_address
    assert taken
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(taken)
        processes = {name: start(site) for name, site in sites.items()}
        yield processes
        assert first.poll() is None  # the first instance goes on, whoever came second
    for process in [first, *processes.values()]:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


class Running:
    """A concentrator process with one enrolled node that speaks over UDP."""

    def __init__(self, folder: Path) -> None:
        self.site = new_site(folder / "site", free_udp_port())
        file = enrol(self.site, "3-2-0501", [("bedside", ZoneKind.HOLD_UP)], folder / "store").file
        keys = json.loads(file.read_text())
        link = Link(Address(keys["network"], keys["node"]), 1, bytes.fromhex(keys["up"]), bytes.fromhex(keys["down"]))
        clock = HandClock()
        clock.now = clock.now._replace(wall_ms=int(time.time() * 1000))
        self.node = FarNode(link, clock, Route("udp", ""))
        self.start()

    def start(self) -> None:
        self.process = start(self.site)
        wait_until_up(self.site, self.process)

    def press(self) -> Ack:
        """The ack of a new press, which is sent again until it comes."""
        frame = self.node.press()
        address = self.site.concentrator.udp_address
        assert address
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as air:
            air.settimeout(0.2)
            air.connect(address)
            for _ in range(int(PATIENCE_S / 0.2)):
                air.send(frame)
                try:
                    body = self.node.open(air.recv(300)).body
                except TimeoutError:
                    continue
                assert isinstance(body, Ack)
                return body
        raise AssertionError(self.process.poll())

    def end(self, number: signal.Signals) -> tuple[int, str]:
        self.process.send_signal(number)
        _, err = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, err


@pytest.fixture
def concentrator(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path)
    yield running
    running.process.kill()
    running.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_told_to_with_clients_connected(concentrator: Running, number: signal.Signals) -> None:
    assert concentrator.press().verdict == Verdict.ACCEPTED
    with socket.socket(socket.AF_UNIX) as idle:
        idle.connect(str(concentrator.site.control_socket))
        idle.sendall(b'{"do": "status"}\n')
        assert b'"ok": true' in idle.recv(65536)
        status, log = concentrator.end(number)
    assert status == 0
    assert "Traceback" not in log
    assert "event=ready" in log
    assert "event=stopped" in log
    assert not concentrator.site.control_socket.exists()


def test_what_it_acknowledged_it_knows_after_a_kill(concentrator: Running) -> None:
    for presses in range(1, 4):
        assert concentrator.press().verdict == Verdict.ACCEPTED
        status, _ = concentrator.end(signal.SIGKILL)
        assert status == -signal.SIGKILL
        concentrator.start()
        told = ask(concentrator.site.control_socket, do="status")
        assert told["events"] == told["rows"] == told["outbox"] == presses
        (node,) = told["nodes"]
        assert node["household"] == "3-2-0501"


def test_its_log_holds_no_key(concentrator: Running) -> None:
    concentrator.press()
    _, log = concentrator.end(signal.SIGTERM)
    enrolment = json.loads((concentrator.site.folder.parent / "store" / "enrolment.json").read_text())
    for way in ("up", "down"):
        assert enrolment[way] not in log


def test_what_it_counts_is_told(concentrator: Running) -> None:
    concentrator.press()
    address = concentrator.site.concentrator.udp_address
    assert address
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for datagram in (b"", b"\xa1" + bytes(43), bytes(44)):
            stranger.sendto(datagram, address)
    deadline = time.monotonic() + PATIENCE_S
    frames: dict[str, Any] = {"refused": {}}
    while sum(frames["refused"].values()) < 3 and time.monotonic() < deadline:
        frames = ask(concentrator.site.control_socket, do="status")["frames"]
    assert frames["accepted"] == 1
    assert frames["refused"] == {"length": 1, "direction": 1, "header": 1}


@pytest.mark.anyio
async def test_faults_of_its_lines_are_told(tmp_path: Path) -> None:
    noise = asyncio.Event()

    async def noisy(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(bytes((9, 9, 0)))
        await noise.wait()
        writer.close()

    server = await asyncio.start_server(noisy, "127.0.0.1", 0)
    url = f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    new_site(tmp_path / "site", serial=url)
    site = load(tmp_path / "site")
    async with build(site):
        told: dict[str, Any] = {}
        while not told.get(f"serial:{url}"):
            told = (await asyncio.to_thread(ask, site.control_socket, do="status"))["lines"]
    noise.set()
    server.close()
    assert told == {f"serial:{url}": {"cobs": 1}}


@pytest.mark.parametrize("reason", REASONS)
def test_why_it_cannot_start_is_one_clear_message(failing: dict[str, subprocess.Popen[str]], reason: str) -> None:
    out, err = failing[reason].communicate(timeout=PATIENCE_S)
    assert failing[reason].returncode == EX_CONFIG, err
    assert out == ""
    happened, unchanged, next_step = err.splitlines()
    assert REASONS[reason] in happened
    assert unchanged in {"Nothing was started.", "Nothing was started or changed.", "Nothing was written.", GOES_ON}
    assert next_step
