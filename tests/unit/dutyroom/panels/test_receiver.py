"""What a panel says is on the disk before it is acknowledged; who may not say it is told so, and nobody else hears of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from anju.dutyroom.core import panels
from anju.dutyroom.core.change import What
from anju.dutyroom.core.incident import IncidentKind
from anju.dutyroom.desk import Desk
from anju.dutyroom.panels.receiver import MOST_A_MINUTE, Outcome
from anju.dutyroom.store import Store, held, reports_held
from anju.ledger import LedgerError
from anju.uplink.reports import Lane, Report, ReportKind, TroubleKind
from unit.concentrator.dc09.strict import framed
from unit.dutyroom.conftest import HandClock
from unit.dutyroom.panels import kit
from unit.dutyroom.panels.kit import ACCOUNT, KEY, PANIC, answered, message
from unit.dutyroom.reports import HOUSEHOLD

pytestmark = pytest.mark.anyio
KEYS = [None, b"0123456789ABCDEF", b"0123456789ABCDEF01234567", b"0123456789ABCDEF0123456789ABCDEF"]


def told(path: Path) -> list[Report]:
    """All reports of panels that are on the disk."""
    return [report for journal, _seq, report in reports_held(path) if journal == panels.JOURNAL]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(("name", "content"), [("ADM-CID", PANIC), ("SIA-DCS", "|Nri1/PA007")])
async def test_an_alarm_is_on_the_disk_when_it_is_acknowledged(
    path: Path, desk: Desk, clock: HandClock, name: str, content: str, key: bytes | None
) -> None:
    receiver = kit.receiver(desk, clock, a1A01=kit.account(key=key))
    raw = message(content, 12, name=name, key=key, at=kit.now(clock) if key else None, way="RFL3")
    outcome, answer = await receiver.judge(raw, "tcp", "10.0.0.7")
    (report,) = told(path)
    assert (outcome, report.kind, report.household) == (Outcome.TAKEN, ReportKind.HOLD_UP_ALARM, HOUSEHOLD)
    assert report.zone is not None
    assert report.zone.name == "bedside"
    said = answered(answer, key)
    assert said[:4] == ("ACK", "0012", ACCOUNT, key is not None)
    assert said.way == "RFL3"
    (incident,) = desk.queue()
    assert (incident.kind, incident.household, incident.unseen) == (IncidentKind.HOLD_UP, HOUSEHOLD, 1)
    assert held.verify(path).faults == []


async def test_what_cannot_be_written_is_not_acknowledged(
    desk: Desk, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_anything: object) -> bool:
        raise LedgerError("full", "nothing", "make room")

    monkeypatch.setattr(Store, "take_message", refuse)
    assert await kit.receiver(desk, clock).judge(message(PANIC), "tcp", "?") == (Outcome.NOT_WRITTEN, None)
    assert desk.is_faulty()


class TestRefused:
    async def test_an_account_with_a_key_takes_nothing_in_the_clear(
        self, path: Path, desk: Desk, clock: HandClock
    ) -> None:
        receiver = kit.receiver(desk, clock, a1A01=kit.account(key=KEY))
        for raw in (message(PANIC), message(PANIC, at=kit.now(clock)), kit.null()):
            outcome, answer = await receiver.judge(raw, "tcp", "10.0.0.7")
            assert (outcome, answered(answer).kind) == (Outcome.IN_CLEAR, "NAK")
        assert told(path) == []
        assert desk.queue() == []

    async def test_nor_under_another_key(self, path: Path, desk: Desk, clock: HandClock) -> None:
        receiver = kit.receiver(desk, clock, a1A01=kit.account(key=KEY))
        outcome, answer = await receiver.judge(message(PANIC, key=KEY[::-1], at=kit.now(clock)), "udp", "10.0.0.7")
        assert (outcome, answered(answer).kind) == (Outcome.NOT_OPENED, "NAK")
        assert told(path) == []

    async def test_nor_while_its_key_cannot_be_read(self, path: Path, desk: Desk, clock: HandClock) -> None:
        receiver = kit.receiver(desk, clock, a1A01=kit.account(is_usable=False))
        for raw in (message(PANIC), message(PANIC, key=KEY, at=kit.now(clock))):
            assert (await receiver.judge(raw, "tcp", "?")).outcome is Outcome.NOT_OPENED
        assert told(path) == []

    async def test_nobodys_account_is_no_alarm_and_is_told_once_an_hour(
        self, path: Path, desk: Desk, clock: HandClock
    ) -> None:
        receiver = kit.receiver(desk, clock)
        for number in range(300):
            outcome, answer = await receiver.judge(message(PANIC, of=f"{number:04X}"), "udp", f"10.0.0.{number % 250}")
            assert (outcome, answered(answer).kind) == (Outcome.UNKNOWN, "NAK")
        assert receiver.outcomes == {Outcome.UNKNOWN: 300}
        assert told(path) == []
        (trouble,) = desk.troubles()
        assert trouble.detail == {"trouble": "panel_refused", "why": "unknown", "origin": "#0000, 10.0.0.0"}

    @pytest.mark.parametrize(("transport", "name"), [("udp", "ADM-CID"), ("tcp", "SIA-DCS")])
    async def test_a_way_or_a_tongue_that_is_not_its_own(
        self, path: Path, desk: Desk, clock: HandClock, transport: str, name: str
    ) -> None:
        limited = kit.account(transports=frozenset({"tcp"}), formats=frozenset({"ADM-CID"}))
        receiver = kit.receiver(desk, clock, a1A01=limited)
        content = PANIC if name == "ADM-CID" else "|NPA007"
        outcome, answer = await receiver.judge(message(content, name=name), transport, "?")
        assert (outcome, answered(answer).kind) == (Outcome.NOT_ALLOWED, "NAK")
        assert told(path) == []

    @pytest.mark.parametrize("shift_s", [-41, 21, -86_400, 3600])
    async def test_an_encrypted_one_of_another_time_which_is_told_ours(
        self, path: Path, desk: Desk, clock: HandClock, shift_s: int
    ) -> None:
        receiver = kit.receiver(desk, clock, a1A01=kit.account(key=KEY))
        raw = message(PANIC, key=KEY, at=kit.now(clock, shift_s))
        outcome, answer = await receiver.judge(raw, "tcp", "?")
        said = answered(answer)
        assert (outcome, said.kind, said.sequence) == (Outcome.TIME, "NAK", "0000")
        assert said.at == kit.now(clock).replace(microsecond=0)
        assert told(path) == []

    async def test_an_encrypted_one_without_a_time(self, desk: Desk, clock: HandClock) -> None:
        receiver = kit.receiver(desk, clock, a1A01=kit.account(key=KEY))
        assert (await receiver.judge(message(PANIC, key=KEY), "tcp", "?")).outcome is Outcome.TIME

    @pytest.mark.parametrize("shift_s", [-39, 0, 19])
    async def test_not_one_whose_clock_is_a_little_off(self, desk: Desk, clock: HandClock, shift_s: int) -> None:
        receiver = kit.receiver(desk, clock, a1A01=kit.account(key=KEY))
        raw = message(PANIC, key=KEY, at=kit.now(clock, shift_s))
        assert (await receiver.judge(raw, "tcp", "?")).outcome is Outcome.TAKEN

    @pytest.mark.parametrize("shift_s", [-86_400, 86_400])
    async def test_nor_one_in_the_clear_whose_clock_is_wrong(self, desk: Desk, clock: HandClock, shift_s: int) -> None:
        """Its time proves nothing, and the alarm may be true."""
        raw = message(PANIC, at=kit.now(clock, shift_s))
        assert (await kit.receiver(desk, clock).judge(raw, "tcp", "?")).outcome is Outcome.TAKEN

    async def test_more_than_any_panel_says(self, path: Path, desk: Desk, clock: HandClock) -> None:
        receiver = kit.receiver(desk, clock)
        for sequence in range(1, MOST_A_MINUTE + 11):
            await receiver.judge(message("|1130 01 001", sequence), "udp", "?")
        assert receiver.outcomes == {Outcome.TAKEN: MOST_A_MINUTE, Outcome.FLOOD: 10}
        assert len(told(path)) == MOST_A_MINUTE
        clock.advance(61)
        assert (await receiver.judge(message(PANIC, 999), "udp", "?")).outcome is Outcome.TAKEN


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("ADM-CID", "|9120 01 007"), ("ADM-CID", "|1120 01"), ("ADM-CID", "|1A20 01 007"), ("ADM-CID", ""), ("SIA-DCS", "|"),
        ("SIA-DCS", "|Xri1/PA007"), ("SIA-DCS", "|N"), ("SIA-DCS", "|Npa007"), ("FIRE", PANIC),
    ],
)  # fmt: skip
async def test_what_is_not_understood_gets_duh(desk: Desk, clock: HandClock, name: str, content: str) -> None:
    outcome, answer = await kit.receiver(desk, clock).judge(message(content, 3, name=name), "tcp", "?")
    assert (outcome, answered(answer)[:3]) == (Outcome.NOT_UNDERSTOOD, ("DUH", "0003", ACCOUNT))


async def test_what_cannot_be_read_may_have_been_an_alarm_and_a_person_hears_of_it(
    path: Path, desk: Desk, clock: HandClock
) -> None:
    receiver = kit.receiver(desk, clock)
    for _again in range(2):  # the same one, said again, is told once
        outcome, answer = await receiver.judge(message("|1120 01", 3), "tcp", "?")
        assert (outcome, answered(answer).kind) == (Outcome.NOT_UNDERSTOOD, "DUH")
    (report,) = told(path)
    assert (report.kind, report.trouble, report.lane) == (ReportKind.TROUBLE, TroubleKind.NOT_UNDERSTOOD, Lane.ALARM)
    assert (report.household, report.rule) == (HOUSEHOLD, "ADM-CID")
    assert [change.what for change in desk.troubles()] == [What.TROUBLE]
    assert desk.queue() == []


async def test_what_cannot_be_read_and_cannot_be_written_is_not_answered(
    desk: Desk, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_anything: object) -> bool:
        raise LedgerError("full", "nothing", "make room")

    monkeypatch.setattr(Store, "take_message", refuse)
    assert await kit.receiver(desk, clock).judge(message("|1120 01"), "tcp", "?") == (Outcome.NOT_WRITTEN, None)


async def test_nobody_speaks_for_another_account(path: Path, desk: Desk, clock: HandClock) -> None:
    receiver = kit.receiver(desk, clock, a1A01=kit.account(), a1A02=kit.account(household="3-2-0502", key=KEY))
    raw = message(PANIC).replace(b"[#1A01|", b"[#1A02|")
    body = raw[9:-1].decode()
    outcome, _answer = await receiver.judge(framed(body), "tcp", "?")
    assert outcome is Outcome.NOT_UNDERSTOOD
    assert [(one.household, one.trouble) for one in told(path)] == [(HOUSEHOLD, TroubleKind.NOT_UNDERSTOOD)]
    assert desk.queue() == []


async def test_an_opening_is_history_and_no_alarm(path: Path, desk: Desk, clock: HandClock) -> None:
    await kit.receiver(desk, clock).judge(message("|1401 01 003"), "tcp", "?")
    (report,) = told(path)
    assert (report.kind, report.person) == (ReportKind.DISARMED, "#3")
    assert desk.queue() == []


async def test_a_trouble_stands_until_the_panel_says_that_it_is_over(desk: Desk, clock: HandClock) -> None:
    receiver = kit.receiver(desk, clock)
    await receiver.judge(message("|1301 01 000", 1), "tcp", "?")
    clock.advance(3 * 86_400)
    assert [change.what for change in desk.troubles()] == [What.TROUBLE]
    await receiver.judge(message("|3301 01 000", 2), "tcp", "?")
    assert [change.what for change in desk.troubles()] == [What.TROUBLE_OVER]
