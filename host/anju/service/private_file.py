"""A file that is whole or not there at all, and that nobody else may read from its first moment."""

from __future__ import annotations

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """See that the names of a folder's files are on the disk; OSError if they are not."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def create(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a new file, to the disk; FileExistsError if there is one already, OSError if it could not be written."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)  # half a file would keep the next try from making a whole one
        raise


def replace(path: Path, content: bytes) -> None:
    """Write a file in the place of one that may be there, to the disk; OSError if it could not be: what was there still is."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)  # left by a process that was killed
    create(fresh, content)
    fresh.replace(path)
    sync_folder(path.absolute().parent)
