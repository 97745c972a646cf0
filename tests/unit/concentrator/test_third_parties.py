"""Reports go to third parties too, each by itself: none delays another, and none holds what the duty room does not hold."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from anju.concentrator.core.ports import Delivered, Trial, Undelivered
from anju.concentrator.destinations.third_parties import Offer, ThirdParties
from anju.concentrator.retention import Retention
from anju.service.errors import ServiceError
from anju.uplink.reports import Lane, Report, ReportKind
from unit.concentrator.harness import DESTINATION, HOUSEHOLD, Bench, bench, running, until

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("tries_at_once")]
DAY_S = 86_400


class Other:
    """A third party that does as a test says."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.tries = 0
        self.is_down = False
        self.hangs = False
        self.refuses: set[int] = set()
        self.takes_at_most = 100
        self.closed = 0
        self.is_stubborn = False
        self.proves = False
        self.idles = 0
        self.warnings: Sequence[str] = ()

    async def deliver(self, reports: Sequence[Report]) -> Delivered:
        self.tries += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.is_down:
            raise Undelivered("it is down")
        taken = [one.seq for one in reports if one.seq not in self.refuses][: self.takes_at_most]
        self.heard += taken
        return Delivered(taken, [one.seq for one in reports if one.seq in self.refuses])

    async def idle(self) -> None:
        self.idles += 1
        if not self.proves:
            await asyncio.Event().wait()
        await asyncio.sleep(0.001)
        if self.is_down:
            raise Undelivered("it is down")

    async def test(self) -> Trial:
        if self.is_down:
            raise Undelivered("it is down")
        return Trial(is_taken=True, answer="ACK", took_s=0.1)

    async def close(self) -> None:
        self.closed += 1
        await asyncio.sleep(0.001)
        if self.is_stubborn:
            raise ConnectionResetError


def _itself(one: Other) -> Other:
    return one


async def parties(rooms: Bench, **others: Other) -> ThirdParties:
    offers = {name: Offer("fake", partial(_itself, one)) for name, one in others.items()}
    made = ThirdParties(rooms.journal, rooms.journal, rooms.clock, offers)
    await made.furnish()
    return made


async def happens(rooms: Bench, count: int = 1, lane: Lane = Lane.ROUTINE) -> None:
    async with rooms.journal.change() as draft:
        for _ in range(count):
            draft.record(ReportKind.OPENED, lane, household=HOUSEHOLD)


async def switch(made: ThirdParties, name: str, *, on: bool) -> int:
    return int((await made.handlers["destination_switch"]({"name": name, "on": on}, "anna"))["given_up"])


def owed(rooms: Bench, name: str) -> int:
    return rooms.journal.owing(name).rows


async def test_each_gets_everything_once_and_in_order(rooms: Bench) -> None:
    arc, other = Other(), Other()
    arc.takes_at_most = 3
    async with running((await parties(rooms, arc=arc, other=other)).run()):
        await happens(rooms, 20)
        await until(lambda: not owed(rooms, "arc") and not owed(rooms, "other"))
    assert arc.heard == other.heard == list(range(1, 21))


@pytest.mark.parametrize("fault", ["is_down", "hangs"])
async def test_one_that_fails_or_hangs_delays_no_other(rooms: Bench, fault: str) -> None:
    arc, other = Other(), Other()
    setattr(arc, fault, True)
    async with running((await parties(rooms, arc=arc, other=other)).run()):
        await happens(rooms, 5, Lane.PANIC)
        await until(lambda: arc.tries and not owed(rooms, "other"))
        assert (owed(rooms, "arc"), owed(rooms, DESTINATION)) == (5, 5)
        assert rooms.journal.totals()["outbox"] == 5


async def test_what_it_was_down_for_it_gets_when_it_is_back_after_a_restart_too(rooms: Bench, tmp_path: Path) -> None:
    arc = Other()
    arc.is_down = True
    async with running((await parties(rooms, arc=arc)).run()):
        await happens(rooms, 2)
        await until(lambda: rooms.journal.postponed("arc").failures > 1)
    arc.is_down = False
    made = await parties(rooms, arc=arc)
    async with running(made.run()):
        await until(lambda: not owed(rooms, "arc"))
    assert arc.heard == [1, 2]
    assert rooms.journal.postponed("arc").failures == 0


async def test_a_report_that_it_refuses_for_good_stops_nothing(rooms: Bench) -> None:
    arc = Other()
    arc.refuses = {2}
    async with running((await parties(rooms, arc=arc)).run()):
        await happens(rooms, 3)
        await until(lambda: not owed(rooms, "arc"))
    assert arc.heard == [1, 3]
    states = {row["seq"]: row["state"] for row in _rows(rooms, "arc")}
    assert states == {1: 1, 2: 3, 3: 1}


async def test_one_that_can_not_be_opened_is_tried_again_and_says_why(rooms: Bench) -> None:
    arc, is_ready = Other(), False

    def make() -> Other:
        if not is_ready:
            raise ServiceError("Others may read arc.key: it holds a secret.", "", "")
        return arc

    made = ThirdParties(rooms.journal, rooms.journal, rooms.clock, {"arc": Offer("fake", make)})
    await made.furnish()
    async with running(made.run()):
        await happens(rooms)
        await until(lambda: made.down_s["arc"]() > 0)
        shown = (await made.handlers["destinations"]({}, "anna"))["destinations"][0]
        assert shown["why"].startswith("Others may read")
        assert shown["owed"] == 1
        is_ready = True
        await until(lambda: arc.heard == [1])


async def test_that_it_is_back_is_seen_while_nothing_happens(rooms: Bench) -> None:
    """Else it would become trouble some time after it is over."""
    arc = Other()
    arc.proves = arc.is_down = True
    made = await parties(rooms, arc=arc)
    async with running(made.run()):
        await until(made.down_s["arc"])
        arc.is_down = False
        await until(lambda: not made.down_s["arc"]())
        assert not (await made.handlers["destinations"]({}, "anna"))["destinations"][0]["why"]


async def test_what_happens_elsewhere_is_no_sign_that_it_is_back(rooms: Bench) -> None:
    arc = Other()
    arc.proves = arc.is_down = True
    made = await parties(rooms, arc=arc)
    async with running(made.run()):
        await until(made.down_s["arc"])
        arc.proves = False  # it hangs
        before = arc.idles
        await until(lambda: arc.idles > before)
        async with rooms.journal.change() as draft:
            draft.schedules[HOUSEHOLD] = ()
        await until(lambda: arc.idles > before + 1)
        assert made.down_s["arc"]() > 0


async def test_one_that_can_not_be_closed_ends_no_other(rooms: Bench) -> None:
    arc, other = Other(), Other()
    arc.is_stubborn = True
    made = await parties(rooms, arc=arc, other=other)
    async with running(made.run()):
        await until(lambda: arc.idles)
        await switch(made, "arc", on=False)
        await happens(rooms)
        await until(lambda: other.heard == [1, 2])


class TestOnAndOff:
    """A person says so while it runs; it is journalled, and lasts."""

    async def test_one_that_is_off_loses_what_it_was_owed_and_is_owed_nothing(self, rooms: Bench) -> None:
        arc = Other()
        arc.is_down = True
        made = await parties(rooms, arc=arc)
        async with running(made.run()):
            await happens(rooms, 2)
            await until(lambda: arc.tries)
            assert await switch(made, "arc", on=False) == 2
            assert made.down_s["arc"]() == 0
            assert arc.closed
            await happens(rooms)
            assert owed(rooms, "arc") == 0
            arc.is_down = False
            await switch(made, "arc", on=True)
            await happens(rooms)
            await until(lambda: arc.heard == [5, 6])  # that it was switched on, and what came then
        assert rooms.kinds()[2:] == ["destination_off", "opened", "destination_on", "opened"]

    async def test_it_stays_off_through_a_restart(self, tmp_path: Path) -> None:
        async with bench(tmp_path) as rooms:
            made = await parties(rooms, arc=Other())
            await switch(made, "arc", on=False)
        async with bench(tmp_path) as rooms:
            await parties(rooms, arc=Other())
            assert rooms.journal.building.destinations == {"arc": False}

    async def test_a_switch_in_vain_is_not_journalled(self, rooms: Bench) -> None:
        made = await parties(rooms, arc=Other())
        await switch(made, "arc", on=True)
        assert rooms.kinds() == []

    async def test_one_that_hangs_can_be_switched_off(self, rooms: Bench) -> None:
        arc = Other()
        arc.hangs = True
        made = await parties(rooms, arc=arc)
        async with running(made.run()):
            await happens(rooms)
            await until(lambda: arc.tries)
            assert await switch(made, "arc", on=False) == 1

    async def test_two_persons_at_once_are_told_what_came_of_it(self, rooms: Bench) -> None:
        """It takes its time to stop; meanwhile somebody else has it on again, and twice off is once off."""
        arc = Other()
        made = await parties(rooms, arc=arc)
        async with running(made.run()):
            await until(lambda: arc.idles)
            asked = [
                made.handlers["destination_switch"]({"name": "arc", "on": on}, "anna") for on in (False, False, True)
            ]
            answers = await asyncio.gather(*asked)
            assert [answer["on"] for answer in answers] == [False, False, True]
            await happens(rooms)
            await until(lambda: 3 in arc.heard)
        assert rooms.kinds() == ["destination_off", "destination_on", "opened"]

    async def test_one_that_does_not_exist_is_named(self, rooms: Bench) -> None:
        made = await parties(rooms, arc=Other())
        for name, shown in (("moon", "moon"), ("门", "门"), ("a\x1bb", r"a\x1bb")):
            with pytest.raises(ServiceError) as error:
                await switch(made, name, on=False)
            assert error.value.what == f"There is no destination {shown}."

    async def test_one_that_is_off_can_be_tested(self, rooms: Bench) -> None:
        arc = Other()
        made = await parties(rooms, arc=arc)
        await switch(made, "arc", on=False)
        assert (await made.handlers["destination_test"]({"name": "arc"}, "anna"))["taken"]
        arc.is_down = True
        answer = await made.handlers["destination_test"]({"name": "arc"}, "anna")
        assert (answer["taken"], answer["answer"]) == (False, "it is down")


async def test_taken_out_of_the_settings_it_is_owed_nothing_and_forgotten(rooms: Bench) -> None:
    await parties(rooms, arc=Other(), other=Other())
    await happens(rooms, 3)
    await parties(rooms, other=Other())
    assert rooms.journal.building.destinations == {"other": True}
    assert (owed(rooms, "arc"), owed(rooms, "other")) == (0, 3)


async def test_what_it_is_owed_keeps_nothing_longer_than_the_site_keeps_it(rooms: Bench) -> None:
    await parties(rooms, arc=Other())
    await happens(rooms, 6)
    rooms.clock.advance(31 * DAY_S)
    await happens(rooms)
    retention = Retention(rooms.journal, rooms.clock, 30, 0)
    assert not await retention.look()  # the duty room has not got them
    assert owed(rooms, "arc") == 7
    await rooms.journal.settle(DESTINATION, range(1, 8), ())
    while await retention.look():
        pass
    assert owed(rooms, "arc") == 1


def _rows(rooms: Bench, name: str) -> list[dict[str, int]]:
    read = rooms.journal._ledger.read()
    found = read.execute("SELECT seq, state FROM outbox WHERE destination = ? ORDER BY seq", (name,))
    return [{"seq": seq, "state": state} for seq, state in found]
