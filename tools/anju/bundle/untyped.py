"""Node code without what only type checkers read: MicroPython would carry it along as bytecode."""

from __future__ import annotations

import ast

_TYPES = {"typing", "collections.abc"}


def untyped(text: str) -> str:
    """The same program, line by line, with `if TYPE_CHECKING:` and the guarded imports of types left empty."""
    lines = text.splitlines()
    for statement in _statements(text):
        if _is_for_checkers(statement):
            end = statement.end_lineno or statement.lineno
            lines[statement.lineno - 1 : end] = [""] * (end - statement.lineno + 1)
    return "\n".join(lines) + "\n"


def _statements(text: str) -> list[ast.stmt]:
    try:
        return ast.parse(text).body
    except SyntaxError:
        return []  # the compiler will say more


def _is_for_checkers(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.If):
        return isinstance(statement.test, ast.Name) and statement.test.id == "TYPE_CHECKING" and not statement.orelse
    if isinstance(statement, ast.Try):
        return all(isinstance(part, ast.ImportFrom) and part.module in _TYPES for part in statement.body)
    return False
