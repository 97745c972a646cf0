"""What only type checkers read is no bytecode, and every other line stays where it was."""

import ast

from anju.bundle.source import Source
from anju.bundle.untyped import untyped

PROGRAM = """\
import os

try:
    from typing import TYPE_CHECKING, Callable
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Pin(Protocol):
        def value(self) -> int: ...

try:
    from machine import Pin
except ImportError:
    Pin = None


def run(call: "Callable[[], None]") -> None:
    raise OSError(os.name)
"""


def test_lines_stay_where_they_were() -> None:
    before, after = PROGRAM.splitlines(), untyped(PROGRAM).splitlines()
    assert len(before) == len(after)
    assert [number for number, line in enumerate(after) if line != before[number]] == [2, 3, 4, 5, 6, 7, 9, 10]
    assert {"import os", "    from machine import Pin", "    raise OSError(os.name)"} <= set(after)


def test_what_does_not_parse_is_left_to_the_compiler() -> None:
    assert untyped("def run(:\n") == "def run(:\n"


def test_no_module_of_a_node_reads_a_name_that_is_left_out() -> None:
    source = Source.find()
    for module in [*source.firmware.rglob("*.py"), *source.boards.rglob("*.py"), source.table]:
        tree = ast.parse(untyped(module.read_text("utf-8")))
        names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
        known = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
        known |= {name.id for name in names if isinstance(name.ctx, ast.Store)}
        wanted = {name.id for name in names} & {"TYPE_CHECKING", "Callable", "Protocol", "Sequence", "NoReturn"}
        assert wanted <= known, module
