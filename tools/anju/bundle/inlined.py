"""Node code with the numbers of other modules in the place of their names, and with its own as constants of the compiler.

A number that has a name costs a node a place in a dictionary, the name, and a look for it at each use. The compiler drops what
it knows to be constant, and private to one module: `_NAME = const(1)`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

Place = tuple[int, int, int]
"""Line, and the bytes in it from which and up to which."""


def inlined(texts: Mapping[str, str]) -> dict[str, str]:
    """The same modules, line by line. A number is what a module's top level gives to a name in capitals, once, as a literal."""
    try:
        trees = {module: ast.parse(text) for module, text in texts.items()}
    except SyntaxError:
        return dict(texts)  # the compiler will say more
    numbers = {module: dict(_numbers(tree)) for module, tree in trees.items()}
    wanted: set[tuple[str, str]] = set()
    changes: dict[str, dict[Place, str]] = {}
    for module, tree in trees.items():
        changes[module], imported = _of_others(tree, numbers)
        wanted |= imported
    for module, tree in trees.items():
        own = {name: value for name, value in numbers[module].items() if not {(module, name), ("", name)} & wanted}
        changes[module] |= _as_constants(tree, own)
    return {module: _changed(text, changes[module]) for module, text in texts.items()}


def _numbers(tree: ast.Module) -> Iterator[tuple[str, int]]:
    stored = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id="const"), args=[value])):
                pass
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                pass
            case _:
                continue
        is_one = isinstance(value, ast.Constant) and type(value.value) is int and value.lineno == value.end_lineno
        if is_one and name.isupper() and not name.startswith("_") and stored.count(name) == 1:
            yield name, ast.literal_eval(value)


def _of_others(
    tree: ast.Module, numbers: Mapping[str, Mapping[str, int]]
) -> tuple[dict[Place, str], set[tuple[str, str]]]:
    """Values in the place of `module.NAME`, and of `NAME` that was imported by it; and (module, name) of what is wanted by its
    name, of "" if of which is not clear."""
    modules: dict[str, str] = {}
    given: dict[str, int] = {}
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                file = f"{node.module}.{alias.name}".replace(".", "/") + ".py"
                home = node.module.replace(".", "/") + ".py"
                if file in numbers:
                    modules[alias.asname or alias.name] = file
                elif node in tree.body and alias.name in numbers.get(home, {}) and not alias.asname:
                    given[alias.name] = numbers[home][alias.name]
                else:
                    imported.add((home, alias.name))
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in given:
            found[node.lineno, node.col_offset, node.end_col_offset or 0] = str(given[node.id])
        elif isinstance(node, ast.Attribute):
            module = modules.get(node.value.id, "") if isinstance(node.value, ast.Name) else ""
            value = numbers.get(module, {}).get(node.attr)
            if value is not None and node.lineno == node.end_lineno:
                found[node.lineno, node.col_offset, node.end_col_offset or 0] = str(value)
            else:
                imported.add((module, node.attr))
    return found, imported


def _as_constants(tree: ast.Module, own: Mapping[str, int]) -> dict[Place, str]:
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in own:
            found[node.lineno, node.col_offset, node.end_col_offset or 0] = f"_{node.id}"
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant() as value) if name in own:
                found[value.lineno, value.col_offset, value.end_col_offset or 0] = f"const({own[name]})"
    return found


def _changed(text: str, changes: Mapping[Place, str]) -> str:
    lines = text.splitlines()
    for (line, start, end), value in sorted(changes.items(), reverse=True):
        encoded = lines[line - 1].encode()  # columns are counted in bytes
        lines[line - 1] = (encoded[:start] + value.encode() + encoded[end:]).decode()
    return "\n".join(lines) + "\n"
