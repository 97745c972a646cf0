"""The duty room as a process that cannot start: one clear message, status 78, nothing changed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from anju.service import site_template
from anju.service.settings import Site


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    """A port that another program listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener


@pytest.fixture
def site(tmp_path: Path, taken: socket.socket) -> Site:
    """A site whose page would be on the taken port."""
    port: int = taken.getsockname()[1]
    return site_template.create(tmp_path / "site", estate="Sunny Garden", building="3", network=1, udp=None, port=port)


def refused(site: Site, service: str = "dutyroom", status: int = 78) -> str:
    """Start a service; what it says when it gives up."""
    command = [sys.executable, "-m", f"anju.{service}", str(site.folder)]
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env=os.environ | {"ANJU_LANG": "en"}, check=False
    )
    assert ended.returncode == status
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_a_port_in_use(site: Site) -> None:
    """It may be free again: whoever starts the page tries once more, and the core needs no page."""
    said = refused(site, "page", status=75)
    assert f"Port {site.dutyroom.port} on this machine is in use by another program." in said
    assert "choose another number for port under [dutyroom] in site.toml" in said
    assert not site.dutyroom_socket.exists()


def test_a_store_that_is_read_only(site: Site) -> None:
    """The file is mounted read-only, in a mount namespace of its own: rights alone don't keep root from writing."""
    site.dutyroom_db.write_bytes(b"")
    namespace = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    mount = "mount --bind {0} {0} && mount -o remount,bind,ro {0}".format(site.dutyroom_db)  # noqa: UP032
    start = f"{mount} && exec {sys.executable} -m anju.dutyroom {site.folder}"
    said = subprocess.run([*namespace, "sh", "-c", start], capture_output=True, text=True, timeout=60, check=False)
    assert said.returncode == 75  # whoever mounts it anew does not think of starting Anju
    assert "dutyroom.db cannot be opened: Read-only file system" in said.stderr
    assert "may read and write it" in said.stderr


def test_a_store_that_cannot_be_opened(site: Site) -> None:
    site.dutyroom_db.mkdir()
    assert str(site.dutyroom_db) in refused(site)


def test_a_socket_path_that_somebody_listens_on(site: Site, taken: socket.socket) -> None:
    taken.close()
    site.run.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(site.dutyroom_socket))
        other.listen()
        assert "another duty room runs in this folder" in refused(site)
        assert site.dutyroom_socket.exists()
