"""What people call each kind of zone: the one list, for plans, terminals and the duty room's page."""

from __future__ import annotations

from collections.abc import Callable

from anju.uplink.reports import ZoneKind


def kind_names(_: Callable[[str], str]) -> dict[ZoneKind, str]:
    """By kind, in the language that `_` translates to."""
    return {
        ZoneKind.HOLD_UP: _("emergency button"),
        ZoneKind.ENTRY: _("door or window"),
        ZoneKind.TAMPER: _("case"),
        ZoneKind.INSTANT: _("window without entry time"),
        ZoneKind.FOLLOWER: _("inner door"),
        ZoneKind.ALL_HOURS: _("guarded at all hours"),
        ZoneKind.SILENT_HOLD_UP: _("silent button"),
        ZoneKind.ANY_PRESS: _("emergency button (any press)"),
        ZoneKind.SILENT_ANY_PRESS: _("silent button (any press)"),
        ZoneKind.FIRE: _("smoke detector"),
        ZoneKind.GAS: _("gas detector"),
        ZoneKind.WATER: _("water detector"),
        ZoneKind.SIREN: _("siren"),
        ZoneKind.KEYPAD: _("keypad or key fob"),
    }
