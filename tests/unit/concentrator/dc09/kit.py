"""A site's way to a receiving centre, and reports to tell it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from anju.service.third_parties import Dc09 as Settings
from anju.uplink.reports import Lane, Report, ReportKind, Zone, ZoneKind
from unit.concentrator.harness import HOUSEHOLD, HandClock

ACCOUNT = "9999"
KEYS = {16: b"0123456789ABCDEF", 24: b"0123456789ABCDEF01234567", 32: b"0123456789ABCDEF0123456789ABCDEF"}


def settings(*ports: int, **more: Any) -> Settings:
    """As a site has them; times may be shorter than a site may have them."""
    times: dict[str, Any] = {name: more.pop(name) for name in ("answer_s", "supervision_s") if name in more}
    told: dict[str, Any] = {"kind": "dc09", "account": ACCOUNT, "transport": "tcp", "unprotected": True}
    receivers = [f"127.0.0.1:{port}" for port in ports]
    return Settings.model_validate(told | {"receivers": receivers} | more).model_copy(update=times)


def key_file(folder: Path, key: bytes) -> str:
    """The key as a person writes it down."""
    path = folder / "arc.key"
    path.write_bytes(b"text:" + key + b"\n")
    path.chmod(0o600)
    return path.name


def panic(clock: HandClock, seq: int = 1, household: str | None = HOUSEHOLD) -> Report:
    zone = Zone(kind=ZoneKind.HOLD_UP, name="bedside", number=1)
    return Report(
        seq=seq,
        kind=ReportKind.HOLD_UP_ALARM,
        lane=Lane.PANIC,
        household=household,
        recorded_at_ms=clock.now.wall_ms,
        zone=zone,
    )
