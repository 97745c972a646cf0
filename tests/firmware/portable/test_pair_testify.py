"""A node signs for its alarms once they are acknowledged, and for what happened before them: EVIDENCE."""

import json
import struct
from hashlib import sha256

from anju.node import frame
from anju.node.clock import Clock
from anju.node.device import ENDED, PAIR, TESTIFY
from anju.node.identity import Identity
from anju.node.witness import AGAIN_MS, Witness
from anju.pair import testify
from anju.pair.provision import Label
from anju.store.memory import MemoryStore
from anju.update.ed25519 import verify
from anju.update.sign import Signer
from anju.wire import table
from firmware.portable.kit import Bench, Heard
from firmware.portable.slices import finished, result_of

try:
    from typing import Iterator
except ImportError:  # MicroPython
    pass

_FILE = __file__.rsplit("tests/", 1)[0] + "protocol/vectors/v1/evidence.json"
_ROW = struct.calcsize(table.format_of(table.WITNESSED))
_SEED = sha256(b"a node that testifies").digest()
_DOOR = 1
_publics: "list[bytes]" = []


def _public() -> bytes:
    """Worked out once."""
    if not _publics:
        signer = Signer(_SEED)
        finished(signer.prepare())
        _publics.append(signer.public)
    return _publics[0]


class _Node:
    """A device with a label, answered from its first frame on; a statement is worked out when it wishes to make one."""

    def __init__(self, kept: "bytes | None" = b"") -> None:
        self.store = MemoryStore()
        self.store.note("label", _SEED + _public() + bytes(10) + b"\1")
        self.label = Label(self.store.noted("label") or b"")
        self.bench = Bench()
        self.kept: "list[bytes]" = []
        self.bench.device.witness = Witness(self.kept.append, kept)
        self.bench.greet()

    @property
    def witness(self) -> Witness:
        """Its witness."""
        witness = self.bench.device.witness
        assert witness is not None
        return witness

    def happens(self, zone: int = 0, arm_mode: int = table.ArmMode.OFF) -> Heard:
        """An input becomes active and inactive again, and that is acknowledged."""
        (heard,) = self.bench.press(zone)
        self.answer(heard, arm_mode)
        self.bench.wait(50)
        for restored in self.bench.sent():
            self.answer(restored, arm_mode)
        return heard

    def answer(self, heard: Heard, arm_mode: int = table.ArmMode.OFF) -> None:
        """Acknowledge what it said."""
        self.bench.receive(self.bench.concentrator.ack(heard, arm_mode=arm_mode))

    def evidence(self) -> "Heard | None":
        """What it says after an alarm; None if it wishes to say nothing."""
        bench = self.bench
        bench.sent()
        if bench.device.wish != TESTIFY:
            return None
        standing = testify.attend(bench.device, self.store)
        assert standing.poll(bench.now) is None
        while standing.work(bench.now):
            assert standing.wish or standing.poll(bench.now) is None
        assert (standing.wish, bench.device.wish) == (ENDED, 0), "one statement at a time"
        (heard,) = bench.sent()
        return heard

    def is_signed(self, heard: Heard) -> bool:
        """Whether the statement that `heard` stands for carries this node's signature."""
        signature = _extra(heard, table.Extra.SIGNATURE)
        return bool(result_of(verify(_public(), signature, table.EVIDENCE_PREFIX, _digest(self, heard))))


def _nowhere(content: bytes) -> None:
    """Keeps nothing."""


def _extra(heard: Heard, kind: int) -> bytes:
    value = frame.find_extra(heard.body, kind)
    assert value is not None
    return value


def _digest(node: _Node, heard: Heard) -> bytes:
    _, _, time_s, age_s, count, _ = struct.unpack_from(table.format_of(table.EVIDENCE), heard.body)
    place = (node.label.device, 1, 7, 1, time_s, age_s, _extra(heard, table.Extra.BEFORE), count)
    statement = struct.pack(table.format_of(table.STATEMENT), *place)
    return bytes(sha256(statement + _extra(heard, table.Extra.EVENTS)).digest())


def _codes(heard: Heard) -> "list[int]":
    rows = _extra(heard, table.Extra.EVENTS)
    return [rows[at + 5] for at in range(0, len(rows), _ROW)]


def test_a_press_is_signed_for_once_it_is_acknowledged() -> None:
    node = _Node()
    press = node.happens()
    heard = node.evidence()
    assert heard is not None
    assert heard.type == table.Type.EVIDENCE
    assert node.is_signed(heard)
    rows = _extra(heard, table.Extra.EVENTS)
    row = struct.unpack(table.format_of(table.WITNESSED), rows)
    assert row == (1, press.counter, table.Code.PANIC, 0, press.status()[0])
    assert _extra(heard, table.Extra.BEFORE) == bytes(32)


def test_what_happened_before_an_alarm_is_signed_for_with_it_and_no_alarm_alone() -> None:
    node = _Node()
    node.happens(_DOOR)
    assert node.evidence() is None
    node.happens()
    heard = node.evidence()
    assert heard is not None
    assert _codes(heard) == [table.Code.OPENED, table.Code.CLOSED, table.Code.PANIC]


def test_a_door_is_an_alarm_while_its_household_is_armed() -> None:
    for arm_mode in (table.ArmMode.HOME, table.ArmMode.AWAY):
        node = _Node()
        node.happens(_DOOR, arm_mode)
        heard = node.evidence()
        assert heard is not None
        assert _codes(heard)[0] == table.Code.OPENED


def test_statements_form_a_chain() -> None:
    node = _Node()
    node.happens()
    first = node.evidence()
    assert first is not None
    node.answer(first)
    node.bench.wait(1000)
    node.happens()
    second = node.evidence()
    assert second is not None
    assert _extra(second, table.Extra.BEFORE) == _digest(node, first)
    assert node.is_signed(second)
    assert len(_codes(second)) == 1


def test_it_is_said_again_under_another_number_with_the_same_words_until_it_is_acknowledged() -> None:
    node = _Node()
    node.happens()
    heard = node.evidence()
    assert heard is not None
    for _ in range(20):
        node.bench.device.outbox.number()
    again = node.bench.next()[0]
    assert again.counter > heard.counter
    assert again.body == heard.body
    assert node.evidence() is None
    node.answer(again)
    assert node.kept[-1] == _digest(node, again)


def test_what_is_due_outlives_the_power() -> None:
    node = _Node()
    node.happens()
    kept = node.kept[-1]
    again = _Node(kept)
    heard = again.evidence()
    assert heard is not None
    assert _codes(heard) == [table.Code.PANIC]
    assert again.is_signed(heard)


def test_what_was_acknowledged_is_due_no_more_after_a_start() -> None:
    node = _Node()
    node.happens()
    heard = node.evidence()
    assert heard is not None
    node.answer(heard)
    again = _Node(node.kept[-1])
    assert again.evidence() is None
    assert again.witness.before == _digest(node, heard)


def test_a_torn_note_is_nothing_to_sign_for() -> None:
    for kept in (None, b"", bytes(31), bytes(33), bytes(32 + _ROW - 1)):
        assert not Witness(_nowhere, kept).is_owed
    assert Witness(_nowhere, bytes(32 + _ROW)).is_owed


def test_everything_else_goes_before_it() -> None:
    node = _Node()
    (first,) = node.bench.press()
    node.bench.wait(50)
    node.bench.sent()
    second = max(node.bench.press(), key=lambda heard: heard.counter)
    node.answer(first)
    assert node.evidence() is None
    node.answer(second)
    heard = node.evidence()
    assert heard is not None
    assert _codes(heard) == [table.Code.PANIC] * 2


def test_without_memory_it_is_put_off_and_lost_is_nothing() -> None:
    node = _Node()
    node.happens()
    node.bench.sent()
    assert node.bench.device.wish == TESTIFY
    standing = testify.attend(node.bench.device, node.store)
    standing.work(node.bench.now)
    standing._job = _exhausted()
    assert standing.work(node.bench.now)
    assert standing.wish == ENDED
    assert node.evidence() is None
    node.bench.wait(AGAIN_MS)
    while node.evidence() is None:
        for heard in node.bench.next():
            node.answer(heard)


def _exhausted() -> "Iterator[None]":
    raise MemoryError
    yield


def test_many_alarms_are_signed_for_nine_at_a_time() -> None:
    node = _Node()
    for _ in range(12):
        node.happens()
        node.bench.wait(500)
    first = node.evidence()
    assert first is not None
    assert len(_codes(first)) == table.MOST_WITNESSED
    node.answer(first)
    second = node.evidence()
    assert second is not None
    assert len(_codes(second)) == 3
    assert _extra(second, table.Extra.BEFORE) == _digest(node, first)


def test_a_flood_is_remembered_within_bounds() -> None:
    witness = Witness(_nowhere, b"")
    for counter in range(1, 100):
        witness.saw(1, counter, table.Code.OPENED, 1, 0, table.ArmMode.OFF)
    assert not witness.is_owed
    witness.saw(1, 100, table.Code.TAMPERED, 2, 0, table.ArmMode.OFF)
    assert witness.is_owed
    counters = []
    while witness.is_owed:
        rows = witness.state()
        counters += [struct.unpack(table.format_of(table.WITNESSED), row)[1] for row in rows]
        witness.told(bytes(32))
    assert counters == list(range(69, 101))


def test_a_press_that_is_held_is_an_alarm_of_its_own() -> None:
    """On TEST it is the only one: its press was tried."""
    witness = Witness(_nowhere, b"")
    witness.saw(1, 1, table.Code.HELD, 0, 0, table.ArmMode.OFF)
    assert witness.is_owed


def test_an_order_that_comes_meanwhile_is_heeded_afterwards() -> None:
    node = _Node()
    node.happens()
    bench = node.bench
    bench.sent()
    standing = testify.attend(bench.device, node.store)
    standing.work(bench.now)
    standing.receive(bench.concentrator.command(0, table.Order.PAIR), bench.now)
    while standing.work(bench.now):
        pass
    assert bench.device.wish == PAIR


def test_each_published_statement_is_signed_alike() -> None:
    """protocol/vectors/v1/evidence.json: the node's own words, from its key, its events and its clock."""
    with open(_FILE) as file:
        cases = json.load(file)["cases"]
    for case in cases:
        header, body = case["header"], case["body"]
        extras = [bytes.fromhex(value) for _, value in case["extras"]]
        device = _Published(header, extras, body)
        seed = bytes.fromhex(case["seed"])
        label = Label(seed + bytes.fromhex(case["public_key"]) + bytes(10) + b"\1")
        assert label.device == case["device"].encode()
        standing = testify.Testifying(device, label)
        while standing.work(1000 * body["time_age_s"]):
            pass
        content, digest = device.told[0]
        assert digest.hex() == case["digest"], case["name"]
        assert content[table.BODY_BYTES :] == b"".join(
            [frame.extra(kind, bytes.fromhex(value)) for kind, value in case["extras"]]
        )


class _Published:
    """As much of a device as a statement needs, with what a published one says."""

    def __init__(self, header: "dict[str, int]", extras: "list[bytes]", body: "dict[str, int]") -> None:
        self.identity = Identity(
            header["network"], header["node"], header["epoch"], bytes(16), bytes(range(16)), ("hold_up",)
        )
        self.clock = Clock()
        if body["time_s"]:
            self.clock.set(body["time_s"] - body["time_age_s"], 0)
        self.witness = Witness(_nowhere, extras[1] + extras[2])
        self.told: "list[tuple[bytes, bytes]]" = []

    def testify(self, content: bytes, digest: bytes, now: int) -> None:
        """Remember it."""
        self.told.append((content, digest))
