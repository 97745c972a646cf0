"""Gauges: what can be seen to be wrong from here, each asked once a second.

A gauge tells which of its faults stand now. That one begins or is over is news to the watchman, who journals it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from anju.concentrator.core.jamming import Jamming
from anju.concentrator.core.panel.trouble import Fault
from anju.service.certs.places import URGE_DAYS, WARN_DAYS
from anju.uplink.reports import TroubleKind

DOWN_S = 170.0
"""A path that is down for so long is trouble: noticed in less than 180 s (EN 50136, grade 3)."""

LINK_DOWN_S = 10.0
"""A fault is processed when it has lasted for so long (EN 50131-1, 8.1): a USB adapter that is pulled and put back is none."""

UPS_LOW_PERCENT = 20
DISK_LOW_BYTES, DISK_ENOUGH_BYTES = 256 << 20, 320 << 20
"""Trouble begins and ends with so much room: some 400,000 events of 600 bytes still fit in, and the trouble itself."""
SUPPLIES = Path("/sys/class/power_supply")
"""Where Linux tells of mains and batteries, those of a UPS on USB among them."""


class Line(Protocol):
    """What a gauge asks of a link."""

    name: str

    @property
    def is_open(self) -> bool:
        """Whether the line is there at the moment."""

    @property
    def faults(self) -> int:
        """Pieces of noise that have come, in all."""


class LinkGauge:
    """Links that are down, or jammed."""

    kinds = frozenset({TroubleKind.LINK_DOWN, TroubleKind.JAMMED})

    def __init__(self, lines: Collection[Line], refused: Mapping[str, int]) -> None:
        self._lines = lines
        self._refused = refused
        """By the name of a link: frames that nobody could have sent who has a key."""
        self._closed_s: dict[str, float] = {}
        self._jamming: dict[str, Jamming] = {}
        self._faults: dict[str, int] = {}

    def read(self, now_s: float) -> set[Fault]:
        """Those of now."""
        found = set[Fault]()
        for line in self._lines:
            if self._is_down(line, now_s):
                found.add(Fault(TroubleKind.LINK_DOWN, line.name))
            if self._is_jammed(line, now_s):
                found.add(Fault(TroubleKind.JAMMED, line.name))
        return found

    def _is_down(self, line: Line, now_s: float) -> bool:
        if line.is_open:
            self._closed_s.pop(line.name, None)
            return False
        return now_s - self._closed_s.setdefault(line.name, now_s) >= LINK_DOWN_S

    def _is_jammed(self, line: Line, now_s: float) -> bool:
        jamming = self._jamming.setdefault(line.name, Jamming())
        faults = line.faults + self._refused.get(line.name, 0)
        new = faults - self._faults.get(line.name, 0)
        self._faults[line.name] = faults
        jamming.second(int(now_s), new)
        return jamming.is_jammed


class DestinationGauge:
    """Destinations that cannot be reached. `down_s` tells for how long one has not been."""

    kinds = frozenset({TroubleKind.DESTINATION_DOWN})

    def __init__(self, down_s: dict[str, Callable[[], float]]) -> None:
        self._down_s = down_s

    def read(self, _now_s: float) -> set[Fault]:
        """Those of now."""
        return {
            Fault(TroubleKind.DESTINATION_DOWN, name) for name, down_s in self._down_s.items() if down_s() >= DOWN_S
        }


class Certificate(Protocol):
    """What a gauge asks of the way to a duty room on another PC."""

    @property
    def refused(self) -> bool:
        """Whether one of the two does not take the other's certificate."""

    @property
    def days_left(self) -> int | None:
        """Whole days until our certificate ends; None while there is none that can be used."""


class CertificateGauge:
    """The certificate by which the duty room knows us; None: on this machine none is needed."""

    kinds = frozenset(
        {TroubleKind.CERTIFICATE_ENDS, TroubleKind.CERTIFICATE_ENDS_SOON, TroubleKind.CERTIFICATE_REFUSED}
    )

    def __init__(self, destination: str, certificate: Certificate | None) -> None:
        self._destination = destination
        self._certificate = certificate

    def read(self, _now_s: float) -> set[Fault]:
        """Those of now."""
        if self._certificate is None:
            return set()
        days = self._certificate.days_left
        stands = {
            TroubleKind.CERTIFICATE_ENDS: days is not None and days < WARN_DAYS,
            TroubleKind.CERTIFICATE_ENDS_SOON: days is not None and days < URGE_DAYS,
            TroubleKind.CERTIFICATE_REFUSED: self._certificate.refused,
        }
        return {Fault(kind, self._destination) for kind, is_so in stands.items() if is_so}


class DiskGauge:
    """The room that is left where the journal lies. Without any, nothing is taken nor acknowledged, and nodes say it again."""

    kinds = frozenset({TroubleKind.DISK_LOW})

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._is_low = False

    def read(self, _now_s: float) -> set[Fault]:
        """Whether it is low; one that cannot be asked tells nothing new."""
        with suppress(OSError):
            free = shutil.disk_usage(self._folder).free
            self._is_low = free < (DISK_ENOUGH_BYTES if self._is_low else DISK_LOW_BYTES)
        return {Fault(TroubleKind.DISK_LOW)} if self._is_low else set()


class PowerGauge:
    """The concentrator's own supply, as Linux sees it. Where it tells of none, nothing is known and nothing is said."""

    kinds = frozenset({TroubleKind.MAINS_DOWN, TroubleKind.UPS_LOW})

    def __init__(self, folder: Path = SUPPLIES) -> None:
        self._folder = folder

    def read(self, _now_s: float) -> set[Fault]:
        """Those of now."""
        supplies = [self._supply(path) for path in sorted(self._folder.glob("*"))]
        mains = [online for kind, online, _ in supplies if kind in {"Mains", "USB"} and online]
        batteries = [level for kind, _, level in supplies if kind in {"Battery", "UPS"} and level]
        found = set[Fault]()
        if mains and not any(online == "1" for online in mains):
            found.add(Fault(TroubleKind.MAINS_DOWN))
            if batteries and all(level.isdecimal() and int(level) <= UPS_LOW_PERCENT for level in batteries):
                found.add(Fault(TroubleKind.UPS_LOW))
        return found

    @staticmethod
    def _supply(path: Path) -> tuple[str, str, str]:
        def value(name: str) -> str:
            try:
                return (path / name).read_text("ascii").strip()
            except (OSError, ValueError):
                return ""

        return value("type"), value("online"), value("capacity")
