"""What the nodes of an estate run on, and how their frames reach the concentrator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

from anju.bundle import stage
from anju.simulator.air import Air
from anju.simulator.interpreter import micropython
from anju.simulator.node import Machine, NodeProcess, Place
from anju.simulator.options import MOST_FLATS

Carry: TypeAlias = Callable[[str, bytes], None]
"""Takes a frame that goes "up" or "down"."""
Road: TypeAlias = Callable[[Carry], Carry]
"""Given what delivers frames at the other end, returns what takes them in; on the way they meet their fate."""


class Ground(Protocol):
    """Brings forth a machine for each node."""

    most_flats: int
    is_quick: bool
    """Whether a headless demo may load it; else residents and guard stay calm."""

    async def open(self, folder: Path, flats: int, environment: Mapping[str, str]) -> Sequence[str]:
        """Be ready for so many flats; the serial lines that the concentrator has to listen to, as pyserial names them."""

    async def machine(self, flat: int, node: int, store: Path, air: Air) -> Machine:
        """The machine of one node, whose label is in `store`."""

    async def close(self) -> None:
        """Let go of everything but the machines, which have ended."""


class Processes:
    """Nodes as processes that send datagrams: for breadth."""

    most_flats = MOST_FLATS
    is_quick = True

    async def open(self, folder: Path, flats: int, environment: Mapping[str, str]) -> Sequence[str]:  # noqa: ARG002
        """Stage the bundle that all of them run."""
        bundle = stage("unix_sim", folder / "bundle")
        self._place = Place(micropython(), bundle, {**environment, "MICROPYPATH": ".frozen"})
        return ()

    async def machine(self, flat: int, node: int, store: Path, air: Air) -> Machine:  # noqa: ARG002
        """A process with a passage of its own through the air."""
        host, port = await air.path(str(node))
        return NodeProcess(store, f"udp:{host}:{port}", self._place)

    async def close(self) -> None:
        """Nothing is left to do."""
