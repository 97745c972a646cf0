"""Figures for Prometheus from services that run, read by the parser that Prometheus itself has."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from anju.concentrator.control import ask
from anju.concentrator.core.panel.trouble import Fault
from anju.concentrator.figures import Figures
from anju.service import notify, settings
from anju.service.settings import Site
from anju.simulator.premises import free_port
from anju.uplink.canonical import canonical
from anju.uplink.reports import TroubleKind
from unit.concentrator.harness import HandClock, bench
from unit.concentrator.site import free_udp_port, new_site
from unit.dutyroom.reports import NEIGHBOUR, batch, press

Key = tuple[str, tuple[tuple[str, str], ...]]


def scraped(port: int | None) -> dict[Key, float]:
    """Every sample by name and labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        text = answer.read().decode()
    families = text_string_to_metric_families(text)
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def name(text: str, **labels: str) -> Key:
    return text, tuple(sorted(labels.items()))


@pytest.fixture
def site() -> Iterator[Site]:
    """One whose services would answer Prometheus."""
    with tempfile.TemporaryDirectory(prefix="anju-") as folder:
        made = new_site(Path(folder) / "site", free_udp_port())
        file = made.folder / "site.toml"
        text = file.read_text()
        for key in ("concentrator_port = 9464", "dutyroom_port = 9465"):
            text = text.replace(f"# {key}", f"{key.split()[0]} = {free_port(socket.SOCK_STREAM)}")
        file.write_text(text)
        yield settings.load(made.folder)


@contextmanager
def started(site: Site, *services: str) -> Iterator[Path]:
    """Services that are up, and their log."""
    log = site.folder.parent / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener, log.open("wb") as out:
        listener.bind(str(site.folder.parent / "notify"))
        listener.settimeout(120)
        environment = os.environ | {"NOTIFY_SOCKET": str(site.folder.parent / "notify")}
        environment.pop("WATCHDOG_USEC", None)
        running = []
        try:
            for service in services:
                command = [sys.executable, "-P", "-m", f"anju.{service}", str(site.folder)]
                running.append(subprocess.Popen(command, stderr=out, env=environment))
                assert notify.decode(listener.recv(4096)) == notify.READY
            yield log
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait()


@pytest.fixture
def run(site: Site) -> Iterator[None]:
    """Both services, up."""
    with started(site, "dutyroom", "concentrator"):
        yield


def test_what_both_count(site: Site, run: None) -> None:
    address = site.concentrator.udp_address
    assert address is not None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as air:
        air.sendto(b"\x00" * 40, address)
    while not ask(site.control_socket, do="status")["frames"]["refused"]:
        pass
    told = scraped(site.metrics.concentrator_port)
    assert sum(value for (key, _), value in told.items() if key == "anju_frames_total") == 1
    assert told[name("anju_nodes")] == told[name("anju_nodes_silent")] == 0
    assert told[name("anju_commit_failing")] == 0
    assert told[name("anju_outbox_rows")] >= 0
    assert told[name("anju_outbox_oldest_seconds")] >= 0
    assert told[name("anju_commit_seconds_bucket", le="+Inf")] == told[name("anju_commit_seconds_count")] >= 0

    transport = httpx.HTTPTransport(uds=str(site.dutyroom_socket))
    with httpx.Client(transport=transport, base_url="http://duty-room", timeout=60) as client:
        answer = client.post("/uplink/v1/batches", content=canonical(batch(press(1), press(2, NEIGHBOUR))))
    assert answer.status_code == 200
    told = scraped(site.metrics.dutyroom_port)
    assert told[name("anju_incidents_open")] == told[name("anju_incidents_unseen")] == 2
    assert told[name("anju_link_age_seconds", concentrator="3")] >= 0
    assert told[name("anju_commit_seconds_count")] >= 1
    assert 0 < told[name("anju_commit_seconds_sum")] < 60


def test_what_is_owed_and_for_how_long(site: Site) -> None:
    """A day without a duty room, in a moment."""

    async def lived() -> dict[Key, float]:
        clock = HandClock()
        async with bench(site.folder, clock) as rooms:
            node = await rooms.enrol()
            await rooms.receive(node, node.press())
            clock.advance(24 * 3600)
            async with rooms.journal.change() as draft:
                draft.fault(Fault(TroubleKind.NODE_SILENT, "1/1"))
                draft.fault(Fault(TroubleKind.DESTINATION_DOWN, "arc"))
                draft.destinations |= {"arc": True, "other": False}
            clock.advance(60)
            figures = Figures(rooms.journal, lambda: rooms.keyring.links, rooms.reception.counts, lambda: "full", clock)
            return {(one.name, tuple(sorted(one.labels.items()))): one.value for m in figures() for one in m.samples}

    told = asyncio.run(lived())
    assert told[name("anju_outbox_rows")] >= 2
    assert told[name("anju_outbox_oldest_seconds")] == 24 * 3600 + 60
    for of, arc, other in (("on", 1, 0), ("rows", 2, 0), ("oldest_seconds", 60, 0), ("down", 1, 0)):
        shown = [told[name(f"anju_destination_{of}", destination=one)] for one in ("arc", "other")]
        assert shown == [arc, other], of
    assert told[name("anju_frames_total", verdict="fresh")] == 1
    assert told[name("anju_nodes")] == told[name("anju_nodes_silent")] == 1
    assert told[name("anju_troubles", kind="node_silent")] == 1
    assert told[name("anju_commit_failing")] == 1


def test_a_port_in_use_keeps_nobody_from_being_guarded(site: Site) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", site.metrics.concentrator_port or 0))
        other.listen()
        with started(site, "concentrator") as log:
            assert ask(site.control_socket, do="status")["journal_id"]
    assert "no metrics: their port cannot be used" in log.read_text()
