"""Node code without the imports that it needs no more: of what only its annotations name, and of numbers that stand in the place
of their names by now. Each would cost a node the names in it, and the look for them at every start.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping


def unused(texts: Mapping[str, str]) -> dict[str, str]:
    """The same modules, line by line, without what they import from others and neither use nor hand on.

    What a board imports may be meant wherever an attribute is asked for; of the others only what somebody imports from them.
    """
    try:
        trees = {module: ast.parse(text) for module, text in texts.items()}
    except SyntaxError:
        return dict(texts)  # the compiler will say more
    attributes = {node.attr for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    handed_on = {imported for tree in trees.values() for imported in _imported(tree)}
    made = {}
    for module, tree in trees.items():
        needed = {name for other, name in handed_on if other == module} | set(_used(tree))
        if not module.startswith("anju/"):
            needed |= attributes
        made[module] = _without(texts[module], tree, needed)
    return made


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """File and name of all that a module takes from others, by import or as an attribute of what it has imported."""
    files = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield f"{node.module.replace('.', '/')}.py", alias.name
                files[alias.asname or alias.name] = f"{node.module}.{alias.name}".replace(".", "/") + ".py"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in files:
            yield files[node.value.id], node.attr


def _used(node: ast.AST) -> Iterator[str]:
    """Names that a module uses, annotations aside."""
    if isinstance(node, ast.Name):
        yield node.id
    for field, part in ast.iter_fields(node):
        if field not in {"annotation", "returns"}:
            for inner in part if isinstance(part, list) else [part]:
                if isinstance(inner, ast.AST):
                    yield from _used(inner)


def _without(text: str, tree: ast.Module, needed: set[str]) -> str:
    lines = text.splitlines()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            kept = [alias for alias in node.names if {alias.asname or alias.name, alias.name} & {*needed, "*"}]
            if len(kept) < len(node.names):
                end = node.end_lineno or node.lineno
                line = ast.unparse(ast.ImportFrom(node.module, kept, 0)) if kept else ""
                lines[node.lineno - 1 : end] = [line, *[""] * (end - node.lineno)]
    return "\n".join(lines) + "\n"
