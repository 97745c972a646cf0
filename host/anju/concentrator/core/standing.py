"""How a household's zones stand, for its panel; and how a report names them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from anju.concentrator.core.moment import Moment
from anju.concentrator.core.node import NodeState
from anju.concentrator.core.node_kinds import WARN_S
from anju.concentrator.core.panel.signals import Standing, Warned
from anju.concentrator.core.panel.source import Contact, Source
from anju.concentrator.core.panel.trouble import TROUBLE_ROWS, Fault
from anju.concentrator.core.panel.zones import BUTTONS, ROW_OF
from anju.concentrator.core.places import Address, reported
from anju.concentrator.core.premises import Premises
from anju.uplink.reports import ArmWarning, TroubleKind, Zone, ZoneKind, ZoneWarning

_SILENCE = frozenset({TroubleKind.NODE_SILENT, TroubleKind.NODE_LOST})

_DOUBTED = tuple(row.kind for row in TROUBLE_ROWS if row.doubts and row.kind not in _SILENCE)


def zones(
    household: str,
    premises: Premises,
    node: Callable[[Address], NodeState],
    stands: Callable[[Fault], bool],
    moment: Moment,
) -> tuple[Standing, ...]:
    """Every zone of a household: open or not, and what there is to say against relying on it."""
    found: list[Standing] = []
    for address, placement in premises.nodes_of(household):
        state = node(address)
        silence_s = premises.silence_s(address, moment.monotonic_s)
        doubts = tuple(_doubts(address, state, silence_s, stands))
        found += [
            Standing(Contact(*address, number), zone.kind, zone.name, _is_open(zone, state.levels, number), doubts)
            for number, zone in enumerate(placement.inputs)
        ]
    return tuple(found)


def _is_open(zone: Zone, levels: int, number: int) -> bool:
    """Whether it stands open. A button does not: nobody hears of its release before the next heartbeat."""
    return ROW_OF[zone.kind].input not in BUTTONS and bool(levels >> number & 1)


def origin(source: Source) -> dict[str, Any]:
    """The fields of a report that say which zone it is about, and when what it tells has happened."""
    network, node, number = source.contact
    facts: dict[str, Any] = {"node": reported(Address(network, node)), "event_at_ms": source.at_ms or None}
    if source.name:
        facts["zone"] = _zone(source.kind, source.name, number)
    return facts


def warning(warned: Warned) -> ZoneWarning:
    """As a report tells it."""
    zone = warned.zone
    node = reported(Address(*zone.contact[:2]))
    return ZoneWarning(node=node, what=warned.what, zone=_zone(zone.kind, zone.name, zone.contact.zone))


@lru_cache(maxsize=1024)  # an estate calls its zones by a few names
def _zone(kind: ZoneKind, name: str, number: int) -> Zone:
    return Zone(kind=kind, name=name, number=number)


def _doubts(
    address: Address, state: NodeState, silence_s: float, stands: Callable[[Fault], bool]
) -> Iterator[ArmWarning]:
    if silence_s > WARN_S or any(stands(Fault.of(kind, address)) for kind in sorted(_SILENCE)):
        yield ArmWarning.SILENT
    subjects = [f"{address.network}/{address.node}", *([state.route.link] if state.route else [])]
    if any(stands(Fault(kind, subject)) for kind in _DOUBTED for subject in subjects):
        yield ArmWarning.TROUBLED
