"""The duty room dies after the commit of what a panel said and before it acknowledges: said again, it is there once."""

from __future__ import annotations

import datetime as dt
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from anju.dutyroom.store import reports_held
from anju.service import settings, site_template
from anju.service.settings import Site
from anju.uplink.reports import ReportKind
from unit.dutyroom.panels import kit
from unit.dutyroom.panels.kit import KEY, PANIC, answered, message

PATIENCE_S = 60.0
USUAL = ["-m", "anju.dutyroom"]
DIES = """
import os, signal, sys
from anju.dc09 import heard
from anju.dutyroom.app import build
from anju.service.process import run
heard.answer = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
sys.exit(run("dutyroom", build))
"""
"""As it is, but for its end: it is killed where it would begin to write an answer."""


@pytest.fixture
def site(temporary: Path) -> Site:
    """One with a panel that has a key."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    made = site_template.create(temporary / "site", estate="Sunny Garden", building="3", network=1, udp=None, port=8380)
    key = made.folder / "panel.key"
    key.write_bytes(b"text:" + KEY)
    key.chmod(0o600)
    with (made.folder / settings.FILE_NAME).open("a") as file:
        file.write(f'\n[panels]\ntcp = "127.0.0.1:{port}"\n[panels.accounts.{kit.ACCOUNT}]\n')
        file.write('household = "3-2-0501"\nkey_file = "panel.key"\n')
    return settings.load(made.folder)


@contextmanager
def duty_room(site: Site, how: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, *how, str(site.folder)], stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def says(site: Site, raw: bytes) -> bytes:
    """What is answered; nothing, if it hangs up."""
    with connected(site) as line, suppress(ConnectionError):
        line.sendall(raw)
        return line.recv(2048)
    return b""


def connected(site: Site) -> socket.socket:
    """A line, as soon as somebody listens."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return socket.create_connection(site.panels.listens["tcp"], PATIENCE_S)
        except OSError:
            assert time.monotonic() < deadline, "nobody listens"
            time.sleep(0.05)


def test_it_is_there_once(site: Site) -> None:
    def alarm() -> bytes:
        return message(PANIC, 7, key=KEY, at=dt.datetime.now(dt.UTC))

    with duty_room(site, ["-c", DIES]) as process:
        assert says(site, alarm()) == b""
        assert process.wait(PATIENCE_S) == -signal.SIGKILL
    assert [one.kind for _journal, _seq, one in reports_held(site.dutyroom_db)] == [ReportKind.HOLD_UP_ALARM]
    with duty_room(site, USUAL):
        for _ in range(2):
            assert answered(says(site, alarm()), KEY)[:2] == ("ACK", "0007")
        assert answered(says(site, message(PANIC, 8, key=KEY, at=dt.datetime.now(dt.UTC))), KEY).kind == "ACK"
    assert len(list(reports_held(site.dutyroom_db))) == 2
    assert os.stat(site.dutyroom_db).st_mode & 0o077 == 0  # noqa: PTH116  # one look
