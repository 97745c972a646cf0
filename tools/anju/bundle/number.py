"""When the source of a bundle was last changed: the number by which nodes tell a later bundle from an earlier one.

Imports nothing of ours, because the wheel's build runs it, too.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path


def last_change(parts: Sequence[Path]) -> int:
    """Unix time in seconds of the last change to these files and folders, for as long as they stay as they are.

    As git has committed them: the time of the last commit, so that everybody who builds it gets the same number. With changes
    since, or without git: the modification time of the newest file, if that is later.
    """
    committed = _commit_time(parts)
    if committed and not _git(parts, "status", "--porcelain", "--untracked-files=all", "--", *map(str, parts)):
        return committed
    return max(committed, *(int(file.stat().st_mtime) for file in _files(parts)))


def _commit_time(parts: Sequence[Path]) -> int:
    """Of the last commit; 0 if these are not files of a git repository."""
    if _git(parts, "ls-files", "--error-unmatch", "--", *map(str, parts)) is None:
        return 0
    return int(_git(parts, "log", "-1", "--format=%ct") or 0)


def _git(parts: Sequence[Path], *arguments: str) -> str | None:
    """What git says; None if it fails or is not there."""
    folder = parts[0] if parts[0].is_dir() else parts[0].parent
    # A hook's own idea of where the repository is would lead astray.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", str(folder), *arguments]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return told.stdout.strip() if told.returncode == 0 else None


def _files(parts: Sequence[Path]) -> Iterable[Path]:
    for part in parts:
        yield from part.rglob("*.py") if part.is_dir() else [part]
