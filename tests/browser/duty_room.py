"""A real duty room, core and page as processes, and the concentrator's end of its socket."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from anju.service import site_template
from anju.uplink.canonical import canonical
from anju.uplink.commands import CommandPage, EstateCommand
from anju.uplink.reports import Outcome, OutcomeKind, Report, ReportKind
from unit.dutyroom.reports import JOURNAL, batch, report

PATIENCE_S = 30.0
"""How long a condition may take on a busy machine before a test gives it up."""


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


class DutyRoom:
    """One site with a duty room that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.site = site_template.create(
            folder / "site", estate="Sunny Garden", building="3", network=1, udp=None, port=self.port
        )
        self.url = f"http://127.0.0.1:{self.port}/"
        self._log = folder / "dutyroom.log"
        self._page_log = folder / "page.log"
        self._processes: list[subprocess.Popen[bytes]] = []
        self._after = 0
        self._concentrator = httpx.Client(
            transport=httpx.HTTPTransport(uds=str(self.site.dutyroom_socket)),
            base_url="http://duty-room",
            timeout=PATIENCE_S,
        )

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._start("dutyroom", self._log)
        self._start("page", self._page_log)
        eventually(lambda: self._is_ready(self._log) and self._is_ready(self._page_log))

    def kill(self) -> None:
        """End it without a warning."""
        self._end(signal.SIGKILL)

    def close(self) -> None:
        """End it in order, and the connection to it; nothing may have crashed meanwhile."""
        self._end(signal.SIGTERM)
        self._concentrator.close()
        assert "level=error" not in self._log.read_text() + self._page_log.read_text()

    def receive(self, *reports: Report) -> None:
        """Let a concentrator report."""
        answer = self._concentrator.post("/uplink/v1/batches", content=canonical(batch(*reports)))
        assert answer.status_code == 200, answer.text

    def commands(self, wait_s: float = 0) -> tuple[EstateCommand, ...]:
        """The commands that a concentrator has not fetched yet."""
        query = {"journal_id": JOURNAL, "after": str(self._after), "wait_s": str(wait_s)}
        page = CommandPage.model_validate_json(self._concentrator.get("/uplink/v1/commands", params=query).content)
        self._after = max([self._after, *(command.number for command in page.commands)])
        return page.commands

    def carry_out(self, seq: int, outcome: OutcomeKind) -> EstateCommand:
        """Fetch one command and report what became of it."""
        (command,) = self.commands(wait_s=20)
        ended = Outcome(command_id=command.number, outcome=outcome)
        self.receive(report(seq, ReportKind.COMMAND_OUTCOME, outcome=ended, recorded_at_ms=now_ms()))
        return command

    def _start(self, name: str, path: Path) -> None:
        command = [sys.executable, "-m", f"anju.{name}", str(self.site.folder)]
        with path.open("wb") as log:
            started = subprocess.Popen(command, stderr=log, env=os.environ | {"ANJU_LANG": "en"})
        self._processes.append(started)

    def _is_ready(self, path: Path) -> bool:
        log = path.read_text()
        assert all(process.poll() is None for process in self._processes), log
        return "event=ready" in log

    def _end(self, number: signal.Signals) -> None:
        """The page first, which would else say that it misses the core."""
        while self._processes:
            process = self._processes.pop()
            process.send_signal(number)
            process.wait(PATIENCE_S)


def now_ms() -> int:
    """The time at which a concentrator records."""
    return time.time_ns() // 1_000_000
