"""The command line inside this process, and a real concentrator for commands that ask one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import structlog

from anju.cli.entry import run
from anju.service import notify, site_template
from unit.concentrator.site import free_udp_port


class Said(NamedTuple):
    """What a command did: its exit code, and what it wrote."""

    code: int
    out: str
    err: str


Anju = Callable[..., Said]


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """English, no terminal, no site from the outside; what a command sets in the environment is undone."""
    monkeypatch.setenv("ANJU_LANG", "en")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.delenv("ANJU_SITE", raising=False)


@pytest.fixture
def anju(capfd: pytest.CaptureFixture[str]) -> Iterator[Anju]:
    """`anju("status", "--json")` as if it had been typed; how it logs ends with the test."""

    def command(*arguments: object) -> Said:
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        sys.stdout.flush()
        return Said(code, *capfd.readouterr())

    yield command
    structlog.reset_defaults()


@pytest.fixture(scope="module")
def site() -> Iterator[Path]:
    """A site whose concentrator runs; its duty room does not."""
    with tempfile.TemporaryDirectory(prefix="anju-") as folder:  # pytest's own is too deep for a socket
        path = Path(folder) / "site"
        site_template.create(
            path, estate="Test", building="3", network=1, udp=f"127.0.0.1:{free_udp_port()}", port=8380
        )
        yield from running_site(path)


def running_site(path: Path) -> Iterator[Path]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        address = path.parent / "notify"
        listener.bind(str(address))
        listener.settimeout(60)
        environment = {**os.environ, "NOTIFY_SOCKET": str(address), "ANJU_LANG": "en"}
        command = [sys.executable, "-P", "-m", "anju.concentrator", str(path)]
        with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
            assert notify.decode(listener.recv(4096)) == notify.READY
            yield path
            process.terminate()
