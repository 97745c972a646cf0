"""What must arrive: retries, numbers and overflow."""

from anju.node.outbox import CAPACITY, FIRST_RETRY_MS, FLYING, SLOWEST_RETRY_MS, SPAN, Entry, Outbox
from anju.wire.table import Code, Type
from firmware.portable.kit import Dice


class Post:
    """An outbox with numbers from 1 and frames that are their own number."""

    def __init__(self, chance: int = 500) -> None:
        """`chance` of 1000 is what every throw of the dice gives: 500 = the middle."""
        self.next = 1
        self.sealed: "list[tuple[int, int]]" = []
        """(event id, counter) in the order of sealing."""
        self.outbox = Outbox(self._take, self._seal, lambda most: most * chance // 1000)

    def add(self, code: int = Code.OPENED, zone: int = 0, now: int = 0) -> "Entry | None":
        """Put an event in; None if it gave way."""
        entry = Entry(Type.EVENT, code, zone, now, bytearray(4))
        return entry if self.outbox.add(entry, now) else None

    def sent(self, now: int) -> "list[Entry]":
        """What is due."""
        entries: "list[Entry]" = []
        entry = self.outbox.poll(now)
        while entry is not None:
            assert len(entries) < CAPACITY
            entries.append(entry)
            entry = self.outbox.poll(now)
        return entries

    def _take(self) -> int:
        number, self.next = self.next, self.next + 1
        return number

    def _seal(self, entry: Entry) -> None:
        self.sealed.append((entry.event_id, entry.counter))
        entry.frame[:] = entry.counter.to_bytes(4, "big")


def _codes(post: Post) -> "list[int]":
    """Codes of everything that waits, oldest first, as they would arrive one by one."""
    codes = []
    while len(post.outbox):
        arrived = post.sent(10**9)
        for entry in arrived:
            codes.append((entry.first_counter, int(entry.code)))
            post.outbox.remove(entry)
    return [code for _, code in sorted(codes)]


def test_an_event_is_sent_at_once_and_named_by_its_first_number() -> None:
    post = Post()
    post.next = 0x12345
    entry = post.add(Code.PANIC, 2)
    assert entry is not None
    assert post.sent(0) == [entry]
    assert (entry.counter, entry.event_id) == (0x12345, 0x2345)
    assert post.sent(0) == []


def test_no_event_is_called_0() -> None:
    post = Post()
    post.next = 0x20000
    entry = post.add()
    assert entry is not None
    assert (entry.counter, entry.event_id) == (0x20001, 1)


def test_the_retries_of_a_stubborn_event() -> None:
    post = Post()
    entry = post.add()
    assert entry is not None
    times: "list[int]" = []
    now = 0
    while len(times) < 12:
        post.sent(now)
        times.append(now)
        deadline = post.outbox.deadline()
        assert deadline is not None
        now = deadline
    pauses = [times[index] - times[index - 1] for index in range(1, 12)]
    assert pauses == [100, 200, 400, 800, 1600] + 6 * [2000]


def test_jitter_is_half_a_pause_either_way() -> None:
    for chance, first, last in ((0, FIRST_RETRY_MS // 2, SLOWEST_RETRY_MS // 2), (1000, 151, 3001)):
        post = Post(chance)
        post.add()
        pauses = []
        now = 0
        for _ in range(10):
            post.sent(now)
            deadline = post.outbox.deadline()
            assert deadline is not None
            pauses.append(deadline - now)
            now = deadline
        assert (pauses[0], pauses[-1]) == (first, last)


def test_an_alarm_is_never_given_up_and_every_retry_is_the_same() -> None:
    post = Post()
    entry = post.add(Code.PANIC)
    assert entry is not None
    now = 0
    for _ in range(2000):
        assert post.sent(now) == [entry]
        assert bytes(entry.frame) == b"\0\0\0\1"
        now += 3001
    assert len(post.sealed) == 1


def test_it_is_sealed_again_before_it_falls_out_of_the_window() -> None:
    post = Post()
    entry = post.add()
    assert entry is not None
    for _ in range(SPAN):
        assert post.outbox.number() - entry.counter <= SPAN
    assert (entry.counter, entry.event_id) == (1, 1)
    number = post.outbox.number()
    assert (entry.counter, entry.event_id, number) == (SPAN + 2, 1, SPAN + 3)
    assert post.sealed == [(1, 1), (1, SPAN + 2)]


def test_an_answer_to_any_sealing_of_an_event_is_about_it() -> None:
    post = Post()
    entry = post.add()
    for _ in range(2 * SPAN):
        post.outbox.number()
    assert entry is not None
    assert entry.counter > 1
    assert post.outbox.find(1, entry.event_id) is entry
    assert post.outbox.find(entry.counter, entry.event_id) is entry
    assert post.outbox.find(entry.counter + 1, entry.event_id) is None
    assert post.outbox.find(1, entry.event_id + 1) is None
    assert post.outbox.find(0, entry.event_id) is None


def test_few_are_under_way_at_once_and_the_others_follow_in_order() -> None:
    post = Post()
    entries = [post.add(zone=zone) for zone in range(FLYING + 3)]
    assert post.sent(0) == entries[:FLYING]
    first = entries[0]
    assert first is not None
    post.outbox.remove(first)
    assert post.sent(0) == [entries[FLYING]]


def test_a_panic_overtakes() -> None:
    post = Post()
    entries = [post.add(zone=zone) for zone in range(FLYING + 3)]
    panic, held = post.add(Code.PANIC, 5), post.add(Code.HELD, 5)
    sent = post.sent(0)
    assert sent[:2] == [panic, held]
    assert sent[2:] == entries[: FLYING - 2]


def test_all_panics_under_way_make_another_panic_wait_but_not_the_doors() -> None:
    post = Post()
    panics = [post.add(Code.PANIC, zone) for zone in range(FLYING)]
    door = post.add(Code.OPENED, 9)
    late = post.add(Code.PANIC, 8)
    assert post.sent(0) == panics
    done = panics[3]
    assert done is not None
    post.outbox.remove(done)
    assert post.sent(0) == [late]
    assert door not in post.sent(0)


def test_when_full_restorations_give_way_first_and_the_newest_first() -> None:
    post = Post()
    for _ in range(CAPACITY // 2):
        post.add(Code.OPENED, 1)
        post.add(Code.CLOSED, 1)
    assert post.add(Code.CLOSED, 2) is None
    assert post.add(Code.TAMPERED, 3) is not None
    assert post.outbox.dropped == 2
    codes = _codes(post)
    assert len(codes) == CAPACITY
    assert codes.count(Code.OPENED) == CAPACITY // 2
    assert codes[-3:] == [Code.CLOSED, Code.OPENED, Code.TAMPERED]


def test_when_full_of_openings_the_first_ones_stay() -> None:
    post = Post()
    first = [post.add(Code.OPENED, 1) for _ in range(CAPACITY)]
    assert post.add(Code.OPENED, 1) is None
    assert post.outbox.dropped == 1
    assert post.outbox.waiting(Code.OPENED, 1) is first[0]


def test_a_panic_is_never_lost() -> None:
    post = Post()
    for _ in range(CAPACITY):
        post.add(Code.OPENED, 1)
    for zone in range(16):
        assert post.add(Code.PANIC, zone) is not None
    for _ in range(100):
        post.add(Code.PANIC, 3)
        post.add(Code.TAMPERED, 4)
    codes = _codes(post)
    assert len(codes) == CAPACITY
    assert codes.count(Code.PANIC) >= 16


def test_every_zone_keeps_its_first_panic_under_any_flood() -> None:
    dice = Dice(41)
    for _ in range(20):
        post = Post()
        post.outbox.add(Entry(Type.HELLO, Code.NONE, 0, 0, bytearray(4)), 0)
        first: "dict[tuple[int, int], Entry]" = {}
        for _ in range(1500):
            code, zone = 1 + dice.below(7), dice.below(16)
            entry = post.add(code, zone)
            if code in (Code.PANIC, Code.HELD) and (code, zone) not in first:
                assert entry is not None
                first[code, zone] = entry
            assert len(post.outbox.events()) <= CAPACITY
        assert len(first) == CAPACITY  # as many places as there can be such firsts
        for (code, zone), entry in first.items():
            assert post.outbox.waiting(code, zone) is entry
        assert post.outbox.dropped == 1500 - CAPACITY
        assert post.outbox.waiting(Code.NONE, 0) is not None


def test_any_traffic_keeps_the_span_and_loses_nothing_but_what_it_says() -> None:
    dice = Dice(42)
    for _ in range(20):
        post = Post(dice.below(1000))
        made, arrived, given_way = 0, 0, 0
        now = 0
        highest = 0
        for _ in range(400):
            now += dice.below(700)
            for _ in range(dice.below(3)):
                made += 1
                post.add(1 + dice.below(5), dice.below(4), now)
            if dice.below(4) == 0:
                highest = max(highest, post.outbox.number())
            for entry in post.sent(now):
                # The concentrator's window: 32 wide, and this node has used no number above post.next.
                assert entry.counter > post.next - 1 - 32
                if dice.below(10) > 6:
                    post.outbox.remove(entry)
                    arrived += 1
        given_way = post.outbox.dropped
        assert made == arrived + given_way + len(post.outbox)
        counters = [counter for _, counter in post.sealed]
        assert len(counters) == len(set(counters))
