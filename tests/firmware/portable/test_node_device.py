"""A whole node without hardware, and a concentrator that may be far, slow or forged."""

from anju.node import feedback, frame
from anju.node.counter import Counter
from anju.node.device import UNCERTAIN_HEARTBEAT_MS
from anju.node.identity import StoreError
from anju.node.press import HELD_MS
from anju.wire import table
from anju.wire.table import Code, Type, Verdict
from firmware.portable.kit import NOW_S, Bench, greeted, raises


def test_the_first_frame_is_a_hello() -> None:
    bench = Bench()
    (hello,) = bench.sent()
    assert hello.type == Type.HELLO
    assert hello.counter == 100
    assert hello.body[10:13] == bytes((0, 1, 1))
    assert hello.body[13] == table.ResetCause.POWER_ON
    assert hello.body[14] == 3
    assert frame.find_extra(hello.body, table.Extra.BUILD) == b"test"


def test_a_hello_is_repeated_byte_for_byte_until_its_challenge_comes_back() -> None:
    bench = Bench()
    (first,) = bench.raw()
    hello = bench.concentrator.hear(first)
    bench.receive(bench.concentrator.ack(hello, extras=b""))
    bench.receive(bench.concentrator.ack(hello, extras=frame.extra(table.Extra.CHALLENGE, bytes(8))))
    bench.wait(200)
    assert bench.raw() == [first]
    bench.receive(bench.concentrator.ack(hello))
    bench.wait(10000)
    assert bench.raw() == []


def test_a_hello_that_is_sealed_again_after_a_long_outage_is_still_a_whole_hello() -> None:
    bench = Bench()
    (first,) = bench.sent()
    hello = first
    while hello.counter == first.counter:
        bench.wait(60000)
        hellos = [heard for heard in bench.sent() if heard.type == Type.HELLO]
        hello = hellos[-1] if hellos else hello
    assert hello.body == first.body
    bench.receive(bench.concentrator.ack(hello))
    bench.wait(10000)
    assert not [heard for heard in bench.sent() if heard.type == Type.HELLO]


def test_a_press_is_an_urgent_event_with_time_levels_and_id() -> None:
    bench = greeted()
    bench.wait(3000)
    (panic,) = bench.press()
    assert panic.type == Type.EVENT
    assert panic.body[1] == table.Flag.ACK_REQUESTED | table.Flag.URGENT
    assert panic.status() == (NOW_S + 3, 101, Code.PANIC, 0, 1, 0)
    assert bench.told == [("event", 101, "code", Code.PANIC, "zone", 0)]


def test_every_frame_tells_all_levels() -> None:
    bench = greeted()
    bench.device.edge(1, 1, bench.now)
    bench.device.edge(2, 1, bench.now)
    bench.wait(20)
    opened, tampered = bench.sent()
    assert (opened.code(), tampered.code()) == (Code.OPENED, Code.TAMPERED)
    assert tampered.status()[4] == 0b110
    assert opened.body[1] == table.Flag.ACK_REQUESTED


def test_a_press_that_is_held_is_told_once_more_and_as_urgently() -> None:
    bench = greeted()
    bench.device.edge(0, 1, bench.now)
    bench.wait(20)
    (panic,) = bench.sent()
    bench.receive(bench.concentrator.ack(panic))
    bench.wait(HELD_MS)
    (held,) = bench.sent()
    assert (held.code(), held.status()[3:5]) == (Code.HELD, (0, 1))
    assert held.body[1] == table.Flag.ACK_REQUESTED | table.Flag.URGENT
    assert held.event_id() != panic.event_id()
    assert bench.feedback.stage == feedback.HELD
    bench.receive(bench.concentrator.command(held.event_id()))
    assert bench.feedback.stage == feedback.SEEN


def test_a_press_is_a_test_only_if_its_own_answer_says_so() -> None:
    bench = greeted()
    (first,) = bench.press()
    bench.receive(bench.concentrator.ack(first, flags=table.Flag.TEST))
    assert bench.feedback.stage == feedback.TESTED
    bench.wait(20)
    bench.sent()
    (second,) = bench.press()
    assert second.body[1] == table.Flag.ACK_REQUESTED | table.Flag.URGENT
    bench.receive(bench.concentrator.ack(second))
    assert bench.feedback.stage == feedback.HELD


def test_a_press_that_is_held_on_test_becomes_a_real_one_at_the_button() -> None:
    bench = greeted()
    bench.device.edge(0, 1, bench.now)
    bench.wait(20)
    (panic,) = bench.sent()
    bench.receive(bench.concentrator.ack(panic, flags=table.Flag.TEST))
    bench.wait(HELD_MS)
    (held,) = bench.sent()
    assert bench.feedback.stage == feedback.SENDING
    bench.receive(bench.concentrator.ack(held))
    assert bench.feedback.stage == feedback.HELD


def test_an_acknowledged_event_is_not_sent_again() -> None:
    bench = greeted()
    (panic,) = bench.press()
    assert bench.feedback.stage == feedback.SENDING
    bench.receive(bench.concentrator.ack(panic))
    assert bench.feedback.stage == feedback.HELD
    assert bench.told[-1] == ("acked", panic.event_id())
    bench.wait(30000)
    assert bench.sent() == []


def test_the_acknowledgement_of_a_duplicate_will_do() -> None:
    bench = greeted()
    (panic,) = bench.press()
    bench.receive(bench.concentrator.ack(panic, verdict=Verdict.DUPLICATE))
    assert bench.feedback.stage == feedback.HELD


def test_an_event_is_sealed_again_with_its_id_and_the_levels_of_that_moment() -> None:
    bench = greeted(heartbeat_ms=3000)
    (panic,) = bench.press()
    bench.wait(20)
    again = []
    for _ in range(200):
        again += [heard for heard in bench.next() if heard.type == Type.EVENT]
        if again[-1:] and again[-1].counter != panic.counter:
            break
    assert again[-1].event_id() == panic.event_id()
    assert again[-1].counter > panic.counter
    assert again[-1].status()[4] == 0
    assert again[-1].status()[0] == panic.status()[0]


def test_time_is_taken_only_from_a_prompt_answer_to_the_first_transmission() -> None:
    bench = Bench()
    (hello,) = bench.sent()
    bench.wait(1001)
    bench.receive(bench.concentrator.ack(hello))
    assert not bench.device.clock.is_known
    (panic,) = [heard for heard in bench.press() if heard.type == Type.EVENT]
    assert panic.status()[0] == table.TIME_UNKNOWN
    bench.wait(900)
    bench.sent()
    bench.wait(101)
    bench.receive(bench.concentrator.ack(panic, time_s=NOW_S + 50))
    assert not bench.device.clock.is_known


def test_time_is_not_taken_from_a_late_answer_to_an_event_that_was_sealed_again() -> None:
    for answers_the_first, is_believed in ((True, False), (False, True)):
        bench = greeted(heartbeat_ms=3000)
        (first,) = bench.press()
        again = first
        while again.counter == first.counter:
            (again,) = [heard for heard in bench.next() if heard.type == Type.EVENT] or [again]
        bench.receive(bench.concentrator.ack(first if answers_the_first else again, time_s=NOW_S + 9999))
        assert bench.told[-1] == ("acked", first.event_id())
        assert (bench.device.clock.at(bench.now) == NOW_S + 9999) == is_believed


def test_while_the_time_is_unknown_it_asks_soon() -> None:
    bench = Bench()
    (hello,) = bench.sent()
    bench.wait(1001)
    bench.receive(bench.concentrator.ack(hello))
    start = bench.now
    (beat,) = bench.next()
    assert beat.type == Type.HEARTBEAT
    assert bench.now - start <= UNCERTAIN_HEARTBEAT_MS
    bench.receive(bench.concentrator.ack(beat))
    assert bench.device.clock.at(bench.now) == NOW_S


def test_heartbeats_come_in_time_and_not_all_at_once() -> None:
    pauses = set()
    for seed in range(20):
        bench = greeted(seed)
        last = bench.now
        for _ in range(5):
            (beat,) = bench.next()
            assert beat.type == Type.HEARTBEAT
            pauses.add(bench.now - last)
            last = bench.now
            bench.receive(bench.concentrator.ack(beat))
    assert 60000 * 7 // 8 <= min(pauses) < max(pauses) <= 60000
    assert len(pauses) > 50


def test_tries_since_the_last_acknowledgement_are_told() -> None:
    bench = greeted()
    bench.press()
    for _ in range(4):
        bench.next()
    (second,) = [heard for heard in bench.press() if heard.status()[1] != 101]
    assert second.status()[5] >= 5


def test_frames_that_are_not_authentic_or_not_ours_change_nothing() -> None:
    bench = greeted()
    (panic,) = bench.press()
    good = bench.concentrator.ack(panic)
    bad = [b"", good[:43], good + bytes(207)]
    for bit in range(8 * len(good)):
        changed = bytearray(good)
        changed[bit // 8] ^= 1 << bit % 8
        bad.append(bytes(changed))
    bench.wait(500)
    bad += bench.raw()
    for sealed in bad:
        bench.receive(sealed)
    assert bench.feedback.stage == feedback.SENDING
    # Address, class, epoch, reserved byte and magic are looked at before the tag: 8 of the 12 header bytes.
    assert bench.device.forged == 8 * (len(good) - 8)
    bench.receive(good)
    assert bench.feedback.stage == feedback.HELD


def test_an_acknowledgement_of_something_else_changes_nothing() -> None:
    bench = greeted()
    (panic,) = bench.press()
    own = panic.event_id()
    for epoch, counter, event_id, verdict in (
        (2, panic.counter, own, Verdict.ACCEPTED),
        (1, panic.counter + 1, own, Verdict.ACCEPTED),
        (1, panic.counter - 1, own, Verdict.ACCEPTED),
        (1, panic.counter, own, Verdict.EXPIRED),
        (1, panic.counter, own, 0),
    ):
        bench.receive(bench.concentrator.seal(table.ACK, (Type.ACK, 0, NOW_S, epoch, verdict, counter, event_id, 0, 0)))
    bench.receive(bench.concentrator.seal(table.STATUS, (Type.EVENT, 3, NOW_S, own, 3, 0, 1, 0, 0, 0, 0)))
    bench.receive(bench.concentrator.seal(table.ACK, (77, 0, NOW_S, 1, 1, panic.counter, own, 0, 0)))
    assert bench.feedback.stage == feedback.SENDING


def test_a_store_without_numbers_is_said_aloud() -> None:
    def refuse(ceiling: int) -> None:
        raise StoreError("broken")

    bench = greeted()
    bench.counter.__init__(4096, refuse)  # type: ignore[misc]
    bench.device.edge(0, 1, bench.now)
    bench.wait(20)
    raises(StoreError, bench.device.poll, bench.now)
    assert isinstance(bench.counter, Counter)


def test_dropped_events_are_told() -> None:
    bench = greeted()
    for _ in range(40):
        bench.press(1)
        bench.wait(20)
        bench.sent()
    dropped = [words[1] for words in bench.told if words[0] == "dropped"]
    assert dropped == list(range(1, len(dropped) + 1))
    made = [words for words in bench.told if words[0] == "event"]
    assert len(made) - 32 <= len(dropped) < 80


def test_a_heartbeat_that_nobody_answers_is_said_again_a_few_times() -> None:
    bench = greeted()
    for _ in range(3):
        (beat,) = bench.next()
        for _ in range(3):
            before = bench.now
            (beat,) = bench.next()
            assert beat.type == Type.HEARTBEAT
            assert bench.now - before <= UNCERTAIN_HEARTBEAT_MS
        bench.receive(bench.concentrator.ack(beat))
        before = bench.now
        (beat,) = bench.next()
        assert bench.now - before >= 60000 * 7 // 8
        bench.receive(bench.concentrator.ack(beat))


def test_it_does_not_go_on_so_where_nobody_is() -> None:
    bench = greeted()
    moments = []
    for _ in range(8):
        bench.next()
        moments.append(bench.now)
    pauses = [later - sooner for sooner, later in zip(moments, moments[1:])]  # noqa: B905, RUF007 (MicroPython's)
    assert max(pauses[:3]) <= UNCERTAIN_HEARTBEAT_MS
    assert min(pauses[3:]) >= 60000 * 7 // 8
