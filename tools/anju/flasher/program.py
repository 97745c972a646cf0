"""Programs for boards, made of functions of `onboard`: only those that are needed, without what only people read."""

from __future__ import annotations

import ast
import inspect
import re
from functools import cache

from anju.flasher import onboard

_INDENT = re.compile(r"(?m)^((?:    )+)")


def call(name: str, *arguments: object, known: set[str]) -> str:
    """The text of a program that calls `onboard.name(*arguments)`; `known`, the parts that the board has, grows by the rest."""
    needed = _needed(name)
    sent = [part for part in _PARTS if part in needed and part not in known]
    known.update(sent)
    told = ",".join(repr(argument) for argument in arguments)
    return "\n".join([*(_PARTS[part] for part in sent), f"{name}({told})"])


@cache
def _needed(name: str) -> frozenset[str]:
    """Everything of the module that a part of it names, and what these name."""
    found, waiting = set[str](), [name]
    while waiting:
        part = waiting.pop()
        if part in found:
            continue
        found.add(part)
        waiting += [other for other in _PARTS if re.search(rf"\b{other}\b", _PARTS[part])]
    return frozenset(found)


def _parts() -> dict[str, str]:
    """Name → bare code: functions, constants and imports, in their order."""
    found: dict[str, str] = {}
    for node in ast.parse(inspect.getsource(onboard)).body:
        if isinstance(node, ast.FunctionDef):
            node.body, node.returns = node.body[1:], None  # the docstring
            for argument in (*node.args.args, *filter(None, [node.args.vararg])):
                argument.annotation = None
            found[node.name] = _bare(node)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = _bare(node)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found[node.names[0].name] = _bare(node)
    return found


def _bare(node: ast.stmt) -> str:
    return _INDENT.sub(lambda found: " " * (len(found[1]) // 4), ast.unparse(node))


_PARTS = _parts()
"""Made at import, before there are threads: CPython 3.11's parser fails in one while another uses it."""
