"""Of many panels, those are looked at whose deadline has come; one that has changed its mind is not looked at for the old one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from anju.concentrator.core.deadlines import Deadlines


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.none() | st.integers(0, 50)), max_size=60),
    st.integers(0, 50),
    st.integers(1, 10),
)
def test_it_says_what_a_plain_list_would_say(changes: list[tuple[str, int | None]], now_s: int, most: int) -> None:
    deadlines = Deadlines()
    plain: dict[str, int] = {}
    for household, due_s in changes:
        deadlines.set(household, due_s)
        plain.pop(household, None)
        if due_s is not None:
            plain[household] = due_s
        assert deadlines.next_s == min(plain.values(), default=None)
    expected = sorted(due_s for due_s in plain.values() if due_s <= now_s)[:most]
    for _ in range(2):
        due = deadlines.due(now_s, most)
        assert [plain[household] for household in due] == expected
        assert len(set(due)) == len(due)
