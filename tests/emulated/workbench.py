"""Bundles for boards on the bench: each with something that the one before did not have."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anju.bundle import Manifest

NAME = "qemu_ast1030"


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
