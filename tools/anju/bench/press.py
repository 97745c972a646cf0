"""64 flats press at once: how long until the slowest button knows that its alarm is durable.

Ours: the real firmware under MicroPython, one process a node, through concentrator and journal and back, over loopback UDP.
The limit: as many MicroPython interpreters that send one datagram each to a bare echo, which does one bare SQLite commit a batch.
Both are started by a line on standard input and end with a line on standard output.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

from anju.bench.result import Comparison, Figure, Progress, Result
from anju.bundle import stage
from anju.concentrator.enrolment import enrol
from anju.service.i18n import _
from anju.service.settings import Site
from anju.simulator.flat import button_inputs, households
from anju.simulator.host import Host
from anju.simulator.interpreter import micropython
from anju.simulator.node import Node, NodeProcess, Place
from anju.simulator.output import Acked, Made, Output
from anju.simulator.premises import BUILDING, found
from anju.uplink.reports import ZoneKind

_FLATS = 64
_ROUNDS = 9
_SETTLE_S = 1.0
"""Between two rounds: longer than a button's contact is watched for bouncing, and than a round's reports take to go up."""
_PATIENCE_S = 60.0

_ECHOING = """
import socket, sys
address = socket.getaddrinfo("127.0.0.1", int(sys.argv[1]))[0][-1]
link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
link.settimeout(30)
print("ready")
while sys.stdin.readline():
    link.sendto(bytes(44), address)
    link.recv(64)
    print("back")
"""


class _Times(NamedTuple):
    """Seconds that one round took, flat by flat."""

    press_to_ack: list[float]
    event_to_ack: list[float]


def measure(progress: Progress) -> Result:
    """Milliseconds, smaller is better; the ratio is the limit's p99 over ours."""
    return asyncio.run(_measure(progress))


async def _measure(progress: Progress) -> Result:
    press, event, medians = list[tuple[float, float]](), list[tuple[float, float]](), list[tuple[float, float]]()
    async with AsyncExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="anju-bench-", ignore_cleanup_errors=True))
        )
        progress(_("Starting the services and %(count)d interpreters twice over…") % {"count": _FLATS})
        echo = _Echo(folder)
        stack.push_async_callback(echo.stop)
        await echo.start()
        flats = _Flats(folder)
        stack.push_async_callback(flats.stop)
        await flats.start()
        for number in range(_ROUNDS):
            progress(_("Round %(number)d of %(count)d") % {"number": number + 1, "count": _ROUNDS})
            async with asyncio.timeout(_PATIENCE_S):
                bare = await echo.round()
                ours = await flats.round()
            press.append((_p99(ours.press_to_ack), _p99(bare)))
            event.append((_p99(ours.event_to_ack), _p99(bare)))
            medians.append((median(ours.press_to_ack) * 1000, median(bare) * 1000))
            await asyncio.sleep(_SETTLE_S)
    headline = Comparison.of("press_to_ack_p99", _("press to acknowledgement, p99"), press, smaller_is_better=True)
    return Result(
        bench="press",
        limit="as many interpreters, one datagram each, a bare echo with one SQLite commit a batch",
        limit_label=_("as many interpreters, one datagram each, a bare echo with one SQLite commit a batch"),
        unit="ms",
        unit_label=_("ms"),
        ratio=headline.ratio,
        rounds=_ROUNDS,
        repetitions=_FLATS,
        comparisons=(
            headline,
            Comparison.of("press_to_ack_p50", _("press to acknowledgement, p50"), medians, smaller_is_better=True),
            Comparison.of("event_to_ack_p99", _("event to acknowledgement, p99"), event, smaller_is_better=True),
        ),
        beside=(Figure("flats", _("flats that press at once"), _FLATS),),
    )


class _Echo:
    """The limit: bare interpreters and a bare echo."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: list[Process] = []

    async def start(self) -> None:
        """Start the echo, then the interpreters; wait until all are ready."""
        program = self._folder / "echoing.py"
        program.write_text(_ECHOING)
        server = await self._spawn(sys.executable, "-P", "-m", "anju.bench.echo", str(self._folder))
        port = (await _line(server)).decode().strip()
        self._flats = [await self._spawn(str(micropython()), str(program), port) for _number in range(_FLATS)]
        for process in self._flats:
            await _line(process)

    async def round(self) -> list[float]:
        """Seconds until each interpreter had its datagram back."""
        return await asyncio.gather(*map(self._send, self._flats))

    async def stop(self) -> None:
        """End all: each ends with its standard input."""
        for process in self._processes:
            assert process.stdin is not None  # noqa: S101 - it is a pipe of ours
            process.stdin.close()
        await asyncio.gather(*(process.wait() for process in self._processes))

    @staticmethod
    async def _send(process: Process) -> float:
        assert process.stdin is not None  # noqa: S101 - it is a pipe of ours
        start = time.monotonic()
        process.stdin.write(b"\n")
        await _line(process)
        return time.monotonic() - start

    async def _spawn(self, *command: str) -> Process:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, process_group=0
        )
        self._processes.append(process)
        return process


class _Flats:
    """Ours: real nodes, and the services of a site."""

    def __init__(self, folder: Path) -> None:
        self._bundle = stage("unix_sim", folder / "bundle")
        self._site = found(folder / "site", None)
        self._host = Host(self._site, dict(os.environ))
        self._nodes: list[Node] = []
        self._made: dict[int, float] = {}
        self._acked: dict[int, float] = {}
        self._all_acked = asyncio.Event()

    async def start(self) -> None:
        """Start the services, enrol and start the nodes; wait until all are ready."""
        await self._host.start()
        place = Place(micropython(), self._bundle, {**os.environ, "MICROPYPATH": ".frozen"})
        link = f"udp:{self._site.concentrator.udp}"
        for number, store in await asyncio.to_thread(_enrol_all, self._site):
            node = Node(number, NodeProcess(store, link, place), self._heard)
            self._nodes.append(node)
            await node.start()
        for node in self._nodes:
            await asyncio.wait_for(node.ready.wait(), _PATIENCE_S)

    async def round(self) -> _Times:
        """Press everywhere, wait for every acknowledgement, let go."""
        self._made.clear()
        self._acked.clear()
        self._all_acked.clear()
        pressed = {node.number: node.drive(0, 1) for node in self._nodes}
        await self._all_acked.wait()
        for node in self._nodes:
            node.drive(0, 0)
        return _Times(
            [self._acked[number] - at for number, at in pressed.items()],
            [self._acked[number] - self._made[number] for number in pressed],
        )

    async def stop(self) -> None:
        """End the nodes, then the services."""
        await asyncio.gather(*(node.stop() for node in self._nodes))
        await self._host.stop()

    def _heard(self, node: Node, output: Output, at: float) -> None:
        if isinstance(output, Made):
            self._made[node.number] = at
        elif isinstance(output, Acked):
            self._acked[node.number] = at
            if len(self._acked) == len(self._nodes):
                self._all_acked.set()


def _enrol_all(site: Site) -> list[tuple[int, Path]]:
    stores = [(name, site.folder / "nodes" / name) for name in households(BUILDING, _FLATS)]
    # Of any press the event is made at once: the way is measured, not how long a button is held.
    inputs = [(name, ZoneKind.ANY_PRESS if kind is ZoneKind.HOLD_UP else kind) for name, kind in button_inputs()]
    return [(enrol(site, name, inputs, store).node, store) for name, store in stores]


async def _line(process: Process) -> bytes:
    assert process.stdout is not None  # noqa: S101 - it is a pipe of ours
    line = await process.stdout.readline()
    if not line:
        raise RuntimeError("an interpreter of the limit has ended")
    return line


def _p99(seconds: Sequence[float]) -> float:
    """Milliseconds; of 64 flats it is the slowest one."""
    ordered = sorted(seconds)
    return ordered[-(-99 * len(ordered) // 100) - 1] * 1000
