"""The number of a bundle is the time of its source's last change: equal for equal source, higher for later."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from anju.bundle.number import last_change

COMMITTED, EARLIER, LATER = 1_700_000_000, 1_600_000_000, 1_800_000_000


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    times = {"GIT_COMMITTER_DATE": f"{COMMITTED} +0000", "GIT_AUTHOR_DATE": f"{COMMITTED} +0000"}
    subprocess.run(["git", "-C", folder, *who, *arguments], check=True, capture_output=True, env=os.environ | times)


def write(path: Path, text: str, time_s: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (time_s, time_s))


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    """A folder and a file that belong to a bundle, beside a file that does not."""
    write(tmp_path / "firmware/anju/a.py", "1", EARLIER)
    write(tmp_path / "table.py", "2", EARLIER - 1)
    write(tmp_path / "letter.txt", "3", LATER)
    return [tmp_path / "firmware", tmp_path / "table.py"]


@pytest.fixture
def committed(tmp_path: Path, parts: list[Path]) -> list[Path]:
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "all")
    return parts


def test_without_git_it_is_the_newest_file(parts: list[Path]) -> None:
    assert last_change(parts) == EARLIER


def test_as_committed_it_is_the_time_of_the_commit(committed: list[Path]) -> None:
    assert last_change(committed) == COMMITTED
    os.utime(committed[1], (LATER, LATER))  # a fresh checkout has such times
    assert last_change(committed) == COMMITTED


def test_a_change_since_makes_it_later(committed: list[Path]) -> None:
    write(committed[0] / "anju/a.py", "changed", LATER)
    assert last_change(committed) == LATER


def test_a_new_file_makes_it_later(committed: list[Path]) -> None:
    write(committed[0] / "anju/b.py", "new", LATER)
    assert last_change(committed) == LATER


def test_a_change_never_makes_it_earlier_than_the_commit(committed: list[Path]) -> None:
    write(committed[0] / "anju/a.py", "changed", EARLIER)
    assert last_change(committed) == COMMITTED


def test_a_change_elsewhere_is_none(tmp_path: Path, committed: list[Path]) -> None:
    write(tmp_path / "letter.txt", "changed", LATER)
    assert last_change(committed) == COMMITTED


def test_a_foreign_repository_around_it_is_not_asked(tmp_path: Path, committed: list[Path]) -> None:
    write(tmp_path / "site-packages/firmware/a.py", "installed", EARLIER)
    assert last_change([tmp_path / "site-packages/firmware"]) == EARLIER


def test_without_a_git_command_it_is_the_newest_file(committed: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert last_change(committed) == EARLIER


def test_a_hooks_idea_of_the_repository_is_not_taken(committed: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert last_change(committed) == COMMITTED


def test_a_wheel_brings_the_number_of_its_source(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("anju-*.whl")
    with zipfile.ZipFile(wheel) as packed:
        number = int(packed.read("anju/bundle/source/number"))
        assert "anju/bundle/source/firmware/main.py" in packed.namelist()
    parts = [root / part for part in ("firmware", "boards", "protocol/anju/wire/table.py")]
    assert number == last_change(parts)
