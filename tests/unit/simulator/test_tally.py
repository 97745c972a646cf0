"""The account tells apart what arrived once, what is missing, and what is there too often."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from anju.simulator.tally import Held, Tally
from anju.wire.table import Code

NODE = 7


def pressed(*event_ids: int) -> Tally:
    """A tally of presses that made these events and were acknowledged."""
    tally = Tally()
    for event_id in event_ids:
        tally.driven(NODE, Code.PANIC, 0.0)
        tally.made(NODE, event_id, Code.PANIC)
        tally.acked(NODE, event_id)
    return tally


def held(*event_ids: int) -> list[Held]:
    """The duty room's reports of these events."""
    return [Held(seq, (NODE, event_id)) for seq, event_id in enumerate(event_ids, 1)]


def test_everything_once_is_balanced() -> None:
    account = pressed(1, 2, 3).compare([*held(1, 2, 3), Held(9, None)])
    assert account.balanced
    assert account.held == 3


def test_an_event_that_is_not_held_is_lost() -> None:
    account = pressed(1, 2).compare(held(1))
    assert len(account.lost) == 1
    assert not account.doubled


def test_an_event_held_twice_is_doubled() -> None:
    account = pressed(1, 2).compare(held(1, 2, 2))
    assert not account.lost
    assert len(account.doubled) == 1


def test_a_press_that_made_no_event_is_lost() -> None:
    tally = pressed(1)
    tally.driven(NODE, Code.PANIC, 0.0)
    assert tally.unmade == 1
    assert len(tally.compare(held(1)).lost) == 1


def test_an_event_without_a_press_is_one_too_many() -> None:
    tally = pressed(1)
    assert tally.made(NODE, 2, Code.PANIC) is None
    assert len(tally.compare(held(1, 2)).doubled) == 1


def test_an_event_of_another_node_does_not_stand_in() -> None:
    account = pressed(1).compare([Held(1, (NODE + 1, 1))])
    assert not account.balanced
    assert (len(account.lost), len(account.doubled)) == (1, 1)


def test_a_stimulus_is_answered_by_an_event_of_its_code() -> None:
    tally = Tally()
    tally.driven(NODE, Code.OPENED, 1.0)
    tally.driven(NODE, Code.CLOSED, 2.0)
    closed = tally.made(NODE, 1, Code.CLOSED)
    assert closed is not None
    assert closed.at == 2.0
    assert tally.unmade == 1


def test_an_acknowledgement_counts_once() -> None:
    tally = pressed(1)
    tally.driven(NODE, Code.PANIC, 0.0)
    tally.made(NODE, 2, Code.PANIC)
    tally.acked(NODE, 1)
    assert tally.unacked == 1


def test_what_a_person_did_is_looked_for_by_its_row() -> None:
    tally = pressed(1)
    tally.promised(5)
    assert len(tally.compare(held(1)).lost) == 1
    assert tally.compare([*held(1), Held(5, None)]).balanced


@given(
    made=st.lists(st.integers(0, 6), max_size=12),
    there=st.lists(st.integers(0, 6), max_size=12),
)
def test_lost_and_doubled_are_the_two_differences(made: list[int], there: list[int]) -> None:
    account = pressed(*made).compare(held(*there))
    assert len(account.lost) == (Counter(made) - Counter(there)).total()
    assert len(account.doubled) == (Counter(there) - Counter(made)).total()
