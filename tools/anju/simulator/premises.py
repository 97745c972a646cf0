"""Makes the site of a simulated estate: a folder as `anju init` makes it, with the plan of its flats."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import socket
from collections.abc import Sequence
from pathlib import Path

from anju.plan.model import Plan, PlannedHousehold, PlannedZone
from anju.service import site_plan, site_template
from anju.service.settings import Site
from anju.simulator.flat import button_inputs, door_inputs, households

BUILDING = "3"
_LOOPBACK = "127.0.0.1"
_PORTS = range(20_000, 32_000)
"""Below those that Linux (32768 and up) and others (49152 and up, RFC 6335) give away by themselves."""
_MOST_TRIES = 50


def found(folder: Path, port: int | None, serial: Sequence[str] = ()) -> Site:
    """A new site in `folder` with these serial lines; its page gets any free port where none is named."""
    return site_template.create(
        folder,
        estate="Anju demo",
        building=BUILDING,
        network=1,
        udp=f"{_LOOPBACK}:{free_port(socket.SOCK_DGRAM)}",
        port=port if port is not None else free_port(socket.SOCK_STREAM),
        serial=serial,
    )


def plan_flats(site: Site, flats: int) -> list[str]:
    """Plan so many flats, each with the zones of a door and of a button node; their names."""
    names = households(BUILDING, flats)
    zones = tuple(PlannedZone(name=name, kind=kind) for name, kind in (*door_inputs(), *button_inputs()))
    site_plan.save(site.folder, Plan.of([PlannedHousehold(household=name, zones=zones) for name in names]))
    return names


def free_port(kind: socket.SocketKind, wished: int = 0) -> int:
    """The wished port of the loopback address if it is free, else any that is.

    Not one of those that systems give to whoever asks for none: a service that is started again must find it free again, and
    nodes of another demo must not take it for theirs.
    """
    for port in [wished or _any_port(), *(_any_port() for _again in range(_MOST_TRIES)), 0]:
        with socket.socket(socket.AF_INET, kind) as probe, contextlib.suppress(OSError):
            probe.bind((_LOOPBACK, port))
            return int(probe.getsockname()[1])
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def _any_port() -> int:
    return _PORTS.start + secrets.randbelow(len(_PORTS))
