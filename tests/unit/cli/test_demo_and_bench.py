"""What `anju demo` hands on, and how `anju bench` shows a result."""

import json
from typing import TypeAlias

import pytest

from anju.bench.result import Comparison, Figure, Progress, Result
from anju.emulator.ground import Boards
from anju.simulator.ground import Ground, Processes
from anju.simulator.options import DemoOptions
from unit.cli.conftest import Anju

ALL = (
    "--flats 64 --loss 20% --duplicate 5% --reorder 0.05 --seed 7 --headless --seconds 20 --json --port 8399 --no-guard"
)
RESULT = Result(
    bench="decode",
    limit="header slices and one AES-CCM open",
    limit_label="the least there is",
    unit="frames/s",
    unit_label="frames/s",
    ratio=0.4728,
    rounds=9,
    repetitions=12_000,
    comparisons=(Comparison("open", "opened", 161_234.5, 340_987.6, 0.4728),),
    beside=(Figure("refuse_tag", "refused", 12.345),),
)


Asked: TypeAlias = list[tuple[DemoOptions, type[Ground]]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """What demos were asked for, and what their nodes would have stood on; none is run."""
    demos: Asked = []

    def run(options: DemoOptions, ground: Ground) -> int:
        demos.append((options, type(ground)))
        return 1 if options.seed == 13 else 0

    monkeypatch.setattr("anju.simulator.demo.run", run)
    return demos


def test_demo_without_options(anju: Anju, asked: Asked) -> None:
    assert anju("demo").code == 0
    assert asked == [(DemoOptions(), Processes)]


def test_demo_on_emulated_boards_has_fewer_flats(anju: Anju, asked: Asked) -> None:
    assert anju("demo", "--board", "qemu").code == 0
    assert anju("demo", "--board", "qemu", "--flats", Boards.most_flats).code == 0
    assert asked == [(DemoOptions(flats=4), Boards), (DemoOptions(flats=Boards.most_flats), Boards)]


def test_demo_on_more_boards_than_serial_lines(anju: Anju, asked: Asked) -> None:
    said = anju("demo", "--board", "qemu", "--flats", Boards.most_flats + 1)
    assert said.code == 2
    assert f"at most {Boards.most_flats} on board qemu" in said.err
    assert asked == []


def test_demo_with_all_options(anju: Anju, asked: Asked) -> None:
    assert anju("demo", *ALL.split()).code == 0
    [(options, ground)] = asked
    assert ground is Processes
    assert options == (
        DemoOptions(
            flats=64,
            loss=0.2,
            duplicate=0.05,
            reorder=0.05,
            seed=7,
            headless=True,
            seconds=20.0,
            json=True,
            port=8399,
            guard=False,
        )
    )


def test_a_demo_that_lost_something_has_failed(anju: Anju, asked: Asked) -> None:
    assert anju("demo", "--seed", "13").code == 1


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bench that takes no time."""

    def measure(progress: Progress) -> Result:
        progress("Round 1 of 1")
        return RESULT

    monkeypatch.setattr("anju.bench.decode.measure", measure)


@pytest.mark.usefixtures("measured")
def test_a_bench_for_people(anju: Anju) -> None:
    said = anju("bench", "decode")
    assert said.err == "Round 1 of 1\n"
    assert [line.rstrip() for line in said.out.splitlines()] == [
        "Limit: the least there is",
        "decode    Ours, frames/s   Limit, frames/s   Ratio",
        "opened    161,234          340,988           0.47",
        "refused   12.3",
    ]


@pytest.mark.usefixtures("measured")
def test_a_bench_for_programs_is_the_same_in_every_language(anju: Anju) -> None:
    said = anju("bench", "decode", "--json")
    answer = json.loads(said.out)
    assert answer["ratio"] == 0.473
    assert answer["limit"] == "header slices and one AES-CCM open"
    assert answer["cases"] == {"open": {"ours": 161_200.0, "limit": 341_000.0, "ratio": 0.473}}
    assert anju("--lang", "zh-CN", "bench", "decode", "--json").out == said.out
