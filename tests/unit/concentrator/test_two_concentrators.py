"""Two concentrators with one identity: what the one that should have gone can notice, and that it does no harm meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from anju.uplink.commands import CommandKind
from anju.uplink.reports import OutcomeKind, TroubleKind
from anju.wire.messages import Message
from anju.wire.table import Code
from unit.concentrator.harness import Bench, FarNode, HandClock, bench, running, until
from unit.concentrator.identity_kit import adopted, exported
from unit.concentrator.site import free_udp_port, new_site

pytestmark = pytest.mark.anyio


class Two(NamedTuple):
    """The PC that was to go, the one that took its place, and a node that both hear."""

    old: Bench
    new: Bench
    node: FarNode


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    clock = HandClock()
    site = new_site(tmp_path / "site", free_udp_port())
    async with AsyncExitStack() as stack:
        old = await stack.enter_async_context(bench(site.folder, clock))
        node = await old.enrol()
        await old.receive(node, node.hello())
        new = await adopted(await exported(site, old), tmp_path / "new", clock)
        yield Two(old, await stack.enter_async_context(bench(new.folder, clock)), node)


async def commanded(rooms: Bench, node: FarNode, frame: bytes, number: int) -> Message:
    """A guard has seen a press; the COMMAND that goes down."""
    await rooms.receive(node, frame)
    seq = rooms.journal.building.last_seq
    async with running(rooms.downlink.run()):
        before = len(rooms.sent)
        await rooms.downlink.accept([rooms.command(CommandKind.SEEN, seq, number)])
        await until(lambda: len(rooms.sent) > before)
    return node.open(rooms.sent[before][1])


async def troubles(rooms: Bench) -> list[TroubleKind | None]:
    return [report.trouble for report in rooms.reports() if report.trouble]


async def test_a_confirmation_of_what_it_never_sent_is_trouble(two: Two) -> None:
    """Both hear the node: on one line, or by radio."""
    command = await commanded(two.new, two.node, two.node.press(), 2_000_000_000)
    confirmed = two.node.answer(command)
    await two.new.receive(two.node, confirmed)
    await two.old.receive(two.node, confirmed)
    assert await troubles(two.old) == [TroubleKind.TWO_CONCENTRATORS]
    assert await troubles(two.new) == []
    (shown,) = (report.outcome for report in two.new.reports() if report.outcome)
    assert shown.outcome is OutcomeKind.SHOWN


async def test_it_is_told_once_a_minute_at_most(two: Two) -> None:
    command = await commanded(two.new, two.node, two.node.press(), 2_000_000_000)
    for _ in range(3):
        await two.old.receive(two.node, two.node.answer(command))
    assert await troubles(two.old) == [TroubleKind.TWO_CONCENTRATORS]
    two.old.clock.advance(60)
    await two.old.receive(two.node, two.node.answer(command))
    assert await troubles(two.old) == 2 * [TroubleKind.TWO_CONCENTRATORS]


async def test_a_late_confirmation_of_the_old_ones_command_is_none(two: Two) -> None:
    """The node was told by the old PC, and answers when the new one is there."""
    command = await commanded(two.old, two.node, two.node.press(), 2_000_000_000)
    await two.new.receive(two.node, two.node.answer(command))
    assert await troubles(two.new) == []


async def test_its_own_commands_are_confirmed_without_trouble(two: Two) -> None:
    for number in range(3):
        command = await commanded(two.old, two.node, two.node.press(), 2_000_000_000 + number)
        await two.old.receive(two.node, two.node.answer(command))
    assert await troubles(two.old) == []


async def test_no_counter_is_used_by_both(two: Two) -> None:
    used = []
    for _ in range(40):
        frame = two.node.event(Code.OPENED)
        for rooms in (two.old, two.new):
            used += [answer.header for answer in await rooms.receive(two.node, frame)]
    assert len(used) == len(set(used)) == 80
