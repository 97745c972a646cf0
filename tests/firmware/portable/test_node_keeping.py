"""An event that the node has told of outlives the power, until it is acknowledged."""

from anju.node import feedback, frame, keeping
from anju.node.counter import BLOCK
from anju.node.outbox import CAPACITY, Entry
from anju.wire import table
from anju.wire.table import Code, Type
from firmware.portable.kit import NOW_S, Bench, Dice, greeted, identity


def _reborn(bench: Bench) -> Bench:
    """The same node after a loss of power, at the next ceiling."""
    return Bench(seed=2, ceiling=100 + BLOCK, kept=bench.kept)


def test_what_was_told_is_sent_again_under_a_new_number_with_its_id_and_time() -> None:
    bench = greeted()
    bench.wait(3000)
    (panic,) = bench.press()
    assert bench.told == [("event", panic.event_id(), "code", Code.PANIC, "zone", 0)]
    again = _reborn(bench)
    hello, resent = again.sent()
    assert (hello.type, hello.counter) == (Type.HELLO, 100 + BLOCK)
    assert resent.counter == 101 + BLOCK
    time_s, event_id, code, zone, levels, _ = resent.status()
    assert (time_s, event_id, code, zone, levels) == (NOW_S + 3, panic.event_id(), Code.PANIC, 0, 0)
    assert resent.body[1] & table.Flag.URGENT
    again.receive(again.concentrator.ack(resent))
    assert again.told == [("kept", panic.event_id(), "code", Code.PANIC, "zone", 0), ("acked", panic.event_id())]


def test_it_is_sent_before_it_is_kept_and_kept_before_it_is_told() -> None:
    bench = greeted()
    bench.device.edge(0, 1, bench.now)
    bench.wait(20)
    assert bench.device.poll(bench.now) is not None
    assert (bench.kept, bench.told) == (b"", [])
    assert bench.device.poll(bench.now) is None
    events = keeping.unpack(identity(), bench.kept or b"")
    assert events is not None
    assert [event.first_counter & 0xFFFF for event in events] == [told[1] for told in bench.told] == [101]


def test_nothing_is_written_while_nothing_happens() -> None:
    bench = greeted()
    bench.wait(600000)
    bench.sent()
    bench.wait(600000)
    bench.sent()
    assert bench.kept == b""


def test_after_the_last_acknowledgement_nothing_is_kept() -> None:
    bench = greeted()
    first, second = bench.press(0) + bench.press(2)
    bench.receive(bench.concentrator.ack(first))
    bench.sent()
    bench.receive(bench.concentrator.ack(second))
    bench.sent()
    assert keeping.unpack(identity(), bench.kept or b"") == []
    assert [heard.type for heard in _reborn(bench).sent()] == [Type.HELLO]


def test_a_press_that_was_not_acknowledged_shows_again_what_it_is_waiting_for() -> None:
    bench = greeted()
    bench.press()
    again = _reborn(bench)
    again.sent()
    assert again.feedback.stage == feedback.SENDING
    again.wait(feedback.UNDELIVERED_AFTER_MS)
    again.sent()
    assert again.feedback.stage == feedback.UNDELIVERED
    resent = [heard for heard in again.next() if heard.type == Type.EVENT]
    again.receive(again.concentrator.ack(resent[-1]))
    assert again.feedback.stage == feedback.HELD


def test_it_stays_kept_over_any_number_of_lives() -> None:
    bench = greeted()
    (panic,) = bench.press()
    for life in range(1, 6):
        bench = Bench(seed=life, ceiling=100 + life * BLOCK, kept=bench.kept)
        assert [heard.event_id() for heard in bench.sent() if heard.type == Type.EVENT] == [panic.event_id()]


def test_a_time_that_was_not_known_stays_unknown() -> None:
    bench = Bench()
    bench.press()
    again = _reborn(bench)
    (hello, resent) = again.sent()
    again.receive(again.concentrator.ack(hello))
    assert again.device.clock.is_known
    assert resent.status()[0] == table.TIME_UNKNOWN
    later = [heard for heard in again.next() if heard.type == Type.EVENT]
    assert later[0].status()[0] == table.TIME_UNKNOWN


def test_an_old_sealing_that_is_acknowledged_after_all_is_about_it() -> None:
    bench = greeted()
    (panic,) = bench.press()
    again = _reborn(bench)
    again.sent()
    again.receive(again.concentrator.ack(panic))
    assert again.told[-1] == ("acked", panic.event_id())


def test_after_65536_numbers_it_gets_a_new_name_because_the_old_one_has_come_round() -> None:
    bench = greeted()
    (panic,) = bench.press()
    again = Bench(ceiling=panic.counter + 0x10000, kept=bench.kept)
    _, resent = again.sent()
    assert resent.counter == panic.counter + 0x10001
    assert resent.event_id() == resent.counter & 0xFFFF


def test_what_was_made_under_other_keys_is_sent_under_none() -> None:
    event = Entry(Type.EVENT, Code.PANIC, 0, 0, frame.blank())
    event.first_counter = 7
    own = identity()
    other = identity()
    for field in ("network", "node", "epoch"):
        setattr(other, field, getattr(own, field) + 1)
        content = keeping.pack(other, [event], lambda _event: NOW_S)
        setattr(other, field, getattr(own, field))
        assert keeping.unpack(own, content) == []
    assert keeping.unpack(own, keeping.pack(own, [event], lambda _event: NOW_S)) != []


def test_what_can_not_be_read_is_said_and_does_not_stop_the_node() -> None:
    for kept in (None, b"\x01", b"\x02\x00\x01\x00\x07\x01", bytes(6 + 10 * (CAPACITY + 1)), bytes(7)):
        bench = Bench(kept=kept)
        assert bench.told == [("lost: what was kept of events can't be read",)]
        assert [heard.type for heard in bench.sent()] == [Type.HELLO]


def test_any_bytes_are_read_or_refused() -> None:
    dice = Dice(71)
    start = keeping.pack(identity(), [], lambda _event: 0)
    for _ in range(300):
        content = start + dice.bytes(dice.below(40))
        events = keeping.unpack(identity(), content)
        assert (events is None) == bool((len(content) - len(start)) % 10)


def test_a_store_that_fails_does_not_stop_the_alarm() -> None:
    bench = greeted()
    bench.is_full = True
    (panic,) = bench.press()
    (complaint, why), told = bench.told
    assert (complaint, str(why)) == ("events not kept:", "full")
    assert told == ("event", panic.event_id(), "code", Code.PANIC, "zone", 0)
    bench.receive(bench.concentrator.ack(panic))
    assert bench.feedback.stage == feedback.HELD


def test_a_full_outbox_is_kept_whole() -> None:
    bench = greeted()
    for _ in range(CAPACITY):
        bench.press(2)
        bench.wait(20)
        bench.sent()
    made = {told[1] for told in bench.told if told[0] == "event"}
    dropped = len([told for told in bench.told if told[0] == "dropped"])
    again = _reborn(bench)
    kept = {told[1] for told in again.told}
    assert len(kept) == CAPACITY
    assert kept <= made
    assert len(made) <= CAPACITY + dropped
