"""`anju panel`, with a real concentrator: what a household's people can see of their panel, and ask of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from anju.cli import panel_words, values
from anju.uplink.reports import ZoneKind
from unit.cli.conftest import Anju, Said

HOME = "3-2-0503"


@pytest.fixture
def household(anju: Anju, site: Path, tmp_path: Path) -> str:
    """A household with a node, disarmed and as nobody has touched it."""
    if anju("panel", HOME, "--site", site).code:
        zones = [part for zone in ("front-door:entry", "window:instant", "bed:hold_up") for part in ("--zone", zone)]
        anju("enrol", HOME, *zones, "--site", site, "--out", tmp_path / "n")
    anju("panel", HOME, "disarm", "--site", site)
    anju("panel", HOME, "reset", "--site", site)
    for entry in json.loads(anju("panel", HOME, "schedule", "--site", site, "--json").out)["schedule"]:
        anju("panel", HOME, "schedule", "remove", entry["number"], "--site", site)
    return HOME


def test_a_panel_is_armed_and_disarmed(anju: Anju, site: Path, household: str) -> None:
    def mode(*request: str) -> str:
        said = anju("panel", household, *request, "--site", site)
        assert said.code == 0
        return said.out.splitlines()[0].removeprefix(f"{household}: ")

    assert mode() == "disarmed"
    assert mode("arm") == "armed, nobody home"
    assert mode("arm", "--mode", "home") == "armed, somebody home"
    assert mode("show") == "armed, somebody home"
    assert mode("disarm") == "disarmed"
    assert mode("reset") == "disarmed"


def test_a_panel_for_another_program(anju: Anju, site: Path, household: str) -> None:
    answer = json.loads(anju("panel", household, "arm", "--site", site, "--json").out)
    assert (answer["household"], answer["mode"], answer["latched"]) == (household, "away", [])


def test_a_panel_that_does_not_exist(anju: Anju, site: Path) -> None:
    said = anju("panel", "3-9-0909", "arm", "--site", site)
    assert said.code == 1
    assert said.err.startswith("✗ No node is enrolled in household 3-9-0909.")


@pytest.fixture
def panel(anju: Anju, site: Path, household: str) -> Anju:
    """`panel("arm", "--anyway")` of this household."""

    def command(*arguments: object) -> Said:
        return anju("panel", household, *arguments, "--site", site)

    return command


def zones(said: Said) -> dict[str, str]:
    """State by zone, as the table has it."""
    rows = [line.rstrip().split("   ") for line in said.out.splitlines() if "   " in line][1:]
    return {row[0]: row[-1].strip() for row in rows}


def test_each_zone_is_shown_as_it_stands(panel: Anju) -> None:
    assert zones(panel()) == {"front-door": "at rest", "window": "at rest", "bed": "at rest"}
    assert "Alarms that wait for a reset: none" in panel().out


def test_who_leaves_is_told_how_long_there_is(panel: Anju) -> None:
    assert "Whoever leaves has 60 s more." in panel("arm").out
    assert "Whoever leaves" not in panel("arm", "--mode", "home").out


def test_a_zone_is_left_out_with_a_reason_and_an_end(panel: Anju) -> None:
    said = panel("bypass", "window", "--reason", "being painted", "--for", "2h")
    assert said.code == 0
    state = zones(said)["window"]
    assert "left out by" in state
    assert state.endswith("(being painted)")
    bypass = {one["name"]: one.get("bypass") for one in json.loads(panel("show", "--json").out)["zones"]}["window"]
    assert bypass["until_ms"]
    assert zones(panel("unbypass", "window"))["window"] == "at rest"
    assert "until it is disarmed (keys)" in zones(panel("bypass", "window", "--reason", "keys"))["window"]


def test_what_is_never_left_out_says_so(panel: Anju) -> None:
    said = panel("bypass", "bed", "--reason", "loose")
    assert said.code == 1
    assert said.err.splitlines()[:2] == [
        "✗ Such a zone is never left out: hold-up, fire, gas, water, tamper, and what is guarded at all hours.",
        "Nothing was changed.",
    ]
    said = panel("bypass", "cellar", "--reason", "loose")
    assert said.code == 1
    assert "Its zones are: bed, front-door, window" in said.err


def test_test_is_begun_and_ended(panel: Anju) -> None:
    assert "On TEST for 10 min more" in panel("test", "--for", "10min").out
    assert "On TEST" not in panel("test-end").out
    assert panel("test-end").err.startswith(f"✗ {HOME} is not on TEST.")
    assert panel("test", "--for", "9h").code == 1


def test_duress_looks_like_disarming_to_whoever_watches(panel: Anju) -> None:
    panel("arm")
    disarmed = panel("disarm")
    panel("arm")
    assert panel("duress") == disarmed
    assert "silent hold-up" in panel().out


def test_a_schedule_is_made_shown_and_unmade(panel: Anju) -> None:
    assert "Nothing is set." in panel("schedule").err
    said = panel("schedule", "add", "--days", "mon-fri", "--at", "22:30", "--mode", "home")
    assert said.code == 0
    assert "Mon, Tue, Wed, Thu, Fri   22:30   armed, somebody home" in said.out
    assert "every day" in panel("schedule", "add", "--days", "1-7", "--at", "8:05", "--anyway").out
    first, second = json.loads(panel("schedule", "list", "--json").out)["schedule"]
    assert (first["days"], first["minute"], first["mode"]) == ([1, 2, 3, 4, 5], 22 * 60 + 30, "home")
    assert (second["minute"], second["mode"], second["anyway"]) == (8 * 60 + 5, "away", True)
    assert "22:30" not in panel("schedule", "remove", first["number"]).out
    assert panel("schedule", "remove", 99).code == 1


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        (("arm", "--reason", "x"), "--reason does not belong to arm"),
        (("disarm", "--for", "2h"), "--for does not belong to disarm"),
        (("show", "--anyway"), "--anyway does not belong to show"),
        (("arm", "now"), "this is too much: now"),
        (("bypass",), "name the zone: anju panel HOUSEHOLD bypass ZONE"),
        (("bypass", "window"), "say why with --reason: whoever looks at the zone tomorrow wants to know"),
        (("test", "--for", "soon"), "--for: soon is not a time; type such as 30min or 2h"),
        (("schedule", "add"), "say when with --days and --at"),
        (("schedule", "add", "--days", "mo", "--at", "22:30"), "--days: mo names no days of the week"),
        (("schedule", "add", "--days", "mon", "--at", "25:00"), "--at: 25:00 is not a time of day; type such as 22:30"),
        (("schedule", "list", "--at", "22:30"), "--mode, --anyway, --days and --at belong to schedule add"),
        (("schedule", "remove"), "after schedule comes add, list or remove NUMBER"),
        (("schedule", "remove", "one"), "after schedule comes add, list or remove NUMBER"),
    ],
)
def test_what_was_typed_wrongly_is_not_asked(
    anju: Anju, tmp_path: Path, typed: tuple[str, ...], complaint: str
) -> None:
    said = anju("panel", HOME, *typed, "--site", tmp_path)
    assert said.code == 2
    assert said.err.startswith(f"✗ {complaint}")


@pytest.mark.parametrize(
    ("shown", "line"),
    [
        ({"phase": {"name": "entry", "left_s": 20}}, "Somebody has come in; in 20 s it sounds unless it is disarmed."),
        ({"phase": {"name": "abort", "left_s": 9}}, "It sounds; in 9 s the alarm is raised unless it is disarmed."),
        ({"siren": {"name": "fire", "left_s": 100}}, "The siren sounds: fire, for 100 s more."),
        (
            {"siren": {"name": "hold_up", "left_s": 0}},
            "The siren (hold-up) is silent; its light goes on until the reset.",
        ),
        ({"latched": ["entry", "instant", "gas"]}, "Alarms that wait for a reset: intrusion, gas"),
    ],
)
def test_what_runs_is_told(shown: dict[str, Any], line: str) -> None:
    assert line in panel_words.told({"household": HOME, "mode": "away", "latched": []} | shown)


def test_every_kind_of_zone_has_a_name_as_a_zone_and_as_a_latch() -> None:
    for kind in ZoneKind:
        name, called, state = panel_words.zone_row(
            {"name": "z", "kind": kind.value, "open": True, "doubts": ["silent"]}
        )
        assert (name, state) == ("z", "open; silent")
        assert called
        assert "_" not in panel_words.latched([kind.value])


@pytest.mark.parametrize(("typed", "seconds"), [("90s", 90), ("30min", 1800), (" 2h", 7200), ("1 d", 86_400)])
def test_a_time_is_typed_with_its_unit(typed: str, seconds: int) -> None:
    assert values.duration(typed) == seconds


@pytest.mark.parametrize("typed", ["", "30", "h", "1.5h", "-1h", "30 minutes", "9999999d"])
def test_a_time_without_one_is_none(typed: str) -> None:
    with pytest.raises(typer.BadParameter):
        values.duration(typed)


@pytest.mark.parametrize(
    ("typed", "days"),
    [
        ("mon-fri", [1, 2, 3, 4, 5]),
        ("Sat, Sun", [6, 7]),
        ("fri-mon", [1, 5, 6, 7]),
        ("1-7", [*range(1, 8)]),
        ("3", [3]),
    ],
)
def test_days_are_typed_as_names_or_numbers(typed: str, days: list[int]) -> None:
    assert values.days(typed) == days
