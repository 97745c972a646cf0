"""Node code whose private names cost little: MicroPython keeps every name in RAM, and a bundle carries each once a module.

Functions keep theirs, because tracebacks tell them. What only one module knows, or those together that extend one another's
classes, gets a name that every MicroPython has in its own flash; but not one that any of them uses, because both would be
attributes of one object. So do parameters that nobody names in a call, by their place.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import count, islice

Place = tuple[str, int, int]
"""A name, its line, and the byte in that at which it begins."""
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


_HAD_ANYWAY = """
    sep end key step stop join sort copy find keys count items lower upper strip split index clear rfind insert extend values
    little rsplit rstrip lstrip rindex popitem reverse replace isalpha isdigit islower isspace isupper readline readinto endswith
    bytecode partition startswith setdefault
"""
"""Of MicroPython's own list (py/makeqstrdata.py), without what means something to Python wherever it stands."""


def shortened(texts: Mapping[str, str]) -> dict[str, str]:
    """The same program, line by line, under other names where nobody sees them.

    `texts` are all modules that ever meet, those that are only read for the names in them, too.
    """
    trees = {}
    for module, text in texts.items():
        try:
            trees[module] = ast.parse(text)
        except SyntaxError:
            return dict(texts)  # the compiler will say more
    named = {
        node.arg for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg
    }
    foreign = {name for tree in trees.values() for name in _foreign(tree)}
    made = {}
    for family in _families(trees):
        kept = {*foreign, *(name for module in family for name in _told(trees[module]))}
        free = _free(trees[module] for module in family)
        places = {module: list(_names(trees[module])) for module in family}
        private = dict.fromkeys(place[0] for found in places.values() for place in found if place[0] not in kept)
        short = {name: next(free) for name in private}
        parameters = list(islice(free, 16))
        for module, found in places.items():
            renamed = {place: short[place[0]] for place in found if place[0] in short}
            made[module] = _renamed(texts[module], renamed | dict(_parameters(trees[module], named, parameters)))
    return {module: made[module] for module in texts}


def _families(trees: Mapping[str, ast.Module]) -> list[list[str]]:
    """All modules, those together whose classes extend one another's: what is private to one is private to all of them."""
    families: list[set[str]] = []
    for module, tree in trees.items():
        family = {module, *(base for base in _bases(tree) if base in trees)}
        joined = [other for other in families if other & family]
        families = [other for other in families if other not in joined] + [family.union(*joined)]
    return [[module for module in trees if module in family] for family in families]


def _free(trees: Iterable[ast.Module]) -> Iterator[str]:
    """Names that mean nothing in any of these modules; without end."""
    parts = ("id", "attr", "arg", "name")
    taken = {getattr(node, part, "") for tree in trees for node in ast.walk(tree) for part in parts}
    yield from (name for name in _HAD_ANYWAY.split() if name not in taken)
    yield from (f"_{number}" for number in count(len(taken)))


def _renamed(text: str, names: Mapping[Place, str]) -> str:
    lines = text.splitlines()
    for place in sorted(names, key=lambda place: place[1:], reverse=True):
        name, line, column = place
        encoded = lines[line - 1].encode()  # columns are counted in bytes
        lines[line - 1] = (encoded[:column] + names[place].encode() + encoded[column + len(name) :]).decode()
    return "\n".join(lines) + "\n"


def _parameters(tree: ast.Module, named: Collection[str], short: Sequence[str]) -> Iterator[tuple[Place, str]]:
    """Each place of a parameter's name in its function, and what it is called there; none whose name means more than that."""
    functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
    within = {node for function in functions for node in ast.walk(function) if node is not function}
    for function in functions:
        if function in within:
            continue  # it may use those of the one around it
        inner = [node for node in ast.walk(function) if node is not function]
        bound = {name for node in inner if isinstance(node, Function) for name in _bound(node)}
        bound |= {
            node.id
            for part in inner
            if isinstance(part, ast.comprehension)
            for node in ast.walk(part.target)
            if isinstance(node, ast.Name)
        }
        bound |= {name for node in inner if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names}
        # In a class body a name is an attribute, and a default is worked out outside of the function.
        body = [
            node
            for part in (function.body if isinstance(function.body, list) else [function.body])
            for node in ast.walk(part)
        ]
        for at, parameter in enumerate(function.args.args):
            name = parameter.arg
            if at >= len(short) or name in named or name in bound or name.startswith("_") or name in {"self", "cls"}:
                continue
            yield (name, parameter.lineno, parameter.col_offset), short[at]
            for node in body:
                if isinstance(node, ast.Name) and node.id == name:
                    yield (name, node.lineno, node.col_offset), short[at]


def _foreign(tree: ast.Module) -> Iterator[str]:
    """Attributes of something else than the object itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not (
            isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}
        ):
            yield node.attr


def _bound(function: Function) -> Iterator[str]:
    every = function.args
    for parameter in (*every.posonlyargs, *every.args, *every.kwonlyargs, every.vararg, every.kwarg):
        if parameter:
            yield parameter.arg


def _bases(tree: ast.Module) -> Iterator[str]:
    """Files that the base classes of a module could come from."""
    nodes = list(ast.walk(tree))
    extended = {
        name.id
        for node in nodes
        if isinstance(node, ast.ClassDef)
        for base in node.bases
        for name in ast.walk(base)
        if isinstance(name, ast.Name)
    }
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                if (alias.asname or alias.name) in extended:
                    yield node.module.replace(".", "/") + ".py"
                    yield f"{node.module}.{alias.name}".replace(".", "/") + ".py"


def _names(tree: ast.Module) -> Iterator[Place]:
    """Each place of a private name."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name):
                place = node.lineno, node.col_offset
            case ast.Attribute(attr=name):
                place = node.end_lineno or 0, (node.end_col_offset or 0) - len(name)
            case _:
                continue
        if name.startswith("_") and name.strip("_") and not name.startswith("__"):
            yield name, *place


def _told(tree: ast.Module) -> Iterator[str]:
    """Names that stand somewhere else, too: in a traceback, an import, an argument, a `global`."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.arg(arg=name) | ast.keyword(arg=str(name)):
                yield name
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                yield from names
            case ast.alias(name=name, asname=known):
                yield known or name
            case ast.Assign(value=ast.Call(func=ast.Name(id="const"))):
                yield from _targets(node.targets)


def _targets(targets: Iterable[ast.expr]) -> Iterator[str]:
    return (target.id for target in targets if isinstance(target, ast.Name))
