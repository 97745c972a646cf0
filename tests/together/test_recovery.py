"""Whatever befalls a site, whoever does what `anju doctor` says has it running again, and nothing acknowledged is missing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent


@pytest.mark.timeout(900)
def test_unplugged_full_damaged_and_killed_it_is_brought_back_by_following_the_doctor() -> None:
    """`recovery.py` tells the story. Its disk is mounted in a namespace of its own, as root or as a user who is root there."""
    with tempfile.TemporaryDirectory(prefix="anju-") as disk:
        namespace = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
        command = [*namespace, sys.executable, "-m", "together.recovery", disk]
        environment = os.environ | {"PYTHONPATH": str(TESTS)}
        told = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert told.returncode == 0, told.stdout + told.stderr
