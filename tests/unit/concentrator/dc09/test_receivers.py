"""Good receivers and hostile ones, over TCP, UDP and TLS: what is taken is told once, what is not stays owed."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from anju.concentrator.core.ports import Undelivered
from anju.concentrator.destinations import names
from anju.concentrator.destinations.dc09 import opened, sender
from anju.concentrator.destinations.dc09.sender import Dc09
from anju.concentrator.destinations.third_parties import Offer, ThirdParties
from anju.uplink.reports import Lane, ReportKind
from unit.concentrator.dc09 import kit
from unit.concentrator.dc09.centre import Centre, Say, acknowledge, over_tcp, over_udp, silent
from unit.concentrator.dc09.strict import Seen, answer, framed
from unit.concentrator.harness import HOUSEHOLD, Bench, HandClock, kept, running, until
from unit.concentrator.mqtt_kit import certify

pytestmark = pytest.mark.anyio
Over = Callable[[Centre], AbstractAsyncContextManager[Centre]]
Sends = Callable[..., Dc09]
QUICK = 0.2
"""Seconds that are waited for an answer that does not come."""
WAYS = {"tcp": over_tcp, "udp": over_udp}


@pytest.fixture(params=["tcp", "udp"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def sends(tmp_path: Path, clock: HandClock) -> AsyncIterator[Sends]:
    """Makes ways to receivers at ports; all are closed in the end."""
    made: list[Dc09] = []

    def make(*ports: int, **more: Any) -> Dc09:
        made.append(opened.at("arc", kit.settings(*ports, **more), tmp_path, clock))
        return made[-1]

    yield make
    for one in made:
        await one.close()


@pytest.mark.parametrize("size", [0, 16, 24, 32])
@pytest.mark.parametrize("form", ["adm-cid", "sia-dcs"])
async def test_a_report_is_told_and_taken(
    tmp_path: Path, sends: Sends, clock: HandClock, way: str, form: str, size: int
) -> None:
    key = kit.KEYS[size] if size else None
    named = {"key_file": kit.key_file(tmp_path, key)} if key else {}
    async with WAYS[way](Centre(key)) as centre:
        made = sends(centre.port, transport=way, format=form, **named)
        assert await made.deliver([kit.panic(clock, 7)]) == ([7], [])
    seen = centre.events[0]
    assert (seen.id, seen.sequence, seen.account, seen.what) == (
        form.upper(),
        7,
        kit.ACCOUNT,
        "1120" if form == "adm-cid" else "PA",
    )


async def test_the_line_is_proved_before_anything_is_told_and_now_and_then(
    sends: Sends, clock: HandClock, way: str
) -> None:
    async with WAYS[way](Centre()) as centre:
        made = sends(centre.port, transport=way, supervision_s=0.01)
        async with running(kept(made)):
            await until(lambda: len(centre.seen) > 3)
    assert {one.id for one in centre.seen} == {"NULL"}


async def test_a_clock_that_is_hours_off_is_corrected_by_the_receivers(
    sends: Sends, clock: HandClock, way: str
) -> None:
    at = dt.datetime.fromtimestamp(clock.now.wall_ms / 1000, dt.UTC) + dt.timedelta(hours=7)

    def strict_about_time(_centre: Centre, seen: Seen) -> bytes:
        in_time = -dt.timedelta(seconds=40) <= seen.at - at <= dt.timedelta(seconds=20)
        return answer("ACK" if in_time else "NAK", seen, at=at)

    async with WAYS[way](Centre(say=strict_about_time)) as centre:
        made = sends(centre.port, transport=way)
        assert await made.deliver([kit.panic(clock, 1), kit.panic(clock, 2)]) == ([1, 2], [])
    assert [one.sequence for one in centre.events] == [1, 2]  # only the first NULL had to be said twice
    assert len(centre.seen) == 4


@pytest.mark.parametrize("year", [1000, 9999])
async def test_a_clock_that_is_past_reckoning_ends_nothing(sends: Sends, clock: HandClock, way: str, year: int) -> None:
    """NAK is never encrypted: whoever is on the line can say it."""
    at = dt.datetime(year, 12, 31, 23, 59, 59, tzinfo=dt.UTC)

    def lies(_centre: Centre, seen: Seen) -> bytes:
        return answer("NAK", seen, at=at)

    async with WAYS[way](Centre(say=lies)) as bad, WAYS[way](Centre()) as good:
        made = sends(bad.port, good.port, transport=way)
        assert (await made.deliver([kit.panic(clock, 1)])).taken == [1]
        clock.advance(60)
        bad.say = acknowledge
        assert (await made.deliver([kit.panic(clock, 2)])).taken == [2]


async def test_a_key_that_was_wrong_is_read_again(tmp_path: Path, sends: Sends, clock: HandClock) -> None:
    async with over_tcp(Centre(kit.KEYS[16], _naks)) as centre:
        made = sends(centre.port, key_file=kit.key_file(tmp_path, kit.KEYS[16]))
        with pytest.raises(Undelivered):
            await made.deliver([kit.panic(clock)])
        centre.key, centre.say = kit.KEYS[32], acknowledge
        kit.key_file(tmp_path, kit.KEYS[32])
        assert (await made.deliver([kit.panic(clock)])).taken == [1]


async def test_a_receiver_is_found_by_its_name(
    sends: Sends, clock: HandClock, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def told(host: str) -> list[str]:
        return ["127.0.0.1"] if host == "arc.invalid" else []

    monkeypatch.setattr(names, "addresses", told)
    async with WAYS[way](Centre()) as centre:
        made = sends(transport=way, receivers=[f"arc.invalid:{centre.port}"])
        assert (await made.deliver([kit.panic(clock)])).taken == [1]


async def test_a_message_that_is_said_again_keeps_its_sequence_after_a_restart_too(
    sends: Sends, clock: HandClock, way: str
) -> None:
    def deaf_once(centre: Centre, seen: Seen) -> bytes | None:
        return None if len(centre.events) == 1 and seen.id != "NULL" else answer("ACK", seen)

    async with WAYS[way](Centre(say=deaf_once)) as centre:
        made = sends(centre.port, transport=way, answer_s=QUICK)
        assert (await made.deliver([kit.panic(clock, 20_004)])).taken == [20_004]
        again = sends(centre.port, transport=way, answer_s=QUICK)
        await again.deliver([kit.panic(clock, 20_004)])
    assert {one.sequence for one in centre.events} == {8}
    assert len(centre.events) >= 3


async def test_a_duh_ends_a_message_and_no_other(sends: Sends, clock: HandClock, way: str) -> None:
    def knows_all_but_two(_centre: Centre, seen: Seen) -> bytes:
        return answer("DUH" if seen.sequence == 2 else "ACK", seen)

    async with WAYS[way](Centre(say=knows_all_but_two)) as centre:
        made = sends(centre.port, transport=way)
        assert await made.deliver([kit.panic(clock, seq) for seq in (1, 2, 3)]) == ([1, 3], [2])
        assert any("DUH" in warning for warning in made.warnings)


def _naks(_centre: Centre, seen: Seen) -> bytes:
    return answer("NAK", seen)


def _naks_whatever_the_time(_centre: Centre, seen: Seen) -> bytes:
    return answer("NAK", seen, at=seen.at + dt.timedelta(hours=1))


def _other_sequence(_centre: Centre, seen: Seen) -> bytes:
    return answer("ACK", seen, sequence=seen.sequence + 1)


def _other_account(_centre: Centre, seen: Seen) -> bytes:
    return answer("ACK", seen, account="ABCD")


def _garbage(_centre: Centre, _seen: Seen) -> bytes:
    return framed('"HELLO"0000[]') + b"\x00\xff\r" * 40


def _endless(_centre: Centre, _seen: Seen) -> bytes:
    return b"x" * 5000


def _in_the_clear(_centre: Centre, seen: Seen) -> bytes:
    return answer("ACK", seen)


def _half(centre: Centre, seen: Seen) -> bytes:
    centre.hangs_up = True
    return answer("ACK", seen)[:-5]


def _crc_wrong(_centre: Centre, _seen: Seen) -> bytes:
    return b"\n\r"


HOSTILE: list[Say] = [
    silent,
    _naks,
    _naks_whatever_the_time,
    _other_sequence,
    _other_account,
    _garbage,
    _endless,
    _half,
    _crc_wrong,
]


@pytest.mark.parametrize("say", HOSTILE)
async def test_a_receiver_that_does_not_take_it_ends_nothing(
    sends: Sends, clock: HandClock, way: str, say: Say
) -> None:
    async with WAYS[way](Centre(say=say)) as centre:
        made = sends(centre.port, transport=way, answer_s=QUICK)
        with pytest.raises(Undelivered):
            await made.deliver([kit.panic(clock)])


@pytest.mark.parametrize("say", HOSTILE)
async def test_then_the_second_receiver_takes_it(sends: Sends, clock: HandClock, way: str, say: Say) -> None:
    async with WAYS[way](Centre(say=say)) as bad, WAYS[way](Centre()) as good:
        made = sends(bad.port, good.port, transport=way, answer_s=QUICK)
        assert (await made.deliver([kit.panic(clock)])).taken == [1]
    assert {one.sequence for one in good.events} == {1}


async def test_the_first_receiver_is_gone_back_to(
    sends: Sends, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "RETURN_S", 0.0)
    async with over_tcp(Centre(say=silent)) as first, over_tcp(Centre()) as second:
        made = sends(first.port, second.port, answer_s=QUICK, supervision_s=0.01)
        await made.deliver([kit.panic(clock, 1)])
        first.say = acknowledge
        async with running(kept(made)):
            await until(lambda: len(first.seen) > 3)  # once more, so that the first answer has been heard
        await made.deliver([kit.panic(clock, 2)])
    assert {one.sequence for one in second.events} == {1}
    assert first.events[-1].sequence == 2


async def test_no_alarm_waits_while_the_first_receiver_is_asked_whether_it_is_back(
    sends: Sends, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "RETURN_S", 0.0)
    async with over_tcp(Centre(say=silent)) as first, over_tcp(Centre()) as second:
        made = sends(first.port, second.port, answer_s=QUICK, supervision_s=0)
        await made.deliver([kit.panic(clock, 1)])
        asked = len(first.seen)
        idle = asyncio.ensure_future(made.idle())
        await until(lambda: len(first.seen) > asked)
        idle.cancel()  # as a courier does when something happens
        await asyncio.gather(idle, return_exceptions=True)
        await made.deliver([kit.panic(clock, 2)])
    assert [one.sequence for one in second.events] == [1, 2]
    assert first.events == []


async def test_an_answer_that_comes_late_is_not_taken_for_the_next(sends: Sends, clock: HandClock) -> None:
    def one_behind(centre: Centre, _seen: Seen) -> bytes | None:
        if centre.seen[-1].id == "NULL":
            return answer("ACK", centre.seen[-1])
        return answer("ACK", centre.events[-2]) if len(centre.events) > 1 else None

    async with over_tcp(Centre(say=one_behind)) as centre:
        made = sends(centre.port, answer_s=0.5)
        # The second try of the first is answered for the first try: taken. The second is answered for the first: not taken.
        assert (await made.deliver([kit.panic(clock, 1), kit.panic(clock, 2)])).taken == [1, 2]
        tries = [one.sequence for one in centre.events]
    assert tries == [1, 1, 2, 2]


async def test_a_nak_of_another_message_changes_nothing(sends: Sends, clock: HandClock) -> None:
    def late_nak(_centre: Centre, seen: Seen) -> bytes:
        at = f"{seen.at + dt.timedelta(hours=5):%H:%M:%S,%m-%d-%Y}"
        return framed(f'"NAK"{seen.sequence + 3:04}R0L0A0[]_{at}') + answer("ACK", seen)

    async with over_tcp(Centre(say=late_nak)) as centre:
        assert (await sends(centre.port).deliver([kit.panic(clock, seq) for seq in (1, 2)])).taken == [1, 2]
    assert [one.sequence for one in centre.seen] == [0, 1, 2]


async def test_who_answers_in_the_clear_what_went_out_encrypted_is_not_believed(
    tmp_path: Path, sends: Sends, clock: HandClock, way: str
) -> None:
    key = kit.KEYS[16]
    async with WAYS[way](Centre(key, _in_the_clear)) as centre:
        made = sends(centre.port, transport=way, answer_s=QUICK, key_file=kit.key_file(tmp_path, key))
        with pytest.raises(Undelivered):
            await made.deliver([kit.panic(clock)])


async def test_a_marked_test_is_no_alarm_and_shows_the_answer(sends: Sends, clock: HandClock, way: str) -> None:
    async with WAYS[way](Centre()) as centre:
        made = sends(centre.port, transport=way)
        shown = await made.test()
    assert (shown.is_taken, shown.answer) == (True, "ACK")
    assert [(one.what, one.account) for one in centre.events] == [("1601", kit.ACCOUNT)]


async def test_a_test_waits_for_no_second_try_where_there_is_another_receiver(sends: Sends, way: str) -> None:
    async with WAYS[way](Centre(say=silent)) as first, WAYS[way](Centre()) as second:
        assert (await sends(first.port, second.port, transport=way, answer_s=QUICK).test()).is_taken
    assert (len(first.events), len(second.events)) == (1, 1)


async def test_what_happened_long_ago_says_when(sends: Sends, clock: HandClock) -> None:
    report = kit.panic(clock)
    clock.advance(3600)
    async with over_tcp(Centre()) as centre:
        await sends(centre.port).deliver([report])
    then = dt.datetime.fromtimestamp(report.recorded_at_ms / 1000, dt.UTC)
    assert centre.events[0].extra == f"[H{then:%H:%M:%S,%m-%d-%Y}]"
    assert centre.events[0].at - then == dt.timedelta(hours=1)


class TestTls:
    """The one way that needs no word of consent."""

    @pytest.fixture
    async def guarded(self, tmp_path: Path) -> AsyncIterator[Centre]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certify(tmp_path, "receiver")
        context.load_cert_chain(tmp_path / "receiver.pem", tmp_path / "receiver.key")
        async with over_tcp(Centre(), context) as centre:
            yield centre

    async def test_a_receiver_with_a_certificate_that_counts_is_told(
        self, sends: Sends, clock: HandClock, guarded: Centre
    ) -> None:
        made = sends(guarded.port, transport="tls", unprotected=False, ca_file="receiver.pem")
        assert (await made.deliver([kit.panic(clock)])).taken == [1]
        assert not any("TLS" in warning for warning in made.warnings)

    async def test_another_is_told_nothing(self, sends: Sends, clock: HandClock, guarded: Centre) -> None:
        made = sends(guarded.port, transport="tls", unprotected=False)
        with pytest.raises(Undelivered, match="certificate"):
            await made.deliver([kit.panic(clock)])
        assert guarded.seen == []


@pytest.mark.parametrize("say", HOSTILE)
async def test_no_hostile_receiver_delays_another_destination(rooms: Bench, sends: Sends, way: str, say: Say) -> None:
    async with WAYS[way](Centre(say=say)) as bad, over_tcp(Centre()) as good:
        offers = {
            "bad": Offer("dc09", lambda: sends(bad.port, transport=way, answer_s=QUICK)),
            "good": Offer("dc09", lambda: sends(good.port)),
        }
        made = ThirdParties(rooms.journal, rooms.journal, rooms.clock, offers)
        await made.furnish()
        async with running(made.run()):
            await until(lambda: bad.seen)
            async with rooms.journal.change() as draft:
                for _time in range(20):
                    draft.record(ReportKind.HOLD_UP_ALARM, Lane.PANIC, household=HOUSEHOLD)
            await until(lambda: not rooms.journal.owing("good").rows)
            assert rooms.journal.owing("bad").rows == 20
            await until(made.down_s["bad"])
    assert [one.sequence for one in good.events] == list(range(1, 21))


@pytest.mark.usefixtures("tries_at_once")
async def test_a_receiver_that_is_back_gets_what_it_missed_in_order_and_once(rooms: Bench, sends: Sends) -> None:
    centre = Centre()
    async with over_tcp(centre):
        pass  # it has a port now, and is gone
    offers = {"arc": Offer("dc09", lambda: sends(centre.port))}
    made = ThirdParties(rooms.journal, rooms.journal, rooms.clock, offers)
    await made.furnish()
    async with running(made.run()):
        async with rooms.journal.change() as draft:
            for _time in range(30):
                draft.record(ReportKind.HOLD_UP_ALARM, Lane.PANIC, household=HOUSEHOLD)
        await until(lambda: rooms.journal.postponed("arc").failures > 1)
        async with over_tcp(centre):
            await until(lambda: not rooms.journal.owing("arc").rows)
    assert [one.sequence for one in centre.events] == list(range(1, 31))
