"""What a site's settings, its key and its list of accounts may be, and what is said of those that may not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from anju.concentrator.destinations.dc09 import opened, places
from anju.plan.model import Plan, PlannedHousehold, PlannedZone
from anju.service import settings, site_plan
from anju.service.errors import ServiceError
from anju.uplink.reports import Lane, Report, ReportKind, Zone, ZoneKind
from unit.concentrator.dc09 import kit
from unit.concentrator.harness import HandClock

pytestmark = pytest.mark.anyio
SITE = '[estate]\nname = "e"\n[concentrator]\nbuilding = "3"\n'
ARC = '[destinations.arc]\nkind = "dc09"\nreceivers = ["10.0.0.9:9000"]\naccount = "9999"\n'


def opened_with(folder: Path, **more: Any) -> list[str]:
    return list(opened.at("arc", kit.settings(9, **more), folder, HandClock()).warnings)


def refusal(folder: Path, **more: Any) -> str:
    with pytest.raises(ServiceError) as error:
        opened_with(folder, **more)
    return error.value.what


def test_a_line_that_is_not_protected_is_used_only_if_somebody_says_so_and_is_warned_of(tmp_path: Path) -> None:
    for transport in ("tcp", "udp"):
        assert "read, change and answer" in refusal(tmp_path, transport=transport, unprotected=False)
        assert len(opened_with(tmp_path, transport=transport)) == 2
    assert opened_with(tmp_path, transport="tls", unprotected=False) == []


@pytest.mark.parametrize(
    ("text", "good"),
    [
        *((f"hex:{'0F' * size}", True) for size in (16, 24, 32)),
        (f"text:{'k' * 16}", True),
        (f"text:{'k' * 17}", False),
        (f"hex:{'0f' * 15}", False),
        (f"hex:{'zz' * 16}", False),
        ("0f" * 16, False),
        ("", False),
    ],
)
def test_a_key_says_how_it_is_written(tmp_path: Path, text: str, good: bool) -> None:
    path = tmp_path / "arc.key"
    path.write_text(text + "\n")
    path.chmod(0o600)
    if good:
        opened_with(tmp_path, key_file="arc.key")
    else:
        assert refusal(tmp_path, key_file="arc.key") == f"{path} holds no key."  # and not what it holds


def test_a_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "arc.key").write_text("text:" + "k" * 16)
    (tmp_path / "arc.key").chmod(0o640)
    assert "Others may read" in refusal(tmp_path, key_file="arc.key")
    assert "cannot be read" in refusal(tmp_path, key_file="none.key")
    assert "Is a directory" in refusal(tmp_path, key_file=".")
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert "is no file" in refusal(tmp_path, key_file="pipe")


def _planned(folder: Path) -> None:
    zones = (PlannedZone(kind=ZoneKind.ENTRY, name="front-door"), PlannedZone(kind=ZoneKind.HOLD_UP, name="bedside"))
    flats = [PlannedHousehold(household=name, zones=zones) for name in ("3-2-0501", "3-2-0502")]
    site_plan.save(folder, Plan.of(flats))


def _report(household: str | None, name: str) -> Report:
    zone = Zone(kind=ZoneKind.ENTRY, name=name, number=4)
    return Report(seq=1, kind=ReportKind.OPENED, lane=Lane.ROUTINE, household=household, recorded_at_ms=0, zone=zone)


def test_accounts_and_zones_are_those_of_list_and_plan_and_follow_them(tmp_path: Path) -> None:
    _planned(tmp_path)
    accounts = tmp_path / "accounts.csv"
    accounts.write_text("# flats\n3-2-0501,1a01\n\n")
    known = places.Places(tmp_path, accounts, "9999")
    known.refresh()
    assert (known.account("3-2-0501"), known.account("3-2-0502"), known.account(None)) == ("1A01", "9999", "9999")
    assert known.without == ["3-2-0502"]
    zones = [known.zone(_report("3-2-0501", name)) for name in ("front-door", "bedside", "not-planned")]
    assert zones == [1, 2, 7]
    accounts.write_text("3-2-0501,1A01\n3-2-0502,1A02\n")
    known.refresh()
    assert (known.account("3-2-0502"), known.without) == ("1A02", [])


@pytest.mark.parametrize(
    "text",
    [
        "3-2-0501",
        "3-2-0501,XYZ",
        "3-2-0501,12",
        "3-2-0501,1A01\n3-2-0501,1A02",
        "3-2-0501,1A01\n3-2-0502,1A01",
        "a,b,c",
    ],
)
def test_a_list_that_is_wrong_is_refused_by_its_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text(text)
    with pytest.raises(ServiceError, match=r"line \d"):
        places.read(path)


def test_a_list_from_a_spreadsheet_that_writes_no_utf_8_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_bytes("# 三单元\n3-2-0501,1A01\n".encode("gbk"))
    with pytest.raises(ServiceError) as error:
        places.read(path)
    assert error.value.what == f"The accounts in {path} cannot be used: it is not text in UTF-8."


async def test_a_test_says_that_the_list_cannot_be_used_as_an_alarm_would_find(tmp_path: Path) -> None:
    accounts = tmp_path / "accounts.csv"
    accounts.write_text("3-2-0501,1A01\n")
    way = opened.at("arc", kit.settings(9, accounts_file="accounts.csv"), tmp_path, HandClock())
    accounts.write_text("3-2-0501,1A01\n3-2-0502,1A01\n")
    with pytest.raises(ServiceError, match="line 2"):
        await way.test()


class TestSiteToml:
    """[destinations.NAME]"""

    def test_it_is_read(self) -> None:
        site = settings.parse((SITE + ARC).encode(), Path("site.toml"))
        assert site.destinations["arc"].transport == "tls"

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (
                ARC + 'transport = "fax"\n',
                'line 9: [destinations.arc] transport = "fax" cannot be used: one of tls, tcp, udp belongs here',
            ),
            (ARC + 'unprotected = "yes"\n', "the wrong kind of value: true or false belongs here"),
            (ARC + 'key = "secret"\n', "line 9: [destinations.arc] key is unknown"),
            (ARC.replace("arc", "duty_room"), "[destinations.duty_room]"),
            (ARC.replace("9999", "XY"), "line 8: [destinations.arc] account"),
            (ARC.replace(":9000", ":0"), "line 7: [destinations.arc] receivers"),
            (
                ARC.replace("dc09", "fax"),
                'line 6: [destinations.arc] kind = "fax" cannot be used: one of dc09, mqtt belongs here',
            ),
            (ARC + "answer_s = 0\n", "line 9: [destinations.arc] answer_s = 0 is out of range: 1 to 20"),
        ],
    )
    def test_a_mistake_is_named_with_its_line(self, text: str, said: str) -> None:
        with pytest.raises(settings.SettingsError) as error:
            settings.parse((SITE + text).encode(), Path("site.toml"))
        assert said in str(error.value)
