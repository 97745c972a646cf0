"""Whole sites for tests: a folder as `anju init` makes it, a free port, the concentrator as a process."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

from anju.concentrator.control import NotRunningError, ask
from anju.service import site_template
from anju.service.settings import Site
from anju.simulator.premises import free_port

BUILDING = "3"


def free_udp_port() -> int:
    """A port that nobody uses at this moment, nor takes by chance while a service is dead."""
    return free_port(socket.SOCK_DGRAM)


def new_site(folder: Path, udp_port: int | None = None, serial: str | None = None) -> Site:
    """A site's folder with its settings; the run folder is there, as the service's process makes it."""
    udp = f"127.0.0.1:{udp_port}" if udp_port else None
    site = site_template.create(folder, estate="Test", building=BUILDING, network=1, udp=udp, port=8380)
    if serial:
        settings = folder / "site.toml"
        settings.write_text(settings.read_text().replace('# serial = ["/dev/ttyUSB0"]', f'serial = ["{serial}"]'))
    site.run.mkdir(mode=0o700)
    return site


def start(site: Site) -> subprocess.Popen[str]:
    """`python -m anju.concentrator SITE`; its log and its last words are on stderr."""
    command = [sys.executable, "-m", "anju.concentrator", str(site.folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def answers(site: Site) -> bool:
    """Whether a concentrator of the site is up."""
    try:
        ask(site.control_socket, do="status")
    except NotRunningError:
        return False
    return True
