"""What the list of troubles says of several buildings, and of what the duty room itself has seen."""

from __future__ import annotations

import pytest

from anju.dutyroom.core.change import Change, What
from anju.dutyroom.core.own_trouble import AGAIN_MS, OVER_S, OwnTrouble, Seen, Stands, Told, out_of_time
from anju.dutyroom.core.presence import REMEMBERED, Presence
from anju.dutyroom.web import words
from anju.dutyroom.web.language import TAGS, translate
from anju.dutyroom.web.troubles import Trouble, gathered
from anju.service.certs.trust import Why
from anju.uplink.reports import ReportKind, TroubleKind
from unit.dutyroom.reports import JOURNAL, NOW_MS, OTHER_JOURNAL, report

NAMES = {JOURNAL: "3", OTHER_JOURNAL: "4"}


def clone(number: int, journal_id: str) -> Change:
    told = report(number, ReportKind.TROUBLE, None, trouble=TroubleKind.CLONE)
    return Change(number, NOW_MS, What.TROUBLE, None, journal_id, told, None, {})


def seen(*what: Seen) -> list[Trouble]:
    changes = [Change(1, NOW_MS, What.TROUBLE, None, None, None, None, one.detail()) for one in what]
    return gathered(translate("en"), changes, NOW_MS, NAMES)


def test_devices_of_one_number_in_two_buildings_are_two() -> None:
    lines = gathered(translate("en"), [clone(2, JOURNAL), clone(1, OTHER_JOURNAL)], NOW_MS, NAMES)
    assert [line.where for line in lines] == [
        "concentrator 3, network 1, device 7",
        "concentrator 4, network 1, device 7",
    ]


def test_a_single_building_is_not_named() -> None:
    (line,) = gathered(translate("en"), [clone(1, JOURNAL)], NOW_MS, {JOURNAL: "3"})
    assert line.where == "network 1, device 7"


@pytest.mark.parametrize("tag", TAGS)
def test_every_trouble_and_every_reason_has_words_of_its_own(tag: str) -> None:
    everything = [Seen(one) for one in OwnTrouble] + [Seen(OwnTrouble.REFUSED, why=why.value) for why in Why]
    texts = [words.own_trouble(translate(tag), one, NOW_MS) for one in everything]
    assert len(set(texts)) == len(texts)
    assert all((max(text) >= "一") == (tag == "zh-CN") for text in texts)


def test_a_known_machine_is_named_and_urgent_and_a_stranger_is_neither() -> None:
    known, stranger, ends = seen(
        Seen(OwnTrouble.REFUSED, "", "foreign", "10.0.0.9"),
        Seen(OwnTrouble.REFUSED, "3", "revoked", "10.0.0.7"),
        Seen(OwnTrouble.CERTIFICATE_ENDS),
    )
    assert (known.where, known.is_urgent) == ("concentrator 3", True)
    assert (stranger.where, stranger.is_urgent) == ("10.0.0.9", False)
    assert not ends.is_urgent


def test_what_was_told_lately_is_no_news_from_wherever_it_comes() -> None:
    told = Told()
    assert told.is_news(Seen(OwnTrouble.REFUSED, "3", "revoked", "10.0.0.7"), NOW_MS)
    assert not told.is_news(Seen(OwnTrouble.REFUSED, "3", "revoked", "10.0.0.8"), NOW_MS + AGAIN_MS - 1)
    assert told.is_news(Seen(OwnTrouble.REFUSED, "3", "other_name"), NOW_MS)
    assert told.is_news(Seen(OwnTrouble.REFUSED, "4", "revoked"), NOW_MS)
    assert told.is_news(Seen(OwnTrouble.REFUSED, "3", "revoked"), NOW_MS + AGAIN_MS)


HOUR_MS, DAY_MS = 3_600_000, 24 * 3_600_000
ENDED = Seen(OwnTrouble.CERTIFICATE_ENDED, "3", at_ms=NOW_MS - 12 * DAY_MS)


@pytest.mark.parametrize(
    ("begins_ms", "ends_ms", "text"),
    [
        (0, NOW_MS - 12 * DAY_MS - HOUR_MS, "ended 12 days ago"),
        (0, NOW_MS - 3 * HOUR_MS, "ended 3 hours ago"),
        (NOW_MS + 3651 * DAY_MS, NOW_MS + 4000 * DAY_MS, "begins in 3651 days"),
    ],
)
def test_a_certificate_out_of_its_time_says_for_how_long(begins_ms: int, ends_ms: int, text: str) -> None:
    told = out_of_time("3", begins_ms, ends_ms, NOW_MS)
    assert told is not None
    (line,) = seen(told)
    assert text in line.text
    assert (line.where, line.is_urgent) == ("concentrator 3", True)


def test_a_certificate_within_its_time_is_no_trouble() -> None:
    assert out_of_time("3", NOW_MS, NOW_MS, NOW_MS) is None


def test_old_and_new_certificates_by_turns_are_told_once_a_minute() -> None:
    stands, told = Stands({}), 0
    for second in range(600):
        one = ENDED if second % 2 else None
        if stands.is_news("3", one, second):
            stands.note("3", one, second)
            told += 1
    assert told == 1
    assert not stands.is_news("3", None, 599 + OVER_S - 1)
    assert stands.is_news("3", None, 599 + OVER_S)


def test_what_stood_before_a_restart_is_no_news() -> None:
    stands = Stands({"3": ENDED})
    assert not stands.is_news("3", ENDED, 0.0)
    assert not stands.is_news("3", None, 1.0)
    assert stands.is_news("3", None, OVER_S)


def test_what_could_not_be_written_is_still_news() -> None:
    stands = Stands({})
    assert stands.is_news("3", ENDED, 0.0)
    assert stands.is_news("3", ENDED, 1.0)


def test_a_clock_that_was_put_back_hides_no_trouble() -> None:
    told = Told()
    assert told.is_news(Seen(OwnTrouble.TWO_CONCENTRATORS, "3"), NOW_MS)
    assert told.is_news(Seen(OwnTrouble.TWO_CONCENTRATORS, "3"), NOW_MS - 10 * AGAIN_MS)


def test_one_request_that_comes_late_makes_no_two() -> None:
    presence = Presence()
    assert [presence.are_two("3", instance) for instance in "ababbb"] == [False] * 6


def test_two_that_speak_by_turns_are_two_until_one_is_silent() -> None:
    presence = Presence()
    assert [presence.are_two("3", instance) for instance in "ababab"] == [False] * 4 + [True, True]
    assert not presence.are_two("4", "a")
    assert not presence.are_two("3", "c")


def test_what_is_remembered_is_limited() -> None:
    presence = Presence()
    for number in range(10 * REMEMBERED):
        assert not presence.are_two("3", str(number))
    assert len(presence._starts["3"]) == REMEMBERED
