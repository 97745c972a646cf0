"""What requests over the control socket have in common: who they name, for how long, and how nonsense is refused."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from anju.concentrator.core.panel.on_test import LEAST_S, MOST_S, USUAL_S
from anju.service.errors import ServiceError
from anju.service.i18n import _

FindHousehold = Callable[[dict[str, Any]], str]
"""The household that a request names; ServiceError if there is none such."""


def household_of(request: dict[str, Any], households: Collection[str]) -> str:
    """The household that a request names, if a node is enrolled in it."""
    household = str(request.get("household"))
    if household not in households:
        raise ServiceError(
            _("No node is enrolled in household %(household)s.") % {"household": household},
            _("Nothing was changed."),
            _("Look at the households there are with: anju status"),
        )
    return household


def lasts_s_of(request: dict[str, Any]) -> int:
    """How long a TEST is to last."""
    lasts_s = request.get("lasts_s", USUAL_S)
    if isinstance(lasts_s, int) and not isinstance(lasts_s, bool) and LEAST_S <= lasts_s <= MOST_S:
        return lasts_s
    raise ServiceError(
        _("A TEST lasts from %(least)d min to %(most)d h.") % {"least": LEAST_S // 60, "most": MOST_S // 3600},
        _("Nothing was changed."),
        "",
    )


def not_understood(what: str = "") -> ServiceError:
    """A request that makes no sense."""
    return ServiceError(what or _("The concentrator does not understand this request."), _("Nothing was changed."), "")
