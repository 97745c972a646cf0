"""The desk: what is shown was written, in order, to everybody who keeps up."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from anju.dutyroom.board import MOST_REPLAYED, MOST_WAITING, Subscription
from anju.dutyroom.core.change import What
from anju.dutyroom.core.incident import Act, Action, Cause
from anju.dutyroom.core.link import LATE_AFTER_S, LOST_AFTER_S, LinkState
from anju.dutyroom.core.request import Arrival, Handling
from anju.dutyroom.desk import Desk
from anju.dutyroom.store import Store
from anju.ledger import LedgerError
from anju.uplink.reports import ReportKind
from unit.dutyroom.conftest import HandClock
from unit.dutyroom.reports import JOURNAL, NEIGHBOUR, OTHER_JOURNAL, batch, press, report

pytestmark = pytest.mark.anyio
SOON_S = 5.0


async def acknowledge(desk: Desk, incident_id: int = 1) -> None:
    person = await desk.sit_down(Arrival("Wang Qiang", "token", None, "test"))
    action = Action(Act.ACKNOWLEDGE, person.id, desk.now_ms())
    await desk.handle(Handling(incident_id, action, f"acknowledge {incident_id}", "test"))


async def numbers(subscription: Subscription, count: int) -> list[int]:
    changes = [await subscription.next(SOON_S) for _ in range(count)]
    return [change.number for change in changes if change]


async def test_changes_reach_every_subscriber_in_order(desk: Desk) -> None:
    readers = [desk.subscribe(None), desk.subscribe(None)]
    await asyncio.gather(*(desk.receive(batch(press(seq))) for seq in range(1, 6)))
    assert [await numbers(reader, 5) for reader in readers] == [[1, 2, 3, 4, 5]] * 2


async def test_a_waiting_subscriber_wakes_at_a_change(desk: Desk) -> None:
    reader = desk.subscribe(None)
    waiting = asyncio.create_task(reader.next(SOON_S))
    await asyncio.sleep(0)
    await desk.receive(batch(press(1)))
    change = await waiting
    assert change is not None
    assert change.what is What.ALARM


async def test_nothing_to_tell_ends_the_wait(desk: Desk) -> None:
    assert await desk.subscribe(None).next(0.01) is None


async def test_a_reader_that_comes_back_is_told_what_it_missed_and_no_more(desk: Desk) -> None:
    await desk.receive(batch(*(press(seq) for seq in range(1, 5))))
    back = desk.subscribe(2)
    await desk.receive(batch(press(5)))
    assert back.missed is not None
    assert [change.number for change in back.missed] == [3, 4]
    assert await numbers(back, 1) == [5]


async def test_a_reader_that_missed_too_much_or_comes_from_elsewhere_starts_anew(desk: Desk) -> None:
    await desk.receive(batch(*(press(seq) for seq in range(1, 401))))
    await desk.receive(batch(*(press(seq) for seq in range(401, MOST_REPLAYED + 2))))
    assert desk.subscribe(0).missed is None
    assert len(desk.subscribe(1).missed or ()) == MOST_REPLAYED
    assert desk.subscribe(desk.newest() + 1).missed is None


async def test_a_slow_reader_is_ended_and_the_others_are_not(desk: Desk) -> None:
    slow, quick = desk.subscribe(None), desk.subscribe(None)
    for first in range(1, MOST_WAITING + 2, 64):
        await desk.receive(batch(*(press(seq) for seq in range(first, first + 64))))
        assert len(await numbers(quick, 64)) == 64
    assert slow.ended
    assert not quick.ended
    assert await slow.next(SOON_S) is None


async def test_what_a_reader_left_is_offered_to_it_no_more(desk: Desk) -> None:
    reader = desk.subscribe(None)
    desk.leave(reader)
    await desk.receive(batch(press(1)))
    assert await reader.next(0) is None


async def test_the_queue_follows_the_store(desk: Desk, store: Store) -> None:
    await desk.receive(batch(press(1), press(2, NEIGHBOUR), report(3, ReportKind.TAMPER_ALARM)))
    assert [one.id for one in desk.queue()] == [1, 2, 3]
    await acknowledge(desk)
    close = Action(Act.CLOSE, 1, desk.now_ms(), Cause.TEST)
    await desk.handle(Handling(1, close, "close", "test"))
    assert {one.id: one for one in desk.queue()} == store.open_incidents()
    assert [one.id for one in desk.queue()] == [2, 3]


async def test_a_caller_who_hangs_up_keeps_nobody_from_seeing(desk: Desk, store: Store) -> None:
    reader = desk.subscribe(None)
    call = asyncio.create_task(desk.receive(batch(press(1))))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await numbers(reader, 1) == [1]
    assert list(store.open_incidents()) == [1]


async def test_a_command_ends_the_wait_for_commands(desk: Desk) -> None:
    await desk.receive(batch(press(1)))
    poll = asyncio.create_task(desk.commands(JOURNAL, 0, SOON_S))
    await asyncio.sleep(0)
    assert not poll.done()
    await acknowledge(desk)
    assert len((await poll).commands) == 1
    assert (await desk.commands(OTHER_JOURNAL, 0, 0)).commands == ()


async def test_stopping_ends_every_wait(desk: Desk) -> None:
    reader = desk.subscribe(None)
    poll, wait = asyncio.create_task(desk.commands(JOURNAL, 0, 25)), asyncio.create_task(reader.next(25))
    await asyncio.sleep(0)
    desk.stop()
    page, change = await asyncio.wait_for(asyncio.gather(poll, wait), SOON_S)
    assert (page.commands, change, reader.ended) == ((), None, True)
    assert desk.subscribe(None).ended


async def test_a_link_is_judged_by_when_it_was_heard(desk: Desk, clock: HandClock) -> None:
    assert desk.links() == []
    await desk.receive(batch(press(1)))
    clock.advance(LATE_AFTER_S + 1)
    (link,) = desk.links()
    assert (link.concentrator, link.state, link.waiting) == ("3", LinkState.LATE, False)
    await desk.commands(JOURNAL, 0, 0)
    assert [one.state for one in desk.links()] == [LinkState.HEARD]


async def test_a_journal_without_a_name_is_shown_and_named_later(desk: Desk) -> None:
    for number in range(20):
        await desk.commands(f"{number:032x}", 0, 0)
    assert len(desk.links()) == 8
    await desk.receive(batch(press(1), journal_id="0" * 32, concentrator="5"))
    named = [one.concentrator for one in desk.links()]
    assert len(named) == 8
    assert "5" in named
    assert "0" * 32 not in named


async def test_a_lost_link_is_a_trouble_once_and_so_is_its_return(
    desk: Desk, store: Store, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anju.dutyroom.desk._TICK_S", 0)
    await desk.receive(batch(report(1, ReportKind.OPENED)))
    reader = desk.subscribe(None)
    watch = asyncio.create_task(desk.watch())
    clock.advance(LOST_AFTER_S + 1)
    lost = await reader.next(SOON_S)
    await desk.commands(JOURNAL, 0, 0)
    back = await reader.next(SOON_S)
    watch.cancel()
    assert [one.what for one in (lost, back) if one] == [What.LINK_LOST, What.LINK_BACK]
    assert store.newest() == 2


async def test_after_a_restart_a_link_is_waited_for_and_its_loss_remembered(
    desk: Desk, store: Store, clock: HandClock
) -> None:
    await desk.receive(batch(report(1, ReportKind.OPENED)))
    await store.note_link(What.LINK_LOST, "3", clock.wall_ms)
    again = Desk(store, lambda: clock.wall_ms, lambda: clock.monotonic_s)
    assert [(one.concentrator, one.waiting) for one in again.links()] == [("3", True)]
    await again.commands(JOURNAL, 0, 0)
    assert again._links.turns() == [(What.LINK_BACK, "3")]


async def test_a_disk_that_takes_nothing_is_known_until_it_does(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    real = desk._store._ledger.write

    async def full(job: Callable[[sqlite3.Connection], Any]) -> Any:
        raise LedgerError("The disk is full.", "Nothing was written.", "Make room.")

    monkeypatch.setattr(desk._store._ledger, "write", full)
    with pytest.raises(LedgerError):
        await desk.receive(batch(press(1)))
    assert desk.is_faulty()
    assert desk.queue() == []
    monkeypatch.setattr(desk._store._ledger, "write", real)
    await desk.receive(batch(press(1)))
    assert not desk.is_faulty()
    assert len(desk.queue()) == 1
