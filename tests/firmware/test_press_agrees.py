"""A hold-up button beside the second description of what is meant, for whatever hands there are."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from anju.node.input import STORM_MS
from anju.node.press import HELD_MS, HOLD_MS, STABS_MS
from anju.wire.table import Code
from firmware.portable.kit import contact, run
from firmware.portable.test_node_press import edges_of, meant

SETTLED_MS = 20
PAUSES = st.integers(SETTLED_MS + 1, 800) | st.integers(800, 5000) | st.just(STABS_MS)
LENGTHS = st.integers(SETTLED_MS + 1, 800) | st.sampled_from([HOLD_MS - 1, HOLD_MS, HELD_MS - 1, HELD_MS, 9000])
HANDS = st.lists(st.tuples(PAUSES, LENGTHS), max_size=8)
EDGES = st.lists(st.tuples(st.integers(1, 1500), st.integers(0, 1)), max_size=60)


def presses_of(hands: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """From one moment to another, one behind the other."""
    presses, now = [], 0
    for pause_ms, lasts_ms in hands:
        presses.append((now + pause_ms, now + pause_ms + lasts_ms))
        now += pause_ms + lasts_ms
    return presses


@given(HANDS)
@example([(100, 50), (STABS_MS // 2 - 50, 50), (STABS_MS // 2 - 50, 50)])
@example([(100, 50), (STABS_MS // 2 - 50, 50), (STABS_MS // 2 - 49, 50)])
def test_what_is_meant_is_said_and_nothing_else(hands: list[tuple[int, int]]) -> None:
    presses = presses_of(hands)
    button = contact("hold_up")
    assert run(button, edges_of(presses), 10**6) == meant(presses)
    assert button.deadline() is None
    assert button.rising_ms < 0


@given(HANDS, st.integers(0, 15), st.integers(1, 7))
def test_bounce_changes_nothing(hands: list[tuple[int, int]], bounces: int, every_ms: int) -> None:
    """At the beginning of a press, as far as it is shorter than what settles."""
    presses = presses_of(hands)
    edges = []
    for start, end in presses:
        bounced = [(start + at, 1 - at // every_ms % 2) for at in range(0, min(bounces, end - start - 1), every_ms)]
        edges += (
            [*bounced, (start + bounces, 1), (end, 0)] if end - start > bounces + SETTLED_MS else [(start, 1), (end, 0)]
        )
    assert [code for _, code in run(contact("hold_up"), edges, 10**6)] == [code for _, code in meant(presses)]


@given(HANDS, st.lists(st.integers(1, 40), min_size=1))
def test_who_looks_in_between_is_told_the_same(hands: list[tuple[int, int]], looks: list[int]) -> None:
    presses = presses_of(hands)
    button, said, now = contact("hold_up"), [], 0
    waiting = edges_of(presses)
    end = (waiting[-1][0] if waiting else 0) + HELD_MS
    turn = 0
    while now < end:
        now += looks[turn % len(looks)]
        turn += 1
        while waiting and waiting[0][0] <= now:
            at, level = waiting.pop(0)
            button.edge(level, at)
        while code := button.poll(now):
            said.append(code)
    # A contact that has come back before anybody looked was a bounce.
    if all(pause > 60 and lasts > 60 for pause, lasts in hands):
        assert said == [code for _, code in meant(presses)]


@given(EDGES)
def test_whatever_moves_it_asks_for_its_time_and_ends(gaps: list[tuple[int, int]]) -> None:
    button, edges, now = contact("hold_up"), [], 0
    for gap_ms, level in gaps:
        now += gap_ms
        edges.append((now, level))
    events = run(button, edges, now + HELD_MS + STORM_MS)
    codes = [code for _, code in events]
    assert button.deadline() is None
    assert button.is_active == (bool(edges) and edges[-1][1] == 1)
    assert all(code in {Code.PANIC, Code.HELD} for code in codes)
    assert all(before == Code.PANIC for before, code in pairwise(codes) if code == Code.HELD)
    assert codes[:1] != [Code.HELD]
