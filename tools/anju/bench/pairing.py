"""How long an installer's screen takes for a node: `anju pair` as it is typed, for three nodes one after another.

Whoever installs does at once what the screen asks for, so that what is left is the waiting: from the typed command to its last
line. Everything is real but the radio: nodes are processes of the firmware, and each asks for its label once.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anju.bench.result import Progress
from anju.bundle import stage
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.service.settings import Site
from anju.simulator.air import Air
from anju.simulator.faults import Faults
from anju.simulator.host import Host
from anju.simulator.interpreter import micropython
from anju.simulator.node import Node, NodeProcess, Place
from anju.simulator.premises import BUILDING, found
from anju.simulator.provision import provision
from anju.wire.label import Label

NODES = 3
LIMIT_S = 45.0
"""What the screen may take of a person's time with one node."""
LOSS = 0.2
_DOOR = 0
_PATIENCE_S = 180.0


@dataclass(frozen=True, slots=True)
class Session:
    """Seconds that the screen took for each node."""

    screen_s: tuple[float, ...]

    @property
    def slowest_s(self) -> float:
        """What is held against the limit."""
        return max(self.screen_s)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Both sessions: nothing lost, and a fifth of all datagrams lost in either direction."""

    clear: Session
    lossy: Session

    @property
    def is_good(self) -> bool:
        """Whether the limit is kept in both."""
        return self.ratio >= 1

    @property
    def ratio(self) -> float:
        """The limit over the slowest node of all; more than 1 is better than the limit."""
        return LIMIT_S / max(self.clear.slowest_s, self.lossy.slowest_s)

    def as_json(self) -> dict[str, Any]:
        """One object."""
        return {
            "bench": "pairing",
            "ratio": round(self.ratio, 3),
            "screen_s_per_node": round(self.clear.slowest_s, 3),
            "screen_s_per_node_lossy": round(self.lossy.slowest_s, 3),
            "limits": {
                key: {"limit": LIMIT_S, "met": session.slowest_s <= LIMIT_S}
                for key, session in (("screen_s_per_node", self.clear), ("screen_s_per_node_lossy", self.lossy))
            },
            "nodes": NODES,
            "loss": LOSS,
            "python": platform.python_version(),
            "machine": platform.machine(),
        }


def measure(seed: int, progress: Progress) -> Outcome:
    """Pair three nodes twice; ServiceError if a pairing comes to nothing."""
    return asyncio.run(_measure(seed, progress))


async def _measure(seed: int, progress: Progress) -> Outcome:
    async with AsyncExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="anju-bench-", ignore_cleanup_errors=True))
        )
        site = found(folder / "site", None)
        host = Host(site, dict(os.environ))
        stack.push_async_callback(host.stop)
        await host.start()
        udp = site.concentrator.udp_address
        assert udp is not None  # noqa: S101  # found() wrote it
        place = Place(micropython(), stage("unix_sim", folder / "bundle"), {**os.environ, "MICROPYPATH": ".frozen"})
        sessions: list[Session] = []
        for number, faults in enumerate((Faults(), Faults(loss=LOSS))):
            air = Air(udp, faults, seed)
            stack.callback(air.close)
            told = []
            for at in range(NODES):
                progress(
                    _("Node %(number)d of %(count)d") % {"number": len(sessions) * NODES + at + 1, "count": 2 * NODES}
                )
                told.append(
                    await _Install(site, place, air).timed(f"{number}-{at}", f"{BUILDING}-{number + 1}-010{at + 1}")
                )
            sessions.append(Session(tuple(told)))
        return Outcome(*sessions)


class _Install:
    """One node, and whoever installs it."""

    def __init__(self, site: Site, place: Place, air: Air) -> None:
        self._site = site
        self._place = place
        self._air = air

    async def timed(self, name: str, household: str) -> float:
        """Seconds from typing the command to its end."""
        store = self._site.folder / "nodes" / name
        store.mkdir(parents=True, mode=0o700)
        label = await asyncio.to_thread(provision, self._place, store)
        host, port = await self._air.path(name)
        node = Node(0, NodeProcess(store, f"udp:{host}:{port}", self._place), lambda _node, _output, _at: None)
        await node.start()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self._paired(node, label, household)
        except TimeoutError:
            raise _came_to_nothing(_("it took too long")) from None
        finally:
            await node.stop()

    async def _paired(self, node: Node, label: Label, household: str) -> float:
        begun = time.monotonic()
        typing = await _typed(
            "pair", "--household", household, "--zone", "front-door:entry", "--site", str(self._site.folder), "--json"
        )
        try:
            assert typing.stdin is not None and typing.stdout is not None  # noqa: S101, PT018 - PIPE was asked for
            typing.stdin.write(label.qr_text.encode() + b"\n")
            async for line in typing.stdout:
                match json.loads(line).get("step"):
                    case "searching":
                        node.drive(_DOOR, 1)
                        await node.offering.wait()
                        node.drive(_DOOR, 0)
                    case "paired":
                        await node.installed.wait()
                        node.drive(_DOOR, 1)
            if await typing.wait():
                raise _came_to_nothing((await _rest(typing)) or "?")
            return time.monotonic() - begun
        finally:
            if typing.returncode is None:
                typing.kill()
                await typing.wait()


async def _typed(*words: str) -> Process:
    environment: Mapping[str, str] = {**os.environ, "NO_COLOR": "1"}
    command: Sequence[str] = (sys.executable, "-P", "-m", "anju.cli", *words)
    return await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment)


async def _rest(typing: Process) -> str:
    assert typing.stderr is not None  # noqa: S101 - PIPE was asked for
    return (await typing.stderr.read()).decode(errors="replace").strip()


def _came_to_nothing(why: str) -> ServiceError:
    return ServiceError(
        _("A node could not be paired: %(reason)s.") % {"reason": why.rstrip(".")},
        _("Nothing was measured."),
        _("Type the command again when nothing else keeps this machine busy."),
    )
