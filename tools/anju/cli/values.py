"""Values as people type them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import typer

from anju.service.i18n import _


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
