"""`anju destinations`, with a real concentrator and a receiver that somebody else wrote."""

from __future__ import annotations

import json
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from pysiaalarm.account import SIAAccount
from pysiaalarm.event import SIAEvent
from pysiaalarm.sync.client import SIAClient

from anju.service import site_template
from unit.cli.conftest import Anju, running_site
from unit.concentrator.harness import PATIENCE_S
from unit.concentrator.site import free_udp_port

NOWHERE = "127.0.0.1:9"


class Told(NamedTuple):
    """A site that runs, and what its receiver has taken."""

    site: Path
    events: list[SIAEvent]


@pytest.fixture(scope="module")
def told() -> Iterator[Told]:
    """`arc` answers, `dead` does not."""
    events: list[SIAEvent] = []
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with (
        tempfile.TemporaryDirectory(prefix="anju-") as folder,
        SIAClient("127.0.0.1", port, [SIAAccount("9999")], events.append),
    ):
        path = Path(folder) / "site"
        site_template.create(path, estate="T", building="3", network=1, udp=f"127.0.0.1:{free_udp_port()}", port=8380)
        with (path / "site.toml").open("a") as file:
            for name, at in (("arc", f"127.0.0.1:{port}"), ("dead", NOWHERE)):
                file.write(f'\n[destinations.{name}]\nkind = "dc09"\nreceivers = ["{at}"]\naccount = "9999"\n')
                file.write('transport = "tcp"\nunprotected = true\nanswer_s = 1\n')
        for site in running_site(path):
            yield Told(site, events)


def shown(anju: Anju, site: Path) -> dict[str, dict[str, object]]:
    said = anju("destinations", "list", "--site", site, "--json")
    return {one["name"]: one for one in json.loads(said.out)["destinations"]}


def test_the_list_says_what_is_wrong_and_that_a_line_is_not_protected(anju: Anju, told: Told) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not shown(anju, told.site)["dead"]["why"]:
        assert time.monotonic() < until_s
        time.sleep(0.05)
    said = anju("destinations", "list", "--site", told.site)
    assert said.code == 3
    assert "not reached" in said.out
    assert "! arc: Its line is not protected by TLS" in said.out


def test_a_test_shows_the_answer(anju: Anju, told: Told) -> None:
    said = anju("destinations", "test", "arc", "--site", told.site)
    assert said.code == 0
    assert said.out.startswith("✓ arc has taken a test. Its answer: ACK")
    assert "RX" in {event.code for event in told.events}


def test_a_test_that_is_not_taken_is_an_error(anju: Anju, told: Told) -> None:
    said = anju("destinations", "test", "dead", "--site", told.site)
    assert said.code == 1
    assert "✗ dead has not taken a test" in said.out
    assert "Nothing is lost" in said.err + said.out


def test_one_is_switched_off_and_on(anju: Anju, told: Told) -> None:
    said = anju("destinations", "off", "arc", "--site", told.site)
    assert (said.code, said.out.startswith("✓ arc is off")) == (0, True)
    assert shown(anju, told.site)["arc"]["on"] is False
    assert json.loads(anju("destinations", "on", "arc", "--site", told.site, "--json").out)["on"] is True
    assert shown(anju, told.site)["arc"]["on"] is True


def test_what_waited_is_given_up_and_said(anju: Anju, told: Told) -> None:
    anju("destinations", "off", "arc", "--site", told.site)  # journalled, and owed to the other
    anju("destinations", "on", "arc", "--site", told.site)
    said = anju("destinations", "off", "dead", "--site", told.site)
    assert "Reports that waited for it and are never told to it: " in said.out
    assert anju("destinations", "list", "--site", told.site).code == 0


def test_a_name_that_is_none(anju: Anju, told: Told) -> None:
    said = anju("destinations", "on", "moon", "--site", told.site)
    assert said.code == 1
    assert "There is no destination moon" in said.err
    assert "arc, dead" in said.err


def test_a_site_without_any(anju: Anju, site: Path) -> None:
    said = anju("destinations", "list", "--site", site)
    assert said.code == 0
    assert "Reports go to the duty room alone" in said.err + said.out
