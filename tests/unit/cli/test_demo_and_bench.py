"""What `anju demo` hands on, and how `anju bench` shows a result."""

import json
from typing import TypeAlias

import pytest

from anju.bench.memory import Heap, Storm
from anju.bench.node import Outcome
from anju.bench.reaction import Reaction
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


def node_outcome(first_us: int, *, identical: bool = True) -> Outcome:
    """As a run on the emulated board leaves it."""
    heap = Heap(port=192_064, after_import=40_000, ready=50_000, live_peak=60_000, peak=70_656, storm=Storm(600.0))
    reactions = (Reaction(1000, 5340), Reaction(first_us, first_us + 4340), Reaction(1200, 5540))
    return Outcome(7, reactions, identical, heap, {"board.mpy": 900, "anju/node/device.mpy": 3000})


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> dict[int, Outcome]:
    """What `anju bench node` finds, by seed."""
    found = {1: node_outcome(2500), 2: node_outcome(2501), 3: node_outcome(2000, identical=False)}
    monkeypatch.setattr("anju.bench.node.measure", lambda seed, _progress: found[seed])
    return found


@pytest.mark.usefixtures("outcomes")
def test_the_node_bench_for_people(anju: Anju) -> None:
    said = anju("bench", "node")
    assert [line.rstrip() for line in said.out.splitlines()] == [
        "node                                     Measured       Limit",
        "settled contact to first byte, slowest   2,500 µs       ≤ 2,500 µs       ✓",
        "settled contact to first byte, p50       1,200 µs",
        "settled contact to last byte, slowest    6,840 µs",
        "settled contact to last byte, p50        5,540 µs",
        "heap after the imports                   40,000 bytes   ≤ 49,152 bytes   ✓",
        "heap of a node that is ready             50,000 bytes",
        "heap in a storm, after collections       60,000 bytes",
        "smallest heap that survives the storm    70,656 bytes   ≤ 98,304 bytes   ✓",
        "bytecode of what runs enrolled           3,900 bytes    ≤ 40,960 bytes   ✓",
        "bytecode of what pairs it                0 bytes",
        "Both runs of the same movements were identical, to the microsecond.",
        "A model at 8 ns an instruction, not a microcontroller.",
    ]
    assert said.code == 0


@pytest.mark.usefixtures("outcomes")
def test_the_node_bench_fails_above_a_limit_and_where_runs_differ(anju: Anju) -> None:
    slow = anju("bench", "node", "--seed", "2")
    assert slow.code == 1
    assert "2,501 µs       ≤ 2,500 µs       ✗" in slow.out
    different = anju("bench", "node", "--seed", "3")
    assert different.code == 1
    assert "Two runs of the same movements were different." in different.out


def test_the_node_bench_for_programs(anju: Anju, outcomes: dict[int, Outcome]) -> None:
    said = anju("bench", "node", "--json", "--seed", "2")
    assert json.loads(said.out) == outcomes[2].as_json()
    assert json.loads(said.out)["limits"]["edge_to_first_byte_us"] == {"limit": 2500, "met": False}
    assert anju("--lang", "zh-CN", "bench", "node", "--json", "--seed", "2").out == said.out
