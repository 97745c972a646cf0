"""Which modules of a staged tree a board needs: those that are imported, starting from a few."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path


def reached(tree: Path, starts: Iterable[Path]) -> set[Path]:
    """`starts` and all modules of `tree` that they import, directly or not; paths below it.

    An import counts wherever it stands: a module that is loaded late, inside a function, is needed, too.
    """
    found: set[Path] = set()
    waiting = list(starts)
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += [name for name in _imports((tree / module).read_text("utf-8")) if (tree / name).is_file()]
    return found


def _imports(text: str) -> Iterator[Path]:
    """Files that the imports of a module could mean."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return  # whoever compiles it will say more
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            yield Path(*name.split(".")).with_suffix(".py")
