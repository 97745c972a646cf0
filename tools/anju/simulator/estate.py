"""A whole estate: services, air, nodes in flats, each paired by its label. Nothing of it is left when the block ends."""

from __future__ import annotations

import asyncio
import os
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from anju.bundle import stage
from anju.concentrator.control import CutOffError, NotRunningError
from anju.dutyroom.store import reports_held
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.service.log import AS_TEXT
from anju.simulator.air import Air
from anju.simulator.background import innermost
from anju.simulator.faults import Faults
from anju.simulator.flat import Flat, button_inputs, door_inputs
from anju.simulator.ground import Ground, Processes
from anju.simulator.host import Host
from anju.simulator.installer import WORST_AIR, Installers, node_failed
from anju.simulator.interpreter import micropython
from anju.simulator.node import Node, Place
from anju.simulator.premises import found, plan_flats
from anju.simulator.recorder import News, Record
from anju.simulator.tally import Account, Held
from anju.uplink.reports import ZoneKind

MARK = "ANJU_DEMO"
"""Environment variable of every process of a simulated estate: the folder it lives in."""
_READY_S = 60.0
_LOOK_AGAIN_S = 0.1
_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "LC_MESSAGES", "ANJU_LANG", "ANJU_LOG", "TMPDIR")


@dataclass(frozen=True, slots=True)
class Plan:
    """What estate to build. `port` None: any that is free."""

    flats: int
    faults: Faults = field(default_factory=Faults)
    seed: int = 1
    port: int | None = None
    ground: Ground = field(default_factory=Processes)


class Estate:
    """`async with Estate(plan, news) as estate` is up and running from there on."""

    def __init__(self, plan: Plan, news: News) -> None:
        self.record = Record(news)
        self.flats: list[Flat] = []
        self._plan = plan
        self._nodes: list[Node] = []
        self._last_words = ""
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            await self._build()
        except BaseException:
            await self._open.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    @property
    def address(self) -> str:
        """The page's address."""
        return f"http://127.0.0.1:{self.site.dutyroom.port}"

    @property
    def nodes(self) -> int:
        """How many nodes there are."""
        return len(self._nodes)

    def explained(self, error: ServiceError) -> ServiceError:
        """The error with what the services logged last, which is gone with the estate's folder."""
        if self._last_words in error.what:
            return error
        return ServiceError(error.what + self._last_words, error.unchanged, error.next_step)

    async def nodes_ready(self) -> None:
        """Wait until every node has started; ServiceError if one does not."""
        try:
            async with asyncio.timeout(_READY_S):
                await asyncio.gather(*(node.ready.wait() for node in self._nodes))
        except TimeoutError:
            late = next(node for node in self._nodes if not node.ready.is_set())
            raise node_failed(late, _("It is not ready yet.")) from None

    async def any_end(self) -> None:
        """Wait until a node or the services end, which they should not: then a ServiceError with their last words."""

        async def watch(node: Node) -> None:
            status = await node.ended()
            raise node_failed(node, _("It ended with status %(status)d.") % {"status": status})

        ends = [asyncio.create_task(watch(node)) for node in self._nodes]
        ends.append(asyncio.create_task(self.host.ended()))
        try:
            done, _pending = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for end in done:
                end.result()
        finally:
            for end in ends:
                end.cancel()

    async def unfinished(self) -> dict[str, int]:
        """What is still on its way, by name; empty when everything has arrived."""
        tally = self.record.tally
        left = {"inputs without an event": tally.unmade, "events not acknowledged": tally.unacked}
        left |= self.record.timings.waiting
        try:
            left["reports not delivered"] = int((await self.host.status())["outbox"])
        except (NotRunningError, CutOffError):
            left["concentrator"] = 1
        return {name: count for name, count in left.items() if count}

    async def drain(self) -> None:
        """Wait until nothing is on its way any more."""
        left = await self.unfinished()
        while left:
            await asyncio.sleep(_LOOK_AGAIN_S)
            left = await self.unfinished()

    def account(self) -> Account:
        """What was done, against what the duty room holds now."""
        return self.record.tally.compare(
            Held(seq, None if report.event_id is None or report.node is None else (report.node.node, report.event_id))
            for _journal, seq, report in reports_held(self.site.dutyroom_db)
        )

    async def _build(self) -> None:
        plan = self._plan
        folder = Path(
            self._open.enter_context(tempfile.TemporaryDirectory(prefix="anju-demo-", ignore_cleanup_errors=True))
        )
        kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        environment = AS_TEXT | kept | {MARK: str(folder)}  # its last lines are read by a person
        self._open.push_async_callback(plan.ground.close)
        lines = await plan.ground.open(folder, plan.flats, environment)
        self.site = found(folder / "site", plan.port, lines)
        self.host = Host(self.site, environment)
        self._open.push_async_callback(self._stop_host)
        await self.host.start()
        udp = self.site.concentrator.udp_address
        assert udp is not None  # noqa: S101  # found() wrote it
        self.air = Air(udp, plan.faults.no_worse_than(WORST_AIR), plan.seed)
        self._open.callback(self.air.close)
        self._open.push_async_callback(self._stop_nodes)
        names = plan_flats(self.site, plan.flats)
        bench = await asyncio.to_thread(stage, "unix_sim", folder / "bench")
        self._installers = Installers(self.site, Place(micropython(), bench, {**environment, "MICROPYPATH": ".frozen"}))
        try:
            async with asyncio.TaskGroup() as group:
                made = [group.create_task(self._flat(number, name)) for number, name in enumerate(names)]
        except BaseExceptionGroup as group:
            raise innermost(group) from group
        self.flats += [flat.result() for flat in made]
        self.air.become(plan.faults)

    async def _flat(self, number: int, name: str) -> Flat:
        """One flat with both its nodes installed."""
        async with asyncio.TaskGroup() as group:
            installing = [
                group.create_task(self._node(2 * number + at, f"{name}-{what}", name, inputs))
                for at, (what, inputs) in enumerate((("door", door_inputs()), ("button", button_inputs())))
            ]
        door, button = [node.result() for node in installing]
        flat = Flat(name, door, button, self.record, self._panel)
        self.record.flats |= {door.number: flat, button.number: flat}
        self.record.installed(flat)
        return flat

    async def _node(self, number: int, name: str, household: str, inputs: list[tuple[str, ZoneKind]]) -> Node:
        store = self.site.folder / "nodes" / name
        label = await self._installers.label(store)
        machine = await self._plan.ground.machine(number // 2, number + 1, store, self.air)
        node = Node(0, machine, self.record.heard)
        self._nodes.append(node)
        await self._installers.install(node, label, household, inputs)
        return node

    async def _stop_host(self) -> None:
        await self.host.stop()
        self._last_words = self.host.last_words

    async def _stop_nodes(self) -> None:
        await asyncio.gather(*(node.stop() for node in self._nodes))

    async def _panel(self, household: str, mode: str) -> int | None:
        try:
            return await self.host.panel(household, mode)
        except (NotRunningError, CutOffError):
            return None
