"""`anju certs`, as somebody types it who brings buildings to one duty room."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from anju.service import site_template
from anju.service.certs.holder import Holder
from anju.service.certs.own import Own
from unit.cli.conftest import Anju


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site, and its folder as the one that the commands are typed in."""
    site_template.create(tmp_path / "site", estate="Sunny Garden", building="3", network=1, udp=None, port=8380)
    monkeypatch.chdir(tmp_path / "site")
    return tmp_path / "site"


def test_from_nothing_to_a_duty_room_and_a_concentrator(anju: Anju) -> None:
    made = anju("certs", "create")
    assert (made.code, made.out) == (0, "Made the authority of Sunny Garden.\n")
    assert "anju certs issue duty-room" in made.err
    assert anju("certs", "issue", "duty-room").code == 0
    issued = anju("certs", "issue", "4")
    assert issued.code == 0
    assert issued.out.startswith("uplink-4.pem: certificate ")
    assert "as uplink.pem into the site's folder of concentrator 4" in issued.err
    assert Own.open(Path("uplink.pem"), Holder()).authority == Own.open(Path("uplink-4.pem"), Holder("4")).authority


def test_a_renewed_one_takes_its_files_place(anju: Anju) -> None:
    anju("certs", "create")
    anju("certs", "issue", "duty-room", "--days", "20")
    own = Own.open(Path("uplink.pem"), Holder())
    before = own.certificate
    assert anju("certs", "renew", "duty-room").code == 0
    assert own.certificate.not_valid_after_utc > before.not_valid_after_utc


def test_what_was_revoked_is_listed_so(anju: Anju) -> None:
    anju("certs", "create")
    number = json.loads(anju("certs", "issue", "4", "--json").out)["number"]
    revoked = anju("certs", "revoke", "4")
    assert (revoked.code, revoked.out) == (0, f"Revoked {number} of concentrator 4.\n")
    assert "certs/revoked.pem" in revoked.err
    assert "revoked" in anju("certs", "list").out
    (told,) = json.loads(anju("certs", "list", "--json").out)["certificates"]
    assert (told["number"], told["who"], told["revoked"]) == (number, "4", True)
    again = anju("certs", "revoke", number)
    assert again.code == 1
    assert "Nothing was revoked." in again.err


def test_a_file_is_shown_without_its_key(anju: Anju) -> None:
    anju("certs", "create")
    anju("certs", "issue", "4", "--days", "9")
    secret = Path("uplink-4.pem").read_text().splitlines()[1]
    shown = anju("certs", "show", "uplink-4.pem")
    assert shown.code == 0
    assert "of concentrator 4, good until" in shown.out
    assert "Days left: 8." in shown.err
    assert secret not in shown.out + shown.err
    assert json.loads(anju("certs", "show", "uplink-4.pem", "--json").out)["who"] == "4"


@pytest.mark.parametrize("words", [("issue", "4"), ("renew", "4"), ("revoke", "4"), ("list",)])
def test_without_an_authority_it_says_how_to_make_one(anju: Anju, words: tuple[str, ...]) -> None:
    refused = anju("certs", *words)
    assert (refused.code, refused.out) == (1, "")
    assert "anju certs create" in refused.err


@pytest.mark.parametrize("who", ["", "4-1", "dutyroom", "../4"])
def test_nobody_is_issued_a_certificate(anju: Anju, who: str) -> None:
    anju("certs", "create")
    refused = anju("certs", "issue", who)
    assert refused.code == 2
    assert "type duty-room, or a building such as 3" in refused.err


def test_a_file_that_is_none_is_said(anju: Anju) -> None:
    refused = anju("certs", "show", "site.toml")
    assert refused.code == 1
    assert "site.toml is no certificate that can be read." in refused.err
