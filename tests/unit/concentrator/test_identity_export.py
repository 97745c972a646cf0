"""Out: everything that makes a concentrator, whether it runs or not; recorded first; sealed, and in nobody else's reach."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import pytest

from anju.concentrator.app import build, clock
from anju.concentrator.control import ask as ask_it
from anju.concentrator.core.identity import Identity
from anju.concentrator.core.pairing.state import Record, Stage
from anju.concentrator.core.places import Address
from anju.concentrator.enrolment import enrol
from anju.concentrator.identity import seal
from anju.concentrator.identity.export import export
from anju.concentrator.keyring import Keyring
from anju.concentrator.keyring_rows import LEAP, save_promise
from anju.ledger import LedgerError
from anju.plan.model import Plan, PlannedHousehold, PlannedZone
from anju.service import root_key, site_plan
from anju.service.errors import ServiceError
from anju.service.settings import Site, load
from anju.uplink.reports import ReportKind, ZoneKind
from anju.wire.table import Code, Step
from stateful.pairing import hasten
from unit.concentrator.harness import BUTTON, Disk, bench, mode
from unit.concentrator.identity_kit import PASSPHRASE, PERSON, ask, exported, reports, rows
from unit.concentrator.pairing_kit import AirNode, Estate, estate
from unit.concentrator.site import free_udp_port, new_site

ME = pwd.getpwuid(os.getuid()).pw_name
HOUSEHOLD = "3-2-0501"


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    hasten(monkeypatch)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site with a node and a plan."""
    made = new_site(tmp_path / "site", free_udp_port())
    zones = (PlannedZone(name="bed", kind=ZoneKind.HOLD_UP),)
    site_plan.save(made.folder, Plan.of([PlannedHousehold(household=HOUSEHOLD, zones=zones)]))
    enrol(made, HOUSEHOLD, [("bed", ZoneKind.HOLD_UP)], tmp_path / "node")
    return made


@pytest.fixture
def running() -> Iterator[Estate]:
    with estate() as up:
        yield up


def opened(file: Path) -> Identity:
    return Identity.model_validate_json(seal.unseal(file.read_bytes(), PASSPHRASE))


def enrolment(site: Site) -> dict[str, str]:
    told: dict[str, str] = json.loads((site.folder.parent / "node" / "enrolment.json").read_text())
    return told


def test_what_is_in_it(site: Site, tmp_path: Path) -> None:
    export(site, tmp_path / "out.anju", ask, clock)
    identity = opened(tmp_path / "out.anju")
    (link,) = identity.keyring.links
    assert (link.id.address, link.household, link.up, link.down) == (
        Address(1, 1),
        HOUSEHOLD,
        enrolment(site)["up"],
        enrolment(site)["down"],
    )
    assert identity.settings == (site.folder / "site.toml").read_text()
    assert identity.plan == site_plan.load(site.folder)
    assert identity.root_key == root_key.load_public(site.folder).hex()
    assert identity.person == ME


def test_a_keyring_as_large_as_a_town(tmp_path: Path) -> None:
    """What comes over the control socket is one line, however long."""
    site = new_site(tmp_path / "site", free_udp_port())

    async def populate() -> None:
        keyring = Keyring.open(site.keyring)
        for _ in range(300):
            await asyncio.gather(*(keyring.enrol(1, HOUSEHOLD, ()) for _ in range(10)))
        await keyring.close()

    async def while_it_runs() -> Identity:
        async with build(load(site.folder)):
            return await asyncio.to_thread(export, site, tmp_path / "out.anju", ask, clock)

    asyncio.run(populate())
    assert len(asyncio.run(while_it_runs()).keyring.links) == 3000
    assert len(opened(tmp_path / "out.anju").keyring.links) == 3000


def test_what_is_not_in_it(site: Site, tmp_path: Path) -> None:
    """The private root key, and what happened in people's homes."""

    async def press() -> Identity:
        async with bench(site.folder) as rooms:
            node = await rooms.enrol()
            await rooms.receive(node, node.event(Code.PANIC, BUTTON), node.event(Code.OPENED))
            return await exported(site, rooms)

    text = asyncio.run(press()).model_dump_json()
    for line in (site.folder / "root-key.pem").read_text().splitlines():
        assert line not in text
    for kind in (ReportKind.HOLD_UP_ALARM, ReportKind.OPENED):
        assert kind.value not in text


def test_no_key_is_in_the_file_in_clear_and_only_its_owner_may_read_it(site: Site, tmp_path: Path) -> None:
    out = tmp_path / "out.anju"
    export(site, out, ask, clock)
    raw = out.read_bytes()
    assert mode(out) == 0o600
    for way in ("up", "down"):
        key = enrolment(site)[way]
        for form in (key, key.upper()):
            assert form.encode() not in raw
        assert bytes.fromhex(key) not in raw
    for word in (PASSPHRASE, HOUSEHOLD, "building", root_key.load_public(site.folder).hex()):
        assert word.encode() not in raw


def test_no_object_shows_a_key(site: Site, tmp_path: Path) -> None:
    identity = export(site, tmp_path / "out.anju", ask, clock)
    record = Record("47Z33QX1AJH62", bytes(16), Stage.GRANTED, bytes(32), "", *5 * (b"\xabkept to oneself\xab",))
    assert "abkept" not in repr(record)
    for way in ("up", "down"):
        assert enrolment(site)[way] not in repr(identity) + str(identity)


def test_it_is_recorded_who_has_it(site: Site, tmp_path: Path) -> None:
    export(site, tmp_path / "out.anju", ask, clock)
    (report,) = reports(site)
    assert (report.kind, report.person) == (ReportKind.IDENTITY_EXPORTED, ME)
    assert rows(site.journal, "outbox")[0]["destination"] == "duty_room"
    told = site.journal.read_bytes()
    keys = [enrolment(site)[way] for way in ("up", "down")]
    for secret in (PASSPHRASE.encode(), *(key.encode() for key in keys), *(bytes.fromhex(key) for key in keys)):
        assert secret not in told


def test_what_cannot_be_recorded_is_not_exported(site: Site, tmp_path: Path) -> None:
    async def refused() -> None:
        async with bench(site.folder) as rooms:
            with rooms.disk.refuses():
                await exported(site, rooms)

    with pytest.raises(LedgerError):
        asyncio.run(refused())


def test_what_cannot_be_limited_is_not_exported(site: Site) -> None:
    """A keyring that doesn't write could use counters that another will use."""

    async def refused() -> None:
        async with bench(site.folder) as rooms:
            with Disk(rooms.keyring._ledger).refuses():
                await exported(site, rooms)

    with pytest.raises(LedgerError):
        asyncio.run(refused())
    assert reports(site) == []


class TestWhileItRuns:
    """A concentrator goes on, and is asked over its control socket."""

    def test_it_gives_all_that_it_is(self, running: Estate, tmp_path: Path) -> None:
        node = AirNode(running)
        running.pair(node.node.label.qr_text)
        node.open()
        node.pair()
        node.greet()
        export(running.site, tmp_path / "out.anju", ask, clock)
        identity = opened(tmp_path / "out.anju")
        (link,) = identity.keyring.links
        far = node.node.identity
        assert far is not None
        assert (link.device, link.up, link.down) == (node.node.label.device, far.up.hex(), far.down.hex())
        assert link.public_key is not None
        assert (identity.nodes[0].epoch, identity.nodes[0].highest) == (1, node.far and node.far.counter)
        assert "identity_exported" in running.kinds()
        assert node.far is not None
        node.ack_of(node.far, node.far.event(Code.OPENED, 0))
        node.close()

    def test_a_node_that_is_just_being_paired_is_waited_for(self, running: Estate, tmp_path: Path) -> None:
        node = AirNode(running)
        number = running.pair(node.node.label.qr_text)
        node.deaf = lambda step: step == Step.GRANT
        node.open()
        node.talk_until(lambda: "known" in running.steps(number))
        with pytest.raises(ServiceError, match="just being paired"):
            export(running.site, tmp_path / "out.anju", ask, clock)
        assert not (tmp_path / "out.anju").exists()
        assert "identity_exported" not in running.kinds()
        node.deaf = lambda _step: False
        node.pair()
        export(running.site, tmp_path / "out.anju", ask, clock)
        assert len(opened(tmp_path / "out.anju").keyring.links) == 1
        node.close()

    def test_its_log_holds_no_secret(self, running: Estate, tmp_path: Path) -> None:
        export(running.site, tmp_path / "out.anju", ask, clock)
        running.process.terminate()
        _out, log = running.process.communicate()
        assert "identity exported" in log
        assert PASSPHRASE not in log


def test_its_counters_end_where_the_next_ones_begin(site: Site) -> None:
    """Also after a restart, and however often it is exported."""

    async def ends() -> list[tuple[object, object]]:
        found = []
        for _ in range(3):
            async with bench(site.folder) as rooms:
                await rooms.keyring.reserve([Address(1, 1)])
                await exported(site, rooms)
                found += [(row["ceiling"], row["most"]) for row in rows(site.keyring, "link")]
        return found

    first, *later = asyncio.run(ends())
    assert first == (1024, 1024 + LEAP)
    assert [end for _ceiling, end in later] == [1024 + LEAP] * 2


def test_what_it_had_promised_goes_along_and_is_over_here(site: Site) -> None:
    """One that was killed in the midst of a pairing: only one of both may decide."""
    record = Record(
        "47Z33QX1AJH62",
        bytes(16),
        Stage.GRANTED,
        bytes(32),
        json.dumps({"household": HOUSEHOLD, "zones": [], "person": PERSON, "former": None}),
        bytes(37),
        bytes(58),
        *3 * (bytes(32),),
    )

    async def promised() -> tuple[Identity, list[Record]]:
        async with bench(site.folder) as rooms:
            await rooms.keyring._ledger.write(lambda connection: save_promise(connection, record))
            return await exported(site, rooms), rooms.keyring.promises()

    identity, here = asyncio.run(promised())
    assert [promise.record for promise in identity.keyring.promises] == [record]
    assert [kept.stage for kept in here] == [Stage.CANCELLED]


class TestRefused:
    """Nothing is exported, and why is said."""

    def test_a_file_that_is_there(self, site: Site, tmp_path: Path) -> None:
        out = tmp_path / "out.anju"
        out.write_text("mine")
        with pytest.raises(ServiceError, match="exists already"):
            export(site, out, ask, clock)
        assert out.read_text() == "mine"
        assert not site.journal.exists()

    def test_a_weak_passphrase(self, site: Site, tmp_path: Path) -> None:
        with pytest.raises(ServiceError, match="too weak"):
            export(site, tmp_path / "out.anju", lambda: "1234", clock)
        assert not site.journal.exists()
        assert not (tmp_path / "out.anju").exists()

    def test_a_site_without_a_keyring(self, tmp_path: Path) -> None:
        site = new_site(tmp_path / "site")
        with pytest.raises(ServiceError, match=r"has no keyring"):
            export(site, tmp_path / "out.anju", ask, clock)
        assert not site.keyring.exists()

    def test_a_folder_that_is_not_there(self, site: Site, tmp_path: Path) -> None:
        with pytest.raises(ServiceError, match="cannot be written"):
            export(site, tmp_path / "none" / "out.anju", ask, clock)
        assert not site.journal.exists()

    def test_a_disk_that_is_full(self, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """There is no half file, and the next try writes a whole one."""
        fsync, out = os.fsync, tmp_path / "out.anju"

        def full(descriptor: int) -> None:
            if Path(f"/proc/self/fd/{descriptor}").readlink() == out:
                raise OSError(28, "No space left on device")
            fsync(descriptor)

        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            with pytest.raises(ServiceError, match="No space left"):
                export(site, out, ask, clock)
        assert not out.exists()
        export(site, out, ask, clock)
        assert opened(out).keyring.links

    def test_a_plan_that_cannot_be_read(self, site: Site, tmp_path: Path) -> None:
        (site.folder / "plan.json").write_text("{")
        with pytest.raises(ServiceError, match="plan"):
            export(site, tmp_path / "out.anju", ask, clock)
        assert not (tmp_path / "out.anju").exists()
        assert reports(site) == []


def test_a_concentrator_of_now_answers_with_an_identity(running: Estate) -> None:
    told = ask_it(running.site.control_socket, do="export_identity")
    assert Identity.model_validate_json(told["identity"]).settings
