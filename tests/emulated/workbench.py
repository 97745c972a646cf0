"""Boards on cables, and bundles for them: what a technician has on the bench."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anju.bundle import Manifest
from anju.emulator.board import Board, Pace
from anju.emulator.cable import Cable
from anju.emulator.image import BLANK

NAME = "qemu_ast1030"


@asynccontextmanager
async def boards(image: Path, folder: Path, count: int) -> AsyncIterator[tuple[list[Board], list[Cable]]]:
    """So many new boards, switched on, each with a cable."""
    async with AsyncExitStack() as stack:
        made, cables = [], []
        for number in range(count):
            place = folder / f"board{number}"
            place.mkdir()
            (place / "flash.bin").write_bytes(BLANK)
            board = Board(image, place, pace=Pace.REAL, unique_id=0x1000 + number)
            stack.push_async_callback(board.stop)
            cables.append(await stack.enter_async_context(Cable(board)))
            await board.start()
            made.append(board)
        yield made, cables


def remade(
    bundle: Path,
    target: Path,
    number: int,
    key: Ed25519PrivateKey | None,
    change: Callable[[str, bytes], bytes] = lambda _name, content: content,
    **told: object,
) -> Path:
    """Another bundle: with a number of its own, and each file as `change(name, content)` has it; `told` replaces in MANIFEST."""
    old, _signature = Manifest.parse((bundle / "slot/MANIFEST").read_bytes(), bundle)
    files = {}
    for name in old.files:
        content = change(name, (bundle / "slot" / name).read_bytes())
        place = target / "slot" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        files[name] = hashlib.sha256(content).hexdigest()
    for starter in ("boot.py", "main.py"):
        (target / starter).write_bytes((bundle / starter).read_bytes())
    made = old.model_copy(update={"files": files, "number": number, **told})
    (target / "slot/MANIFEST").write_bytes(made.content(key))
    return target


def renamed(name: str, content: bytes) -> bytes:
    """The same program with other bytes: tracebacks say Anju.node.…; the first name in bytecode is the module's own."""
    return content.replace(b"anju.", b"Anju.", 1) if name.startswith("anju/") else content
