"""The resident's stages: each true, none invented, none to be mistaken for another."""

from anju.node import feedback
from anju.node.feedback import DARK, HELD_MS, PATTERNS, UNDELIVERED_AFTER_MS, Feedback
from anju.wire.table import Order
from firmware.portable.kit import Dice


def _shown(shows: Feedback, start: int, until: int) -> "list[tuple[int, int, int, int]]":
    """Outputs from `start` to `until`, each change once, polled only when it asks to be."""
    seen: "list[tuple[int, int, int, int]]" = []
    now = start
    for _ in range(10000):
        shows.poll(now)
        if not seen or seen[-1] != shows.outputs:
            seen.append(shows.outputs)
        deadline = shows.deadline()
        if deadline is None or deadline > until:
            return seen
        assert deadline > now
        now = deadline
    raise AssertionError("it never ends")


def test_a_node_at_rest_is_dark_and_needs_no_time() -> None:
    shows = Feedback()
    assert _shown(shows, 0, 10**6) == [DARK]
    assert shows.deadline() is None


def test_a_press_pulses_amber_without_a_sound() -> None:
    shows = Feedback()
    shows.press(18, 0)
    seen = _shown(shows, 0, 5000)
    assert seen[0] == (0, 1, 0, 0)
    assert set(seen) == {(0, 1, 0, 0), DARK}


def test_held_is_green_with_two_beeps() -> None:
    shows = Feedback()
    shows.press(18, 0)
    shows.held(18, 100)
    assert _shown(shows, 100, 100 + HELD_MS - 1) == [(1, 0, 0, 2000), (1, 0, 0, 0), (1, 0, 0, 2000), (1, 0, 0, 0)]
    assert _shown(shows, 100 + HELD_MS, 10**6) == [DARK]


def test_every_sounding_stage_begins_with_a_note_of_its_own() -> None:
    notes = {}
    for stage, (introduction, _) in PATTERNS.items():
        if introduction:
            notes[stage] = introduction[0][3]
    assert notes[feedback.HELD] == 2000
    assert notes[feedback.SEEN] == 660
    assert notes[feedback.COMING] == 880
    assert notes[feedback.UNDELIVERED] == notes[feedback.REFUSED] == 400
    for stage, (introduction, loop) in PATTERNS.items():
        others = [note for other, note in notes.items() if note != notes.get(stage)]
        assert not [step for step in introduction + loop if step[3] in others]
        assert not [step for step in loop if step[3]]


def test_seen_and_coming_come_from_an_answer_and_expire() -> None:
    for order, stage, note in ((Order.SEEN, feedback.SEEN, 660), (Order.COMING, feedback.COMING, 880)):
        shows = Feedback()
        shows.press(18, 0)
        shows.held(18, 50)
        assert shows.answer(order, 18, 7000, 1000)
        assert shows.stage == stage
        seen = _shown(shows, 1000, 7999)
        assert seen[0] == (1, 0, 0, note)
        assert not [outputs for outputs in seen if outputs[1] or outputs[2]]
        assert _shown(shows, 8000, 10**6) == [DARK]
        assert shows.stage == feedback.IDLE


def test_an_answer_about_another_press_shows_nothing() -> None:
    shows = Feedback()
    assert not shows.answer(Order.SEEN, 18, 7000, 0)
    shows.press(18, 0)
    assert not shows.answer(Order.SEEN, 19, 7000, 10)
    assert not shows.answer(0, 18, 7000, 10)
    assert not shows.answer(77, 18, 7000, 10)
    assert shows.stage == feedback.SENDING


def test_a_late_seen_takes_nothing_back_from_coming() -> None:
    shows = Feedback()
    shows.press(18, 0)
    shows.answer(Order.COMING, 18, 9000, 10)
    assert shows.answer(Order.SEEN, 18, 9000, 20)
    assert shows.stage == feedback.COMING


def test_an_acknowledgement_takes_nothing_back_from_a_person() -> None:
    shows = Feedback()
    shows.press(18, 0)
    shows.answer(Order.SEEN, 18, 9000, 10)
    shows.held(18, 20)
    assert shows.stage == feedback.SEEN


def test_undelivered_is_said_once_the_time_is_up_and_taken_back_when_it_arrives() -> None:
    shows = Feedback()
    shows.press(18, 0)
    shows.poll(UNDELIVERED_AFTER_MS - 1)
    assert shows.stage == feedback.SENDING
    seen = _shown(shows, UNDELIVERED_AFTER_MS, 10 * UNDELIVERED_AFTER_MS)
    assert seen[0] == (0, 0, 1, 400)
    assert shows.stage == feedback.UNDELIVERED
    shows.held(18, 10 * UNDELIVERED_AFTER_MS)
    assert shows.stage == feedback.HELD


def test_only_the_newest_press_is_said_to_be_held() -> None:
    shows = Feedback()
    shows.press(18, 0)
    shows.press(19, 500)
    shows.held(18, 600)
    assert shows.stage == feedback.SENDING
    shows.held(19, 700)
    assert shows.stage == feedback.HELD


def test_a_test_is_green_and_amber_with_its_own_note_for_30_s() -> None:
    shows = Feedback()
    shows.press(18, 0)
    shows.held(18, 100, 8)
    seen = _shown(shows, 100, 100 + feedback.TEST_MS - 1)
    assert seen[0] == (1, 0, 0, 1500)
    assert set(seen[1:]) == {(1, 0, 0, 0), (0, 1, 0, 0)}
    assert _shown(shows, 100 + feedback.TEST_MS, 10**6) == [DARK]


def test_after_a_test_the_next_press_is_what_its_own_answer_says() -> None:
    for is_test, stage in ((0, feedback.HELD), (8, feedback.TESTED)):
        shows = Feedback()
        shows.press(18, 0)
        shows.held(18, 100, 8)
        shows.press(19, 200)
        assert shows.stage == feedback.SENDING
        shows.held(19, 300, is_test)
        assert shows.stage == stage


def test_a_press_that_is_held_ends_a_test_and_takes_nothing_back_from_anything_else() -> None:
    shows = Feedback()
    shows.press(18, 0)
    shows.held(18, 100, 8)
    shows.press(19, 3000, is_held=True)
    assert shows.stage == feedback.SENDING
    shows.held(19, 3100)
    assert shows.stage == feedback.HELD
    for order, stage in ((Order.SEEN, feedback.SEEN), (Order.COMING, feedback.COMING)):
        shows = Feedback()
        shows.press(18, 0)
        shows.held(18, 100)
        shows.answer(order, 18, 9000, 200)
        shows.press(19, 3000, is_held=True)
        assert shows.stage == stage
        assert shows.answer(Order.COMING, 19, 9000, 3100)
        assert shows.stage == feedback.COMING


def test_a_new_press_starts_anew_and_an_answer_may_name_an_older_one() -> None:
    shows = Feedback()
    shows.press(18, 0)
    shows.answer(Order.SEEN, 18, 120000, 10)
    shows.press(19, 20)
    assert shows.stage == feedback.SENDING
    assert shows.answer(Order.SEEN, 18, 120000, 25)
    assert shows.stage == feedback.SENDING
    assert shows.answer(Order.COMING, 18, 120000, 30)
    assert shows.stage == feedback.COMING


def test_an_unenrolled_node_shows_red_with_a_long_beep() -> None:
    shows = Feedback()
    shows.refuse(0)
    assert _shown(shows, 0, 10**6) == [(0, 0, 1, 400), (0, 0, 1, 0), DARK]


def test_of_a_silent_press_nothing_is_shown_whatever_its_number() -> None:
    for event_id in (0, 1, 65535):
        shows = Feedback()
        shows.press(event_id, 0, is_silent=True)
        for order in (Order.SEEN, Order.COMING):
            assert shows.answer(order, event_id, 9000, 10)
        assert _shown(shows, 10, 10**6) == [DARK]


def test_of_many_presses_the_oldest_are_forgotten_silent_or_not() -> None:
    for is_silent in (True, False):
        shows = Feedback()
        for event_id in range(12):
            shows.press(event_id, 0, is_silent=is_silent)
        assert [shows.answer(Order.COMING, event_id, 9000, 1) for event_id in range(12)] == 4 * [False] + 8 * [True]


def test_silent_presses_take_the_newest_that_is_not_from_nobody() -> None:
    shows = Feedback()
    shows.press(1, 0)
    shows.press(2, 0)
    for event_id in range(10, 30):
        shows.press(event_id, 0, is_silent=True)
    assert shows.answer(Order.SEEN, 29, 9000, 10)
    assert not shows.answer(Order.SEEN, 1, 9000, 10)
    shows.held(2, 10)
    assert shows.stage == feedback.HELD
    assert shows.answer(Order.COMING, 2, 9000, 20)
    assert shows.stage == feedback.COMING


def test_a_number_that_comes_again_is_that_of_the_newer_press() -> None:
    for first, again in ((True, True), (False, False), (True, False), (False, True)):
        shows = Feedback()
        shows.press(7, 0, is_silent=first)
        for event_id in (8, 9, 10):
            shows.press(event_id, 0, is_silent=True)
        shows.press(7, 20, is_silent=again)
        assert len(shows.presses) == 4
        shows.stage = feedback.IDLE
        assert shows.answer(Order.COMING, 7, 9000, 30)
        assert shows.stage == (feedback.IDLE if again else feedback.COMING)


def test_a_silent_node_shows_nothing_at_any_stage() -> None:
    shows = Feedback(is_silent=True)
    shows.press(18, 0)
    assert _shown(shows, 0, 50000) == [DARK]
    shows.held(18, 50000)
    shows.answer(Order.COMING, 18, 9000, 50000)
    assert shows.stage == feedback.COMING
    assert _shown(shows, 50000, 55000) == [DARK]


def test_nothing_but_an_answer_ever_says_that_a_person_knows() -> None:
    dice = Dice(51)
    for _ in range(50):
        shows = Feedback()
        now = 0
        for _ in range(100):
            now += dice.below(30000)
            event_id = 1 + dice.below(4)
            what = dice.below(4)
            if what == 0:
                shows.press(event_id, now)
            elif what == 1:
                shows.held(event_id, now)
            elif what == 2:
                shows.refuse(now)
            shows.poll(now)
            assert shows.stage not in (feedback.SEEN, feedback.COMING)
            assert shows.outputs[3] not in (660, 880)
