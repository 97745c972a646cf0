"""What a walk-test and a survey say of each thing that can happen, with a concentrator's answers as they are."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from anju.cli import survey, walk_screen, walk_words
from anju.cli.walk_screen import Outcome, Walk
from anju.concentrator.control import CutOffError
from anju.service.errors import ServiceError
from unit.cli.conftest import Anju

HOUSEHOLD = "3-2-0501"
NODE = {"network": 1, "node": 7}
AT_MS = 1_790_000_000_000
Told = dict[str, Any]
BED = {"kind": "hold_up", "name": "bed", "node": NODE, "number": 0}
DOOR = {"kind": "entry", "name": "door", "node": NODE, "number": 1}
CASE = {"kind": "tamper", "name": "case", "node": NODE, "number": 2}
ATTIC = {"kind": "entry", "name": "attic"}
TRIED: Told = {"triggered_at_ms": AT_MS}
OVER: Told = {"triggered_at_ms": AT_MS, "restored_at_ms": AT_MS + 2000, "delay_ms": 1210, "round_trip_ms": 9}


def zone(one: dict[str, Any], *, ticked: bool = False, **told: Any) -> dict[str, Any]:
    return one | told | {"ticked": ticked}


def shown(*zones: dict[str, Any], left_s: int = 1800, latched: tuple[str, ...] = (), **told: Any) -> dict[str, Any]:
    plain = {
        "household": HOUSEHOLD,
        "left_s": left_s,
        "until_ms": AT_MS + 1_800_000,
        "sure_at_ms": None,
        "begun_at_ms": AT_MS,
        "zones": list(zones),
        "latched": list(latched),
        "state": str(zones),
    }
    return plain | told


def record(*missing: str, count: int = 3) -> dict[str, Any]:
    zones = [zone(BED, ticked=True, **TRIED, delay_ms=300)] * count
    return {
        "household": HOUSEHOLD,
        "person": "li",
        "begun_at_ms": AT_MS,
        "ended_at_ms": int(time.time() * 1000),
        "zones": zones,
        "missing": list(missing),
    }


class Concentrator:
    """Answers in turn; `asked` is what it was asked."""

    def __init__(self, *answers: dict[str, Any] | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, *_folder: object, do: str, **_request: Any) -> dict[str, Any]:
        self.asked.append(do)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (zone(BED), "○ bed: hold it for one second, not for three"),
        (zone(DOOR), "○ door: open it, then shut it"),
        (zone(CASE), "○ case: open the case, then shut it"),
        (zone(ATTIC), "– attic: planned, but no node has it"),
    ],
)
def test_each_zone_says_what_is_to_be_done(one: dict[str, Any], words: str) -> None:
    assert walk_words.line(one) == words


def test_each_zone_says_what_has_happened() -> None:
    at, name = walk_words.at(AT_MS), "evil\x1b[2J"
    assert walk_words.line(zone(DOOR, **TRIED)) == f"◐ door: opened at {at}; shut it"
    assert walk_words.line(zone(BED | {"name": name}, ticked=True, **TRIED)) == f"✓ evil [2J: pressed at {at}"
    assert walk_words.line(zone(BED, ticked=True, **TRIED, delay_ms=1)).endswith("known within 0.1 s")
    assert walk_words.line(zone(DOOR, ticked=True, **OVER)) == (
        f"✓ door: opened at {at} and shut, known within 1.3 s, round trip 9 ms"
    )


def test_a_test_says_from_when_on_everything_is_one() -> None:
    now_ms = int(time.time() * 1000)
    assert "Wait until" in walk_words.on_test(shown(sure_at_ms=now_ms + 60_000))
    assert "30 min more. Try each zone." in walk_words.on_test(shown(sure_at_ms=now_ms - 60_000))
    assert walk_words.on_test(shown(left_s=0)) == f"{HOUSEHOLD} is not on TEST any more."


class TestScreen:
    """Line by line, as it stands where there is no terminal."""

    def test_each_zone_as_it_is_ticked_and_the_record(self, capsys: pytest.CaptureFixture[str]) -> None:
        begun = shown(zone(BED), zone(DOOR))
        concentrator = Concentrator(
            shown(zone(BED, ticked=True, **TRIED), zone(DOOR)),
            shown(zone(BED, ticked=True, **TRIED), zone(DOOR, ticked=True, **OVER)),
            begun | {"zones": None},
            {"records": [record("an older one") | {"begun_at_ms": 1}, record()]},
        )
        assert Walk(concentrator, HOUSEHOLD, json=False).follow(begun) is Outcome.COMPLETE
        lines = capsys.readouterr().out.splitlines()
        assert [line.split(":")[0] for line in lines[2:]] == [
            *("  ○ bed", "  ○ door", "  ✓ bed", "  ✓ door", f"✓ {HOUSEHOLD}"),
        ]
        assert lines[1].startswith("A button that is held for 3 s is a real alarm")

    def test_what_is_missing(self, capsys: pytest.CaptureFixture[str]) -> None:
        begun = shown(zone(BED))
        concentrator = Concentrator(begun | {"zones": None}, {"records": [record("bed", "door")]})
        assert Walk(concentrator, HOUSEHOLD, json=False).follow(begun) is Outcome.PARTLY
        assert capsys.readouterr().out.endswith(f"✗ {HOUSEHOLD}: 1 of 3 zones work; missing: bed, door\n")

    def test_a_real_alarm_is_told_once(self, capsys: pytest.CaptureFixture[str]) -> None:
        begun = shown(zone(BED))
        alarmed = shown(zone(BED), latched=("hold_up",))
        concentrator = Concentrator(alarmed, alarmed, begun | {"zones": None}, {"records": [record("bed")]})
        Walk(concentrator, HOUSEHOLD, json=False).follow(begun)
        (told,) = capsys.readouterr().err.splitlines()
        assert told == "! A real alarm waits for a reset: hold-up. Speak with the duty room."

    def test_as_json(self, capsys: pytest.CaptureFixture[str]) -> None:
        begun = shown(zone(BED))
        ticked = shown(zone(BED, ticked=True, **TRIED))
        concentrator = Concentrator(ticked, ticked, begun | {"zones": None}, {"records": [record()]})
        Walk(concentrator, HOUSEHOLD, json=True).follow(begun)
        told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [one["zone"]["ticked"] for one in told[:-1]] == [False, True]
        assert told[-1]["record"]["household"] == HOUSEHOLD

    def test_a_test_that_ends_by_itself(self, capsys: pytest.CaptureFixture[str]) -> None:
        begun = shown(zone(BED))
        assert Walk(Concentrator(shown(zone(BED), left_s=0)), HOUSEHOLD, json=False).follow(begun) is Outcome.TIMED_OUT
        told = capsys.readouterr().err
        assert "what happens now is real" in told
        assert f"Go on with: anju walk-test {HOUSEHOLD}" in told

    def test_a_concentrator_that_ends_meanwhile(self) -> None:
        with pytest.raises(ServiceError, match="in the midst") as raised:
            Walk(Concentrator(CutOffError("It is gone.", "", "")), HOUSEHOLD, json=False).follow(shown(zone(BED)))
        assert raised.value.unchanged == "What was ticked stays ticked."

    def test_what_is_all_ticked_and_goes_on_is_ended(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A concentrator that was started again behind the last tick would wait for ever."""
        monkeypatch.setattr(walk_screen, "_LINGER_S", -1)
        begun = shown(zone(BED, ticked=True, **TRIED))
        concentrator = Concentrator(begun | {"zones": None}, {"records": [record()]})
        Walk(concentrator, HOUSEHOLD, json=False).follow(begun)
        assert concentrator.asked == ["walk_test_end", "walk_tests"]


@pytest.fixture
def folder(tmp_path: Path, anju: Anju) -> Path:
    """A site in a folder, whose concentrator does not run."""
    anju("init", tmp_path / "site", "--building", "3")
    return tmp_path / "site"


def nodes_of(*households: str) -> dict[str, Any]:
    return {"nodes": [{"household": one} for one in households]}


class TestCommand:
    """`anju walk-test` for several households."""

    def test_all_go_in_their_order_and_what_was_complete_of_late_is_left_out(
        self, folder: Path, anju: Anju, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old = record() | {"household": "3-2-0502", "ended_at_ms": AT_MS}
        recent = record() | {"household": "3-10-0101"}
        ended = [shown(zones=None), {"records": [record()]}]
        concentrator = Concentrator(
            nodes_of("3-10-0101", "3-2-0502", HOUSEHOLD), {"records": [old, recent]}, *ended, *ended
        )
        monkeypatch.setattr("anju.cli.walk_test.ask", concentrator)
        said = anju("walk-test", "--all", "--site", folder)
        assert said.code == 0
        assert concentrator.asked == ["nodes", "walk_tests", "walk_test", "walk_tests", "walk_test", "walk_tests"]
        assert "3-10-0101 was complete within the last day." in said.err

    def test_a_stranger_is_told_from_who_is_there(
        self, folder: Path, anju: Anju, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("anju.cli.walk_test.ask", Concentrator(nodes_of(HOUSEHOLD)))
        said = anju("walk-test", "3-2-0599", "--site", folder)
        assert said.code == 1
        assert said.err.startswith("✗ 3-2-0599 is neither planned nor has it a node.\n  Nothing was changed.\n")

    def test_the_last_records(self, folder: Path, anju: Anju, monkeypatch: pytest.MonkeyPatch) -> None:
        records = {"records": [record("bed"), record() | {"household": "3-2-0502"}]}
        monkeypatch.setattr("anju.cli.walk_test.ask", Concentrator(records, records, {"records": []}))
        lines = anju("walk-test", "--show", "--site", folder).out.splitlines()
        assert lines[0].split() == ["Household", "Ended", "By", "Zones", "Missing"]
        assert [line.split()[-1] for line in lines[1:]] == ["bed", "–"]
        one = anju("walk-test", "--show", HOUSEHOLD, "--site", folder).out
        assert f"✗ {HOUSEHOLD}: 2 of 3 zones work; missing: bed" in one
        assert "Known within" in one
        assert "no record yet" in anju("walk-test", "--show", "--site", folder).err

    @pytest.mark.parametrize("arguments", [[], ["--all", HOUSEHOLD], ["--all", "--end"], ["--show", "--end"]])
    def test_what_does_not_go_together_is_used_wrongly(self, arguments: list[str], anju: Anju) -> None:
        said = anju("walk-test", *arguments)
        assert said.code == 2
        assert "Nothing was done." in said.err


def surveyed(node: str, **told: Any) -> dict[str, Any]:
    plain = {"household": HOUSEHOLD, "node": node, "answered": 0, "asked": 5, "heard": 0, "lost": 0, "repeated": 0}
    return plain | {"tries": 0} | told


class TestSurvey:
    """`anju survey`."""

    def test_what_was_measured_and_what_was_only_watched(
        self, folder: Path, anju: Anju, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        awake = surveyed(
            "1/10", answered=4, round_trip_ms=9, slowest_ms=31, heard=100, repeated=4, lost=4, tries=3,
            quality_down=255, quality_up=51, firmware="0.1.0", last_heard_ms=int(time.time() * 1000),
        )  # fmt: skip
        asleep = surveyed("1/9", heard=8, last_heard_ms=int((time.time() - 7200) * 1000))
        concentrator = Concentrator(
            nodes_of(HOUSEHOLD),
            {"survey": "a", "nodes": 2},
            {"nodes": [awake, asleep], "is_over": True, "failure": ""},
            {"nodes": [], "is_over": True, "failure": ""},
        )
        monkeypatch.setattr("anju.cli.survey.ask", concentrator)
        said = anju("survey", "--site", folder)
        assert said.code == 0
        rows = [line.split() for line in said.out.splitlines()[1:]]
        assert rows[0][1:3] == ["1/9", "watched"]
        assert " ".join(rows[1][1:]) == "1/10 4/5 9 ms 31 ms 4.0 % 4 3 100 % 20 % 0 s ago 0.1.0"
        assert "n/a" in said.out
        assert "it was only watched" in said.err

    def test_a_node_that_was_never_heard_is_partly(
        self, folder: Path, anju: Anju, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        records = {"records": [{"household": HOUSEHOLD, "person": "li", "at_ms": AT_MS, "nodes": [surveyed("1/1")]}]}
        monkeypatch.setattr("anju.cli.survey.ask", Concentrator(records, records, {"records": []}))
        assert anju("survey", "--show", "--site", folder).code == survey.PARTLY
        told = json.loads(anju("survey", "--show", "--json", "--site", folder).out)
        assert (told["node"], told["person"]) == ("1/1", "li")
        assert "no record yet" in anju("survey", "--show", "--site", folder).err

    def test_one_that_fails_says_what_is_kept(self, folder: Path, anju: Anju, monkeypatch: pytest.MonkeyPatch) -> None:
        failed = {"nodes": [], "is_over": True, "failure": "the disk is full"}
        monkeypatch.setattr(
            "anju.cli.survey.ask", Concentrator(nodes_of(HOUSEHOLD), {"survey": "a", "nodes": 1}, failed)
        )
        said = anju("survey", HOUSEHOLD, "--site", folder)
        assert said.code == 1
        assert said.err.splitlines()[-3:] == [
            "✗ The survey has failed: the disk is full",
            "  Records of households that were done before are kept.",
            "  Survey once more: anju survey",
        ]
