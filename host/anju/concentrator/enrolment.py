"""Enrolment at the bench, for nodes that are not paired by label: random keys for one node, for keyring and file.

There is no default key. The keyring's row is committed first; if the node's file cannot be written then, a node id is
lost and nothing else.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from anju.concentrator import control
from anju.concentrator.core.panel.zones import ROW_OF
from anju.concentrator.keyring import Keyring, Link
from anju.plan.model import Plan
from anju.service import private_file, site_plan
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.service.settings import Site
from anju.uplink.fields import HOUSEHOLD_PATTERN
from anju.uplink.reports import Zone, ZoneKind

FILE_NAME = "enrolment.json"
MOST_INPUTS = 16
"""`levels` of a frame has 16 bits."""


class Enrolled(NamedTuple):
    """The new node's place on the wire, and where its file is."""

    network: int
    node: int
    file: Path


def enrol(site: Site, household: str, inputs: Sequence[tuple[str, ZoneKind]], out: Path) -> Enrolled:
    """Make a node's keys and write `out/enrolment.json` (0600); ServiceError says what was not done."""
    zones = _zones(inputs)
    _check_household(site, household)
    _check_plan(site_plan.load(site.folder), household, zones)
    target = out / FILE_NAME
    if target.exists():
        raise ServiceError(
            _("%(file)s exists already.") % {"file": target},
            _("Nothing was enrolled; the file was left as it is."),
            _("Choose another folder with --out, or remove the file if no node will use it."),
        )
    try:
        out.mkdir(parents=True, exist_ok=True, mode=0o700)
        link = _new_link(site, household, zones)
        told = link | {"inputs": [ROW_OF[zone.kind].input.name.lower() for zone in zones]}
        private_file.create(target, json.dumps(told).encode())
    except OSError as error:
        raise ServiceError(
            _("%(file)s cannot be written: %(reason)s.") % {"file": target, "reason": error.strerror or error},
            _("No node was enrolled."),
            _("Choose a folder that you may write to with --out."),
        ) from error
    return Enrolled(link["network"], link["node"], target)


async def enrol_here(keyring: Keyring, site: Site, household: str, inputs: Sequence[Zone]) -> dict[str, Any]:
    """Enrol in an open keyring; the link as the enrolment file writes it. Whoever asks for it is not trusted to count."""
    zones = await checked(site, household, inputs)
    return _as_file(await keyring.enrol(site.concentrator.network, household, zones))


async def checked(site: Site, household: str, inputs: Sequence[Zone]) -> tuple[Zone, ...]:
    """The inputs in their order, if site and plan have such a household and such zones; ServiceError if not."""
    zones = _zones([(zone.name, zone.kind) for zone in inputs])
    _check_household(site, household)
    _check_plan(await asyncio.to_thread(site_plan.load, site.folder), household, zones)
    return zones


def _new_link(site: Site, household: str, zones: tuple[Zone, ...]) -> dict[str, Any]:
    inputs = json.dumps([zone.model_dump() for zone in zones])
    try:
        answer = control.ask(site.control_socket, do="enrol", household=household, inputs=inputs)
    except control.NotRunningError:
        return asyncio.run(_offline(site, household, zones))
    return {key: answer[key] for key in ("version", "network", "node", "epoch", "up", "down")}


async def _offline(site: Site, household: str, zones: tuple[Zone, ...]) -> dict[str, Any]:
    keyring = Keyring.open(site.keyring)
    try:
        return await enrol_here(keyring, site, household, zones)
    finally:
        await keyring.close()


def _as_file(link: Link) -> dict[str, Any]:
    (network, node), epoch, up, down = link
    return {"version": 1, "network": network, "node": node, "epoch": epoch, "up": up.hex(), "down": down.hex()}


def _zones(inputs: Sequence[tuple[str, ZoneKind]]) -> tuple[Zone, ...]:
    if not 1 <= len(inputs) <= MOST_INPUTS:
        raise ServiceError(
            _("A node has 1 to %(most)d inputs, not %(count)d.") % {"most": MOST_INPUTS, "count": len(inputs)},
            _("Nothing was changed."),
            _("Name each input once, for example: --zone front-door:entry --zone case:tamper"),
        )
    try:
        return tuple(Zone(number=number, name=name, kind=kind) for number, (name, kind) in enumerate(inputs))
    except ValidationError as error:
        raise ServiceError(
            _("A zone's name is not usable: %(reason)s.") % {"reason": error.errors()[0]["msg"]},
            _("Nothing was changed."),
            _("A name has 1 to 64 characters."),
        ) from None


def _check_household(site: Site, household: str) -> None:
    building = site.concentrator.building
    if not re.fullmatch(HOUSEHOLD_PATTERN, household) or household.partition("-")[0] != building:
        raise ServiceError(
            _("%(household)s is not a household of building %(building)s.")
            % {"household": household, "building": building},
            _("Nothing was changed."),
            _("Write building, unit, floor and door, for example %(building)s-2-0501.") % {"building": building},
        )


def _check_plan(plan: Plan | None, household: str, zones: Sequence[Zone]) -> None:
    """A site with a plan has no other households and zones than those in it."""
    if plan is None:
        return
    flat = plan.household(household)
    if flat is None:
        raise ServiceError(
            _("%(household)s is not in the site plan.") % {"household": household},
            _("Nothing was changed."),
            _("Look at the plan with: anju plan show. Bring a new one with: anju plan import FILE"),
        )
    for zone in zones:
        planned = flat.zone(zone.name)
        if planned is None or planned.kind is not zone.kind:
            raise ServiceError(
                _("The site plan has no zone “%(zone)s” of the kind %(kind)s in %(household)s.")
                % {"zone": zone.name, "kind": zone.kind.value, "household": household},
                _("Nothing was changed."),
                _("Planned there: %(zones)s")
                % {"zones": ", ".join(f"{one.name}:{one.kind.value}" for one in flat.zones) or "–"},
            )
