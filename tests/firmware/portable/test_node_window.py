"""The downlink window, against a model that remembers everything."""

from anju.node.window import WIDTH, Window
from firmware.portable.kit import Dice


def test_nothing_is_fresh_before_there_is_a_floor() -> None:
    window = Window()
    assert not window.is_open
    assert not any(window.is_fresh(counter) for counter in (0, 1, 100, 0xFFFFFFFF))


def test_the_floor_and_all_below_are_old() -> None:
    window = Window()
    window.open(1000)
    assert not any(window.is_fresh(counter) for counter in range(1001))
    assert window.is_fresh(1001)
    assert window.is_fresh(0xFFFFFFFF)


def test_behind_a_leap_all_that_another_concentrator_says_is_old() -> None:
    """One with the same keys, and counters of before (specification, part 18)."""
    window = Window()
    window.open(1000)
    leapt = 1000 + (1 << 24)
    assert window.is_fresh(leapt)
    window.take(leapt)
    assert not any(window.is_fresh(counter) for counter in (1001, 2024, 1000 + (1 << 23), leapt - WIDTH, leapt))
    assert window.is_fresh(leapt + 1)


def test_it_agrees_with_a_memory_of_everything() -> None:
    dice = Dice(31)
    for _ in range(50):
        window = Window()
        floor = dice.below(1000)
        window.open(floor)
        highest = floor
        seen = set()
        for _ in range(200):
            counter = max(0, highest + dice.below(90) - 60) if dice.below(20) else highest + dice.below(10000)
            fresh = counter > floor and counter not in seen and counter > highest - WIDTH
            assert window.is_fresh(counter) == fresh
            if fresh and dice.below(4):
                window.take(counter)
                seen.add(counter)
                highest = max(highest, counter)
