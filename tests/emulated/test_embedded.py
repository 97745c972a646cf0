"""Runs `embedded/` with pytest-embedded, in a pytest of its own: here the plugin would cost every test of the house 50 ms."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).with_name("embedded")


def test_boards_as_pytest_embedded_sees_them(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-c",
            str(FOLDER / "pytest.ini"),
            f"--basetemp={tmp_path / 'own'}",
            str(FOLDER),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
