"""A third party that takes nothing is found, and so is a line on which anybody may answer."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

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


def test_one_that_is_off(site: Path, found: Found) -> None:
    named(site, is_on=False)
    assert found("destinations", 600) == []
