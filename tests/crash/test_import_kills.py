"""kill -9, or a disk that is full, at every point of an import: a whole site is there or none, and the next try makes it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from anju.service.settings import Site
from crash import importing
from unit.concentrator.harness import HandClock
from unit.concentrator.identity_kit import PASSPHRASE, a_life, rows, written
from unit.concentrator.site import free_udp_port, new_site

FILES = ["journal.db", "keyring.db", "root-key.pub", "site.toml"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An export."""
    site: Site = new_site(tmp_path / "site", free_udp_port())
    _node, _said, identity = asyncio.run(a_life(site, HandClock()))
    return written(identity, tmp_path / "out.anju")


def told(file: Path, place: Path, how: str) -> list[dict[str, Any]]:
    """What a process that imports again and again has to say."""
    place.parent.mkdir()
    at_ms = HandClock().now.wall_ms
    command = [sys.executable, importing.__file__, str(file), str(place), str(at_ms), how]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_passphrase_is_the_same_here_and_there() -> None:
    assert importing.PASSPHRASE == PASSPHRASE


def test_kill_9_leaves_a_whole_site_or_none_and_another_import_makes_it(file: Path, tmp_path: Path) -> None:
    place = tmp_path / "in" / "new"
    lines = told(file, place, "kills")
    points = [line["point"] for line in lines if "point" in line]
    ends = [line for line in lines if "status" in line]
    assert [end["status"] for end in ends] == [-9] * len(points) + [0]
    for name, end in zip(points, ends, strict=False):
        assert end["files"] == (FILES if end["there"] else []), name
    assert [line["again"] for line in lines if "again" in line] == [0] * sum(not end["there"] for end in ends)
    assert all((line["whole"], line["beside"]) == (FILES, ["new"]) for line in lines if "whole" in line)
    for kind in ("open site.toml", "open keyring.db", "BEGIN", "COMMIT", "os.rename .new.importing", "open in"):
        assert any(point.startswith(kind) for point in points), points
    assert any(end["there"] for end in ends[:-1]), "none was killed behind the rename"
    assert len(rows(place / "keyring.db", "link")) == len(rows(place / "journal.db", "node")) == 1


def test_a_full_disk_leaves_nothing(file: Path, tmp_path: Path) -> None:
    lines = told(file, tmp_path / "in" / "new", "full")
    tries = [line for line in lines if "status" in line]
    assert [one["most"] for one in tries] == list(importing.LIMITS)
    assert [(one["status"], one["beside"]) for one in tries] == [(1, [])] * len(tries)
    reasons = [line["refused"] for line in lines if "refused" in line]
    assert len(reasons) == len(tries)
    for reason in reasons:
        assert "cannot be made" in reason
        assert "Nothing was imported." in reason
