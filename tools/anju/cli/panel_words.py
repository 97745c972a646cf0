"""What `anju panel` says: how a household is armed, what has latched, its zones one by one, its schedule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from anju.cli import screen, values
from anju.service.i18n import _


def told(shown: dict[str, Any]) -> list[str]:
    """A panel in a few lines, its zones left aside; the first says how it is armed."""
    lines = [f"{shown['household']}: {mode(shown['mode'])}"]
    if phase := shown.get("phase"):
        lines.append(_phase(phase))
    lines.append(_("Alarms that wait for a reset: %(alarms)s") % {"alarms": latched(shown["latched"]) or _("none")})
    if siren := shown.get("siren"):
        lines.append(_siren(siren))
    if test := shown.get("test"):
        named = {"minutes": -(-test["left_s"] // 60), "person": screen.printable(test["person"])}
        lines.append(
            _("On TEST for %(minutes)d min more, by %(person)s; a button that is held for 3 s is real.") % named
        )
    return lines


def mode(value: str) -> str:
    """The arm state."""
    modes = {"off": _("disarmed"), "home": _("armed, somebody home"), "away": _("armed, nobody home")}
    return modes.get(value, value)


def latched(kinds: Iterable[str]) -> str:
    """What waits for a reset, by kinds of zones; each word once."""
    names = {
        "hold_up": _("hold-up"),
        "silent_hold_up": _("silent hold-up"),
        "any_press": _("hold-up"),
        "silent_any_press": _("silent hold-up"),
        "entry": _("intrusion"),
        "instant": _("intrusion"),
        "follower": _("intrusion"),
        "24_hour": _("intrusion"),
        "fire": _("fire"),
        "gas": _("gas"),
        "water": _("water"),
        "tamper": _("tamper"),
    }
    return _(", ").join(dict.fromkeys(names.get(kind, kind) for kind in kinds))


def zone_headings() -> tuple[str, ...]:
    """Of `zone_row`."""
    return (_("Zone"), _("Kind"), _("State"))


def zone_row(zone: dict[str, Any]) -> tuple[str, ...]:
    """A zone: its name, its kind, and how it stands."""
    from anju.planning.rows import kind_names
    from anju.uplink.reports import ZoneKind

    states = [_("open") if zone["open"] else _("at rest")]
    doubts = {"silent": _("silent"), "troubled": _("in trouble")}
    states += [doubts.get(doubt, doubt) for doubt in zone["doubts"]]
    if bypass := zone.get("bypass"):
        states.append(_bypass(bypass))
    return (screen.printable(zone["name"]), kind_names()[ZoneKind(zone["kind"])], _("; ").join(states))


def schedule_headings() -> tuple[str, ...]:
    """Of `schedule_row`."""
    return (_("No."), _("Days"), _("Time"), _("Arms"), _("Next"), _("Set by"))


def schedule_row(entry: dict[str, Any]) -> tuple[object, ...]:
    """An entry of a schedule."""
    arms = mode(entry["mode"]) if not entry["anyway"] else _("%(mode)s, anyway") % {"mode": mode(entry["mode"])}
    time = f"{entry['minute'] // 60:02}:{entry['minute'] % 60:02}"
    person = screen.printable(entry["person"])
    return (entry["number"], days(entry["days"]), time, arms, values.when(entry["next_ms"]), person)


def days(numbers: Sequence[int]) -> str:
    """Days of the week, in order."""
    names = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
    if len(numbers) == len(names):
        return _("every day")
    return _(", ").join(names[number - 1] for number in numbers)


def _phase(phase: dict[str, Any]) -> str:
    seconds = {"seconds": phase["left_s"]}
    return {
        "exit": _("Whoever leaves has %(seconds)d s more.") % seconds,
        "entry": _("Somebody has come in; in %(seconds)d s it sounds unless it is disarmed.") % seconds,
        "abort": _("It sounds; in %(seconds)d s the alarm is raised unless it is disarmed.") % seconds,
    }[str(phase["name"])]


def _siren(siren: dict[str, Any]) -> str:
    names = {"intrusion": _("intrusion"), "hold_up": _("hold-up"), "fire": _("fire")}
    named = {"siren": names.get(siren["name"], siren["name"]), "seconds": siren["left_s"]}
    if not siren["left_s"]:
        return _("The siren (%(siren)s) is silent; its light goes on until the reset.") % named
    return _("The siren sounds: %(siren)s, for %(seconds)d s more.") % named


def _bypass(bypass: dict[str, Any]) -> str:
    named = {
        "person": screen.printable(bypass["person"]),
        "reason": screen.printable(bypass["reason"]),
        "time": values.when(bypass["until_ms"]),
    }
    if not bypass["reason"]:
        return _("left out by %(person)s until it is closed") % named
    if bypass["until_ms"] is None:
        return _("left out by %(person)s until it is disarmed (%(reason)s)") % named
    return _("left out by %(person)s until %(time)s (%(reason)s)") % named
