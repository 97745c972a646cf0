"""The clock believes an answer only if it came at once, and says 0 until one did."""

from anju.node.clock import FRESH_MS, Clock


def test_it_is_unknown_at_first() -> None:
    clock = Clock()
    assert not clock.is_known
    assert clock.at(0) == clock.at(1000000) == 0


def test_it_counts_on_from_a_prompt_answer() -> None:
    clock = Clock()
    assert clock.adopt(1767225600, 5000, 5000 + FRESH_MS)
    assert clock.at(6000) == 1767225600
    assert clock.at(6999) == 1767225600
    assert clock.at(7000) == 1767225601
    assert clock.at(3600000 + 6000) == 1767225600 + 3600


def test_a_moment_before_the_answer_has_its_own_time() -> None:
    clock = Clock()
    clock.adopt(1767225600, 60000, 60000)
    assert clock.at(30000) == 1767225570


def test_a_late_answer_is_not_believed() -> None:
    clock = Clock()
    assert not clock.adopt(1767225600, 5000, 5001 + FRESH_MS)
    assert not clock.is_known
    clock.adopt(1767225600, 5000, 5000)
    assert not clock.adopt(1999999999, 6000, 7001)
    assert clock.at(5000) == 1767225600


def test_an_answer_without_a_time_sets_nothing() -> None:
    clock = Clock()
    assert not clock.adopt(0, 100, 100)
    assert not clock.is_known


def test_a_known_time_is_never_the_unknown_one() -> None:
    clock = Clock()
    clock.adopt(1, 60000, 60000)
    assert clock.at(0) == 1
