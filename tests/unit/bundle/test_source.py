"""What the host reads in the firmware's source, without running any of it."""

from pathlib import Path

import pytest

from anju.bundle.source import Source, literal

PROCESSES = {"unix_sim"}
BOARDS = sorted(file.parent.name for file in Source.find().boards.glob("*/board.py"))


@pytest.mark.parametrize("board", BOARDS)
def test_each_board_names_its_microcontrollers(board: str) -> None:
    assert bool(Source.find().mcus(board)) != (board in PROCESSES)


def test_a_board_of_somebody_else_has_none_that_we_know() -> None:
    assert Source.find().mcus("theirs") == ()


def test_a_literal_is_read_and_nothing_is_run(tmp_path: Path) -> None:
    source = tmp_path / "some.py"
    source.write_text("raise SystemExit\nA = {'x': 1}\nB = A\n")
    assert literal(source, "A") == {"x": 1}
    assert literal(source, "C") is None
    with pytest.raises(ValueError, match="malformed"):
        literal(source, "B")
