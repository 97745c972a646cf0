"""A panel that is silent for longer than it may be is trouble, until it speaks again; nobody else speaks for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from anju.dutyroom.core.change import Change, What
from anju.dutyroom.desk import Desk
from anju.dutyroom.store import Store, reports_held
from anju.uplink.reports import ReportKind, TroubleKind
from unit.dutyroom.conftest import HandClock
from unit.dutyroom.panels import kit
from unit.dutyroom.panels.kit import ACCOUNT, KEY, PANIC, message
from unit.dutyroom.reports import HOUSEHOLD

pytestmark = pytest.mark.anyio


def standing(desk: Desk) -> list[Change]:
    """What is shown of silent panels."""
    return [one for one in desk.troubles() if one.what is What.TROUBLE]


async def test_silence_is_trouble_and_speech_ends_it(desk: Desk, clock: HandClock) -> None:
    receiver = kit.receiver(desk, clock)
    clock.advance(300)
    await receiver.look()
    assert standing(desk) == []
    clock.advance(1)
    await receiver.look()
    await receiver.look()
    (trouble,) = standing(desk)
    assert trouble.report is not None
    assert (trouble.report.trouble, trouble.report.household) == (TroubleKind.PANEL_SILENT, HOUSEHOLD)
    clock.advance(9 * 86_400)
    assert len(standing(desk)) == 1
    await receiver.judge(kit.null(), "udp", "?")
    await receiver.look()
    assert standing(desk) == []
    assert desk.queue() == []


@pytest.mark.parametrize("raw", [kit.null(), message(PANIC)])
async def test_whatever_it_says_is_a_sign_of_life(desk: Desk, clock: HandClock, raw: bytes) -> None:
    receiver = kit.receiver(desk, clock)
    for _ in range(10):
        clock.advance(299)
        await receiver.judge(raw, "tcp", "?")
        await receiver.look()
    assert standing(desk) == []


async def test_nothing_that_is_not_believed_is_one(desk: Desk, clock: HandClock) -> None:
    receiver = kit.receiver(desk, clock, a1A01=kit.account(key=KEY))
    old = kit.null(key=KEY, at=kit.now(clock))
    clock.advance(290)
    for raw in (kit.null(), kit.null(key=KEY[::-1], at=kit.now(clock)), old, kit.null(kit.OTHER)):
        await receiver.judge(raw, "tcp", "?")
    clock.advance(11)
    await receiver.look()
    assert [one.report.trouble for one in standing(desk) if one.report] == [TroubleKind.PANEL_SILENT]


async def test_one_that_was_silent_before_a_restart_is_told_once(
    path: Path, clock: HandClock, anyio_backend: str
) -> None:
    for start in range(3):
        store = Store.open(path)
        desk = Desk(store, lambda: clock.wall_ms, lambda: clock.monotonic_s)
        receiver = kit.receiver(desk, clock, frozenset(store.silent_panels()))
        assert receiver.silent == (start > 0)
        await receiver.look()
        clock.advance(301)
        await receiver.look()
        await receiver.look()
        assert len(standing(desk)) == 1
        await store.close()
    assert [one.kind for *_journal, one in reports_held(path)] == [ReportKind.TROUBLE]


async def test_one_that_is_taken_out_of_the_settings_is_no_trouble_any_more(
    store: Store, desk: Desk, clock: HandClock
) -> None:
    receiver = kit.receiver(desk, clock)
    clock.advance(301)
    await receiver.look()
    assert store.silent_panels() == {ACCOUNT}
    after = kit.receiver(desk, clock, frozenset(store.silent_panels()), a1A02=kit.account())
    await after.look()
    assert standing(desk) == []
    assert store.silent_panels() == set()
