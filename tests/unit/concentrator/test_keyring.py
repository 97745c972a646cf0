"""Invariants I6 and I8: no downlink counter is used twice under one key, whatever happens; keys stay in their file."""

import asyncio
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing, suppress
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from anju.concentrator import keyring_rows
from anju.concentrator.core.places import Address
from anju.concentrator.keyring import BLOCK, Keyring
from anju.ledger import LedgerError
from anju.wire.codec import Refused
from unit.concentrator.harness import HOUSEHOLD, ZONES, Bench, Disk, FarNode, HandClock, bench, crash_image

pytestmark = pytest.mark.anyio

LIE = "CREATE TRIGGER lie BEFORE UPDATE ON link BEGIN SELECT RAISE(IGNORE); END"
"""A disk that says that it has written, and has not."""


def statement(sql: str) -> Callable[[sqlite3.Connection], None]:
    """A ledger's job that runs one statement."""

    def job(connection: sqlite3.Connection) -> None:
        connection.execute(sql)

    return job


class Counters(RuleBasedStateMachine):
    """A keyring that sends, is killed, restarted, cancelled, refused and lied to."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = Path(self.scratch.name)
        self.images = 0
        self.used: dict[Address, list[int]] = {}
        self.open()
        self.enrol()

    def teardown(self) -> None:
        self.runner.run(self.keyring.close())
        self.runner.close()
        self.scratch.cleanup()

    def open(self) -> None:
        self.keyring = Keyring.open(self.folder / "keyring.db")
        self.disk = Disk(self.keyring._ledger)

    def reserve(self) -> None:
        self.runner.run(self.keyring.reserve(self.used))

    def send(self, address: Address) -> None:
        self.used[address].append(self.keyring.next_header(address).counter)

    @rule()
    def enrol(self) -> None:
        link = self.runner.run(self.keyring.enrol(1, HOUSEHOLD, ZONES))
        assert link.address not in self.used
        self.used[link.address] = []

    @rule(frames=st.sampled_from([1, 5, 200, BLOCK // 4]), rounds=st.integers(1, 6))
    def frames_leave(self, frames: int, rounds: int) -> None:
        """As reception does it: reserve for a group, then seal its answers."""
        for _ in range(rounds):
            self.reserve()
            for address in self.used:
                for _ in range(frames):
                    self.send(address)

    @rule()
    def frames_leave_until_none_is_reserved(self) -> None:
        for address in self.used:
            with suppress(LookupError):
                while True:
                    self.send(address)

    @rule()
    def is_killed(self) -> None:
        self.images += 1
        image = crash_image(self.folder, Path(self.scratch.name) / f"killed-{self.images}")
        self.runner.run(self.keyring.close())
        self.folder = image
        self.open()

    @rule()
    def is_restarted(self) -> None:
        self.runner.run(self.keyring.close())
        self.open()

    @rule()
    def is_cancelled_while_it_reserves(self) -> None:
        async def cancelled() -> None:
            reserving = asyncio.ensure_future(self.keyring.reserve(self.used))
            await asyncio.sleep(0)
            reserving.cancel()
            await asyncio.wait([reserving])
            await self.keyring._ledger.write(lambda _: None)  # behind the job that nobody waits for

        self.runner.run(cancelled())

    @rule()
    def two_rooms_reserve_at_once(self) -> None:
        async def both() -> None:
            await asyncio.gather(self.keyring.reserve(self.used), self.keyring.reserve(self.used))

        self.runner.run(both())

    @rule(lies=st.booleans())
    def the_disk_fails(self, lies: bool) -> None:
        ledger = self.keyring._ledger
        with suppress(LedgerError):  # unless there is enough, or was written before somebody was cancelled
            if lies:
                self.runner.run(ledger.write(statement(LIE)))
                self.reserve()
            else:
                with self.disk.refuses():
                    self.reserve()
        self.runner.run(ledger.write(statement("DROP TRIGGER IF EXISTS lie")))

    @invariant()
    def no_counter_was_used_twice(self) -> None:
        for counters in self.used.values():
            assert all(earlier < later for earlier, later in pairwise(counters))

    @invariant()
    def every_used_counter_is_below_the_ceiling_on_disk(self) -> None:
        rows = self.keyring._ledger.read().execute("SELECT network, node, ceiling FROM link").fetchall()
        for network, node, ceiling in rows:
            assert max(self.used[Address(network, node)], default=0) <= ceiling


def test_no_counter_is_used_twice_whatever_happens() -> None:
    run_state_machine_as_test(Counters, settings=settings(max_examples=25, stateful_step_count=15, deadline=None))


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_no_counter_is_used_twice_whatever_happens_long() -> None:
    run_state_machine_as_test(Counters, settings=settings(max_examples=500, stateful_step_count=50, deadline=None))


async def test_the_first_frame_goes_out_under_a_reserved_counter(rooms: Bench) -> None:
    node = await rooms.enrol()
    with pytest.raises(LookupError):
        rooms.keyring.next_header(Address(*node.address))
    await rooms.keyring.reserve([Address(*node.address)])
    assert rooms.keyring.next_header(Address(*node.address)).counter == 1


async def test_writes_are_few(rooms: Bench) -> None:
    node = await rooms.enrol()
    disk = Disk(rooms.keyring._ledger)
    for _ in range(5 * BLOCK):
        await rooms.keyring.reserve([Address(*node.address)])
        rooms.keyring.next_header(Address(*node.address))
    assert disk.commits == 6  # one a block, and the next one early


async def test_a_disk_that_does_not_keep_what_it_takes_stops_the_sending(rooms: Bench) -> None:
    node = await rooms.enrol()
    press = node.press()
    await rooms.keyring._ledger.write(statement(LIE))
    assert await rooms.receive(node, press) == []
    assert rooms.reception.counts["not_acknowledged"] == 1
    assert rooms.kinds() == ["hold_up_alarm"]  # heard and forwarded all the same
    await rooms.keyring._ledger.write(statement("DROP TRIGGER lie"))
    assert len(await rooms.receive(node, press)) == 1


async def test_node_ids_are_never_given_twice(tmp_path: Path) -> None:
    clock = HandClock()
    given = []
    for _ in range(3):
        async with bench(tmp_path, clock) as rooms:
            given += [(await rooms.enrol()).address for _ in range(3)]
    assert [node for _network, node in given] == list(range(1, 10))


async def test_networks_count_on_their_own(rooms: Bench) -> None:
    first, second = await rooms.keyring.enrol(1, HOUSEHOLD, ZONES), await rooms.keyring.enrol(2, HOUSEHOLD, ZONES)
    assert (first.address.node, second.address.node) == (1, 1)


async def test_a_full_network_refuses_one_more(rooms: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring_rows, "MOST_NODES", 2)
    await rooms.enrol()
    await rooms.enrol()
    with pytest.raises(LedgerError, match="no node id left"):
        await rooms.enrol()
    await rooms.keyring.enrol(2, HOUSEHOLD, ZONES)


async def test_all_keys_differ(rooms: Bench) -> None:
    links = [await rooms.keyring.enrol(1, HOUSEHOLD, ZONES) for _ in range(20)]
    keys = {key for link in links for key in (link.up, link.down)}
    assert len(keys) == 40
    assert {len(key) for key in keys} == {16}


async def test_it_knows_its_nodes_after_a_restart(tmp_path: Path) -> None:
    clock = HandClock()
    async with bench(tmp_path, clock) as rooms:
        node = await rooms.enrol()
        placement = rooms.keyring.placement(Address(*node.address))
        assert placement is not None
        assert placement.inputs == ZONES
    async with bench(tmp_path, clock) as rooms:
        assert rooms.keyring.placement(Address(*node.address)) == placement
        assert rooms.keyring.households == {HOUSEHOLD}
        assert len(await rooms.receive(node, node.press())) == 1


async def test_an_enrolment_that_is_not_committed_is_none(rooms: Bench) -> None:
    with Disk(rooms.keyring._ledger).refuses(), pytest.raises(LedgerError):
        await rooms.enrol()
    assert rooms.keyring.households == frozenset()
    assert (await rooms.enrol()).address.node == 1


async def test_only_its_owner_may_read_it(rooms: Bench) -> None:
    await rooms.enrol()
    files = sorted(rooms.folder.glob("keyring.db*"))
    assert len(files) >= 2  # the write-ahead log holds keys too
    for file in files:
        assert file.stat().st_mode & 0o777 == 0o600


async def test_a_lost_keyring_knows_nobody(rooms: Bench, tmp_path: Path) -> None:
    """A missing store means unenrolled: no node is taken back under a counter that starts again."""
    node: FarNode = await rooms.enrol()
    (tmp_path / "new").mkdir()
    async with bench(tmp_path / "new") as empty:
        with pytest.raises(Refused):
            empty.keyring.codec.open(node.press())
        assert empty.keyring.placement(Address(*node.address)) is None


async def test_a_keyring_from_before_pairing_keeps_its_links(tmp_path: Path) -> None:
    path = tmp_path / "keyring.db"
    first = files("anju.concentrator") / "schema" / "keyring" / "0001_first.sql"
    zones = '[{"kind": "hold_up", "name": "bed", "number": 0}]'
    with closing(sqlite3.connect(path)) as old:
        old.executescript(first.read_text() + "PRAGMA user_version = 1;")
        old.execute("INSERT INTO link VALUES (1, 7, 1, ?, ?, '3-2-0501', ?, 2048)", (b"u" * 16, b"d" * 16, zones))
        old.commit()
    keyring = Keyring.open(path)
    (link,) = keyring.links
    assert (link.id, link.device, link.placement.household) == ((Address(1, 7), 1), "", "3-2-0501")
    await keyring.reserve([Address(1, 7)])
    assert keyring.next_header(Address(1, 7)).counter == 2049
    await keyring.close()
