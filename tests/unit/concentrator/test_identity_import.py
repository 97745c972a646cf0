"""In: a new site that is the concentrator of an exported identity, or nothing at all."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from anju.concentrator.core.identity import MOST_COUNTER, Identity
from anju.concentrator.core.panel.schedule import Scheduled
from anju.concentrator.core.panel.signals import Action
from anju.concentrator.core.places import Address
from anju.concentrator.identity import adopt
from anju.concentrator.journal_audit import verify
from anju.concentrator.keypads.codes import Known
from anju.concentrator.keyring import BLOCK
from anju.concentrator.keyring_rows import LEAP
from anju.node.window import Window
from anju.plan.model import Plan, PlannedHousehold
from anju.service import root_key, site_plan
from anju.service.settings import Site
from anju.uplink.reports import PanelMode, ReportKind, ScheduleEntry, TroubleKind, ZoneKind
from anju.wire.table import Code, Verdict
from unit.concentrator.harness import BUTTON, HOUSEHOLD, HandClock, bench, mode
from unit.concentrator.identity_kit import PERSON, a_life, adopted, ask, everything, exported, reports, rows, written
from unit.concentrator.keys_kit import CODE, DURESS, FOB_ZONES, KEYPAD_ZONES, Home
from unit.concentrator.site import free_udp_port, new_site

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = new_site(tmp_path / "site", free_udp_port())
    site_plan.save(made.folder, Plan.of([PlannedHousehold(household=HOUSEHOLD, zones=())]))
    return made


async def test_it_is_the_same_concentrator(site: Site, clock: HandClock, tmp_path: Path) -> None:
    node, _said, identity = await a_life(site, clock)
    new = await adopted(identity, tmp_path / "new", clock)
    before, after = (
        {**row, "ceiling": 0, "most": 0} for row in (*rows(site.keyring, "link"), *rows(new.keyring, "link"))
    )
    assert before == after
    assert (new.folder / "site.toml").read_text() == (site.folder / "site.toml").read_text()
    assert site_plan.load(new.folder) == site_plan.load(site.folder)
    assert root_key.load_public(new.folder) == root_key.load_public(site.folder)
    async with bench(new.folder, clock) as rooms:
        assert await rooms.verdict(node, node.press()) == Verdict.ACCEPTED
        assert rooms.journal.building.nodes[Address(*node.address)].firmware == "0.1.0 test"


async def test_the_journals_key_goes_along(site: Site, clock: HandClock, tmp_path: Path) -> None:
    _node, _said, identity = await a_life(site, clock)
    async with bench(site.folder, clock) as rooms:
        public = (await rooms.keyring.journal_key()).public
    new = await adopted(identity, tmp_path / "new", clock)
    assert identity.keyring.journal_key is not None
    assert identity.keyring.journal_key not in repr(identity)
    assert verify(new.journal, public).faults == []


async def test_what_is_made_is_for_its_owner_alone_and_has_nothing_beside_it(
    site: Site, clock: HandClock, tmp_path: Path
) -> None:
    _node, _said, identity = await a_life(site, clock)
    new = await adopted(identity, tmp_path / "new", clock)
    assert mode(new.folder) == 0o700
    found = {file.name: mode(file) for file in new.folder.iterdir()}
    assert found == dict.fromkeys(("site.toml", "plan.json", "root-key.pub", "keyring.db", "journal.db"), 0o600)
    assert {file.split("/")[0] for file in everything(tmp_path)} == {"new", "new.anju", "site"}


async def test_its_journal_is_a_new_one_and_says_who_has_made_it(site: Site, clock: HandClock, tmp_path: Path) -> None:
    _node, _said, identity = await a_life(site, clock)
    new = await adopted(identity, tmp_path / "new", clock)
    ids = {str(rows(one.journal, "journal")[0]["journal_id"]) for one in (site, new)}
    assert len(ids) == 2
    assert identity.journal_id in ids
    (report,) = reports(new)
    assert (report.seq, report.kind, report.person) == (1, ReportKind.IDENTITY_IMPORTED, PERSON)
    assert len(rows(new.journal, "outbox")) == 1


async def test_nobody_is_disarmed_and_no_alarm_is_reset_by_it(site: Site, clock: HandClock, tmp_path: Path) -> None:
    async with bench(site.folder, clock) as rooms:
        node = await rooms.enrol()
        await rooms.arm(PanelMode.AWAY)
        await rooms.receive(node, node.press())
        identity = await exported(site, rooms)
    new = await adopted(identity, tmp_path / "new", clock)
    async with bench(new.folder, clock) as rooms:
        panel = rooms.journal.building.panels[HOUSEHOLD]
        assert (panel.mode, panel.latched) == (PanelMode.AWAY, frozenset({ZoneKind.HOLD_UP}))


async def test_who_is_armed_by_the_clock_goes_on_being_so(site: Site, clock: HandClock, tmp_path: Path) -> None:
    async with bench(site.folder, clock) as rooms:
        await rooms.enrol()
        entry = ScheduleEntry(anyway=False, days=(1, 5), minute=1350, mode=PanelMode.HOME, number=2)
        async with rooms.journal.change() as draft:
            draft.schedules[HOUSEHOLD] = (
                Scheduled(entry, PERSON, 739_000),
                Scheduled(entry.model_copy(update={"number": 3}), "Li Na", 739_001),
            )
        before = rooms.journal.building.schedules
        identity = await exported(site, rooms)
    new = await adopted(identity, tmp_path / "new", clock)
    async with bench(new.folder, clock) as rooms:
        assert rooms.journal.building.schedules == before


async def test_codes_go_on_opening_and_an_opened_keypad_does_not(site: Site, clock: HandClock, tmp_path: Path) -> None:
    async with bench(site.folder, clock) as rooms:
        before = Home(rooms)
        keypad, fob = await before.node(KEYPAD_ZONES), await before.node(FOB_ZONES)
        await before.give("daughter", CODE)
        await before.give("daughter", DURESS, is_duress=True)
        assert await before.prove(keypad, code=CODE) == Verdict.ACCEPTED
        await before.codes.expose(before.link(fob))
        people = before.codes.people(HOUSEHOLD)
        identity = await exported(site, rooms)
    assert CODE not in identity.model_dump_json()
    new = await adopted(identity, tmp_path / "new", clock)
    async with bench(new.folder, clock) as rooms:
        after = Home(rooms)
        assert after.codes.people(HOUSEHOLD) == people
        assert await after.codes.whose(HOUSEHOLD, DURESS.encode()) == Known("daughter", is_duress=True)
        assert after.codes.is_exposed(after.link(fob))
        assert after.codes.has_digits(after.link(keypad))
        assert not after.codes.is_exposed(after.link(keypad))


@pytest.mark.parametrize("boot", ["", "another"])
async def test_a_test_ends_with_it_and_that_is_reported(
    site: Site, clock: HandClock, tmp_path: Path, boot: str
) -> None:
    """Whoever put the household on TEST did so at another PC, whether or not this one's clock goes on from that one's."""
    async with bench(site.folder, clock) as rooms:
        node = await rooms.enrol()
        await rooms.ask(Action.TEST, person=PERSON, lasts_s=3600)
        identity = await exported(site, rooms)
    clock.advance(60)
    clock.now = clock.now._replace(boot=boot or clock.now.boot)
    new = await adopted(identity, tmp_path / "new", clock)
    assert [report.kind for report in reports(new)] == [ReportKind.IDENTITY_IMPORTED, ReportKind.TEST_ENDED]
    async with bench(new.folder, clock) as rooms:
        assert rooms.journal.building.panels[HOUSEHOLD].test is None
        await rooms.receive(node, node.press())
        assert rooms.reports()[-1].kind is ReportKind.HOLD_UP_ALARM
        assert not rooms.reports()[-1].test


@pytest.mark.parametrize("behind_s", [0, 30, 2300])
@pytest.mark.parametrize("boot", ["", "another"])
async def test_the_hour_of_a_test_is_an_hour_like_any_other_on_another_pc(
    site: Site, clock: HandClock, tmp_path: Path, boot: str, behind_s: int
) -> None:
    """Its clock may be behind, and come by the times once more at which somebody tried the buttons."""
    async with bench(site.folder, clock) as rooms:
        node = await rooms.enrol()
        for _ in range(2):
            await rooms.ask(Action.TEST, person=PERSON, lasts_s=600)
            clock.advance(1200)
            await rooms.look()
        await rooms.ask(Action.TEST, person=PERSON, lasts_s=3600)
        clock.advance(60)
        identity = await exported(site, rooms)
    clock.now = clock.now._replace(wall_ms=clock.now.wall_ms - 1000 * behind_s, boot=boot or clock.now.boot)
    new = await adopted(identity, tmp_path / "new", clock)
    async with bench(new.folder, clock) as rooms:
        await rooms.receive(node, node.press())
        assert rooms.reports()[-1].kind is ReportKind.HOLD_UP_ALARM
        assert not rooms.reports()[-1].test


async def test_numbers_of_nodes_that_are_gone_are_not_given_again(site: Site, clock: HandClock, tmp_path: Path) -> None:
    async with bench(site.folder, clock) as rooms:
        for _ in range(3):
            await rooms.enrol()
        await rooms.keyring.end([link.id for link in rooms.keyring.links[1:]], [])
        identity = await exported(site, rooms)
    new = await adopted(identity, tmp_path / "new", clock)
    async with bench(new.folder, clock) as rooms:
        assert [link.id.address.node for link in rooms.keyring.links] == [1]
        assert (await rooms.enrol()).address.node == 4


class TestWindows:
    """What was heard before the export is old; what was said between export and import counts once more, and shows its age."""

    async def test_what_was_recorded_before_the_export_is_old(
        self, site: Site, clock: HandClock, tmp_path: Path
    ) -> None:
        node, said, identity = await a_life(site, clock)
        new = await adopted(identity, tmp_path / "new", clock)
        async with bench(new.folder, clock) as rooms:
            before = rooms.rows()
            assert [await rooms.verdict(node, frame) for frame in said] == [Verdict.DUPLICATE] * 3
            assert rooms.rows() == before
            other = node.event(Code.PANIC, BUTTON, event_id=2, time_s=clock.unix_s)
            assert other != said[1]
            forged = node.frame(node.status(Code.CLOSED), counter=2)
            assert await rooms.verdict(node, forged) is None
            assert rooms.reception.counts["clone"] == 1

    async def test_what_was_said_between_counts_once_and_is_shown_as_delayed(
        self, site: Site, clock: HandClock, tmp_path: Path
    ) -> None:
        node, _said, identity = await a_life(site, clock)
        recorded = node.press()
        async with bench(site.folder, clock) as rooms:
            assert await rooms.verdict(node, recorded) == Verdict.ACCEPTED
        clock.advance(3600)
        new = await adopted(identity, tmp_path / "new", clock)
        async with bench(new.folder, clock) as rooms:
            assert [await rooms.verdict(node, recorded) for _ in range(2)] == [Verdict.ACCEPTED, Verdict.DUPLICATE]
            (alarm,) = (report for report in rooms.reports() if report.kind == ReportKind.HOLD_UP_ALARM)
            assert alarm.delayed

    async def test_once_the_node_has_spoken_it_counts_no_more(
        self, site: Site, clock: HandClock, tmp_path: Path
    ) -> None:
        node, _said, identity = await a_life(site, clock)
        recorded = node.press()
        for _ in range(40):
            node.heartbeat()
        new = await adopted(identity, tmp_path / "new", clock)
        async with bench(new.folder, clock) as rooms:
            await rooms.receive(node, node.hello(b"started!"))
            assert await rooms.verdict(node, recorded) is None
            assert rooms.reception.counts["replay"] == 1


class TestCounters:
    """Downlink counters leap over all that the PC before may use."""

    async def test_they_leap(self, site: Site, clock: HandClock, tmp_path: Path) -> None:
        node, _said, identity = await a_life(site, clock)
        new = await adopted(identity, tmp_path / "new", clock)
        async with bench(site.folder, clock) as old, bench(new.folder, clock) as rooms:
            (last,) = await old.receive(node, node.heartbeat())
            (first,) = await rooms.receive(node, node.heartbeat())
        assert last.header.counter == BLOCK + 1
        assert first.header.counter == BLOCK + LEAP + 1

    async def test_the_same_file_later_begins_later(self, site: Site, clock: HandClock, tmp_path: Path) -> None:
        """Somebody takes it from the safe again: what it gave before may be on the air already."""
        _node, _said, identity = await a_life(site, clock)
        first = await adopted(identity, tmp_path / "first", clock)
        clock.advance(86_400)
        second = await adopted(identity, tmp_path / "second", clock)
        begin, again = (int(str(rows(one.keyring, "link")[0]["ceiling"])) for one in (first, second))
        assert again - begin == 86_400

    @pytest.mark.parametrize(("age_s", "leap"), [(-(10**9), 0), (-1, 0), (0, 0), (10**10, adopt.MOST_AGE_S)])
    async def test_a_clock_that_is_wrong_takes_neither_the_leap_nor_the_counters(
        self, site: Site, clock: HandClock, age_s: int, leap: int
    ) -> None:
        _node, _said, identity = await a_life(site, clock)
        clock.advance(age_s)
        assert adopt.leap_since(identity.exported_at_ms, clock) == LEAP + leap

    async def test_a_node_without_counters_is_heard_told_of_and_not_answered(
        self, site: Site, clock: HandClock, tmp_path: Path
    ) -> None:
        """The field of a frame ends; the one that is next would be 0 again."""
        async with bench(site.folder, clock) as rooms:
            spent, other = await rooms.enrol(), await rooms.enrol()
            identity = await exported(site, rooms)
        identity = with_ceiling(identity, 1, MOST_COUNTER - LEAP - BLOCK + 1)
        new = tmp_path / "new"
        made = await asyncio.to_thread(adopt.adopt, written(identity, tmp_path / "out.anju"), new, ask, PERSON, clock)
        assert [link.id.address for link in made.spent] == [spent.address]
        async with bench(new, clock) as rooms:
            for _ in range(3):
                assert await rooms.receive(spent, spent.press()) == []
            assert rooms.kinds() == ["identity_imported", "hold_up_alarm", "trouble", "hold_up_alarm", "hold_up_alarm"]
            assert rooms.reports()[2].trouble is TroubleKind.COUNTERS_SPENT
            assert await rooms.verdict(other, other.press()) == Verdict.ACCEPTED

    async def test_one_with_a_block_left_is_answered_to_its_last(
        self, site: Site, clock: HandClock, tmp_path: Path
    ) -> None:
        async with bench(site.folder, clock) as rooms:
            node = await rooms.enrol()
            identity = await exported(site, rooms)
        new = await adopted(with_ceiling(identity, 1, MOST_COUNTER - LEAP - BLOCK), tmp_path / "new", clock)
        async with bench(new.folder, clock) as rooms:
            counters = []
            while answers := await rooms.receive(node, node.heartbeat()):
                counters += [answer.header.counter for answer in answers]
        assert counters == list(range(MOST_COUNTER - BLOCK + 1, MOST_COUNTER + 1))


def with_ceiling(identity: Identity, node: int, ceiling: int) -> Identity:
    """One whose node has been told very much."""
    links = tuple(
        link.model_copy(update={"ceiling": ceiling}) if link.node == node else link for link in identity.keyring.links
    )
    return identity.model_copy(update={"keyring": identity.keyring.model_copy(update={"links": links})})


async def test_an_empty_folder_will_do(site: Site, clock: HandClock, tmp_path: Path) -> None:
    _node, _said, identity = await a_life(site, clock)
    (tmp_path / "new").mkdir()
    new = await adopted(identity, tmp_path / "new", clock)
    assert new.keyring.exists()


async def test_it_is_exported_and_imported_again(site: Site, clock: HandClock, tmp_path: Path) -> None:
    """From PC to PC: each leap is above the one before."""
    node, _said, identity = await a_life(site, clock)
    counters: list[int] = []
    for number in range(4):
        new = await adopted(identity, tmp_path / f"pc-{number}", clock)
        async with bench(new.folder, clock) as rooms:
            counters += [ack.header.counter for ack in await rooms.receive(node, node.heartbeat())]
            identity = await exported(new, rooms)
    assert [counter // LEAP for counter in counters] == [1, 2, 3, 4]


async def test_an_old_concentrators_frames_are_old_for_a_node(site: Site, clock: HandClock, tmp_path: Path) -> None:
    """The node's own window, fed with what both say."""
    node, _said, identity = await a_life(site, clock)
    new = await adopted(identity, tmp_path / "new", clock)
    window = Window()
    async with bench(site.folder, clock) as old, bench(new.folder, clock) as rooms:
        (first,) = await old.receive(node, node.hello(b"8 others"))
        window.open(first.header.counter)
        (leapt,) = await rooms.receive(node, node.heartbeat())
        assert window.is_fresh(leapt.header.counter)
        window.take(leapt.header.counter)
        for _ in range(5):
            (late,) = await old.receive(node, node.heartbeat())
            assert not window.is_fresh(late.header.counter)
