"""The page dies while an alarm is unseen: the sounder goes on, and a new page shows everything."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from anju.service import site_template
from anju.uplink.canonical import canonical
from anju.uplink.reports import Report
from unit.concentrator.site import free_udp_port
from unit.dutyroom.reports import HOUSEHOLD, NEIGHBOUR, batch, press

PATIENCE_S = 60.0
KEY = "0123456789abcdef"


def eventually(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


class Running:
    """`anju run` of one site with a sounder that notes its processes."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        self._pids, self._log = folder / "sounder.pids", folder / "log"
        udp = f"127.0.0.1:{free_udp_port()}"
        self.site = site_template.create(
            folder / "site", estate="Sunny Garden", building="3", network=1, udp=udp, port=port
        )
        program = f"import os, time; open({str(self._pids)!r}, 'a').write(f'{{os.getpid()}} '); time.sleep(1000)"
        settings = self.site.folder / "site.toml"
        command = ", ".join(f'"""{word}"""' for word in (sys.executable, "-S", "-c", program))
        settings.write_text(settings.read_text() + f"sounder = [{command}]\n")
        self.url = f"http://127.0.0.1:{port}"
        with self._log.open("wb") as log:
            arguments = [sys.executable, "-P", "-m", "anju.cli", "run", str(self.site.folder)]
            self.process = subprocess.Popen(arguments, stdout=log, stderr=log, env=os.environ | {"ANJU_LANG": "en"})
        eventually(lambda: "service=supervisor event=ready" in self._log.read_text())

    def receive(self, *reports: Report) -> None:
        """Let a concentrator report."""
        transport = httpx.HTTPTransport(uds=str(self.site.dutyroom_socket))
        with httpx.Client(transport=transport, base_url="http://duty-room", timeout=PATIENCE_S) as client:
            assert client.post("/uplink/v1/batches", content=canonical(batch(*reports))).status_code == 200

    def pid(self, name: str) -> int:
        """The process of a service."""
        return int((self.site.run / f"{name}.pid").read_text())

    def sounding(self) -> list[int]:
        """The sounder's living processes."""
        found = map(int, self._pids.read_text().split()) if self._pids.exists() else ()
        return [pid for pid in found if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]

    def page(self) -> str:
        """What a browser is shown; empty while there is none."""
        try:
            return httpx.get(self.url, headers={"accept-language": "en"}, timeout=PATIENCE_S).text
        except httpx.TransportError:
            return ""

    def acknowledge(self, *incidents: int) -> None:
        """A guard sits down and acknowledges."""
        own = {"origin": self.url, "sec-fetch-site": "same-origin"}
        with httpx.Client(base_url=self.url, headers=own, timeout=PATIENCE_S) as client:
            assert client.post("/duty", json={"person": "Wang Qiang"}).status_code == 200
            for incident in incidents:
                answer = client.post(f"/incidents/{incident}/acknowledge", json={"key": f"{KEY}-{incident}"})
                assert answer.status_code == 200, answer.text

    def close(self) -> None:
        """End it in order."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE_S) == 0
        assert not self.sounding()


@pytest.fixture
def running(temporary: Path) -> Iterator[Running]:
    made = Running(temporary)
    yield made
    made.close()


def test_the_sounder_goes_on_and_a_new_page_shows_everything(running: Running) -> None:
    running.receive(press(1))
    eventually(running.sounding)
    (sounder,), core, page = running.sounding(), running.pid("dutyroom"), running.pid("page")
    os.kill(page, signal.SIGKILL)
    running.receive(press(2, NEIGHBOUR))
    eventually(lambda: HOUSEHOLD in running.page() and NEIGHBOUR in running.page())
    assert running.pid("page") != page
    assert running.pid("dutyroom") == core
    assert running.sounding() == [sounder]
    running.acknowledge(1)
    assert running.sounding() == [sounder]
    running.acknowledge(2)
    eventually(lambda: not running.sounding())


def test_a_core_that_dies_sounds_again_and_the_page_stays(running: Running) -> None:
    running.receive(press(1))
    eventually(running.sounding)
    (sounder,), core, page = running.sounding(), running.pid("dutyroom"), running.pid("page")
    os.kill(core, signal.SIGKILL)
    eventually(lambda: running.sounding() not in ([], [sounder]))
    assert running.pid("page") == page
    assert HOUSEHOLD in running.page()
    running.acknowledge(1)
    eventually(lambda: not running.sounding())


def test_a_page_whose_port_was_taken_takes_nobody_with_it(running: Running) -> None:
    running.receive(press(1))
    eventually(running.sounding)
    core, page = psutil.Process(running.pid("dutyroom")), running.pid("page")
    port = running.site.dutyroom.port
    os.kill(page, signal.SIGSTOP)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        os.kill(page, signal.SIGKILL)
        eventually(lambda: _is_bound(taken, port))
        eventually(lambda: 'event="cannot run; trying again"' in running._log.read_text())
        assert core.is_running()
        assert running.sounding()
    eventually(lambda: HOUSEHOLD in running.page())


def _is_bound(listener: socket.socket, port: int) -> bool:
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except OSError:
        return False
    return True
