"""The watchdog is fed while a service makes progress: on READY, again and again, and not by one that hangs."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from anju.service import notify, watchdog
from anju.service.errors import ServiceError
from unit.concentrator.site import free_udp_port, new_site

PATIENCE_S = 60
SEVERAL_S = 2.0
"""Ten times as long as the pause between two feedings, and less than SQLite waits for a lock."""


class Starter:
    """Who has started a service and waits to hear of it."""

    def __init__(self, folder: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.address = folder / "notify"
        self.socket.bind(str(self.address))

    def hears(self, within_s: float = PATIENCE_S) -> dict[str, str] | None:
        """The next word; None: there was none."""
        self.socket.settimeout(within_s)
        try:
            return notify.decode(self.socket.recv(4096))
        except TimeoutError:
            return None

    def forget(self) -> None:
        """What was said so far."""
        while self.hears(0.3) is not None:
            pass


@pytest.fixture
def starter(monkeypatch: pytest.MonkeyPatch) -> Iterator[Starter]:
    """Waits, and is fed every 0.2 s by a service that is well."""
    with tempfile.TemporaryDirectory(prefix="anju-") as folder:
        made = Starter(Path(folder))
        monkeypatch.setenv("NOTIFY_SOCKET", str(made.address))
        monkeypatch.setenv("WATCHDOG_USEC", "400000")
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        yield made
        made.socket.close()


@pytest.mark.parametrize("service", ["concentrator", "dutyroom"])
def test_a_service_feeds_it_until_its_writer_hangs(starter: Starter, service: str) -> None:
    site = new_site(starter.address.parent / "site", free_udp_port())
    file = site.journal if service == "concentrator" else site.dutyroom_db
    command = [sys.executable, "-P", "-m", f"anju.{service}", str(site.folder)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ) as process:
        try:
            assert starter.hears() == notify.READY
            assert [starter.hears() for _ in range(3)] == [watchdog.FED] * 3
            with closing(sqlite3.connect(file, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")  # the writer waits for its turn, as for a disk that does not answer
                starter.forget()
                assert starter.hears(SEVERAL_S) is None
                other.execute("ROLLBACK")
            assert starter.hears() == watchdog.FED
            process.send_signal(signal.SIGSTOP)  # the whole process hangs
            starter.forget()
            assert starter.hears(SEVERAL_S) is None
            process.send_signal(signal.SIGCONT)
            assert starter.hears() == watchdog.FED
        finally:
            process.kill()


async def _feed(alive: watchdog.Alive | None, enough: asyncio.Event) -> None:
    feeding = asyncio.create_task(watchdog.feed(alive))
    await enough.wait()
    feeding.cancel()


def test_a_disk_that_refuses_is_an_answer(starter: Starter) -> None:
    async def run() -> None:
        tries, enough = 0, asyncio.Event()

        async def alive() -> None:
            nonlocal tries
            tries += 1
            if tries == 3:
                enough.set()
            raise ServiceError("The disk is full.", "", "")

        await _feed(alive, enough)

    asyncio.run(run())
    assert starter.hears() == starter.hears() == watchdog.FED


def test_one_that_never_answers_is_not_told_of(starter: Starter) -> None:
    async def run() -> None:
        asked = asyncio.Event()

        async def alive() -> None:
            asked.set()
            await asyncio.Event().wait()

        await _feed(alive, asked)

    asyncio.run(run())
    assert starter.hears(0.1) is None


@pytest.mark.parametrize(("usec", "pid"), [("", ""), ("0", ""), ("soon", ""), ("400000", "1")])
def test_nobody_waits_for_it(monkeypatch: pytest.MonkeyPatch, usec: str, pid: str) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    monkeypatch.setenv("WATCHDOG_PID", pid)
    assert watchdog.interval_s() is None
