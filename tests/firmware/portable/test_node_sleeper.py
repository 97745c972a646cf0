"""A node that sleeps: what it takes along, what it must not forget, and when it may not sleep."""

from anju.node import feedback, sleeper
from anju.node.counter import BLOCK
from anju.node.feedback import Feedback
from anju.node.outbox import CAPACITY
from anju.node.press import HELD_MS
from anju.node.retained import MOST_BYTES, Retained
from anju.node.sleeper import SleepingUnenrolled, wake
from anju.wire import table
from anju.wire.table import Code, Flag, Type
from firmware.portable.kit import Dice, Heard, contact, identity
from firmware.portable.night import Night

_BUTTON, _DOOR = 0, 1


def _asleep(is_silent: bool = False) -> Night:
    """A node that was answered, and would sleep."""
    night = Night(is_silent=is_silent)
    night.until_it_sleeps()
    return night


def _types(frames: "list[Heard]") -> "list[int]":
    return [heard.type for heard in frames]


# ---- A wake is no start


def test_a_wake_is_no_start() -> None:
    night = _asleep()
    ceiling = night.ceiling
    last = max(night.frames)
    night.sleep(struck=(_DOOR,), level=1)
    (opened,) = night.answered()
    assert (opened.type, opened.code(), opened.counter) == (Type.EVENT, Code.OPENED, last + 1)
    assert night.ceiling == ceiling
    assert night.is_resumed


def test_the_time_goes_on_in_its_sleep() -> None:
    night = _asleep()
    for pause in (12345, 700, 999, 100001):
        night.sleep(pause, struck=(_DOOR,), level=1 - night.levels[_DOOR])
        (heard,) = night.sent()
        assert heard.status()[0] in (night.time_s(), night.time_s() - 1), pause
        night.device.receive(night.concentrator.ack(heard, table.TIME_UNKNOWN), night.now)


def test_what_was_seen_before_the_sleep_is_old_after_it() -> None:
    night = _asleep()
    old = night.concentrator.ack(Heard(1, bytes(16)), night.time_s())
    night.device.receive(old, night.now)
    floor = night.concentrator.counter
    night.sleep(struck=(_BUTTON,), level=1)
    (panic,) = night.answered()
    assert panic.code() == Code.PANIC
    replayed = night.concentrator
    replayed.counter = floor - 1
    night.device.receive(replayed.command(panic.event_id(), time_s=night.time_s()), night.now)
    assert night.device.feedback.stage == feedback.HELD
    replayed.counter = floor + 1000
    night.device.receive(replayed.command(panic.event_id(), time_s=night.time_s()), night.now)
    assert night.device.feedback.stage == feedback.SEEN


def test_a_command_is_carried_out_once_over_a_sleep() -> None:
    night = _asleep(is_silent=True)
    night.sleep(struck=(_BUTTON,), level=0)
    (panic,) = night.answered()
    command = (panic.event_id(), table.Order.SEEN, 4711, night.time_s())
    night.device.receive(night.concentrator.command(*command), night.now)
    (answer,) = night.sent()
    assert answer.ack()[2] == table.Verdict.ACCEPTED
    night.until_it_sleeps()
    night.sleep(5000)
    night.device.receive(night.concentrator.command(*command), night.now)
    (answer,) = night.sent()
    assert answer.ack()[2] == table.Verdict.DUPLICATE
    assert night.device.feedback.stage == feedback.IDLE


def test_a_press_of_any_number_is_remembered_over_a_sleep_as_what_it_was() -> None:
    for is_silent in (True, False):
        for event_id in (0, 1, 65535):
            night = Night()
            night.until_it_sleeps()
            night.device.feedback.press(event_id, night.now, is_silent=is_silent)
            night.device.feedback.stage = feedback.IDLE
            night.sleep()
            assert night.is_resumed
            assert night.device.feedback.answer(table.Order.COMING, event_id, 9000, night.now)
            assert night.device.feedback.stage == (feedback.IDLE if is_silent else feedback.COMING)


def test_an_answer_may_name_a_press_from_before_the_sleep() -> None:
    night = _asleep(is_silent=True)
    night.sleep(struck=(_BUTTON,), level=0)
    (panic,) = night.answered()
    night.until_it_sleeps()
    night.sleep(5000)
    night.device.receive(night.concentrator.command(panic.event_id(), time_s=night.time_s()), night.now)
    assert night.device.feedback.stage == feedback.SEEN


def test_an_unanswered_hello_is_said_again_with_the_same_challenge() -> None:
    night = Night()
    (hello,) = night.sent()
    awake, _ = night.until_it_sleeps(is_answered=False)
    assert awake >= sleeper.FAST_MS
    night.sleep()
    (again,) = night.sent()
    assert (again.type, again.challenge()) == (Type.HELLO, hello.challenge())
    assert again.counter > hello.counter
    assert again.body[13] == table.ResetCause.POWER_ON
    night.device.receive(night.concentrator.ack(again, night.time_s()), night.now)
    night.sleep(struck=(_DOOR,), level=1)
    assert _types(night.sent()) == [Type.EVENT]


# ---- Contacts


def test_a_press_shorter_than_the_wake_is_heard() -> None:
    night = _asleep()
    night.sleep(struck=(_BUTTON,), level=0)
    assert [heard.code() for heard in night.answered()] == [Code.PANIC]
    night.until_it_sleeps()
    night.sleep(struck=(_BUTTON,), level=0)
    assert [heard.code() for heard in night.answered()] == [Code.PANIC]


def test_a_door_that_is_shut_again_before_the_node_is_awake_makes_both_events() -> None:
    night = _asleep()
    night.sleep(struck=(_DOOR,), level=0)
    heard = night.answered()
    night.wait(20)
    heard += night.answered()
    assert [event.code() for event in heard] == [Code.OPENED, Code.CLOSED]


def test_a_contact_that_moved_unarmed_is_noticed_at_the_next_wake() -> None:
    night = _asleep()
    night.levels[2] = 1
    night.sleep(struck=(_DOOR,), level=1)
    heard = night.answered()
    night.wait(20)
    heard += night.answered()
    assert [event.code() for event in heard] == [Code.OPENED, Code.TAMPERED]


def test_nothing_is_made_of_contacts_that_did_not_move() -> None:
    night = _asleep()
    night.sleep(struck=(_DOOR,), level=1)
    night.until_it_sleeps()
    for _ in range(3):
        night.sleep()
        _, heard = night.until_it_sleeps()
        assert _types(heard) == [Type.HEARTBEAT]
        assert heard[0].status()[4] == 1 << _DOOR
    night.sleep(struck=(_DOOR,), level=0)
    assert [heard.code() for heard in night.answered()] == [Code.CLOSED]


def test_it_stays_awake_until_a_contact_rests() -> None:
    night = _asleep()
    night.move(_DOOR, 1)
    assert not night.device.rest_ms(night.now)
    night.wait(20)
    night.answered()
    assert night.device.rest_ms(night.now)


# ---- When it sleeps


def test_it_wakes_for_its_heartbeat() -> None:
    night = _asleep()
    for _ in range(5):
        before = night.running_ms
        night.sleep()
        awake, heard = night.until_it_sleeps()
        assert _types(heard) == [Type.HEARTBEAT]
        assert awake < 200
        assert 700000 < night.running_ms - before <= 900000 + 200


def test_it_listens_a_second_for_the_answer_to_a_heartbeat_and_then_gives_up() -> None:
    night = _asleep()
    night.sleep()
    awake, heard = night.until_it_sleeps(is_answered=False)
    assert _types(heard) == [Type.HEARTBEAT]
    assert sleeper.ANSWER_MS <= awake < sleeper.ANSWER_MS + 100


def test_pending_keeps_it_listening() -> None:
    night = _asleep()
    night.sleep(struck=(_DOOR,), level=1)
    (opened,) = night.sent()
    values = (
        Type.ACK,
        Flag.PENDING,
        night.time_s(),
        1,
        table.Verdict.ACCEPTED,
        opened.counter,
        opened.event_id(),
        0,
        0,
    )
    night.device.receive(night.concentrator.seal(table.ACK, values), night.now)
    night.sent()
    assert not night.device.rest_ms(night.now + sleeper.PENDING_MS - 1)
    assert night.device.rest_ms(night.now + sleeper.PENDING_MS)


def test_after_anything_but_a_sleep_it_stays_awake_for_the_bench() -> None:
    night = Night()
    awake, _ = night.until_it_sleeps()
    assert awake >= sleeper.BENCH_MS


def test_an_unacknowledged_panic_is_sent_without_end_and_ever_more_seldom() -> None:
    night = _asleep()
    night.sleep(struck=(_BUTTON,), level=0)
    since = night.running_ms
    awake, heard = night.until_it_sleeps(is_answered=False)
    assert awake >= sleeper.FAST_MS
    assert len(heard) > 25
    event_id = heard[0].event_id()
    rests = []
    for _ in range(60):
        rests.append(night.device.rest_ms(night.now))
        night.sleep()
        assert night.is_resumed
        assert night.device.feedback.stage == feedback.UNDELIVERED
        awake, heard = night.until_it_sleeps(is_answered=False)
        panics = [event for event in heard if event.type == Type.EVENT]
        assert sleeper.ATTEMPT_MS <= awake < sleeper.ATTEMPT_MS + 1200
        assert len(panics) >= 4
        for panic in panics:
            assert (panic.event_id(), panic.code()) == (event_id, Code.PANIC)
    assert rests[0] == sleeper.SLOW_MS
    assert max(rests) == sleeper.SLOWEST_MS
    assert rests.count(sleeper.SLOW_MS) * (sleeper.SLOW_MS + sleeper.ATTEMPT_MS) > sleeper.SLOW_AFTER_MS - 150000
    assert night.running_ms - since > 3600000
    night.sleep()
    (panic,) = night.answered()
    assert panic.event_id() == event_id
    assert night.told[-1] == ("acked", event_id)
    assert night.device.feedback.stage == feedback.HELD


def test_another_event_restarts_the_fast_pace() -> None:
    night = _asleep()
    night.sleep(struck=(_BUTTON,), level=1)
    night.until_it_sleeps(is_answered=False)
    night.sleep()
    night.until_it_sleeps(is_answered=False)
    night.sleep(1000, struck=(_DOOR,), level=1)
    awake, _ = night.until_it_sleeps(is_answered=False)
    assert awake >= sleeper.FAST_MS


def test_it_stays_awake_while_somebody_may_look_at_its_lamps() -> None:
    night = _asleep()
    night.sleep(struck=(_BUTTON,), level=1)
    night.answered()
    awake, _ = night.until_it_sleeps()
    assert awake >= feedback.HELD_MS


def test_a_silent_one_has_nothing_to_show_and_sleeps() -> None:
    night = _asleep(is_silent=True)
    night.sleep(struck=(_BUTTON,), level=0)
    night.answered()
    awake, _ = night.until_it_sleeps()
    assert awake < 200


def test_a_button_that_is_held_keeps_it_awake_until_that_was_told_and_no_longer() -> None:
    night = _asleep(is_silent=True)
    night.sleep(struck=(_BUTTON,), level=1)
    awake, heard = night.until_it_sleeps()
    assert [event.code() for event in heard] == [Code.PANIC, Code.HELD]
    assert HELD_MS <= awake < HELD_MS + 200
    night.sleep()
    assert [event.type for event in night.answered()] == [Type.HEARTBEAT]


def test_a_test_is_shown_to_the_end_and_then_it_sleeps() -> None:
    night = _asleep()
    night.sleep(struck=(_BUTTON,), level=0)
    (panic,) = night.sent()
    night.device.receive(night.concentrator.ack(panic, night.time_s(), flags=Flag.TEST), night.now)
    assert night.device.feedback.stage == feedback.TESTED
    awake, _ = night.until_it_sleeps()
    assert feedback.TEST_MS <= awake < feedback.TEST_MS + 200


def test_every_event_of_a_full_outbox_is_taken_along() -> None:
    night = _asleep()
    for _ in range(CAPACITY):
        night.move(_DOOR, 1 - night.levels[_DOOR])
        night.wait(20)
        night.sent()
    night.until_it_sleeps(is_answered=False)
    made = {told[1] for told in night.told if told[0] == "event"}
    night.kept = b""  # nothing of it comes from the store
    night.sleep()
    arrived = {event.event_id() for event in night.until_it_sleeps()[1] if event.type == Type.EVENT}
    assert len(arrived) == CAPACITY
    assert arrived <= made


def test_an_event_that_arrived_is_not_sent_again_after_the_next_cold_start() -> None:
    night = _asleep()
    night.sleep(struck=(_BUTTON,), level=1)
    night.until_it_sleeps(is_answered=False)
    night.sleep()
    night.until_it_sleeps()
    night.start(table.ResetCause.POWER_ON)
    assert _types(night.answered()) == [Type.HELLO]


# ---- What must never be believed


def test_no_number_twice_whatever_happens() -> None:
    """Sleeps, power cuts, crashes, a memory that is torn, stale or from another life."""
    resumed = 0
    for seed in range(4):
        night = Night()
        dice = Dice(100 + seed)
        old: "list[tuple[int, bytes]]" = []
        for _ in range(40):
            for _ in range(dice.below(4)):
                night.wait(dice.below(3000))
                night.move(_DOOR, 1 - night.levels[_DOOR])
                night.wait(30)
                if dice.below(2):
                    night.answered()
                else:
                    night.sent()
            if dice.below(3):
                night.until_it_sleeps()
                night.block = night.device.retain(night.now, night.running_ms)
                old.append((night.ceiling, night.block))
            cause = (
                table.ResetCause.DEEP_SLEEP,
                table.ResetCause.DEEP_SLEEP,
                table.ResetCause.POWER_ON,
                table.ResetCause.WATCHDOG,
                table.ResetCause.HARD,
            )[dice.below(5)]
            fate = dice.below(5)
            if fate == 0 and night.block:
                torn = bytearray(night.block)
                torn[dice.below(len(torn))] ^= 1 << dice.below(8)
                night.block = bytes(torn)
            elif fate == 1 and night.block:
                night.block = night.block[: dice.below(len(night.block))]
            elif fate == 2:
                stale = [block for ceiling, block in old if ceiling < night.ceiling]
                night.block = stale[dice.below(len(stale))] if stale else b""
            elif cause == table.ResetCause.POWER_ON:
                night.block = b""
            night.wait(100)
            night.start(cause)
            resumed += night.is_resumed
            night.sent()
    assert resumed > 10


def test_a_wake_burns_no_block() -> None:
    night = _asleep()
    for _ in range(50):
        night.sleep(struck=(_DOOR,), level=1 - night.levels[_DOOR])
        night.until_it_sleeps()
    assert night.ceiling == BLOCK


def test_a_memory_from_before_another_start_is_not_believed() -> None:
    night = _asleep()
    stale = night.device.retain(night.now, night.running_ms)
    night.start(table.ResetCause.WATCHDOG)
    night.answered()
    night.block = stale
    night.start(table.ResetCause.DEEP_SLEEP)
    assert not night.is_resumed
    assert _types(night.sent()) == [Type.HELLO]


def test_any_changed_byte_and_any_truncation_is_noticed() -> None:
    night = _asleep()
    night.move(_DOOR, 1)
    night.wait(20)
    night.sent()
    block = night.device.retain(night.now, night.running_ms)
    own = identity()
    assert Retained.unpack(own, night.ceiling, block) is not None
    for place in range(len(block)):
        changed = bytearray(block)
        changed[place] ^= 1 << place % 8
        assert Retained.unpack(own, night.ceiling, bytes(changed)) is None
    for size in range(len(block)):
        assert Retained.unpack(own, night.ceiling, block[:size]) is None


def test_it_belongs_to_one_identity_and_one_ceiling() -> None:
    night = _asleep()
    block = night.device.retain(night.now, night.running_ms)
    for field in ("network", "node", "epoch"):
        other = identity()
        setattr(other, field, getattr(other, field) + 1)
        assert Retained.unpack(other, night.ceiling, block) is None
    assert Retained.unpack(identity(("entry",)), night.ceiling, block) is None
    assert Retained.unpack(identity(), night.ceiling + BLOCK, block) is None


def test_a_block_with_a_number_above_the_ceiling_is_refused() -> None:
    kept = Retained()
    kept.challenge = bytes(8)
    kept.ceiling = 5000
    for number, is_good in ((0, False), (1, True), (5000, True), (5001, False)):
        kept.next_number = number
        assert (Retained.unpack(identity(), 5000, kept.pack(identity())) is not None) == is_good


def test_the_longest_block_fits() -> None:
    kept = Retained()
    kept.challenge = bytes(8)
    kept.next_number = kept.ceiling = 0xFFFFFFFF
    kept.presses = [0xFFFF] * 8
    kept.answers = [(0xFFFFFFFF, 0xFFFFFFFF, 255)] * 8
    kept.outbox = bytes(6 + 10 * CAPACITY)
    block = kept.pack(identity())
    assert len(block) <= MOST_BYTES
    again = Retained.unpack(identity(), 0xFFFFFFFF, block)
    assert again is not None
    assert (list(again.presses), list(again.answers), again.outbox) == (kept.presses, kept.answers, kept.outbox)


# ---- Without keys


def test_an_unenrolled_one_is_awake_on_the_bench_and_then_sleeps_until_a_contact_moves() -> None:
    node = SleepingUnenrolled([contact("any_press")], Feedback())
    node.awake_until_ms = 1000
    wake(node.inputs, (), (0,), 0, 0)
    assert node.poll(0) is None
    assert not node.rest_ms(999)
    assert node.rest_ms(1000) == sleeper.LONGEST_REST_MS
    woken = SleepingUnenrolled([contact("any_press")], Feedback())
    wake(woken.inputs, (0,), (0,), 0, 0)
    assert not woken.rest_ms(0)
    woken.poll(0)
    assert woken.feedback.stage == feedback.REFUSED
    woken.poll(feedback.REFUSED_MS)
    assert woken.rest_ms(feedback.REFUSED_MS)
