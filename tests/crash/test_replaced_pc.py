"""A concentrator's PC dies and another takes its place: real nodes, paired by their labels, notice nothing."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from anju.bundle import stage
from anju.concentrator.app import clock
from anju.concentrator.identity import adopt
from anju.concentrator.identity.export import export
from anju.concentrator.keyring import BLOCK
from anju.concentrator.keyring_rows import LEAP
from anju.service import settings
from anju.simulator.interpreter import micropython
from anju.simulator.node import Place
from anju.simulator.provision import provision
from anju.uplink.canonical import canonical, digest
from anju.uplink.commands import FEEDBACK_VALID_S, CommandKind, EstateCommand, ReportRef
from anju.uplink.reports import Report, ReportKind
from anju.wire import table
from anju.wire.codec import Codec
from anju.wire.label import Label
from anju.wire.messages import Command, Header
from crash.relay import Relay
from firmware.node_process import NodeProcess
from unit.concentrator.identity_kit import PERSON, NextPc, ask, rows
from unit.concentrator.pairing_kit import Estate
from unit.concentrator.peer import Peer, serving

SEEN = "@pwm buzzer 660"
ZONES = [{"kind": "hold_up", "name": "bed", "number": 0}, {"kind": "entry", "name": "door", "number": 1}]
HOUSEHOLDS = ("3-2-0501", "3-2-0502")


class Home(NamedTuple):
    """A node, and where it hangs."""

    household: str
    label: Label
    store: Path
    process: NodeProcess

    def pair(self, estate: Estate) -> None:
        """Show its label and press its button; behind that the button is a hold-up button."""
        estate.pair(self.label.qr_text, household=self.household, zones=json.dumps(ZONES))
        self.process.drive("pin input0 1")
        self.process.expect("paired", "acked")
        self.process.drive("pin input0 0")

    def press(self) -> str:
        """Until the concentrator has it; the id of the press."""
        self.process.drive("pin input0 1")
        event = self.process.expect("event ").split()[1]
        self.process.expect(f"acked {event}")
        self.process.drive("pin input0 0")
        return event


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return stage("unix_sim", tmp_path / "bundle")


@pytest.fixture
def old(temporary: Path) -> Iterator[Estate]:
    estate = Estate(temporary)
    yield estate
    estate.kill()


@pytest.fixture
def homes(old: Estate, bundle: Path, tmp_path: Path) -> Iterator[tuple[Relay, list[Home]]]:
    """Two paired nodes behind a wire tap."""
    address = old.site.concentrator.udp_address
    assert address
    place = Place(micropython(), bundle, {"PATH": os.environ["PATH"], "MICROPYPATH": ".frozen"})
    with ExitStack() as stack:
        relay = stack.enter_context(Relay(address))
        made = []
        for household in HOUSEHOLDS:
            store = tmp_path / household
            store.mkdir()
            label = provision(place, store)
            node = stack.enter_context(NodeProcess(bundle, store, relay.link))
            made.append(Home(household, label, store, node))
            made[-1].pair(old)
        yield relay, made


def take_over(old: Estate, out: Path) -> NextPc:
    """From the file, on the same port, with the old PC dead."""
    folder = old.site.folder.with_name("new")
    adopt.adopt(out, folder, ask, PERSON, clock)
    return NextPc(settings.load(folder))


def headers(frames: list[bytes]) -> list[bytes]:
    """Of frames under link keys: with a zero byte each is a nonce."""
    return [frame[:12] for frame in frames if frame[1] == table.LinkClass.DOWN]


def counter(header: bytes) -> int:
    return int.from_bytes(header[8:], "big")


def hold_ups(pc: Estate, household: str) -> list[Report]:
    return [one for one in pc.reports() if one.kind == ReportKind.HOLD_UP_ALARM and one.household == household]


def command(pc: NextPc, report: Report, kind: CommandKind) -> EstateCommand:
    """What a guard's click makes of a report."""
    journal = str(rows(pc.site.journal, "journal")[0]["journal_id"])
    ref = ReportRef(journal_id=journal, seq=report.seq, sha256=digest(canonical(report)))
    return EstateCommand(
        number=int(time.time()),
        kind=kind,
        report=ref,
        household=report.household or "",
        person="Wang Wei",
        at_ms=int(time.time() * 1000),
        valid_s=FEEDBACK_VALID_S,
    )


@pytest.mark.parametrize("while_it_runs", [True, False], ids=["exported while it ran", "exported from its disk"])
def test_every_node_is_heard_and_answered_without_pairing_anew(
    old: Estate, homes: tuple[Relay, list[Home]], bundle: Path, tmp_path: Path, while_it_runs: bool
) -> None:
    relay, nodes = homes
    out = tmp_path / "out.anju"
    if while_it_runs:
        export(old.site, out, ask, clock)
        nodes[0].press()  # the old one goes on for a while
    old.kill()
    if not while_it_runs:
        export(old.site, out, ask, clock)
    from_the_old = len(relay.down)
    pc = take_over(old, out)
    try:
        for home in nodes:
            home.press()
            assert hold_ups(pc, home.household)
        assert [(one["node"], one["state"]) for one in pc.nodes()] == [("1/1", "proved"), ("1/2", "proved")]
        nodes[1].process.kill()
        with NodeProcess(bundle, nodes[1].store, relay.link) as restarted:
            nodes[1]._replace(process=restarted).press()
        assert len(hold_ups(pc, nodes[1].household)) == 2
    finally:
        pc.kill()
    used = headers(relay.down)
    assert len(used) == len(set(used))
    last, first = (headers(frames) for frames in (relay.down[:from_the_old], relay.down[from_the_old:]))
    assert min(map(counter, first)) > max(map(counter, last)) + LEAP - BLOCK


def test_a_guards_answer_reaches_the_button_and_the_old_ones_does_not(
    old: Estate, homes: tuple[Relay, list[Home]], tmp_path: Path
) -> None:
    """The old PC's keys are still good, but its counters are old for a node that has heard the new one."""
    relay, (home, _other) = homes
    export(old.site, tmp_path / "out.anju", ask, clock)
    old.kill()
    pc = take_over(old, tmp_path / "out.anju")
    try:
        event = home.press()
        (alarm,) = hold_ups(pc, home.household)
        (link,) = (row for row in rows(old.site.keyring, "link") if row["household"] == home.household)
        codec = Codec(table.LinkClass.UP)
        assert isinstance(link["up"], bytes)
        assert isinstance(link["down"], bytes)
        codec.learn(1, int(str(link["node"])), 1, up=link["up"], down=link["down"])
        coming = Command(
            table.Type.COMMAND, table.Flag.ACK_REQUESTED, int(time.time()), 99, table.Order.COMING, 0, int(event), 120
        )
        for ahead in range(1, 5):
            number = int(str(link["ceiling"])) + ahead
            relay.say(codec.seal(Header.down(1, int(str(link["node"])), 1, number), coming))
        asyncio.run(clicked(pc, alarm))
        home.process.expect(SEEN)  # which never takes the place of "somebody is coming"
    finally:
        pc.kill()


async def clicked(pc: NextPc, alarm: Report) -> None:
    """A duty room that has the alarm, and a guard who has seen it; until the concentrator knows that the node has shown it."""
    peer = Peer()
    peer.commands.append(command(pc, alarm, CommandKind.SEEN))
    async with serving(peer, pc.site.dutyroom_socket):
        while "command_outcome" not in pc.kinds():
            await asyncio.sleep(0.02)
