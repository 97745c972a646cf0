"""Node code with the wire table's numbers in the place of their names, so that a node need not have the table.

The table is one module for host and node, and a node as a process runs it as it is. As bytecode each of its names would be looked
up at run time, and all of it would lie in RAM: 5.6 KB on the emulated board.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from anju.wire import table

_MODULE, _PACKAGE = "table", "anju.wire"


def folded(text: str) -> str:
    """The same program, line by line, with values in the place of `table.NAME`, `table.CODES.NAME` and
    `table.format_of(table.ROWS)`; where nothing else of the table is used, it is not imported either.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text  # the compiler will say more
    lines = text.splitlines()
    is_needed = False
    for use, value in sorted(_uses(tree), key=lambda found: (found[0].lineno, found[0].col_offset), reverse=True):
        if value is None or use.lineno != use.end_lineno:
            is_needed = True
        else:
            line = lines[use.lineno - 1].encode()  # columns are counted in bytes
            lines[use.lineno - 1] = (
                line[: use.col_offset] + repr(value).encode() + line[use.end_col_offset :]
            ).decode()
    for node in ast.walk(tree):
        if not is_needed and isinstance(node, ast.ImportFrom) and node.module == _PACKAGE:
            lines[node.lineno - 1] = ""
    return "\n".join(lines) + "\n"


def _uses(node: ast.AST) -> Iterator[tuple[ast.expr, int | str | bytes | None]]:
    """The largest expressions that have a value, and every other mention of the table."""
    value = _value(node)
    if isinstance(node, ast.expr) and (value is not None or (isinstance(node, ast.Name) and node.id == _MODULE)):
        yield node, value
    else:
        for part in ast.iter_child_nodes(node):
            yield from _uses(part)


def _value(node: ast.AST) -> int | str | bytes | None:
    """What an expression of the table's names comes to; None if it is none, or no number and no text."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="table"), attr="format_of"), args=[rows], keywords=[]):
            fields = _value(rows)
            return table.format_of(fields) if isinstance(fields, str) else None
        case ast.Attribute(value=ast.Name(id="table"), attr=name):
            found = getattr(table, name, None)
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id="table"), attr=codes), attr=name):
            found = getattr(getattr(table, codes, None), name, None)
        case _:
            return None
    return int(found) if isinstance(found, int) else found if isinstance(found, str | bytes) else None
