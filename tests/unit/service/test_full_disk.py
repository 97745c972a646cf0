"""A disk that is full when the services start gives up no site: they are up as soon as there is room."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent.parent.parent


def test_a_site_on_a_full_disk_is_up_as_soon_as_there_is_room(tmp_path: Path) -> None:
    """`on_full_disk.py` tells the story, in real processes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    namespace = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    story = f"{sys.executable} -m unit.service.on_full_disk {disk} {tmp_path / 'log'}"
    command = [*namespace, "sh", "-c", f"mount -t tmpfs -o size=4M tmpfs {disk} && exec {story}"]
    environment = os.environ | {"PYTHONPATH": str(TESTS), "ANJU_LOG": "json"}
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
