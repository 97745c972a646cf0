"""A site on a disk of 4 MB that is full when `anju run` starts: run by `test_full_disk.py` in a mount namespace of its own."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from anju.doctor import tried
from anju.service.settings import Site
from anju.service.site_template import create
from anju.simulator.premises import free_port

SERVICES = ("concentrator", "dutyroom", "page")
PATIENCE_S = 90.0


def eventually(condition: Callable[[], object], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def started(site: Site, log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as out:
        return subprocess.Popen([sys.executable, "-P", "-m", "anju.cli", "run", str(site.folder)], stderr=out)


def is_ready(log: Path) -> bool:
    return any("supervisor" in line and '"ready"' in line for line in log.read_text().splitlines())


def main(disk: Path, log: Path) -> None:
    udp = f"127.0.0.1:{free_port(socket.SOCK_DGRAM)}"
    site = create(disk / "site", estate="Test", building="3", network=1, udp=udp, port=free_port(socket.SOCK_STREAM))
    first = started(site, log)
    eventually(lambda: is_ready(log), log)
    first.send_signal(signal.SIGTERM)
    assert first.wait() == 0, log.read_text()
    films = disk / "films"
    with films.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    second = started(site, log)
    try:
        # Which of them finds no room depends on what the last ones have left of it.
        eventually(lambda: any(_is_refused(log, name) for name in ("concentrator", "dutyroom")), log)
        assert second.poll() is None, log.read_text()
        films.unlink()
        eventually(lambda: is_ready(log), log)
        assert all(tried.pid(site, name) for name in SERVICES)
    finally:
        second.terminate()
        second.wait()


def _is_refused(log: Path, name: str) -> bool:
    """More often than a service that crashes is started."""
    return sum("trying again" in line and f'"{name}"' in line for line in log.read_text().splitlines()) > 5


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
