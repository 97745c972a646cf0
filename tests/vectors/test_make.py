"""The script that makes the vectors, held against what is committed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from vectors.golden import FOLDER, ROOT


def test_the_script_reproduces_every_committed_file(tmp_path: Path) -> None:
    made = tmp_path / "v1"
    subprocess.run([sys.executable, ROOT / "protocol" / "vectors" / "make.py", made], check=True, timeout=60)
    committed = {file.name: file.read_bytes() for file in FOLDER.iterdir()}
    assert {file.name: file.read_bytes() for file in made.iterdir()} == committed


def test_each_file_is_small_enough_for_a_node_to_read() -> None:
    assert max(file.stat().st_size for file in FOLDER.iterdir()) < 16_384
