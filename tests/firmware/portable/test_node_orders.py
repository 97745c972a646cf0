"""What a person did, on its way to the lamp: carried out once, in time, and never made up (invariant I3)."""

from anju.node import feedback, frame
from anju.node.device import PAIR
from anju.wire import table
from anju.wire.table import ArmMode, Order, Type, Verdict
from firmware.portable.kit import NOW_S, Bench, greeted


def test_seen_lights_the_button_and_is_confirmed() -> None:
    bench = greeted()
    (panic,) = bench.press()
    bench.receive(bench.concentrator.ack(panic))
    bench.wait(5000)
    bench.receive(bench.concentrator.command(panic.event_id(), command_id=0x12345))
    (answer,) = bench.sent()
    assert bench.feedback.stage == feedback.SEEN
    assert bench.feedback.outputs == (1, 0, 0, 660)
    assert answer.type == Type.ACK
    assert answer.ack() == (NOW_S + 5, 1, Verdict.ACCEPTED, bench.concentrator.counter, 0x2345, ArmMode.UNKNOWN)


def test_an_order_to_pair_is_a_wish_once() -> None:
    bench = greeted()
    for counter in range(2):
        bench.receive(bench.concentrator.command(0, Order.PAIR, command_id=0x12345))
        (answer,) = bench.sent()
        assert answer.ack()[2] == (Verdict.DUPLICATE if counter else Verdict.ACCEPTED)
        assert bench.device.wish == (0 if counter else PAIR)
        bench.device.wish = 0
    bench.wait(121000)
    bench.receive(bench.concentrator.command(0, Order.PAIR, command_id=0x12346))
    assert Verdict.EXPIRED in [heard.ack()[2] for heard in bench.sent() if heard.type == Type.ACK]
    assert bench.device.wish == 0


def test_a_probe_is_answered_and_changes_nothing() -> None:
    bench = greeted()
    (panic,) = bench.press()
    bench.receive(bench.concentrator.ack(panic))
    command = bench.concentrator.command(panic.event_id())
    bench.receive(command)
    bench.sent()
    before = bench.feedback.stage, bench.device.wish
    for _ in range(20):
        bench.receive(bench.concentrator.command(0, Order.PROBE, command_id=0))
        (answer,) = bench.sent()
        assert answer.ack() == (NOW_S, 1, Verdict.ACCEPTED, bench.concentrator.counter, 0, 0)
    assert (bench.feedback.stage, bench.device.wish) == before
    bench.receive(bench.concentrator.command(panic.event_id()))
    (again,) = bench.sent()
    assert again.ack()[2] == Verdict.DUPLICATE  # however many probes came, what people asked for is remembered


def test_seen_ends_when_the_click_is_120_s_old() -> None:
    bench = greeted()
    (panic,) = bench.press()
    bench.receive(bench.concentrator.ack(panic))
    bench.wait(100000)
    bench.receive(bench.concentrator.command(panic.event_id()))
    bench.sent()
    assert bench.feedback.stage == feedback.SEEN
    bench.wait(20000)
    bench.sent()
    assert bench.feedback.stage == feedback.IDLE


def test_a_command_too_late_is_refused_as_expired() -> None:
    bench = greeted()
    (panic,) = bench.press()
    bench.receive(bench.concentrator.ack(panic))
    bench.wait(120001)
    bench.receive(bench.concentrator.command(panic.event_id()))
    answers = [heard.ack()[2] for heard in bench.sent() if heard.type == Type.ACK]
    assert answers == [Verdict.EXPIRED]
    assert bench.feedback.stage == feedback.HELD


def test_a_click_from_the_future_holds_no_longer_than_it_says() -> None:
    bench = greeted()
    (panic,) = bench.press()
    bench.receive(bench.concentrator.command(panic.event_id(), time_s=NOW_S + 100000, valid_s=10))
    bench.sent()
    assert bench.feedback.stage == feedback.SEEN
    bench.wait(10000)
    bench.feedback.poll(bench.now)
    assert bench.feedback.stage == feedback.IDLE


def test_without_a_time_no_command_is_in_time() -> None:
    bench = Bench()
    (hello,) = bench.sent()
    bench.receive(bench.concentrator.ack(hello, time_s=table.TIME_UNKNOWN))
    (panic,) = bench.press()
    bench.receive(bench.concentrator.command(panic.event_id()))
    (answer,) = bench.sent()
    assert answer.ack()[2] == Verdict.EXPIRED
    assert bench.feedback.stage == feedback.SENDING


def test_a_command_is_carried_out_once_and_answered_every_time() -> None:
    bench = greeted()
    (panic,) = bench.press()
    bench.receive(bench.concentrator.ack(panic))
    command = bench.concentrator.command(panic.event_id())
    bench.receive(command)
    (first,) = bench.raw()
    bench.receive(command)
    assert bench.raw() == [first]
    bench.receive(bench.concentrator.command(panic.event_id()))
    (again,) = bench.sent()
    assert again.ack()[2:4] == (Verdict.DUPLICATE, bench.concentrator.counter)


def test_an_old_answer_is_sealed_again_before_it_is_repeated() -> None:
    bench = greeted()
    (panic,) = bench.press()
    bench.receive(bench.concentrator.ack(panic))
    command = bench.concentrator.command(panic.event_id(), valid_s=60000)
    bench.receive(command)
    (first,) = bench.sent()
    for _ in range(20):
        bench.next()
    bench.receive(command)
    (again,) = bench.sent()
    assert again.counter > first.counter + 16
    assert again.ack()[1:] == first.ack()[1:]


def test_a_command_that_expired_may_be_tried_again() -> None:
    bench = greeted()
    (panic,) = bench.press()
    bench.receive(bench.concentrator.command(panic.event_id(), time_s=NOW_S - 500))
    bench.receive(bench.concentrator.command(panic.event_id()))
    assert [heard.ack()[2] for heard in bench.sent()] == [Verdict.EXPIRED, Verdict.ACCEPTED]


def test_what_a_command_may_not_say_is_not_understood() -> None:
    bench = greeted()
    (panic,) = bench.press()
    (opened,) = bench.press(1)
    event_id = panic.event_id()
    commands = [
        bench.concentrator.command(event_id + 1000),
        bench.concentrator.command(opened.event_id(), command_id=901),
        bench.concentrator.command(event_id, order=99, command_id=902),
        bench.concentrator.command(event_id, command_id=903, extras=frame.extra(0x90, b"?")),
        bench.concentrator.command(event_id, command_id=904, extras=b"\x01\x09"),
    ]
    for command in commands:
        bench.receive(command)
    verdicts = [heard.ack()[2] for heard in bench.sent() if heard.type == Type.ACK]
    assert verdicts == [Verdict.NOT_UNDERSTOOD] * 5
    assert bench.feedback.stage == feedback.SENDING


def test_an_extra_that_need_not_be_understood_is_skipped() -> None:
    bench = greeted()
    (panic,) = bench.press()
    bench.receive(bench.concentrator.command(panic.event_id(), extras=frame.extra(0x10, b"?")))
    (answer,) = bench.sent()
    assert answer.ack()[2] == Verdict.ACCEPTED


def test_before_the_hello_is_answered_only_acknowledgements_count() -> None:
    bench = Bench()
    bench.sent()
    (panic,) = bench.press()
    bench.receive(bench.concentrator.command(panic.event_id()))
    assert bench.sent() == []
    assert bench.feedback.stage == feedback.SENDING
    bench.receive(bench.concentrator.ack(panic))
    assert bench.feedback.stage == feedback.HELD


def test_a_command_from_before_the_boot_is_never_carried_out() -> None:
    bench = Bench()
    (hello,) = bench.sent()
    (panic,) = bench.press()
    old = bench.concentrator.command(panic.event_id())
    bench.receive(bench.concentrator.ack(hello))
    bench.receive(old)
    assert bench.sent() == []
    assert bench.feedback.stage == feedback.SENDING


def test_a_replayed_command_lights_nothing() -> None:
    bench = greeted()
    (panic,) = bench.press()
    bench.receive(bench.concentrator.ack(panic))
    command = bench.concentrator.command(panic.event_id(), valid_s=10)
    bench.receive(command)
    bench.sent()
    bench.wait(11000)
    bench.sent()
    bench.receive(command)
    bench.sent()
    assert bench.feedback.stage == feedback.IDLE


def test_coming_is_quicker_than_seen() -> None:
    bench = greeted()
    (panic,) = bench.press()
    bench.receive(bench.concentrator.command(panic.event_id(), order=Order.COMING))
    bench.sent()
    assert bench.feedback.stage == feedback.COMING
    assert bench.feedback.outputs == (1, 0, 0, 880)
    assert feedback.PATTERNS[feedback.COMING][1][0][4] < feedback.PATTERNS[feedback.SEEN][1][0][4]
