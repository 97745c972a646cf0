"""The installers of an estate: they bring each node from its label to its first word under its own keys, as `anju pair` does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from anju.concentrator import control
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.service.settings import Site
from anju.simulator.node import Node, Place
from anju.simulator.provision import provision
from anju.uplink.reports import ZoneKind
from anju.wire.label import Label

AT_ONCE = 24
"""Nodes; a concentrator takes 32 attempts at a time."""
WORST_AIR = 0.3
"""Share of datagrams: where more are lost, an installer leaves no node."""
_PATIENCE_S = 120.0
_BUTTON = 0
"""The input that both demo boards declare as an unenrolled node's button; neither has a case of its own."""


class Installers:
    """`place` is where labels are made, by the nodes' own firmware."""

    def __init__(self, site: Site, place: Place) -> None:
        self._socket = site.control_socket
        self._place = place
        self._hands = asyncio.Semaphore(AT_ONCE)

    async def label(self, store: Path) -> Label:
        """The label of the node whose flash is this folder."""
        making = asyncio.ensure_future(asyncio.to_thread(self._labelled, store))
        try:
            return await asyncio.shield(making)
        except asyncio.CancelledError:
            await asyncio.wait([making])  # its process must not outlive the estate's folder
            raise

    async def install(self, node: Node, label: Label, household: str, inputs: Sequence[tuple[str, ZoneKind]]) -> None:
        """Switch a new node on, press its button, pair it and hear it say so; ServiceError if it comes to nothing."""
        async with self._hands:
            await node.start()
            await _while_it_lives(node, self._install(node, label, household, inputs))

    def _labelled(self, store: Path) -> Label:
        store.mkdir(parents=True, mode=0o700)
        return provision(self._place, store)

    async def _install(self, node: Node, label: Label, household: str, inputs: Sequence[tuple[str, ZoneKind]]) -> None:
        # The button is let go before anybody looks for the node: held down, it would be the new node's first alarm.
        node.drive(_BUTTON, 1)
        await node.offering.wait()
        node.drive(_BUTTON, 0)
        zones = json.dumps([{"number": at, "name": name, "kind": kind} for at, (name, kind) in enumerate(inputs)])
        await self._pair(label, household, zones)
        await node.installed.wait()

    async def _pair(self, label: Label, household: str, zones: str) -> None:
        begun = await self._ask(do="pair", code=label.qr_text, household=household, zones=zones)
        attempt, seen = begun["pairing"], 0
        while True:
            answer = await self._ask(do="pairing", pairing=attempt, after=seen)
            steps = [step["step"] for step in answer["steps"]]
            seen += len(steps)
            if "proved" in steps:
                # A node that has said hello needs no trial: in an estate that somebody looks at, that would be an alarm.
                await self._ask(do="pair_cancel", pairing=attempt)
                return
            if answer["result"] is not None:
                raise ServiceError(
                    _("A node of the demo could not be paired: %(reason)s.") % {"reason": steps[-1] if steps else "?"},
                    _("Nothing outside the demo's own folder was touched."),
                    _("This is a defect; please report it with the options that you gave."),
                )

    async def _ask(self, **request: Any) -> dict[str, Any]:
        return await control.inquire(self._socket, **request)


async def _while_it_lives(node: Node, work: Coroutine[Any, Any, None]) -> None:
    """Do something with a node; ServiceError with its last words if it ends meanwhile, or if nothing comes of it."""
    doing, end = asyncio.create_task(work), asyncio.create_task(node.ended())
    try:
        await asyncio.wait({doing, end}, timeout=_PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        if end.done():
            raise node_failed(node, _("It ended with status %(status)d.") % {"status": end.result()})
        raise node_failed(node, _("It was not paired in time."))
    finally:
        doing.cancel()
        end.cancel()


def node_failed(node: Node, how: str) -> ServiceError:
    """What went wrong with a node of an estate, with its last words."""
    words = "".join(f"\n  {line}" for line in node.tail)
    return ServiceError(
        _("Node %(number)d failed. %(how)s It said:%(words)s")
        % {"number": node.number, "how": how, "words": words or " -"},
        _("Nothing outside the demo's own folder was touched."),
        _("This is a defect of the firmware or of this machine's MicroPython; please report these lines."),
    )
