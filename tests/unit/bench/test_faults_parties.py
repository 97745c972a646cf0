"""What `anju bench faults` counts at third parties: of which row a message was; what is resent, told anew, doubled, lost."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from anju.bench.faults.deeds import Deeds, name_of
from anju.bench.faults.parties import Count, Party, Rows, counted
from anju.bench.testing.centre import Told
from anju.concentrator.destinations.dc09 import events
from anju.uplink.reports import Lane, NodeAddress, Report, ReportKind, Witnessed, Zone, ZoneKind

BEFORE, AFTER = "a" * 32, "b" * 32
HOUSEHOLD = "3-1-0101"
BED = Zone(number=1, name="bed", kind=ZoneKind.HOLD_UP)


def pressed(seq: int, counter: int | None = None) -> Report:
    """A node presses, and its counter is the row's number unless it is told to be another one."""
    number = counter or seq
    return Report(
        seq=seq,
        kind=ReportKind.HOLD_UP_ALARM,
        lane=Lane.PANIC,
        household=HOUSEHOLD,
        recorded_at_ms=1,
        node=NodeAddress(network=1, node=7),
        counter=number,
        event_id=number,
        zone=BED,
        witnessed=Witnessed(code=3, epoch=1, first_counter=number, time_s=0, zone=1),
    )


def rows(*told: tuple[str, Report]) -> Rows:
    return {(journal, report.seq): report for journal, report in told}


class House:
    """One building's parties, told by hand."""

    def __init__(self, folder: Path) -> None:
        self.party = Party("3", 4, folder, 1)
        self._folder = folder

    def begins(self, journal: str) -> None:
        file = self._folder / f"{journal}.db"
        with closing(sqlite3.connect(file)) as made, made:
            made.execute("CREATE TABLE journal (journal_id TEXT)")
            made.execute("INSERT INTO journal VALUES (?)", (journal,))
        self.party.begins(file)

    def takes(self, number: int, code: int = 120, *, extra: str = "") -> None:
        self.party.centre.take(Told("ADM-CID", number, "1A01", f"#1A01|1{code} 01 002", extra))

    def hears(self, journal: str, seq: int, kind: str = "hold_up_alarm", event: int = 0, **more: object) -> None:
        name = f"{journal}-{seq}"
        told = {"id": name, "kind": kind, "node": "n1-7", "node_event": f"1-{event or seq}"} | more
        self.party.listener.heard.append((name, json.dumps(told).encode()))

    def counts(self, held: Rows) -> tuple[Count, Count]:
        deeds = Deeds()
        for name in {name_of(report): None for report in held.values()}:
            assert name is not None
            deeds.make(name, HOUSEHOLD)
            deeds.ack(name)
        return (
            counted("A", deeds, held, self.party.told_by_dc09(held), lambda report: events.of(report) is not None),
            counted("B", deeds, held, self.party.told_by_mqtt(held), lambda _report: True),
        )


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = House(tmp_path)
    made.begins(BEFORE)
    return made


def test_all_that_was_told_once_and_in_order_is_good(house: House) -> None:
    for seq in (1, 2):
        house.takes(seq)
        house.hears(BEFORE, seq)
    for count in house.counts(rows((BEFORE, pressed(1)), (BEFORE, pressed(2)))):
        assert count.verdict.is_good
        assert (count.told, count.resent, count.again) == (2, 0, 0)


def test_what_nobody_was_told_is_lost(house: House) -> None:
    for count in house.counts(rows((BEFORE, pressed(1)))):
        assert len(count.verdict.lost) == 1


def test_a_resend_is_one_by_its_number_whatever_else_it_says_of_the_time(house: House) -> None:
    house.takes(1)
    house.takes(1, extra="[H10:00:00,01-01-2026]")
    for _time in range(2):
        house.hears(BEFORE, 1)
    for count in house.counts(rows((BEFORE, pressed(1)))):
        assert count.verdict.is_good
        assert (count.told, count.resent) == (1, 1)


def test_the_same_event_under_another_number_is_doubled(house: House) -> None:
    for seq in (1, 2):
        house.takes(seq)
        house.hears(BEFORE, seq, event=1)
    for count in house.counts(rows((BEFORE, pressed(1)), (BEFORE, pressed(2, counter=1)))):
        assert len(count.verdict.duplicated) == 1


def test_an_earlier_one_behind_a_later_one_is_reordered(house: House) -> None:
    for seq in (2, 1):
        house.takes(seq)
        house.hears(BEFORE, seq)
    for count in house.counts(rows((BEFORE, pressed(1)), (BEFORE, pressed(2)))):
        assert len(count.verdict.reordered) == 1


def test_what_says_something_else_than_its_row_is_of_no_row(house: House) -> None:
    house.takes(1, code=110)
    house.hears(BEFORE, 1, kind="fire_alarm")
    for count in house.counts(rows((BEFORE, pressed(1)))):
        assert len(count.verdict.lost) == len(count.verdict.duplicated) == 1


def test_what_does_not_name_its_nodes_event_cannot_be_known_again_and_is_of_no_row(house: House) -> None:
    house.hears(BEFORE, 1, node_event=None)
    _dc09, mqtt = house.counts(rows((BEFORE, pressed(1))))
    assert len(mqtt.verdict.lost) == len(mqtt.verdict.duplicated) == 1


def test_a_resend_that_says_something_else_is_none(house: House) -> None:
    house.hears(BEFORE, 1)
    house.hears(BEFORE, 1, test=True)
    _dc09, mqtt = house.counts(rows((BEFORE, pressed(1))))
    assert len(mqtt.verdict.duplicated) == 1


def test_what_a_restored_journal_tells_again_is_told_anew(house: House) -> None:
    house.takes(1)
    house.hears(BEFORE, 1)
    house.begins(AFTER)
    house.takes(1)  # from the backup: the same number to a receiver, another id to a program
    house.hears(AFTER, 1)
    house.takes(2)  # its node had never heard of an acknowledgement
    house.hears(AFTER, 2, event=1)
    dc09, mqtt = house.counts(rows((BEFORE, pressed(1)), (AFTER, pressed(2, counter=1))))
    assert dc09.verdict.is_good
    assert (dc09.told, dc09.resent, dc09.again) == (1, 1, 1)
    assert mqtt.verdict.is_good
    assert (mqtt.told, mqtt.resent, mqtt.again) == (1, 0, 2)


def test_a_number_that_comes_round_again_is_another_row(house: House) -> None:
    house.takes(1)
    house.takes(1)
    dc09, _mqtt = house.counts(rows((BEFORE, pressed(1))))
    assert (dc09.told, dc09.resent) == (1, 1)
    house.party.centre.taken.clear()
    for number in (1, 9998, 1):
        house.takes(number)
    dc09, _mqtt = house.counts(rows((BEFORE, pressed(1)), (BEFORE, pressed(9998)), (BEFORE, pressed(9999))))
    assert (dc09.told, dc09.resent, len(dc09.verdict.lost)) == (3, 0, 0)
