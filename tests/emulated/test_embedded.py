"""Runs `embedded/` with pytest-embedded, in a pytest of its own: here the plugin would cost every test of the house 50 ms."""

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).with_name("embedded")


def test_boards_as_pytest_embedded_sees_them(tmp_path_factory: pytest.TempPathFactory) -> None:
    # Short: sockets live below it, and their paths have 107 bytes at most.
    folder = tmp_path_factory.mktemp("own")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-c",
            str(FOLDER / "pytest.ini"),
            f"--basetemp={folder}",
            str(FOLDER),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
