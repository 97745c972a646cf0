"""A third party that takes nothing is found, and so is a line on which anybody may answer."""

from __future__ import annotations

import datetime as dt
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from unit.concentrator.mqtt_kit import certify
from unit.doctor.conftest import Found

ARC = '\n[destinations.arc]\nkind = "dc09"\nreceivers = ["127.0.0.1:9"]\naccount = "9999"\n'


def named(site: Path, more: str = "", *, is_on: bool = True) -> None:
    """A receiver in the settings, to which everything that the site has lived through is owed."""
    with (site / "site.toml").open("a") as file:
        file.write(ARC + more)
    with closing(sqlite3.connect(site / "journal.db")) as journal, journal:
        journal.execute("INSERT INTO destination VALUES ('arc', ?)", (is_on,))
        if is_on:
            journal.execute(
                "INSERT INTO outbox (destination, seq, household, lane) SELECT 'arc', seq, household, lane FROM outbox"
            )


def test_a_site_without_any(found: Found) -> None:
    assert found("destinations") == []


def test_one_that_takes_nothing(site: Path, found: Found) -> None:
    named(site)
    assert found("destinations") == []
    (finding,) = found("destinations", 600)
    assert "arc does not take" in finding.what
    assert "oldest for 10 min" in finding.seen
    assert finding.commands == (("anju", "destinations", "test", "arc", "--site", str(site)),)


def test_what_waits_for_the_duty_room_is_another_matter(site: Path, found: Found) -> None:
    before = found("backlog", 600)
    named(site)
    assert found("backlog", 600) == before


@pytest.mark.parametrize("is_on", [True, False])
def test_a_line_that_is_not_protected(site: Path, found: Found, is_on: bool) -> None:
    named(site, 'transport = "udp"\nunprotected = true\n', is_on=is_on)
    assert [finding.what[:40] for finding in found("destinations")] == [
        "arc is told over a line without TLS: who"
    ] * is_on


def test_a_secret_that_others_may_read(site: Path, found: Found) -> None:
    named(site, 'key_file = "arc.key"\n')
    key = site / "arc.key"
    (missing,) = found("destinations")
    assert missing.what == f"arc is told nothing: {key} cannot be read: No such file or directory."
    key.write_text("hex:" + "0f" * 16)
    key.chmod(0o640)
    (finding,) = found("destinations")
    assert finding.what == f"arc is told nothing: others may read {key}, which holds a secret."
    assert finding.seen == "Its mode: 640"
    assert finding.commands == (("chmod", "600", str(key)),)
    key.chmod(0o600)
    assert found("destinations") == []


def test_a_list_of_accounts_that_cannot_be_used(site: Path, found: Found) -> None:
    named(site, 'accounts_file = "accounts.csv"\n')
    accounts = site / "accounts.csv"
    accounts.write_text("3-2-0501,1A01\n3-2-0502,1A01\n")
    (finding,) = found("destinations")
    assert finding.what == "arc is told nothing: its list of accounts cannot be used."
    assert "line 2" in finding.seen
    accounts.write_text("3-2-0501,1A01\n3-2-0502,1A02\n")
    assert found("destinations") == []


def test_a_brokers_secrets_and_certificates_too(site: Path, found: Found) -> None:
    named(site)
    with (site / "site.toml").open("a") as file:
        file.write(
            '\n[destinations.home]\nkind = "mqtt"\nbroker = "10.0.0.9:8883"\nca_file = "broker.pem"\n'
            'password_file = "password"\ncertificate_file = "ours.pem"\ncertificate_key_file = "ours.key"\n'
        )
    for name in ("password", "ours.key"):
        (site / name).touch(0o644)
    for name in ("broker.pem", "ours.pem"):
        (site / name).write_text("no certificate")
    findings = found("destinations")
    assert [one.commands for one in findings[:2]] == [
        (("chmod", "600", str(site / name)),) for name in ("password", "ours.key")
    ]
    assert [one.what.rpartition("/")[2] for one in findings[2:]] == [
        f"{name} holds no certificate that can be read." for name in ("broker.pem", "ours.pem")
    ]


@pytest.mark.parametrize(
    ("from_days", "until_days", "said"),
    [
        (-9, 400, None),
        (-9, 5, "ends in 4 days."),
        (-9, -1, "has ended: it is told nothing."),
        (2, 400, "begins later than this clock says."),
    ],
)
def test_a_certificate_that_is_late(
    site: Path, found: Found, lived: tuple[Path, int], from_days: int, until_days: int, said: str | None
) -> None:
    now = dt.datetime.fromtimestamp(lived[1] / 1000, dt.UTC)
    days = [now + dt.timedelta(days=count) for count in (from_days, until_days)]
    certify(site, "receiver", *days)
    named(site, 'ca_file = "receiver.pem"\n')
    findings = found("destinations")
    assert [one.what.endswith(said) for one in findings if said] == [True] * bool(said)
    assert bool(findings) == bool(said)


def test_one_that_is_off(site: Path, found: Found) -> None:
    named(site, is_on=False)
    assert found("destinations", 600) == []
