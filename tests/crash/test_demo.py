"""`anju demo` as somebody types it: figures that balance, and nothing left of it, however it ends."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from anju.concentrator import control
from anju.simulator.estate import Estate, Plan
from anju.simulator.faults import Faults
from crash.leftovers import check_nothing_left, left

DEMO = (sys.executable, "-m", "anju.cli", "demo", "--headless")
BAD_RADIO = ("--loss", "20%", "--duplicate", "5%", "--reorder", "5%")
FIGURES = {
    *(
        "flats",
        "nodes",
        "firmware",
        "presses",
        "events_sent",
        "events_committed",
        "reports_received",
        "lost",
        "duplicated",
    ),
    *("latency_ms", "frames", "host_rss_mb"),
}
LATENCIES = ("press_to_ack", "press_to_console", "acknowledge_to_light")


def figures_of(*arguments: str) -> dict[str, Any]:
    """The last line of a headless demo, which must end well."""
    demo = subprocess.run([*DEMO, "--json", *arguments], capture_output=True, text=True, check=False)
    assert demo.returncode == 0, demo.stderr
    figures = json.loads(demo.stdout.splitlines()[-1])
    assert isinstance(figures, dict)
    return figures


def check(figures: dict[str, Any], seconds: float) -> None:
    """What every run has to show."""
    assert set(figures) == FIGURES
    assert (figures["lost"], figures["duplicated"]) == (0, 0)
    assert figures["nodes"] == 2 * figures["flats"] >= 24
    assert figures["presses"] >= 2 * seconds
    assert figures["presses"] < figures["events_sent"] == figures["events_committed"] == figures["reports_received"]
    assert figures["firmware"].endswith("unix_sim")
    assert figures["frames"]["refused"] == 0
    assert figures["frames"]["retransmitted"] > 0
    assert 0 < figures["host_rss_mb"] <= 250  # four processes, what they share counted in each
    for name in LATENCIES:
        summary = figures["latency_ms"][name]
        assert 0 < summary["p50"] <= summary["p99"] <= summary["max"]


def test_a_bad_radio_loses_nothing_and_doubles_nothing(temporary: Path) -> None:
    check(figures_of("--seconds", "8", *BAD_RADIO, "--seed", "7"), 8)
    check_nothing_left(temporary)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [7, *range(101, 110)])
def test_nor_with_ten_seeds(temporary: Path, seed: int) -> None:
    check(figures_of("--seconds", "20", *BAD_RADIO, "--seed", str(seed)), 20)
    assert left(temporary) == []


@pytest.mark.long
@pytest.mark.timeout(600)
def test_nor_with_sixty_four_flats(temporary: Path) -> None:
    check(figures_of("--seconds", "20", "--flats", "64", *BAD_RADIO), 20)


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A small demo whose residents act already."""
    with subprocess.Popen([*DEMO, "--flats", "2", *arguments], stdout=subprocess.PIPE, text=True) as demo:
        try:
            assert demo.stdout is not None
            while "http://" not in (line := demo.stdout.readline()):
                assert line, "the demo ended before it was ready"
            yield demo
        finally:
            demo.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_in_order(temporary: Path, number: signal.Signals) -> None:
    with running("--seconds", "3600") as demo:
        demo.send_signal(number)
        assert demo.wait() == 0
    check_nothing_left(temporary)


def test_a_second_signal_ends_it_at_once(temporary: Path) -> None:
    with running("--seconds", "3600", "--loss", "90%") as demo:
        demo.send_signal(signal.SIGINT)
        assert demo.stdout is not None
        demo.stdout.readline()
        demo.send_signal(signal.SIGINT)
        assert demo.wait() == 1
    assert left(temporary) == []


def test_nothing_outlives_a_kill(temporary: Path) -> None:
    with running("--seconds", "3600") as demo:
        orphans = psutil.Process(demo.pid).children(recursive=True)
        assert len(orphans) >= 4 + 3
        demo.kill()
        _gone, alive = psutil.wait_procs(orphans, timeout=60)
    assert alive == []
    assert left(temporary) == []


@pytest.mark.anyio
async def test_its_nodes_are_paired_by_their_labels_and_their_presses_for_that_are_no_residents(
    temporary: Path,
) -> None:
    plan = Plan(flats=3, faults=Faults(loss=0.2, duplicate=0.05, reorder=0.05))
    async with Estate(plan, lambda _household, _what: None) as estate:
        nodes = control.ask(estate.site.control_socket, do="nodes")["nodes"]
        assert [(len(node["device"]), node["state"]) for node in nodes] == 6 * [(13, "proved")]
        kinds = {zone["kind"] for node in nodes for zone in node["zones"]}
        assert kinds == {"entry", "hold_up", "tamper"}
        assert not list(estate.site.folder.rglob("enrolment.json"))
        await estate.drain()
        assert estate.record.presses == 0
        account = estate.account()
    assert (account.lost, account.doubled, account.held) == ((), (), 0)


@pytest.mark.anyio
async def test_nothing_outlives_an_error(temporary: Path) -> None:
    async def fail() -> None:
        async with Estate(Plan(flats=1), lambda _household, _what: None) as estate:
            await estate.nodes_ready()
            assert len(left(temporary)) == 2 + 4
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    check_nothing_left(temporary)


@pytest.mark.anyio
async def test_a_start_that_is_broken_off_leaves_nothing(temporary: Path) -> None:
    start = asyncio.create_task(Estate(Plan(flats=2), lambda _household, _what: None).__aenter__())
    while not left(temporary):
        await asyncio.sleep(0.01)
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    check_nothing_left(temporary)


def test_a_port_in_use_is_said_with_the_next_step(temporary: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        demo = subprocess.run([*DEMO, "--port", str(port)], capture_output=True, text=True, check=False)
    assert demo.returncode == 1
    assert str(port) in demo.stderr
    assert "--port" in demo.stderr
    assert "Traceback" not in demo.stderr
    assert left(temporary) == []
