"""What people and programs read of a simulated day, and of the panel's bench."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from anju.bench.panel import FLATS
from anju.bench.panel import Outcome as Judged
from anju.simulator.virtual.play import Outcome
from anju.simulator.virtual.verdict import ALARM_OF, TROUBLE_OF, Verdict, Wrong
from unit.cli.conftest import Anju

KEYS = ["flats", "seed", "alarms", "troubles", "missed", "invented", "nuisance_per_flat", "suppressed"]
JUDGED = Judged(FLATS, 18_000, 49.6, 79.0, 0.18, 72_800_000, 1000, 900.0, 2400.0)


def outcome(flats: int, seed: int) -> Outcome:
    """A day that is good, but for seed 13."""
    verdict = Verdict(
        alarms=9,
        troubles=4,
        nuisance=3,
        suppressed=Counter({"swinger": 12, "on test": 2}),
        by_story=Counter({"something burns": 9}),
        nuisance_by_story=Counter({"something burns": 3}),
    )
    if seed == 13:
        verdict.missed.append(Wrong(3700.0, "1-1-0101", "fire", "smoke", "something burns"))
        verdict.invented.append(Wrong(7200.0, "1-1-0102", "intrusion_alarm", "window", ""))
    return Outcome(flats, seed, verdict, Counter({"something burns": 10}))


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int, float]]:
    """What was asked for; no day is played."""
    days: list[tuple[int, int, float]] = []

    async def play(flats: int, seed: int, loss: float, progress: Callable[[float], None]) -> Outcome:
        days.append((flats, seed, loss))
        progress(0.5)
        return outcome(flats, seed)

    monkeypatch.setattr("anju.simulator.virtual.play.play", play)
    return days


def test_a_day_for_people(anju: Anju, asked: list[tuple[int, int, float]]) -> None:
    said = anju("simulate", "day", "--flats", "6", "--loss", "20%")
    assert (said.code, asked) == (0, [(6, 1, 0.2)])
    assert said.err == "50 % of the day\n"
    assert [line.rstrip() for line in said.out.splitlines()] == [
        "Story             Played   Alarms   Not needed   Missed",
        "something burns   10       9        3            0",
        "",
        "Not raised, because                            Times",
        "the zone had raised one in this stay already   12",
        "the household was on TEST                      2",
        "",
        "6 flats, one day: 9 alarms, 0.50 a flat that nobody needed; 4 troubles.",
        "Missed: 0. Invented: 0.",
    ]


def test_a_day_for_programs_is_the_same_in_every_language(anju: Anju) -> None:
    said = anju("simulate", "day", "--json")
    told = json.loads(said.out)
    assert list(told) == KEYS
    assert (told["flats"], told["seed"], told["missed"], told["suppressed"]) == (
        200,
        1,
        0,
        {"on test": 2, "swinger": 12},
    )
    assert anju("--lang", "zh-CN", "simulate", "day", "--json").out == said.out


def test_what_was_missed_or_made_up_is_named_and_fails(anju: Anju) -> None:
    said = anju("simulate", "day", "--seed", "13", "--json")
    assert said.code == 1
    assert (json.loads(said.out)["missed"], json.loads(said.out)["invented"]) == (1, 1)
    assert "✗ missed: 01:01  1-1-0101  Fire  smoke  something burns" in said.err
    assert "✗ invented: 02:00  1-1-0102  Intrusion  window" in said.err


def test_it_is_named_in_the_readers_language(anju: Anju) -> None:
    said = anju("--lang", "zh-CN", "simulate", "day", "--seed", "13")
    assert "✗ 漏报: 01:01  1-1-0101  火警  smoke" in said.err
    assert "✗ 误造: 02:00  1-1-0102  入侵报警  window" in said.err


@pytest.mark.parametrize("what", [*ALARM_OF, *ALARM_OF.values(), *TROUBLE_OF])
def test_everything_that_can_be_missed_or_made_up_has_a_name(
    what: str, anju: Anju, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(flats: int, seed: int, *_: object) -> Outcome:
        return Outcome(flats, seed, Verdict(missed=[Wrong(0, "1-1-0101", what, "", "")]))

    monkeypatch.setattr("anju.simulator.virtual.play.play", play)
    (line,) = [line for line in anju("--lang", "zh-CN", "simulate", "day").err.splitlines() if "✗" in line]
    assert not line.rpartition("1-1-0101")[2].isascii()


@pytest.mark.parametrize("wrong", [["--flats", "0"], ["--loss", "120%"], ["--seed", "x"]])
def test_what_cannot_be_played_is_refused(anju: Anju, wrong: list[str]) -> None:
    assert anju("simulate", "day", *wrong).code == 2


def test_the_panel_bench_for_programs(anju: Anju, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anju.bench.panel.measure", lambda _progress: JUDGED)
    said = anju("bench", "panel", "--json")
    answer = json.loads(said.out)
    assert said.code == 0
    assert (answer["nodes"], answer["p99_us"], answer["ratio"], answer["state_bytes"]) == (
        15_000,
        79.0,
        275.6,
        72_800_000,
    )
    assert anju("--lang", "zh-CN", "bench", "panel", "--json").out == said.out


@pytest.mark.parametrize("worse", [{"p99_us": 201.0}, {"state_bytes": 201_000_000}])
def test_the_panel_bench_fails_above_a_limit(
    anju: Anju, monkeypatch: pytest.MonkeyPatch, worse: dict[str, float]
) -> None:
    monkeypatch.setattr("anju.bench.panel.measure", lambda _progress: replace(JUDGED, **worse))  # type: ignore[arg-type]  # floats
    said = anju("bench", "panel")
    assert said.code == 1
    assert "201" in said.out
    assert "✗" in said.out
