"""The ceiling rule: no number is used twice under one key, whatever happens to store and power (invariant I6)."""

from anju.node.counter import BLOCK, EARLY, MOST, Counter
from anju.node.identity import StoreError
from firmware.portable.kit import Dice, raises


class Flash:
    """A ceiling that survives, and a power supply that may not."""

    def __init__(self, ceiling: int = 0) -> None:
        self.ceiling = ceiling
        self.writes = 0
        self.is_broken = False

    def reserve(self, ceiling: int) -> None:
        """Keep a ceiling, unless broken."""
        if self.is_broken:
            raise StoreError("broken")
        self.writes += 1
        self.ceiling = ceiling


def test_a_cold_boot_starts_at_the_ceiling() -> None:
    flash = Flash(7 * BLOCK)
    counter = Counter(flash.ceiling, flash.reserve)
    assert [counter.take(), counter.take()] == [7 * BLOCK, 7 * BLOCK + 1]


def test_the_next_block_is_written_before_the_first_number_is_given() -> None:
    flash = Flash(BLOCK)
    Counter(flash.ceiling, flash.reserve).take()
    assert flash.ceiling == 2 * BLOCK


def test_zero_is_never_a_number() -> None:
    flash = Flash(0)
    assert Counter(flash.ceiling, flash.reserve).take() == 1


def test_a_block_costs_one_write() -> None:
    flash = Flash(BLOCK)
    counter = Counter(flash.ceiling, flash.reserve)
    for _ in range(10 * BLOCK):
        number = counter.take()
        assert number < flash.ceiling
    assert flash.writes == 11


def test_a_store_that_fails_early_stops_nothing_and_one_that_goes_on_failing_does() -> None:
    flash = Flash(BLOCK)
    counter = Counter(flash.ceiling, flash.reserve)
    counter.take()
    flash.is_broken = True
    numbers: "list[int]" = []
    while len(numbers) < 2 * BLOCK:
        try:
            numbers.append(counter.take())
        except StoreError:
            break
    assert numbers == list(range(BLOCK + 1, 2 * BLOCK))
    raises(StoreError, counter.take)
    flash.is_broken = False
    assert counter.take() == 2 * BLOCK


def test_a_store_that_recovers_in_time_is_not_noticed() -> None:
    flash = Flash(BLOCK)
    counter = Counter(flash.ceiling, flash.reserve)
    for number in range(BLOCK, 2 * BLOCK - EARLY // 2):
        flash.is_broken = number > 2 * BLOCK - EARLY - 2
        assert counter.take() == number
    flash.is_broken = False
    counter.take()
    assert flash.ceiling == 3 * BLOCK


def test_without_a_store_there_is_no_first_number() -> None:
    flash = Flash(BLOCK)
    flash.is_broken = True
    raises(StoreError, Counter(flash.ceiling, flash.reserve).take)


def test_it_ends_before_the_field_overflows() -> None:
    flash = Flash(MOST - BLOCK - 10)
    counter = Counter(flash.ceiling, flash.reserve)
    for _ in range(BLOCK):
        assert counter.take() <= MOST
    assert "enrol" in raises(StoreError, counter.take)


def test_no_number_twice_over_many_lives() -> None:
    dice = Dice(5)
    flash = Flash(0)
    highest = 0
    for _ in range(2000):
        # A write that is cut short may have been kept or not; nobody has seen a number of its block.
        counter = Counter(flash.ceiling, flash.reserve)
        for _ in range(dice.below(40) * dice.below(40)):
            flash.is_broken = dice.below(50) == 0
            try:
                number = counter.take()
            except StoreError:
                break
            assert number > highest
            highest = number
        flash.is_broken = False
        if dice.below(5) == 0:
            flash.ceiling += BLOCK
