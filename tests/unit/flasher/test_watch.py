"""A starting board's words, as boot.py, main.py and the node say them."""

import pytest

from anju.flasher import watch


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("boot: slot b: try 1 of 3\nunenrolled\nconfirmed slot b\n", watch.Verdict(is_confirmed=True)),
        ("boot: slot b: try 1 of 3\nready anju/0.1.0 micropython/1.25.0 x network 1 node 7\n", watch.Verdict()),
        (
            "boot: slot b: try 3 of 3\nValueError: not today\nboot: slot b: not confirmed in 3 tries\n",
            watch.Verdict(failure="ValueError: not today"),
        ),
        (
            "boot: slot b: board.mpy: not what its MANIFEST says\n",
            watch.Verdict(failure="board.mpy: not what its MANIFEST says"),
        ),
    ],
)
def test_how_a_start_is_judged(said: str, verdict: watch.Verdict) -> None:
    judge = watch.Judge("b")
    found = [judge.hear(line) for line in said.splitlines()]
    assert found[-1] == verdict
    assert found[:-1] == [None] * (len(found) - 1)
