"""What can be seen to be wrong from the concentrator: a link that is down or jammed, a destination, its own power."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from anju.concentrator.core.panel.trouble import TROUBLE_ROWS, Fault
from anju.concentrator.gauges import (
    DISK_ENOUGH_BYTES,
    DISK_LOW_BYTES,
    DOWN_S,
    LINK_DOWN_S,
    CertificateGauge,
    DestinationGauge,
    DiskGauge,
    LinkGauge,
    PowerGauge,
)
from anju.uplink.reports import TroubleKind


class FakeLine:
    """A link that does what a test says."""

    name = "serial:/dev/ttyUSB0"
    is_open = True
    faults = 0


def test_a_line_that_is_pulled_and_put_back_is_no_trouble() -> None:
    line = FakeLine()
    gauge = LinkGauge([line], {})
    line.is_open = False
    assert gauge.read(0) == set()
    assert gauge.read(LINK_DOWN_S - 1) == set()
    line.is_open = True
    assert gauge.read(LINK_DOWN_S) == set()
    line.is_open = False
    assert gauge.read(LINK_DOWN_S + 1) == set()


def test_a_line_that_stays_away_is_down_until_it_is_back() -> None:
    line = FakeLine()
    gauge = LinkGauge([line], {})
    line.is_open = False
    gauge.read(0)
    assert gauge.read(LINK_DOWN_S) == {Fault(TroubleKind.LINK_DOWN, line.name)}
    line.is_open = True
    assert gauge.read(LINK_DOWN_S + 1) == set()


def test_noise_on_a_line_is_jamming() -> None:
    line = FakeLine()
    gauge = LinkGauge([line], {})
    for second in range(30):
        assert gauge.read(second) == set()
        line.faults += 10
    assert gauge.read(30) == {Fault(TroubleKind.JAMMED, line.name)}


def test_a_destination_is_down_after_three_minutes() -> None:
    down = {"duty_room": 0.0}
    gauge = DestinationGauge({"duty_room": lambda: down["duty_room"]})
    assert gauge.read(0) == set()
    down["duty_room"] = DOWN_S
    assert gauge.read(0) == {Fault(TroubleKind.DESTINATION_DOWN, "duty_room")}
    assert DOWN_S < 180


def supply(folder: Path, name: str, **values: str) -> None:
    """As Linux shows one."""
    (folder / name).mkdir(exist_ok=True)
    for value, text in values.items():
        (folder / name / value).write_text(f"{text}\n")


@pytest.mark.parametrize(
    ("online", "capacity", "expected"),
    [
        ("1", "90", set()),
        ("1", "10", set()),
        ("0", "90", {TroubleKind.MAINS_DOWN}),
        ("0", "20", {TroubleKind.MAINS_DOWN, TroubleKind.UPS_LOW}),
        ("0", "garbage", {TroubleKind.MAINS_DOWN}),
    ],
)
def test_mains_and_battery_of_the_concentrator(
    tmp_path: Path, online: str, capacity: str, expected: set[TroubleKind]
) -> None:
    supply(tmp_path, "AC", type="Mains", online=online)
    supply(tmp_path, "BAT0", type="Battery", capacity=capacity)
    assert {fault.kind for fault in PowerGauge(tmp_path).read(0)} == expected


def test_a_machine_that_tells_of_no_supply_has_no_trouble_with_it(tmp_path: Path) -> None:
    assert PowerGauge(tmp_path / "missing").read(0) == set()
    supply(tmp_path, "BAT0", type="Battery", capacity="5")
    assert PowerGauge(tmp_path).read(0) == set(), "a battery alone, of a mouse perhaps"


def test_a_disk_is_trouble_before_it_is_full_and_until_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gauge, room = DiskGauge(tmp_path), SimpleNamespace(free=DISK_LOW_BYTES)
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: room)
    found = []
    for room.free in (DISK_LOW_BYTES, DISK_LOW_BYTES - 1, 0, DISK_ENOUGH_BYTES - 1, DISK_ENOUGH_BYTES, DISK_LOW_BYTES):
        found.append({fault.kind for fault in gauge.read(0)})
    low = {TroubleKind.DISK_LOW}
    assert found == [set(), low, low, low, set(), set()]


def test_a_disk_that_cannot_be_asked_is_as_it_was(tmp_path: Path) -> None:
    assert DiskGauge(tmp_path / "missing").read(0) == set()


class FakeCertificate:
    """A way to a duty room on another PC."""

    def __init__(self, days_left: int | None, *, refused: bool = False) -> None:
        self.days_left = days_left
        self.refused = refused


@pytest.mark.parametrize(
    ("days", "refused", "expected"),
    [
        (30, False, set()),
        (29, False, {TroubleKind.CERTIFICATE_ENDS}),
        (7, False, {TroubleKind.CERTIFICATE_ENDS}),
        (6, False, {TroubleKind.CERTIFICATE_ENDS, TroubleKind.CERTIFICATE_ENDS_SOON}),
        (-1, True, {TroubleKind.CERTIFICATE_ENDS, TroubleKind.CERTIFICATE_ENDS_SOON, TroubleKind.CERTIFICATE_REFUSED}),
        (None, True, {TroubleKind.CERTIFICATE_REFUSED}),
    ],
)
def test_a_certificate_that_ends_is_told_of_in_time(
    days: int | None, refused: bool, expected: set[TroubleKind]
) -> None:
    gauge = CertificateGauge("duty_room", FakeCertificate(days, refused=refused))
    assert {fault.kind for fault in gauge.read(0)} == expected
    assert CertificateGauge("duty_room", None).read(0) == set()


def test_every_kind_of_trouble_has_a_row() -> None:
    assert sorted(row.kind for row in TROUBLE_ROWS) == sorted(TroubleKind)
