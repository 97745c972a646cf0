"""A contact's level is looked at whenever anything moved, because an interpreter may drop interrupts."""

from anju.sensor.contact import Contact

try:
    from collections.abc import Callable
except ImportError:  # MicroPython
    pass


class Terminal:
    """An input pin whose interrupts come when the test lets them."""

    def __init__(self) -> None:
        self.level = 0
        self._handler: "Callable[[Terminal], None] | None" = None

    def value(self) -> int:
        """Its level."""
        return self.level

    def irq(self, handler: "Callable[[Terminal], None]") -> None:
        """Call `handler` at an edge."""
        self._handler = handler

    def interrupt(self) -> None:
        """An edge that was not dropped."""
        assert self._handler is not None
        self._handler(self)


class Wakes:
    """Counts how often somebody is woken."""

    def __init__(self) -> None:
        self.count = 0

    def wake(self) -> None:
        """Once more."""
        self.count += 1


class Ticks:
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        self.ms = 0

    def now(self) -> int:
        """What it shows."""
        return self.ms


def test_the_first_level_is_told_and_then_only_what_moves() -> None:
    pin = Terminal()
    contact = Contact(pin, Wakes().wake, Ticks().now)
    assert contact.edge() == 0
    assert contact.edge() is None
    pin.level = 1
    pin.interrupt()
    assert contact.edge() == 1
    assert contact.edge() is None


def test_an_edge_whose_interrupt_was_dropped_is_seen_at_the_next_look() -> None:
    pin = Terminal()
    contact = Contact(pin, Wakes().wake, Ticks().now)
    contact.edge()
    pin.level = 1
    assert contact.edge() == 1


def test_there_and_back_between_two_looks_is_told_as_movement() -> None:
    pin, wakes = Terminal(), Wakes()
    contact = Contact(pin, wakes.wake, Ticks().now)
    contact.edge()
    pin.interrupt()
    pin.interrupt()
    assert wakes.count == 2
    assert contact.edge() == 0
    assert contact.edge() is None


def test_it_moved_when_its_interrupt_came_and_not_when_somebody_looked() -> None:
    pin, ticks = Terminal(), Ticks()
    contact = Contact(pin, Wakes().wake, ticks.now)
    contact.edge()
    for ticks.ms in (3, 5):
        pin.interrupt()
    pin.level, ticks.ms = 1, 40
    assert contact.edge() == 1
    assert contact.moved == 5


def test_an_edge_that_nobody_told_is_as_old_as_the_look_that_found_it() -> None:
    pin, ticks = Terminal(), Ticks()
    contact = Contact(pin, Wakes().wake, ticks.now)
    contact.edge()
    pin.level, ticks.ms = 1, 40
    assert contact.edge() == 1
    assert contact.moved == 40
