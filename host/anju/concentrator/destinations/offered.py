"""Which third parties a site's settings name, and how each kind is opened."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from anju.concentrator.core.ports import Clock, Destination, Journal, Outbox
from anju.concentrator.destinations.third_parties import Offer
from anju.service import third_parties
from anju.service.settings import Site
from anju.service.third_parties import AnyThirdParty


class Around(NamedTuple):
    """What a destination may look at."""

    site: Site
    journal: Journal
    outbox: Outbox
    clock: Clock


Open = Callable[[str, AnyThirdParty, Around], Destination]
"""A third party of a name, by its settings; ServiceError if it can't be opened."""


def _dc09(name: str, settings: AnyThirdParty, around: Around) -> Destination:
    from anju.concentrator.destinations.dc09 import opened

    if not isinstance(settings, third_parties.Dc09):
        raise TypeError(settings.kind)
    return opened.at(name, settings, around.site.folder, around.clock)


def _mqtt(_name: str, settings: AnyThirdParty, around: Around) -> Destination:
    from anju.concentrator.destinations.mqtt.party import Mqtt

    if not isinstance(settings, third_parties.Mqtt):
        raise TypeError(settings.kind)
    site = around.site
    return Mqtt(settings, site.folder, site.concentrator.building, around.journal, around.clock)


KINDS: dict[str, Open] = {"dc09": _dc09, "mqtt": _mqtt}
"""By `kind` in the settings. Each imports what it stands on when it is opened: a site does without what it does not name."""


def offers(around: Around) -> dict[str, Offer]:
    """By name."""
    named = around.site.destinations
    return {name: Offer(one.kind, partial(KINDS[one.kind], name, one, around)) for name, one in named.items()}
