"""Values as people type them."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import typer

from anju.service.i18n import _

_DAYS = {name: number for number, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), 1)}
_DAYS |= {str(number): number for number in range(1, 8)}


def site_option() -> Any:
    """The option that names a site; its help is translated now."""
    return typer.Option(
        "--site",
        metavar="DIR",
        envvar="ANJU_SITE",
        show_envvar=False,
        show_default=False,
        help=_("The site's folder; if not given, $ANJU_SITE, else this one."),
    )


def minutes_option() -> Any:
    """The option that says how long a TEST lasts; its help is translated now."""
    return typer.Option("--minutes", metavar="N", min=1, max=480, help=_("How long TEST lasts at most."))


def share(typed: str | float) -> float:
    """20% or 0.2, as 0.2; a default comes as a number."""
    text = str(typed).strip()
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise typer.BadParameter(_("%(text)s is not a share; type 20%% or 0.2") % {"text": text})
    return value


def zone(text: str) -> tuple[str, str]:
    """front-door:entry as name and kind; the kind may be written with a hyphen."""
    from anju.uplink.reports import ZoneKind

    name, colon, kind = text.rpartition(":")
    kinds = [kind.value for kind in ZoneKind]
    if not colon or not name.strip() or kind.replace("-", "_") not in kinds:
        raise typer.BadParameter(
            _("%(text)s is not a zone; type NAME:KIND, where KIND is one of %(kinds)s")
            % {"text": text, "kinds": ", ".join(kinds)}
        )
    return name.strip(), kind.replace("-", "_")


def duration(text: str) -> int:
    """30min, 2h, 1d or 90s, in seconds."""
    found = re.fullmatch(r"([0-9]{1,6}) ?(s|min|h|d)", text.strip().lower())
    if found is None:
        raise typer.BadParameter(_("%(text)s is not a time; type such as 30min or 2h") % {"text": text})
    return int(found[1]) * {"s": 1, "min": 60, "h": 3600, "d": 86_400}[found[2]]


def days(text: str) -> list[int]:
    """mon-fri, sat,sun, 1-5 as numbers from 1 (Monday) to 7; a span may go over Sunday."""
    chosen: set[int] = set()
    for part in text.strip().lower().split(","):
        first, dash, last = (word.strip() for word in part.partition("-"))
        begin, end = _DAYS.get(first), _DAYS.get(last if dash else first)
        if begin is None or end is None:
            raise typer.BadParameter(
                _("%(text)s names no days of the week; type such as mon-fri, sat,sun or 1-5") % {"text": text}
            )
        chosen |= {(begin - 1 + after) % 7 + 1 for after in range((end - begin) % 7 + 1)}
    return sorted(chosen)


def minute_of_day(text: str) -> int:
    """22:30 as minutes after midnight."""
    found = re.fullmatch(r"([01]?[0-9]|2[0-3])[:：]([0-5][0-9])", text.strip())
    if found is None:
        raise typer.BadParameter(_("%(text)s is not a time of day; type such as 22:30") % {"text": text})
    return int(found[1]) * 60 + int(found[2])


def when(at_ms: int | None) -> str:
    """A moment as date and time of this machine's zone; 0 and None are none."""
    if not at_ms:
        return "–"
    return dt.datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M")


def is_in(household: str, place: str) -> bool:
    """Whether a household is a place or lies in it: 3-2-0501 in 3-2."""
    return (household + "-").startswith(place + "-")


def ago(seconds: float) -> str:
    """A time span in the largest unit that says enough."""
    if seconds < 120:
        return _("%(count)d s ago") % {"count": max(0, round(seconds))}
    if seconds < 7200:
        return _("%(count)d min ago") % {"count": round(seconds / 60)}
    return _("%(count)d h ago") % {"count": round(seconds / 3600)}
