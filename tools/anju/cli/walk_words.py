"""What a walk-test says: a zone and what is to be done at it, a TEST and what is real all the same, a record."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from typing import Any

from anju.cli import panel_words, screen
from anju.service.i18n import _, ngettext


def headings() -> tuple[str, ...]:
    """Of `row`."""
    return (_("Zone"), _("Kind"), _("State"), _("Known within"), _("Round trip"))


def row(zone: dict[str, Any]) -> tuple[str, ...]:
    """A zone: mark and name, kind, what has happened or is to be done, time from event to commit, round trip."""
    from anju.planning.rows import kind_names
    from anju.uplink.reports import ZoneKind

    delay_ms, trip_ms = zone.get("delay_ms"), zone.get("round_trip_ms")
    mark = "✓" if zone["ticked"] else "–" if "node" not in zone else "◐" if "triggered_at_ms" in zone else "○"
    return (
        f"{mark} {screen.printable(zone['name'])}",
        kind_names()[ZoneKind(zone["kind"])],
        state(zone),
        # Rounded up: what is at most so long is never called shorter.
        "–" if delay_ms is None else _("%(seconds).1f s") % {"seconds": -(-delay_ms // 100) / 10},
        "–" if trip_ms is None else _("%(ms)d ms") % {"ms": trip_ms},
    )


def state(zone: dict[str, Any]) -> str:
    """What has happened at a zone, or is to be done there."""
    triggered, kind = zone.get("triggered_at_ms"), zone["kind"]
    if "node" not in zone:
        return _("planned, but no node has it")
    if triggered is None:
        return {
            "hold_up": _("hold it for one second, not for three"),
            "silent_hold_up": _("hold it for one second, not for three"),
            "any_press": _("press it briefly"),
            "silent_any_press": _("press it briefly"),
            "tamper": _("open the case, then shut it"),
            "fire": _("let it detect, then wait until it rests"),
            "gas": _("let it detect, then wait until it rests"),
            "water": _("let it detect, then wait until it rests"),
            "siren": _("press a button: it has to sound for 2 s"),
            "keypad": _("press a key"),
        }.get(str(kind), _("open it, then shut it"))
    told = {"time": at(triggered)}
    if kind == "siren":
        return _("sounded at %(time)s") % told
    if kind in {"hold_up", "silent_hold_up", "any_press", "silent_any_press", "keypad"}:
        return _("pressed at %(time)s") % told
    if "restored_at_ms" not in zone:
        return _("opened at %(time)s; shut it") % told
    return _("opened at %(time)s and shut") % told


def line(zone: dict[str, Any]) -> str:
    """A zone without a table; the times only once it is ticked."""
    name, _kind, happened, delay, trip = row(zone)
    told = {"zone": name, "state": happened, "delay": delay, "trip": trip}
    if not zone["ticked"] or "delay_ms" not in zone:
        return _("%(zone)s: %(state)s") % told
    if "round_trip_ms" not in zone:
        return _("%(zone)s: %(state)s, known within %(delay)s") % told
    return _("%(zone)s: %(state)s, known within %(delay)s, round trip %(trip)s") % told


def on_test(shown: dict[str, Any]) -> str:
    """How long a household is on TEST, and from when on everything is one."""
    told = {
        "household": shown["household"],
        "time": at(shown["until_ms"] or 0),
        "minutes": -(-shown["left_s"] // 60),
        "from": at((shown["sure_at_ms"] or 0) + 999),
    }
    if not shown["left_s"]:
        return _("%(household)s is not on TEST any more.") % told
    if (shown["sure_at_ms"] or 0) > time.time() * 1000:
        return _("%(household)s is on TEST until %(time)s. Wait until %(from)s, then try each zone.") % told
    return _("%(household)s is on TEST until %(time)s, %(minutes)d min more. Try each zone.") % told


def what_is_real() -> str:
    """In every TEST."""
    return _("A button that is held for 3 s is a real alarm, and so is everything in other households.")


def real(latched: Sequence[str]) -> str:
    """That something is latched."""
    alarms = panel_words.latched(latched)
    return _("! A real alarm waits for a reset: %(alarms)s. Speak with the duty room.") % {"alarms": alarms}


def summary(record: dict[str, Any]) -> str:
    """A record in one line."""
    count, missing = len(record["zones"]), [screen.printable(name) for name in record["missing"]]
    told = {"household": record["household"], "count": count, "ticked": count - len(missing)}
    if not missing:
        return (
            ngettext("✓ %(household)s: %(count)d zone works.", "✓ %(household)s: all %(count)d zones work.", count)
            % told
        )
    told["missing"] = _(", ").join(missing)
    return _("✗ %(household)s: %(ticked)d of %(count)d zones work; missing: %(missing)s") % told


def at(ms: int) -> str:
    """A time of day."""
    return dt.datetime.fromtimestamp(ms / 1000).astimezone().strftime("%H:%M:%S")
