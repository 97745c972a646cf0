"""Invariant I6 from PC to PC: over every history of exports, imports, kills and restarts no downlink counter is used twice.

A history keeps to what people are told: one PC at a time takes over, from the newest file or once more from the one it came from.
What was replaced may go on by mistake, as loudly as it can.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from anju.concentrator import keyring_rows
from anju.concentrator.core.identity import HandedKeys
from anju.concentrator.core.places import LinkId
from anju.concentrator.identity import adopt
from anju.concentrator.keyring import BLOCK, Keyring
from unit.concentrator.harness import HOUSEHOLD, ZONES, HandClock, crash_image

LEAP = 64 * BLOCK
"""Small enough to be used up; as large as all that time adds within one history."""


class File(NamedTuple):
    """An export."""

    keys: HandedKeys
    at_ms: int


class Pc:
    """A concentrator's keyring, and what it was made of."""

    def __init__(self, folder: Path, origin: File | None) -> None:
        self.folder = folder
        self.origin = origin
        self.keyring = Keyring.open(folder / "keyring.db")

    def key(self, link: LinkId) -> bytes:
        """Under which it seals for a node; another PC may have given the same number to another one."""
        query = "SELECT down FROM link WHERE network = ? AND node = ? AND epoch = ?"
        found: bytes = self.keyring._ledger.read().execute(query, (*link.address, link.epoch)).fetchone()[0]
        return found


class History(RuleBasedStateMachine):
    """Any number of PCs, of which the last one counts."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(keyring_rows, "LEAP", LEAP)
        self.patch.setattr(adopt, "LEAP", LEAP)
        self.runner = asyncio.Runner()
        self.scratch = tempfile.TemporaryDirectory()
        self.clock = HandClock()
        self.made = 0
        self.used: set[tuple[bytes, int]] = set()
        """Keys and counters: a nonce is a counter under its key."""
        self.pcs = [Pc(self.folder(), None)]
        self.newest: File | None = None

    def teardown(self) -> None:
        for pc in self.pcs:
            self.runner.run(pc.keyring.close())
        self.runner.close()
        self.scratch.cleanup()
        self.patch.undo()

    def folder(self) -> Path:
        self.made += 1
        folder = Path(self.scratch.name) / str(self.made)
        folder.mkdir()
        return folder

    @initialize()
    def a_node_is_enrolled(self) -> None:
        self.runner.run(self.pcs[-1].keyring.enrol(1, HOUSEHOLD, ZONES))

    def say(self, pc: Pc, frames: int) -> None:
        """To each node so many frames, as far as there are counters; in blocks, as reserved."""
        for link in pc.keyring.links:
            key, counter, left = pc.key(link.id), pc.keyring._counters[link.id.address], frames
            while left:
                self.runner.run(pc.keyring.reserve([link.id.address]))
                block = min(left, counter.ceiling - counter.used)
                if not block:
                    break
                first = pc.keyring.next_header(link.id.address).counter
                counter.used += block - 1
                uses = {(key, number) for number in range(first, counter.used + 1)}
                assert not uses & self.used
                self.used |= uses
                left -= block

    @rule(frames=st.integers(1, 300))
    def frames_leave(self, frames: int) -> None:
        """From the one that counts: never more than one a second, over its life."""
        self.say(self.pcs[-1], frames)
        self.clock.advance(frames)

    @precondition(lambda self: len(self.pcs) > 1)
    @rule(which=st.integers(0, 10), frames=st.sampled_from([1, 300, 2 * LEAP]))
    def one_that_should_be_gone_goes_on(self, which: int, frames: int) -> None:
        """However much somebody makes it say, and however quickly."""
        self.say(self.pcs[which % (len(self.pcs) - 1)], frames)

    @rule(which=st.integers(0, 10), kills=st.booleans())
    def one_is_started_again(self, which: int, kills: bool) -> None:
        pc = self.pcs[which % len(self.pcs)]
        image = crash_image(pc.folder, self.made_name()) if kills else pc.folder
        self.runner.run(pc.keyring.close())
        pc.folder, pc.keyring = image, Keyring.open(image / "keyring.db")
        self.clock.advance(2 * BLOCK)

    def made_name(self) -> Path:
        self.made += 1
        return Path(self.scratch.name) / str(self.made)

    @rule()
    def a_node_more(self) -> None:
        self.runner.run(self.pcs[-1].keyring.enrol(1, HOUSEHOLD, ZONES))

    @rule()
    def it_is_exported(self) -> None:
        self.newest = File(self.runner.run(self.pcs[-1].keyring.hand_over()), self.clock.now.wall_ms)

    @rule(waits_s=st.sampled_from([0, 1, 3600]), again=st.booleans())
    def another_pc_takes_over(self, waits_s: int, again: bool) -> None:
        """From the newest file; or the same file once more, after the PC it made has died for good."""
        origin = self.pcs[-1].origin
        if again and origin is not None:
            dead = self.pcs.pop()
            self.runner.run(dead.keyring.close())
            file = origin
        elif self.newest is not None:
            file = self.newest
        else:
            return
        self.newest = None
        self.clock.advance(waits_s)
        pc = Pc(self.folder(), file)
        leap = adopt.leap_since(file.at_ms, self.clock)
        self.runner.run(pc.keyring.take_over(file.keys, leap))
        self.pcs.append(pc)


def test_no_counter_is_used_twice_from_pc_to_pc() -> None:
    run_state_machine_as_test(History, settings=settings(max_examples=40, stateful_step_count=20, deadline=None))


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_no_counter_is_used_twice_from_pc_to_pc_long() -> None:
    run_state_machine_as_test(History, settings=settings(max_examples=200, stateful_step_count=30, deadline=None))
