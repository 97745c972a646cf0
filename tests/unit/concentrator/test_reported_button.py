"""A report of a press tells whether it is to stay secret, and not how somebody's hands are."""

import pytest

from anju.uplink.reports import ZoneKind
from unit.concentrator.harness import ZONES, Bench

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (ZoneKind.HOLD_UP, ZoneKind.HOLD_UP),
        (ZoneKind.ANY_PRESS, ZoneKind.HOLD_UP),
        (ZoneKind.SILENT_HOLD_UP, ZoneKind.SILENT_HOLD_UP),
        (ZoneKind.SILENT_ANY_PRESS, ZoneKind.SILENT_HOLD_UP),
    ],
)
async def test_how_it_is_pressed_stays_at_home(rooms: Bench, kind: ZoneKind, told: ZoneKind) -> None:
    zones = tuple(zone.model_copy(update={"kind": kind}) if zone.kind is ZoneKind.HOLD_UP else zone for zone in ZONES)
    node = await rooms.enrol(zones=zones)
    await rooms.receive(node, node.press())
    report = rooms.reports()[-1]
    assert report.zone
    assert report.zone.kind is told
