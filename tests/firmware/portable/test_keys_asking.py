"""What a person asks with keys: in ten seconds or never, and nothing that was recorded can answer for it."""

from anju.keys import asking
from anju.keys.asking import Asking
from anju.node import feedback, frame
from anju.node.keys import Key, Keys
from anju.role import keyed
from anju.wire import table
from anju.wire.table import Action, Order, Type, Verdict
from firmware.portable.kit import Bench, Heard, identity

try:
    from typing import Any
except ImportError:  # MicroPython
    pass

AWAY, HOME, OFF = 1, 2, 3
"""Inputs; 0 is the panic button, 4 to 13 are digits 0 to 9."""
DIGIT = 4
CHALLENGE = b"8 random"


class KeyBench(Bench):
    """A fob, or a keypad with digits, greeted, and as much of its role as there is to keys."""

    def __init__(self, digits: int = 0) -> None:
        self.keys = Keys()
        super().__init__(own=identity(("any_press", "keypad")))
        self.device.inputs.pop()  # type: ignore[attr-defined]
        for _ in range(3 + digits):
            key = Key(self.keys, "keypad", 1, 20)
            self.keys.keys.append(key)
            self.device.inputs.append(key)  # type: ignore[attr-defined]
        self.top: "Any" = self.device
        self.greet()

    def raw(self) -> "list[bytes]":
        """What goes over the link, as a role would have it."""
        frames = []
        for _ in range(2):
            sealed = self.top.poll(self.now)
            while sealed is not None:
                frames.append(bytes(sealed))
                sealed = self.top.poll(self.now)
            self.top = keyed.heed(self.top, self.keys, self.now)
        return frames

    def receive(self, sealed: bytes) -> None:
        """To whoever stands before the device."""
        self.top.receive(sealed, self.now)

    def hit(self, key: int) -> "list[Heard]":
        """Press a key and let it go; the requests that this makes."""
        heard: "list[Heard]" = []
        for level in (1, 0):
            self.device.edge(key, level, self.now)
            self.wait(20)
            heard += self.sent()
        return requests(heard)

    def challenge(self, request: Heard, challenge: bytes = CHALLENGE, **how: "Any") -> "list[Heard]":
        """Challenge it; what the node sends then."""
        extras = frame.extra(table.Extra.CHALLENGE, challenge)
        how["command_id"] = how.get("command_id", self.concentrator.counter)
        self.receive(self.concentrator.command(request.event_id(), Order.CHALLENGE, extras=extras, **how))
        return self.sent()

    def later(self, ms: int) -> "list[Heard]":
        """Everything that it sends within so long."""
        end, heard = self.now + ms, self.sent()
        while self.now < end:
            self.now = min(max(self.top.next_deadline(), self.now + 1), end)
            heard += self.sent()
        return heard


def requests(heard: "list[Heard]") -> "list[Heard]":
    """Those among frames."""
    return [one for one in heard if one.type == Type.REQUEST]


def test_a_key_asks_and_an_answer_is_shown() -> None:
    for verdict, stage in (
        (Verdict.ACCEPTED, asking.GRANTED),
        (Verdict.DUPLICATE, asking.GRANTED),
        (Verdict.REFUSED, asking.DENIED),
        (Verdict.NOT_UNDERSTOOD, asking.DENIED),
        (Verdict.EXPIRED, asking.DENIED),
    ):
        bench = KeyBench()
        (request,) = bench.hit(AWAY)
        assert (request.code(), request.status()[3], len(request.body)) == (Action.AWAY, 1, table.BODY_BYTES)
        assert bench.feedback.stage == asking.ASKING
        bench.receive(bench.concentrator.ack(request, verdict=verdict))
        bench.sent()
        assert bench.feedback.stage == stage
        assert requests(bench.later(60000)) == []
        assert bench.feedback.stage == feedback.IDLE
        assert bench.top is bench.device


def test_each_key_asks_for_its_own() -> None:
    for key, action in ((AWAY, Action.AWAY), (HOME, Action.HOME), (OFF, Action.OFF)):
        (request,) = KeyBench().hit(key)
        assert request.code() == action


def test_a_challenge_comes_back_with_what_was_asked() -> None:
    bench = KeyBench()
    (request,) = bench.hit(OFF)
    (answer,) = bench.challenge(request)
    assert (answer.type, answer.code(), answer.event_id()) == (Type.REQUEST, Action.OFF, request.event_id())
    assert frame.find_extra(answer.body, table.Extra.CHALLENGE) == CHALLENGE
    assert frame.find_extra(answer.body, table.Extra.CODE) is None
    bench.receive(bench.concentrator.ack(answer))
    bench.sent()
    assert bench.feedback.stage == asking.GRANTED


def test_a_keypad_sends_its_code_only_with_the_challenge() -> None:
    bench = KeyBench(digits=10)
    for digit in (1, 9, 0, 2, 2, 7):
        assert bench.hit(DIGIT + digit) == []
    (request,) = bench.hit(OFF)
    assert len(request.body) == table.BODY_BYTES
    (answer,) = bench.challenge(request)
    assert frame.find_extra(answer.body, table.Extra.CODE) == b"190227"


def test_a_keypad_without_a_code_says_so() -> None:
    bench = KeyBench(digits=10)
    (request,) = bench.hit(OFF)
    (answer,) = bench.challenge(request)
    assert frame.find_extra(answer.body, table.Extra.CODE) == b""


def test_digits_are_forgotten_after_ten_seconds() -> None:
    bench = KeyBench(digits=10)
    bench.hit(DIGIT + 1)
    bench.later(10000)
    (request,) = bench.hit(OFF)
    (answer,) = bench.challenge(request)
    assert frame.find_extra(answer.body, table.Extra.CODE) == b""


def test_an_answer_is_repeated_byte_for_byte_until_it_is_heard() -> None:
    bench = KeyBench()
    (request,) = bench.hit(OFF)
    (answer,) = bench.challenge(request)
    again = requests(bench.later(3000))
    assert len(again) > 2
    assert {(one.counter, one.body) for one in again} == {(answer.counter, answer.body)}


def test_after_ten_seconds_it_is_red_and_never_sent_again() -> None:
    bench = KeyBench()
    bench.hit(OFF)
    assert requests(bench.later(9900))
    bench.later(200)
    assert bench.feedback.stage == asking.DENIED
    assert requests(bench.later(3600000)) == []


def test_a_challenge_that_comes_late_is_not_answered() -> None:
    bench = KeyBench()
    (request,) = bench.hit(OFF)
    bench.later(10001)
    assert requests(bench.challenge(request)) == []
    bench.later(60000)
    assert requests(bench.challenge(request)) == []


def test_a_challenge_for_a_request_that_nobody_made_is_not_answered() -> None:
    bench = KeyBench()
    (request,) = bench.hit(AWAY)
    bench.receive(bench.concentrator.ack(request))
    bench.later(60000)
    assert requests(bench.challenge(request)) == []
    (other,) = bench.hit(OFF)
    assert other.event_id() != request.event_id()
    assert requests(bench.challenge(request)) == []


def test_a_challenge_is_answered_once() -> None:
    bench = KeyBench()
    (request,) = bench.hit(OFF)
    (answer,) = bench.challenge(request)
    again = bench.challenge(request) + bench.challenge(request, b"8 others")
    assert {one.body for one in again} <= {answer.body}


def test_a_challenge_of_another_length_is_none() -> None:
    bench = KeyBench()
    (request,) = bench.hit(OFF)
    assert requests(bench.challenge(request, b"7 bytes")) == []
    bench.receive(bench.concentrator.command(request.event_id(), Order.CHALLENGE, command_id=77))
    assert requests(bench.sent()) == []


def test_both_keys_that_arm_are_a_panic_and_ask_nothing() -> None:
    bench = KeyBench()
    bench.device.edge(AWAY, 1, bench.now)
    bench.wait(20)
    assert bench.sent() == []
    bench.device.edge(HOME, 1, bench.now)
    bench.wait(20)
    (panic,) = bench.sent()
    assert (panic.type, panic.code()) == (Type.EVENT, table.Code.PANIC)
    bench.receive(bench.concentrator.ack(panic))
    for key in (AWAY, HOME):
        bench.device.edge(key, 0, bench.now)
    bench.wait(20)
    assert bench.sent() == []
    assert len(bench.hit(AWAY)) == 1


def test_a_panic_goes_out_while_it_asks_and_is_what_is_shown() -> None:
    bench = KeyBench()
    bench.hit(OFF)
    bench.device.edge(0, 1, bench.now)
    bench.wait(20)
    (panic,) = [one for one in bench.sent() if one.type == Type.EVENT]
    assert panic.code() == table.Code.PANIC
    assert bench.feedback.stage == feedback.SENDING
    bench.later(10000)
    assert bench.feedback.stage in (feedback.SENDING, feedback.UNDELIVERED)


def test_who_is_impatient_asks_nothing_new() -> None:
    bench = KeyBench()
    (request,) = bench.hit(OFF)
    again = bench.hit(AWAY) + bench.hit(OFF)
    assert {one.event_id() for one in again} <= {request.event_id()}


def test_it_is_kept_neither_over_the_power_nor_over_a_sleep() -> None:
    bench = KeyBench()
    bench.hit(OFF)
    bench.later(1000)
    assert bench.device.outbox.events() == []
    assert not bench.kept
    assert bench.top.rest_ms(bench.now) == 0  # awake until it is over


def test_a_request_is_no_panic_whatever_its_number() -> None:
    bench = KeyBench()
    for key in (AWAY, HOME, OFF):
        (request,) = bench.hit(key)
        assert not request.body[1] & table.Flag.URGENT
        bench.receive(bench.concentrator.ack(request))
        bench.later(5000)
    assert Asking.rest_ms is not None
