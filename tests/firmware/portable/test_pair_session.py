"""A session beside a device: hands at an open case, an order, a promise, and what becomes of them. The handshake itself is
`test_pair_end`'s; here it is a published one (protocol/vectors/v1/pairing.json)."""

import json

from anju.node import feedback
from anju.node.counter import Counter
from anju.node.device import ENDED, PAIR, WATCH, Device
from anju.node.feedback import Feedback
from anju.node.identity import Identity, StoreError
from anju.node.unenrolled import Unenrolled
from anju.pair import session
from anju.pair.end import OPEN_MS
from anju.pair.hands import HOLD_MS
from anju.pair.session import ADOPTED, LEAVING_MS, PUT_OFFS, SENDINGS, WIPE, Session
from anju.store.memory import MemoryStore
from anju.wire import table
from firmware.portable.kit import Concentrator, Dice, Heard, contact, identity

try:
    from typing import Any
except ImportError:  # MicroPython
    pass

_FILE = __file__.rsplit("tests/", 1)[0] + "protocol/vectors/v1/pairing.json"
_LID = 2
_NEW = Identity(1, 7, 2, b"\5" * 16, b"\6" * 16, ("any_press", "entry", "tamper"))


class _Board:
    """As much of one as a session looks at: three terminals, the last one a lid if there is one."""

    BUTTON = 0

    def __init__(self, case: int = _LID) -> None:
        self.CASE = case
        self.memory = MemoryStore()

    def inputs(self) -> "tuple[None, ...]":
        """Three."""
        return None, None, None

    def store(self) -> MemoryStore:
        """The same at each call."""
        return self.memory


class _Node:
    """A device, a session beside it when it wants one, and a clock that is turned by hand."""

    def __init__(self, kinds: "tuple[str, ...]" = (), case: int = _LID, is_labelled: bool = True) -> None:
        with open(_FILE) as file:
            self.case: "dict[str, Any]" = json.load(file)["cases"][0]
        self.now = 1000
        self.sent: "list[bytes]" = []
        self.wishes: "list[int]" = []
        self.said: "list[tuple[object, ...]]" = []
        self.board = _Board(case)
        if is_labelled:
            content = bytes.fromhex(self.case["seed"]) + bytes(32) + bytes.fromhex(self.case["code"]) + b"\1"
            self.board.memory.note("label", content)
        if kinds:
            self.board.memory.save(identity(kinds))
        self.device: "Any" = self.make()

    def make(self) -> "Any":
        """What the store says that it is."""
        store = self.board.memory
        if not store.holds_identity():
            inputs = [contact("any_press") for _ in range(3)]
            return session.attend(Unenrolled(inputs, Feedback()), self.board, self.now)
        own, ceiling = store.load()
        inputs = [contact(kind) for kind in own.inputs]
        counter = Counter(ceiling, store.reserve)
        device = Device(own, inputs, counter, Feedback(), store.keep, Dice(3).bytes, self._tell, 600000)
        device.start(b"", 1, store.kept(), self.now)
        return device

    def _tell(self, *words: object) -> None:
        self.said.append(words)

    def drive(self, terminal: int, level: int) -> None:
        """Move a contact, and let it settle."""
        self.device.edge(terminal, level, self.now)
        self.wait(30)

    def wait(self, ms: int) -> None:
        """Time passes; what is due happens, and what is wished is done."""
        ends = self.now + ms
        while True:
            self._pump()
            due = self.device.next_deadline()
            if due is None or due > ends:
                break
            self.now = max(self.now + 1, due)
        self.now = ends

    def _pump(self) -> None:
        while self.device.work(self.now):
            pass
        frame = self.device.poll(self.now)
        while frame is not None:
            self.sent.append(bytes(frame))
            frame = self.device.poll(self.now)
        if self.device.wish:
            self.wishes.append(self.device.wish)
            if self.device.wish == ENDED:
                self.device = self.device.device
            else:
                self.device = session.heed(self.device, self.board, self.make, self.now)

    def offers(self) -> int:
        """How many it has sent."""
        return len([frame for frame in self.sent if frame[1] == table.LinkClass.PAIRING])

    def events(self) -> "list[Heard]":
        """What it has said, each once."""
        desk, found = Concentrator(), {}
        for frame in self.sent:
            if frame[1] == table.LinkClass.UP:
                heard = desk.hear(frame)
                if heard.type == table.Type.EVENT:
                    found[heard.event_id()] = heard
        return [found[number] for number in sorted(found)]


def test_a_press_with_the_case_open_offers_it_and_with_the_case_shut_does_not() -> None:
    node = _Node()
    node.drive(0, 1)
    node.wait(3000)
    assert node.offers() == 0
    assert node.device.feedback.stage == feedback.REFUSED
    node.drive(0, 0)
    node.drive(_LID, 1)
    assert node.offers() == 0
    node.drive(0, 1)
    assert node.device.feedback.stage == session.OFFERED
    node.wait(3000)
    assert node.offers() > 3
    assert node.device.feedback.outputs[2:] == (0, 0)


def test_a_board_without_a_case_contact_takes_the_press_alone() -> None:
    node = _Node(case=-1)
    node.drive(0, 1)
    assert node.offers() == 1


def test_another_contact_offers_nothing() -> None:
    node = _Node()
    node.drive(_LID, 1)
    node.drive(1, 1)
    node.wait(3000)
    assert node.offers() == 0


def test_without_a_label_a_press_is_refused() -> None:
    node = _Node(is_labelled=False)
    node.drive(_LID, 1)
    node.drive(0, 1)
    assert node.offers() == 0
    assert node.device.feedback.stage == feedback.REFUSED


def test_after_two_minutes_nothing_has_changed_and_it_says_so() -> None:
    node = _Node()
    node.drive(_LID, 1)
    node.drive(0, 1)
    node.drive(0, 0)
    node.wait(OPEN_MS - 1000)
    assert node.device.feedback.stage == session.OFFERED
    node.wait(1000)
    assert node.device.feedback.stage == feedback.REFUSED
    offers = node.offers()
    node.wait(10000)
    assert node.offers() == offers
    assert not node.board.memory.holds_identity()
    node.drive(0, 1)
    assert node.offers() == offers + 1


def test_what_was_adopted_counts_at_once() -> None:
    node = _Node()
    node.drive(_LID, 1)
    node.drive(0, 1)
    for _ in node.device._adopt(identity(), bytes(range(32))):
        assert node.device.device.identity is None
    assert node.board.memory.noted("root_key") == bytes(range(32))
    node.device._end = _Decided()
    node.wait(0)
    assert node.wishes == [ADOPTED]
    assert isinstance(node.device, Device)
    assert node.device.feedback.stage == session.PAIRED
    node.wait(10)
    assert [frame for frame in node.sent if frame[1] == table.LinkClass.UP]


def _adopts(node: _Node) -> bool:
    """Whether it takes over new keys now; else the concentrator is asked once more."""
    try:
        for _ in node.device._adopt(_NEW, bytes(32)):
            pass
    except StoreError:
        return False
    return True


def test_new_keys_wait_until_the_last_event_under_the_old_ones_is_answered() -> None:
    node = _Node(("any_press", "entry", "tamper"))
    node.device.wish = PAIR
    node.wait(0)
    node.drive(0, 1)
    node.drive(0, 0)
    (panic,) = node.events()
    assert not _adopts(node)
    assert not node.board.memory.noted("root_key")
    node.device.receive(Concentrator().ack(panic), node.now)
    assert _adopts(node)
    assert node.board.memory.load()[0].epoch == 2


def test_an_event_in_the_midst_of_it_is_waited_for_too() -> None:
    node = _Node(("any_press", "entry", "tamper"))
    node.device.wish = PAIR
    node.wait(0)
    adopting = node.device._adopt(_NEW, bytes(32))
    next(adopting)
    node.drive(0, 1)
    try:
        next(adopting)
    except StoreError:
        pass
    assert node.board.memory.load()[0].epoch == 1


def test_an_event_takes_the_room_of_what_is_being_worked_out() -> None:
    node = _Node(("any_press", "entry", "tamper"))
    node.device.wish = PAIR
    node.wait(0)
    beside = node.device
    beside._end._job = iter([None] * 9)
    poll, refusals = beside.device.poll, [MemoryError()]

    def without_room(now: int) -> "bytearray | None":
        if refusals:
            raise refusals.pop()
        return poll(now)  # type: ignore[no-any-return]

    beside.device.poll = without_room
    beside.device.edge(0, 1, node.now)
    frame = beside.poll(node.now + 30)
    assert Concentrator().hear(bytes(frame)).code() == table.Code.PANIC
    assert not beside.has_work


def test_new_keys_do_not_wait_for_ever_for_somebody_who_is_gone() -> None:
    node = _Node(("any_press", "entry", "tamper"))
    node.device.wish = PAIR
    node.wait(0)
    node.drive(0, 1)
    for _ in range(100):
        assert not _adopts(node)
    for _ in range(SENDINGS):
        node.wait(3000)
    assert _adopts(node)


def test_a_press_of_the_last_moment_is_sent_as_often_as_the_one_before() -> None:
    node = _Node(("any_press", "entry", "tamper"))
    node.device.wish = PAIR
    node.wait(0)
    node.drive(0, 1)
    for _ in range(PUT_OFFS + 1):
        assert not _adopts(node)
    for _ in range(SENDINGS):
        node.wait(3000)
    node.drive(0, 0)
    node.drive(0, 1)
    for _ in range(SENDINGS // 2):
        assert not _adopts(node)
        node.wait(2000)
    for _ in range(SENDINGS):
        node.wait(3000)
    assert _adopts(node)


def test_as_long_as_there_are_answers_none_is_given_up() -> None:
    node = _Node(("any_press", "entry", "tamper"))
    node.device.wish = PAIR
    node.wait(0)
    node.drive(0, 1)
    node.drive(0, 0)
    for level in (1, 0, 1):
        node.drive(1, level)
        for _ in range(PUT_OFFS):
            node.wait(2000)
            assert not _adopts(node)
        assert len(node.device.device.outbox.events()) == 2
        node.device.receive(Concentrator().ack(node.events()[-2]), node.now)
    assert not _adopts(node)


def test_nothing_more_is_sealed_under_keys_that_are_over() -> None:
    node = _Node(("any_press", "entry", "tamper"))
    node.device.wish = PAIR
    node.wait(0)
    assert _adopts(node)
    node.device._end = _Decided()
    node.device.edge(0, 1, node.now - 30)
    assert node.device.poll(node.now) is None
    assert node.device.wish == ADOPTED


def test_what_was_opened_once_more_meanwhile_is_not_waited_for() -> None:
    node = _Node(("any_press", "entry", "tamper"))
    node.device.wish = PAIR
    node.wait(0)
    assert _adopts(node)
    node.device._end = _Decided()
    node.device._end.is_open = True
    node.wait(0)
    assert node.wishes[-1] == ADOPTED
    assert isinstance(node.device, Device)


class _Decided:
    """An end of which the concentrator has said PAIRED."""

    is_open = is_pending = has_work = False

    def work(self, now: int) -> bool:
        """Nothing."""
        return False

    def poll(self, now: int) -> None:
        """Nothing."""

    def next_deadline(self) -> None:
        """Never."""


def test_a_promise_from_before_the_power_cut_goes_on_beside_either_device() -> None:
    for kinds in ((), ("any_press", "entry", "tamper")):
        node = _Node(kinds)
        proof = bytes.fromhex(node.case["proof"])
        own = Identity(1, 9, 2, b"\5" * 16, b"\6" * 16, ("any_press",))
        promise = proof + bytes(64) + own.to_json().encode()
        node.board.memory.note(session.PROMISE, promise)
        node.device = session.attend(node.device if kinds else node.device.device, node.board, node.now)
        node.wait(2000)
        assert proof in node.sent
        assert node.board.memory.holds_identity() == bool(kinds)


def test_an_order_opens_an_enrolled_node_and_a_press_is_an_alarm() -> None:
    node = _Node(("any_press", "entry", "tamper"))
    node.wait(0)
    node.device.wish = PAIR
    node.wait(2000)
    assert node.offers() > 1
    node.drive(0, 1)
    assert [event.code() for event in node.events()] == [table.Code.PANIC]
    node.drive(0, 0)
    node.wait(OPEN_MS)
    assert isinstance(node.device, Device)


def test_a_resident_who_leans_on_the_button_unpairs_nothing() -> None:
    node = _Node(("any_press", "entry", "tamper"))
    node.drive(0, 1)
    node.wait(10 * HOLD_MS)
    assert [event.code() for event in node.events()] == [table.Code.PANIC, table.Code.HELD]
    node = _Node(("any_press", "entry"))
    node.drive(0, 1)
    node.wait(10 * HOLD_MS)
    assert node.board.memory.holds_identity()
    node = _Node(("entry", "tamper"))
    node.drive(1, 1)
    node.drive(0, 1)
    node.wait(10 * HOLD_MS)
    assert node.board.memory.holds_identity()


def test_ten_seconds_with_the_case_open_say_leaving_and_then_forget() -> None:
    node = _Node(("any_press", "entry", "tamper"))
    node.board.memory.note("root_key", bytes(32))
    node.drive(_LID, 1)
    assert isinstance(node.device, Session)
    node.drive(0, 1)
    node.wait(HOLD_MS - 100)
    assert table.Code.LEAVING not in [event.code() for event in node.events()]
    node.wait(200)
    assert node.events()[-1].code() == table.Code.LEAVING
    node.wait(2 * LEAVING_MS)
    assert node.board.memory.holds_identity()  # the button is still down
    node.drive(0, 0)
    assert node.wishes[-1] == WIPE
    assert not node.board.memory.holds_identity()
    assert node.board.memory.noted("root_key") == b""
    assert node.board.memory.noted("label")
    assert isinstance(node.device.device, Unenrolled)
    offers = node.offers()
    node.wait(5000)
    assert node.offers() == offers


def test_an_answer_to_leaving_ends_the_waiting() -> None:
    node = _Node(("any_press", "entry", "tamper"))
    node.drive(_LID, 1)
    node.drive(0, 1)
    node.wait(HOLD_MS + 100)
    node.drive(0, 0)
    assert node.board.memory.holds_identity()
    leaving = node.events()[-1]
    node.device.receive(Concentrator().ack(leaving), node.now)
    node.wait(10)
    assert not node.board.memory.holds_identity()


def test_a_case_that_is_shut_again_ends_the_watching() -> None:
    node = _Node(("any_press", "entry", "tamper"))
    node.drive(_LID, 1)
    assert isinstance(node.device, Session)
    node.drive(_LID, 0)
    assert node.wishes == [WATCH, ENDED]
    assert isinstance(node.device, Device)
    assert node.device.wish not in (PAIR, WATCH)
