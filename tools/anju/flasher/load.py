"""What is to be flashed: a bundle that somebody made, or one made now for each kind of board that is met."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from anju.bundle import Bundle, Manifest, build
from anju.bundle.build import SLOT
from anju.bundle.stage import STARTERS
from anju.flasher.node import MANIFEST, Item


@dataclass(frozen=True, slots=True)
class Load:
    """A bundle with its bytes."""

    bundle: Bundle
    items: Sequence[Item]
    """Files of a slot, MANIFEST last; paths below the slot."""
    starters: Sequence[Item]

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read and check a bundle; BundleError says what is wrong with it."""
        bundle = Bundle.open(folder)
        slot = folder / SLOT
        return cls(
            bundle,
            [_item(name, slot / name) for name in (*bundle.manifest.files, MANIFEST)],
            [_item("/" + name, folder / name) for name in STARTERS],
        )

    @property
    def manifest(self) -> Manifest:
        """What it says of itself."""
        return self.bundle.manifest

    @property
    def digest(self) -> str:
        """SHA-256 of MANIFEST: the same, the same bundle."""
        return self.items[-1].digest

    @property
    def size(self) -> int:
        """Bytes of all that goes into a slot."""
        return sum(len(item.content) for item in self.items)


class Loads:
    """The bundle for each kind of board; used by many threads at once, and made once for each kind."""

    def __init__(self, scratch: Path, bundle: Path | None, key: bytes | None) -> None:
        """`bundle` is a folder to take instead of building; `key` the release key with which each must be signed."""
        self._scratch = scratch
        self._key = key
        self._lock = threading.Lock()
        self._made: dict[str, Load] = {}
        self.given = None if bundle is None else self._checked(Load.open(bundle))

    def known(self) -> list[Load]:
        """Those that there are so far."""
        return [self.given] if self.given is not None else list(self._made.values())

    def for_board(self, board: str) -> Load:
        """The bundle that was given, for whatever board it is, or one for `board`; BundleError if it can't be used."""
        if self.given is not None:
            return self.given
        with self._lock:
            if board not in self._made:
                folder = self._scratch / board
                build(board, folder)
                self._made[board] = self._checked(Load.open(folder))
            return self._made[board]

    def _checked(self, load: Load) -> Load:
        if self._key is not None:
            load.bundle.check_signature(self._key)
        return load


def _item(path: str, file: Path) -> Item:
    return Item.of(path, file.read_bytes())
