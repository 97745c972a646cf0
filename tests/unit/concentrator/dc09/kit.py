"""A site's way to a receiving centre, and reports to tell it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from anju.concentrator.core.panel.signals import Action
from anju.concentrator.destinations.dc09 import opened
from anju.concentrator.destinations.dc09.sender import Dc09
from anju.concentrator.destinations.third_parties import Offer, ThirdParties
from anju.service.third_parties import Dc09 as Settings
from anju.uplink.reports import Lane, PanelMode, Report, ReportKind, TroubleKind, Zone, ZoneKind
from unit.concentrator.harness import HOUSEHOLD, Bench, HandClock, running, until

ACCOUNT = "9999"
FLAT = "1A01"
"""The account of the one household in `way_to`."""
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


def way_to(folder: Path, rooms: Bench, port: int, transport: str, form: str, key: bytes | None) -> Dc09:
    """A sender as a site with a list of accounts has it."""
    (folder / "accounts.csv").write_text(f"{HOUSEHOLD},{FLAT}\n")
    named = {"key_file": key_file(folder, key)} if key else {}
    told = settings(port, transport=transport, format=form, accounts_file="accounts.csv", **named)
    return opened.at("arc", told, folder, rooms.clock)


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


async def a_day(rooms: Bench, way: Callable[[], Dc09]) -> str:
    """A press, a reset, an arming and its end, a trouble of the building and its end: all told; then the answer to a test."""
    parties = ThirdParties(rooms.journal, rooms.journal, rooms.clock, {"arc": Offer("dc09", way)})
    await parties.furnish()
    async with running(parties.run()):
        node = await rooms.enrol()
        await rooms.receive(node, node.hello(), node.press())
        await rooms.ask(Action.RESET)
        await rooms.arm(PanelMode.AWAY)
        await rooms.ask(Action.DISARM)
        async with rooms.journal.change() as draft:
            draft.record(ReportKind.TROUBLE, Lane.ROUTINE, trouble=TroubleKind.MAINS_DOWN)
            draft.record(ReportKind.TROUBLE_RESTORED, Lane.ROUTINE, trouble=TroubleKind.MAINS_DOWN)
        await until(lambda: not rooms.journal.owing("arc").rows)
        return str((await parties.handlers["destination_test"]({"name": "arc"}, "anna"))["answer"])
