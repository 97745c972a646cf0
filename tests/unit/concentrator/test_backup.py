"""A backup is a site as of one moment, and a site again: no counter is used twice, nothing is lost and nothing comes twice."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from anju.concentrator.core.identity import HandedKeys
from anju.concentrator.core.panel.signals import Action as Asked
from anju.concentrator.core.places import Address, LinkId
from anju.concentrator.identity import backup, seal
from anju.concentrator.identity.export import gather
from anju.concentrator.identity.restore import Restored, restore
from anju.concentrator.journal_audit import hashes, verify
from anju.concentrator.keyring import Keyring
from anju.concentrator.keyring_rows import LEAP
from anju.dutyroom.core.incident import Act, Action
from anju.dutyroom.core.request import Arrival, Handling
from anju.dutyroom.store import Store, held, reports_held
from anju.ledger import LedgerError
from anju.service import settings
from anju.service.errors import ServiceError
from anju.service.settings import Site
from anju.uplink.canonical import canonical
from anju.uplink.reports import Batch, PanelMode, Report, ReportKind, Row
from anju.wire.table import Code, Verdict
from unit.concentrator.harness import DESTINATION, Bench, FarNode, HandClock, bench, mode
from unit.concentrator.identity_kit import PASSPHRASE, PERSON, ask, everything, rows
from unit.concentrator.site import new_site
from unit.dutyroom.reports import JOURNAL, NOW_MS, batch, press
from unit.wire.signatory import Signatory

T = TypeVar("T")

ANNA = Signatory(1)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return new_site(tmp_path / "site", 7010)


async def uploaded(site: Site, rooms: Bench, *, with_receipt: bool = True) -> None:
    """What is owed goes up; its receipt may be lost on its way back."""
    owed = rooms.journal.owed(DESTINATION, 500)
    if owed:
        told = tuple(Row(report=Report.model_validate_json(row.report), sha256=row.sha256) for row in owed)
        store = Store.open(site.dutyroom_db)
        receipt = await store.receive(
            Batch(concentrator="3", journal_id=rooms.journal.journal_id, rows=told), rooms.clock.now.wall_ms
        )
        await store.close()
        if with_receipt:
            await rooms.journal.settle(DESTINATION, [row.seq for row in receipt.rows], [])


def living(site: Site, clock: HandClock, then: Callable[[Bench], Awaitable[T]]) -> T:
    """Something that happens while a concentrator runs on the site's files."""

    async def run() -> T:
        async with bench(site.folder, clock) as rooms:
            return await then(rooms)

    return asyncio.run(run())


async def a_life(rooms: Bench) -> FarNode:
    node = await rooms.enrol()
    await rooms.receive(node, node.hello(), node.press(), node.event(Code.OPENED, levels=1))
    await rooms.arm(PanelMode.AWAY)
    return node


def backed_up(site: Site, clock: HandClock, name: str = "backup.anju") -> Path:
    out = site.folder.parent / name
    backup.backup(site, out, ask, clock)
    return out


def restored(file: Path, clock: HandClock, name: str = "new") -> tuple[Site, Restored]:
    made = restore(file, file.parent / name, ask, PERSON, clock)
    return settings.load(made.folder), made


def test_it_is_the_site_again(site: Site, clock: HandClock) -> None:
    node = living(site, clock, a_life)
    new, made = restored(backed_up(site, clock), clock)
    assert (made.faults, made.spent, made.made_at_ms) == (0, [], clock.now.wall_ms)
    assert (new.folder / "site.toml").read_text() == (site.folder / "site.toml").read_text()
    assert {file.name: mode(file) for file in new.folder.iterdir()} == dict.fromkeys(
        ("site.toml", "root-key.pub", "journal-key.pub", "keyring.db", "journal.db"), 0o600
    )
    before, after = rows(site.journal, "event"), rows(new.journal, "event")
    assert after[: len(before)] == before

    async def goes_on(rooms: Bench) -> None:
        assert rooms.kinds()[len(before) - 1 :] == ["backup_made", "backup_restored"]
        assert rooms.reports()[-1].person == PERSON
        assert rooms.journal.building.panels[node.household].mode is PanelMode.AWAY
        assert rooms.journal.building.panels[node.household].latched
        assert await rooms.verdict(node, node.press()) == Verdict.ACCEPTED
        key = await rooms.keyring.journal_key()
        assert verify(new.journal, key.public).faults == []

    living(new, clock, goes_on)


def test_it_is_recorded_who_made_it_before_there_is_one(site: Site, clock: HandClock) -> None:
    living(site, clock, a_life)
    (site.folder.parent / "full").mkdir(mode=0o700)
    out = site.folder.parent / "full" / "x.anju"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("anju.service.private_file.create", _full)
        with pytest.raises(ServiceError, match="There is no backup"):
            backup.backup(site, out, ask, clock)
    assert not out.exists()
    assert Report.model_validate_json(str(rows(site.journal, "event")[-1]["report"])).kind is ReportKind.BACKUP_MADE


def _full(_path: Path, _content: bytes) -> None:
    raise OSError(28, "No space left on device")


def test_it_is_made_beside_a_concentrator_that_runs(site: Site, clock: HandClock) -> None:
    async def running(rooms: Bench) -> bytes:
        await a_life(rooms)
        return (await asyncio.to_thread(backup._gathered, site, clock)).getvalue()

    with zipfile.ZipFile(io.BytesIO(living(site, clock, running))) as archive:
        assert archive.read("keyring.db")
        copy = site.folder.parent / "copy.db"
        copy.write_bytes(archive.read("journal.db"))
    assert [row["seq"] for row in rows(copy, "event")] == [row["seq"] for row in rows(site.journal, "event")]


def test_nothing_can_be_read_without_the_passphrase(site: Site, clock: HandClock) -> None:
    living(site, clock, a_life)
    raw = backed_up(site, clock).read_bytes()
    (up, down) = (rows(site.keyring, "link")[0][way] for way in ("up", "down"))
    assert isinstance(up, bytes)
    assert isinstance(down, bytes)
    content = seal.unseal(raw, PASSPHRASE, seal.BACKUP)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert up in archive.read("keyring.db")
    for clear in (up, down, b"3-2-0501", b"site.toml", b"SQLite format"):
        assert clear not in raw
    assert mode(site.folder.parent / "backup.anju") == 0o600


class TestCounters:
    def test_none_is_used_twice_however_long_the_old_one_went_on(self, site: Site, clock: HandClock) -> None:
        node = living(site, clock, a_life)
        file = backed_up(site, clock)

        async def last(rooms: Bench) -> int:
            (ack,) = await rooms.receive(node, node.heartbeat())
            return ack.header.counter

        async def goes_on(rooms: Bench) -> int:
            for _ in range(1200):
                await rooms.receive(node, node.heartbeat())
            return await last(rooms)

        used = living(site, clock, goes_on)
        clock.advance(100)
        first, _made = restored(file, clock, "first")
        clock.advance(100)
        second, _made = restored(file, clock, "second")

        counters = [used, living(first, clock, last), living(second, clock, last)]
        assert counters[1] > used + LEAP - 2 * 1024
        assert counters[2] > counters[1] + 10

    def test_nor_one_that_another_pc_may_use_after_an_export(self, site: Site, clock: HandClock) -> None:
        living(site, clock, a_life)

        async def exported(rooms: Bench) -> None:
            await gather(site, rooms.keyring, rooms.journal, PERSON, rooms.clock)

        living(site, clock, exported)
        (link,) = rows(site.keyring, "link")
        assert isinstance(link["most"], int)
        new, _made = restored(backed_up(site, clock), clock)
        (leapt,) = rows(new.keyring, "link")
        assert leapt["ceiling"] == link["most"] + LEAP + 10 * 365 * 86_400
        assert leapt["most"] == 2**32 - 1

    def test_a_node_without_any_left_is_named(self, site: Site, clock: HandClock) -> None:
        node = living(site, clock, a_life)

        async def spent(rooms: Bench) -> None:
            await rooms.keyring.leap(2**32 - 2**24, 0)

        living(site, clock, spent)
        _new, made = restored(backed_up(site, clock), clock)
        assert [link.address for link in made.spent] == [Address(*node.address)]


class TestNodeIds:
    """Which were given after the backup nobody knows; the duty room has heard of them."""

    def test_none_that_was_given_since_is_given_again(self, site: Site, clock: HandClock) -> None:
        living(site, clock, a_life)
        file = backed_up(site, clock)

        async def enrolled(rooms: Bench) -> int:
            return [await rooms.enrol() for _ in range(3)][-1].address.node

        since = living(site, clock, enrolled)
        new, _made = restored(file, clock)
        first = living(new, clock, enrolled)
        assert first - 2 > since + 1000
        again, _made = restored(backed_up(new, clock, "second.anju"), clock, "again")
        assert living(again, clock, enrolled) > first + 1000

    def test_nor_by_a_pc_that_takes_over_the_restored_one(self, site: Site, clock: HandClock) -> None:
        living(site, clock, a_life)
        new, _made = restored(backed_up(site, clock), clock)

        async def handed(rooms: Bench) -> HandedKeys:
            return await rooms.keyring.hand_over()

        keys = living(new, clock, handed)

        async def taken_over() -> int:
            keyring = Keyring.open(site.folder.parent / "next.db")
            try:
                await keyring.take_over(HandedKeys.model_validate_json(canonical(keys)), LEAP)
                return (await keyring.enrol(1, "3-2-0501", ())).address.node
            finally:
                await keyring.close()

        assert asyncio.run(taken_over()) > 1000

    def test_nor_is_an_epoch_of_the_place_that_a_device_had(self, site: Site, clock: HandClock) -> None:
        async def paired(rooms: Bench) -> LinkId:
            await rooms.pair(ANNA.device, ANNA.public_key)
            return max(link.id for link in rooms.keyring.links)

        before = living(site, clock, paired)
        file = backed_up(site, clock)
        since = living(site, clock, paired)
        assert (since.address, since.epoch) == (before.address, 2)
        new, _made = restored(file, clock)
        first = living(new, clock, paired)
        assert (first.address.node > before.address.node + 1000, first.epoch) == (True, 1)
        again = living(new, clock, paired)
        assert (again.address, again.epoch) == (first.address, 2)  # of what was given since the restore it knows all

    def test_two_that_are_restored_from_one_backup_begin_at_different_ids(self, site: Site, clock: HandClock) -> None:
        living(site, clock, a_life)
        file = backed_up(site, clock)

        async def enrolled(rooms: Bench) -> int:
            return (await rooms.enrol()).address.node

        firsts = [living(restored(file, clock, f"new {number}")[0], clock, enrolled) for number in range(4)]
        assert len(set(firsts)) > 1
        assert min(firsts) > 1000

    def test_a_network_has_none_left_rather_than_one_twice(self, site: Site, clock: HandClock) -> None:
        async def nearly_all(rooms: Bench) -> None:
            await rooms.enrol()
            await rooms.keyring.ledger.write(lambda file: file.execute("UPDATE link SET node = 65000").fetchall())

        living(site, clock, nearly_all)
        new, _made = restored(backed_up(site, clock), clock)

        async def one_more(rooms: Bench) -> None:
            with pytest.raises(LedgerError, match="no node id left"):
                await rooms.enrol()

        living(new, clock, one_more)


class TestCommands:
    def test_a_restored_duty_room_goes_on_above_all_that_it_has_given(self, site: Site, clock: HandClock) -> None:
        """Concentrators on other PCs go on asking for what comes behind the last one that they had."""

        async def given(path: Path) -> list[int]:
            store = Store.open(path)
            try:
                arrival = Arrival("Li Na", f"token {store.newest()}", None, "test")
                person = (await store.sit_down(arrival, NOW_MS)).id
                for act in (Act.ACKNOWLEDGE, Act.DISPATCH):
                    await store.receive(batch(press(store.newest() + 1)), NOW_MS)
                    handling = Handling(1, Action(act, person, NOW_MS), f"key {store.newest()}", "test")
                    await store.handle(handling)
                return [command.number for command in store.commands_after(JOURNAL, 0)]
            finally:
                await store.close()

        living(site, clock, a_life)
        before = asyncio.run(given(site.dutyroom_db))
        clock.now = clock.now._replace(wall_ms=before[-1] * 1000)
        file = backed_up(site, clock)
        since = asyncio.run(given(site.dutyroom_db))
        assert since[-1] > before[-1]
        clock.advance(3600)
        new, _made = restored(file, clock)
        assert asyncio.run(given(new.dutyroom_db))[len(before)] > since[-1]

    def test_a_duty_room_whose_file_is_empty_is_no_hindrance(self, site: Site, clock: HandClock) -> None:
        """It was never started to the end, and makes its tables when it is."""
        living(site, clock, a_life)
        site.dutyroom_db.touch()
        new, _made = restored(backed_up(site, clock), clock)
        assert new.dutyroom_db.exists()


class TestTheDutyRoomKnowsMore:
    """A backup that is older than what the duty room has."""

    @pytest.mark.parametrize("with_receipt", [True, False])
    def test_nothing_is_lost_and_nothing_comes_twice(self, site: Site, clock: HandClock, with_receipt: bool) -> None:
        async def begins(rooms: Bench) -> FarNode:
            node = await a_life(rooms)
            await uploaded(site, rooms, with_receipt=with_receipt)
            await rooms.receive(node, node.event(Code.TAMPERED, 2))  # owed at the time of the backup
            return node

        node = living(site, clock, begins)
        file = backed_up(site, clock)

        async def goes_on(rooms: Bench) -> None:
            await uploaded(site, rooms)
            await rooms.receive(node, node.press())
            await uploaded(site, rooms)

        living(site, clock, goes_on)
        before = list(reports_held(site.dutyroom_db))
        new, made = restored(file, clock)
        assert made.owed >= 1
        (new.folder / "dutyroom.db").unlink()  # the duty room is on another PC, and went on
        site.dutyroom_db.rename(new.dutyroom_db)

        async def after(rooms: Bench) -> None:
            await rooms.receive(node, node.event(Code.CLOSED))
            await uploaded(new, rooms)
            assert rooms.journal.totals()["outbox"] == 0

        living(new, clock, after)
        told = [report.kind.value for _journal, _seq, report in list(reports_held(new.dutyroom_db))[len(before) :]]
        assert sorted(told) == ["backup_restored", "closed"]
        assert held.verify(new.dutyroom_db).faults == []

    def test_an_event_that_its_node_was_not_told_of_alarms_nobody_twice(self, site: Site, clock: HandClock) -> None:
        node = living(site, clock, a_life)
        file = backed_up(site, clock)
        pressed = node.press()

        async def goes_on(rooms: Bench) -> None:
            await rooms.receive(node, pressed)  # and the acknowledgement is lost
            await uploaded(site, rooms)

        living(site, clock, goes_on)
        new, _made = restored(file, clock)
        site.dutyroom_db.rename(new.dutyroom_db)
        before = list(reports_held(new.dutyroom_db, once=True))

        async def after(rooms: Bench) -> None:
            assert await rooms.verdict(node, pressed) == Verdict.ACCEPTED
            await uploaded(new, rooms)

        living(new, clock, after)
        told = [report.kind.value for *_key, report in list(reports_held(new.dutyroom_db, once=True))[len(before) :]]
        assert told == ["backup_restored"]
        assert held.verify(new.dutyroom_db, [held.Held(*row) for row in hashes(new.journal, DESTINATION)]).faults == []

    def test_what_the_duty_room_never_got_it_gets(self, site: Site, clock: HandClock) -> None:
        living(site, clock, a_life)
        new, made = restored(backed_up(site, clock), clock)

        async def after(rooms: Bench) -> None:
            await uploaded(new, rooms)

        living(new, clock, after)
        journalled = [Report.model_validate_json(str(row["report"])) for row in rows(new.journal, "event")]
        assert [report for _journal, _seq, report in reports_held(new.dutyroom_db)] == sorted(
            journalled, key=lambda report: (report.household != "3-2-0501", report.seq)
        )
        assert made.owed == len(journalled) - 1


def test_what_was_recorded_before_is_a_replay_and_a_test_ends(site: Site, clock: HandClock) -> None:
    async def begins(rooms: Bench) -> tuple[FarNode, bytes]:
        node = await rooms.enrol()
        frame = node.press()
        await rooms.receive(node, frame)
        assert await rooms.ask(Asked.TEST, lasts_s=600) is None
        return node, frame

    node, frame = living(site, clock, begins)
    new, _made = restored(backed_up(site, clock), clock)

    async def after(rooms: Bench) -> None:
        assert await rooms.verdict(node, frame) == Verdict.DUPLICATE
        assert rooms.journal.building.panels[node.household].test is None
        assert rooms.kinds().count("hold_up_alarm") == 1

    living(new, clock, after)


class TestRefused:
    @pytest.fixture
    def file(self, site: Site, clock: HandClock) -> Path:
        living(site, clock, a_life)
        return backed_up(site, clock)

    def refused(self, file: Path, folder: Path, asking: Callable[[], str] = ask) -> str:
        before = everything(file.parent)
        with pytest.raises(ServiceError) as refusal:
            restore(file, folder, asking, PERSON, HandClock())
        assert everything(file.parent) == before
        assert refusal.value.unchanged
        return str(refusal.value)

    def test_a_place_that_is_not_free(self, file: Path, site: Site) -> None:
        assert "There is a site with a keyring" in self.refused(file, site.folder)

    def test_a_place_that_cannot_be_made(self, file: Path, tmp_path: Path) -> None:
        said = self.refused(file, tmp_path / "none" / "new")
        assert "cannot be made" in said
        assert "Nothing was restored." in said

    def test_another_passphrase(self, file: Path, tmp_path: Path) -> None:
        assert "the passphrase is wrong" in self.refused(file, tmp_path / "new", lambda: "another one of many words")

    def test_a_changed_byte(self, file: Path, tmp_path: Path) -> None:
        raw = bytearray(file.read_bytes())
        raw[-100] ^= 1
        file.write_bytes(raw)
        assert "the file was altered" in self.refused(file, tmp_path / "new")

    def test_an_exported_identity(self, file: Path, tmp_path: Path) -> None:
        file.write_bytes(seal.seal(b"{}", PASSPHRASE))
        assert "this is no backup" in self.refused(file, tmp_path / "new", _nobody)

    @pytest.mark.parametrize("names", [[], ["site.toml"], ["../evil"], ["/etc/x"], ["site.toml", "keyring.db"]])
    def test_what_is_no_backup_although_it_is_sealed(self, file: Path, tmp_path: Path, names: list[str]) -> None:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for name in [*names, backup.MADE_AT]:
                archive.writestr(name, "1")
        file.write_bytes(seal.seal(content.getvalue(), PASSPHRASE, seal.BACKUP))
        assert "no backup of a site" in self.refused(file, tmp_path / "new")
        file.write_bytes(seal.seal(b"noise", PASSPHRASE, seal.BACKUP))
        assert "no backup of a site" in self.refused(file, tmp_path / "new")

    def test_a_backup_of_a_damaged_file_is_none(self, file: Path, site: Site, clock: HandClock) -> None:
        raw = bytearray(site.journal.read_bytes())
        raw[8192:] = b"\xa5" * (len(raw) - 8192)
        site.journal.write_bytes(raw)
        with pytest.raises(ServiceError):
            backed_up(site, clock, "other.anju")
        assert not (file.parent / "other.anju").exists()

    def test_no_file_is_written_over(self, file: Path, site: Site, clock: HandClock) -> None:
        with pytest.raises(ServiceError, match="exists already"):
            backed_up(site, clock)


def _nobody() -> str:
    raise AssertionError("a passphrase was asked for")
