"""Several buildings on one duty room over TLS: kept apart, each known by its certificate, and nobody else let in."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from anju.concentrator.destinations.signed_http import Equipping, PeerRefused, SignedHttp, _Tls
from anju.dutyroom.core.change import What
from anju.dutyroom.core.incident import Act, Action, Incident
from anju.dutyroom.core.own_trouble import OVER_S
from anju.dutyroom.core.request import Arrival, Handling
from anju.dutyroom.store import reports_held
from anju.service.certs import tls
from anju.service.certs.holder import Holder
from anju.service.certs.own import Own
from anju.service.certs.trust import Trust, unix_ms
from anju.service.local_http import NoAnswer
from anju.uplink.reports import MOST_BYTES, Lane, OutcomeKind, Report, ReportKind
from together.estate import HOST, Building, Room, building, duty_room
from unit.concentrator.harness import HandClock, until
from unit.service.certs_kit import Estate

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("tries_at_once")]
_NOT_LET_IN = "not let in at the duty room"
YEAR = dt.timedelta(days=365)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with duty_room(tmp_path) as made:
        yield made


async def journalled(one: Building, household: str, kind: ReportKind = ReportKind.OPENED) -> None:
    async with one.rooms.journal.change() as draft:
        draft.record(kind, Lane.ROUTINE, household=household)


def held(folder: Path) -> list[str]:
    return [report.household or "" for _, _, report in reports_held(folder / "dutyroom.db")]


async def said_to(room: Room, context: ssl.SSLContext) -> bytes:
    """What somebody is answered who calls with this."""
    reader, writer = await asyncio.open_connection(HOST, room.port, ssl=context)
    try:
        writer.write(b"GET /uplink/v1/commands HTTP/1.1\r\nhost: x\r\n\r\n")
        return await reader.read()
    except (ssl.SSLError, ConnectionError):
        return b""
    finally:
        writer.close()


def incident_of(room: Room, number: int) -> Incident | None:
    story = room.desk.story(number)
    return story.incident if story else None


async def acknowledge(room: Room, incident: int) -> None:
    token = f"token of incident {incident}"
    person = await room.desk.sit_down(Arrival("Wang Qiang", token, None, "page"))
    action = Action(Act.ACKNOWLEDGE, person.id, room.desk.now_ms())
    await room.desk.handle(Handling(incident, action, f"key-of-incident-{incident}", "page"))


class TestSeveral:
    async def test_two_buildings_with_the_same_numbers_are_kept_apart(self, room: Room, tmp_path: Path) -> None:
        async with (
            building(tmp_path / "3", room, room.estate.issue("3")) as three,
            building(tmp_path / "4", room, room.estate.issue("4")) as four,
            three.speaking(),
            four.speaking(),
        ):
            nodes = {
                one: await one.rooms.enrol(household) for one, household in ((three, "3-2-0501"), (four, "4-2-0501"))
            }
            assert {node.address for node in nodes.values()} == {(1, 1)}
            for one, node in nodes.items():
                await one.rooms.receive(node, node.hello(), node.press())
            await until(lambda: len(room.desk.queue()) == 2)
            incidents = {incident.household: incident for incident in room.desk.queue()}
            assert set(incidents) == {"3-2-0501", "4-2-0501"}
            assert {link.concentrator for link in room.desk.links()} == {"3", "4"}

            await acknowledge(room, incidents["4-2-0501"].id)
            await until(lambda: four.rooms.journal.building.pending)
            (told,) = four.rooms.journal.building.pending.values()
            assert told.number == four.rooms.downlink.last_command
            await journalled(three, "3-2-0501")
            await until(lambda: not three.owed())
            assert three.rooms.downlink.last_command == 0
            assert room.log(What.ACKNOWLEDGE)[0].incident == incident_of(room, incidents["4-2-0501"].id)

    async def test_a_journal_of_another_building_is_not_told(self, room: Room, tmp_path: Path) -> None:
        async with (
            building(tmp_path / "3", room, room.estate.issue("3")) as three,
            building(tmp_path / "4", room, room.estate.issue("4")) as four,
        ):
            await journalled(three, "3-2-0501")
            async with three.speaking():
                await until(lambda: not three.owed())
            with pytest.raises(PeerRefused, match="other_name"):
                await four.line.ask("GET", f"commands?journal_id={three.rooms.journal.journal_id}&after=0", 10)
        assert room.troubles() == [{"trouble": "refused", "concentrator": "4", "why": "other_name"}]

    @pytest.mark.parametrize(("name", "household"), [("4", "4-2-0501"), ("3", "4-2-0501"), ("4", "3-2-0501")])
    async def test_nobody_speaks_for_another_building(
        self, room: Room, tmp_path: Path, name: str, household: str
    ) -> None:
        async with building(tmp_path / "3", room, room.estate.issue("3"), name=name) as three:
            await journalled(three, household)
            async with three.speaking():
                await until(room.troubles)
                await until(lambda: three.line.refused)
            assert three.owed() == 1
        assert held(tmp_path) == []
        assert room.troubles() == [{"trouble": "refused", "concentrator": "3", "why": "other_name"}]

    async def test_two_machines_with_one_certificate_are_told_of(self, room: Room, tmp_path: Path) -> None:
        own = room.estate.issue("3")
        async with building(tmp_path / "a", room, own) as first, building(tmp_path / "b", room, own) as second:
            for one in (first, second, first, second, first):
                await one.line.ask("GET", f"commands?journal_id={one.rooms.journal.journal_id}", 10)
        assert room.troubles() == [{"trouble": "two_concentrators", "concentrator": "3"}]

    async def test_what_each_of_two_with_one_identity_has_journalled_is_told(self, room: Room, tmp_path: Path) -> None:
        """A copy of a PC goes on beside it: under the next number each has journalled something else."""
        own = room.estate.issue("3")
        async with building(tmp_path / "a", room, own) as first:
            await journalled(first, "3-2-0501")
            async with first.speaking():
                await until(lambda: not first.owed())
            shutil.copytree(tmp_path / "a", tmp_path / "b", ignore=shutil.ignore_patterns("*.lock"))
            async with building(tmp_path / "b", room, own) as second:
                await journalled(first, "3-2-0502", ReportKind.OPENED)
                await journalled(second, "3-2-0503", ReportKind.CLOSED)
                async with first.speaking():
                    await until(lambda: not first.owed())
                async with second.speaking():
                    await until(lambda: not second.owed())
                for one in (first, second, first):
                    await one.line.ask("GET", f"commands?journal_id={one.rooms.journal.journal_id}", 10)
                assert held(tmp_path) == ["3-2-0501", "3-2-0502"]
                (conflict,) = room.log(What.CONFLICT)
                offered = Report.model_validate_json(conflict.detail["offered"])
                assert (offered.seq, offered.household, offered.kind) == (2, "3-2-0503", ReportKind.CLOSED)
                assert {"trouble": "two_concentrators", "concentrator": "3"} in room.troubles()
                # None of them lets go of what it has journalled.
                assert [report.household for report in second.rooms.reports()] == ["3-2-0501", "3-2-0503"]
                assert [row[4] for row in second.rooms.rows()["outbox"]] == [1, 2]
                assert [report.household for report in first.rooms.reports()] == ["3-2-0501", "3-2-0502"]

    async def test_one_that_is_started_anew_is_one(self, room: Room, tmp_path: Path) -> None:
        own = room.estate.issue("3")
        for _ in range(6):
            async with building(tmp_path / "3", room, own) as one:
                for _ in range(2):
                    await one.line.ask("GET", f"commands?journal_id={one.rooms.journal.journal_id}", 10)
        assert room.troubles() == []


class TestRefused:
    async def stays_out(self, room: Room, one: Building, folder: Path, **told: str) -> None:
        """It gets nothing in, keeps what it owes, and everybody is told."""
        await journalled(one, "3-2-0501")
        with capture_logs() as logs:
            async with one.speaking():
                await until(room.troubles)
                await until(lambda: one.line.refused)
        assert one.owed() == 1
        assert held(folder) == []
        assert room.troubles() == [{"trouble": "refused"} | told]
        assert [line["why"] for line in logs if line["event"] == "refused at the uplink"] == [told["why"]]
        assert ["certificate is refused" in line["reason"] for line in logs if line["event"] == _NOT_LET_IN] == [True]

    async def test_revoked(self, room: Room, tmp_path: Path) -> None:
        own = room.estate.issue("3")
        room.estate.revoke("3")
        async with building(tmp_path / "3", room, own) as one:
            await self.stays_out(room, one, tmp_path, why="revoked", concentrator="3")

    async def test_foreign(self, room: Room, tmp_path: Path) -> None:
        own = Estate(tmp_path / "other").issue("3")
        own._authority = room.own.authority
        async with building(tmp_path / "3", room, own) as one:
            await self.stays_out(room, one, tmp_path, why="foreign")

    async def test_a_duty_rooms_own_is_no_concentrators(self, room: Room, tmp_path: Path) -> None:
        async with building(tmp_path / "3", room, room.own, name="3") as one:
            await self.stays_out(room, one, tmp_path, why="foreign")

    async def test_revoked_while_it_speaks(self, room: Room, tmp_path: Path) -> None:
        async with building(tmp_path / "3", room, room.estate.issue("3")) as one:
            await journalled(one, "3-2-0501")
            async with one.speaking():
                await until(lambda: not one.owed())
                room.estate.revoke("3")
                await journalled(one, "3-2-0502")
                await until(room.troubles)
            assert one.owed() == 1
        assert held(tmp_path) == ["3-2-0501"]

    async def test_without_a_certificate(self, room: Room) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        assert await said_to(room, context) == b""
        await until(room.troubles)
        assert room.troubles() == [{"trouble": "refused", "why": "missing"}]

    async def test_older_tls(self, room: Room) -> None:
        context = tls.client_context(room.estate.issue("3"))
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection(HOST, room.port, ssl=context)
        await until(room.troubles)
        assert room.troubles() == [{"trouble": "refused", "why": "old_tls"}]

    async def test_a_flood_of_strangers_is_told_once(self, room: Room) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        for _ in range(20):
            assert await said_to(room, context) == b""
        await until(room.troubles)
        assert len(room.troubles()) == 1

    async def test_an_oversized_batch(self, room: Room, tmp_path: Path) -> None:
        async with building(tmp_path / "3", room, room.estate.issue("3")) as one:
            with pytest.raises(NoAnswer):
                await one.line.ask("POST", "batches", 10, b" " * (MOST_BYTES + 1))
        assert held(tmp_path) == []


class TestOutOfTime:
    """A date refuses nobody, because the clock may be what is wrong: it is shown for as long as it is so."""

    async def comes_in(self, one: Building, household: str) -> None:
        await journalled(one, household)
        async with one.speaking():
            await until(lambda: not one.owed())
        assert not one.line.refused

    async def test_one_that_has_ended_comes_in_and_is_shown_until_it_is_renewed(
        self, room: Room, tmp_path: Path
    ) -> None:
        own = room.estate.issue("3", days=90)
        ended_ms = str(unix_ms(own.certificate.not_valid_after_utc))
        async with building(tmp_path / "3", room, own) as one:
            room.time.duty_room += YEAR
            for household in ("3-2-0501", "3-2-0502"):
                await self.comes_in(one, household)
            assert held(tmp_path) == ["3-2-0501", "3-2-0502"]
            told = {"trouble": "certificate_ended", "concentrator": "3", "at_ms": ended_ms}
            assert room.troubles() == [told]
            room.clock.advance(3 * 24 * 3600)
            assert room.troubles() == [told]
            room.estate.authority.renew(Holder("3"), own.path, 300, room.time.duty_room)
            await self.comes_in(one, "3-2-0503")
        assert room.troubles() == []

    @pytest.mark.parametrize(("years", "trouble"), [(10, "certificate_ended"), (-10, "certificate_not_yet")])
    async def test_a_duty_room_whose_clock_is_ten_years_off(
        self, room: Room, tmp_path: Path, years: int, trouble: str
    ) -> None:
        async with building(tmp_path / "3", room, room.estate.issue("3")) as one:
            room.time.duty_room += years * YEAR
            await self.comes_in(one, "3-2-0501")
            assert [(seen["trouble"], seen["concentrator"]) for seen in room.troubles()] == [(trouble, "3")]
            room.time.duty_room -= years * YEAR
            room.clock.advance(OVER_S)
            await self.comes_in(one, "3-2-0502")
        assert room.troubles() == []

    @pytest.mark.parametrize("years", [10, -10])
    async def test_a_concentrator_whose_clock_is_ten_years_off(self, room: Room, tmp_path: Path, years: int) -> None:
        async with building(tmp_path / "3", room, room.estate.issue("3")) as one:
            room.time.buildings += years * YEAR
            with capture_logs() as logs:
                await self.comes_in(one, "3-2-0501")
        told = "the duty room's certificate is out of its time by this clock"
        assert [line["event"] for line in logs].count(told) == 1
        assert room.troubles() == []

    @pytest.mark.parametrize("years", [10, -10])
    async def test_guards_are_called_whoevers_clock_is_wrong_and_see_what_became_of_their_answer(
        self, room: Room, tmp_path: Path, years: int
    ) -> None:
        """By a clock that is ahead an answer has expired, which is told; by one that is behind it waits for its node."""
        clock = HandClock()
        clock.advance(years * YEAR.total_seconds())
        async with building(tmp_path / "3", room, room.estate.issue("3"), clock=clock) as one, one.speaking():
            node = await one.rooms.enrol("3-2-0501")
            assert len(await one.rooms.acks(node, node.hello(), node.press())) == 2
            await until(room.desk.queue)
            (incident,) = room.desk.queue()
            assert incident.opened_at_ms <= room.desk.now_ms()
            await acknowledge(room, incident.id)
            if years < 0:
                await until(lambda: one.rooms.journal.building.pending)
            else:
                await until(lambda: room.log(What.OUTCOME))
                (told,) = room.log(What.OUTCOME)
                assert told.report
                assert told.report.outcome
                assert told.report.outcome.outcome is OutcomeKind.EXPIRED
            await until(lambda: not one.owed())

    async def test_one_that_has_ended_and_was_revoked_is_refused(self, room: Room, tmp_path: Path) -> None:
        own = room.estate.issue("3", days=90)
        room.time.duty_room += YEAR
        room.estate.revoke("3")
        async with building(tmp_path / "3", room, own) as one:
            await journalled(one, "3-2-0501")
            async with one.speaking():
                await until(lambda: one.line.refused)
            assert one.owed() == 1
        assert room.troubles() == [{"trouble": "refused", "concentrator": "3", "why": "revoked"}]


class TestDutyRoomRefused:
    @pytest.fixture
    async def one(self, room: Room, tmp_path: Path) -> AsyncIterator[Building]:
        async with building(tmp_path / "3", room, room.estate.issue("3")) as made:
            yield made

    async def test_revoked_where_the_list_is_known(self, room: Room, one: Building, tmp_path: Path) -> None:
        room.estate.revoke("duty-room")
        (tmp_path / "3" / "revoked.pem").write_bytes(room.estate.revoked.read_bytes())
        with pytest.raises(PeerRefused, match="the duty room's certificate is refused: revoked"):
            await one.line.ask("GET", f"commands?journal_id={one.rooms.journal.journal_id}", 10)

    async def test_another_estates(self, room: Room, tmp_path: Path) -> None:
        async with (
            duty_room(tmp_path / "elsewhere") as other,
            building(tmp_path / "3", room, room.estate.issue("3"), port=other.port) as one,
        ):
            with pytest.raises(PeerRefused, match="the duty room's certificate is refused: foreign"):
                await one.line.ask("GET", f"commands?journal_id={one.rooms.journal.journal_id}", 10)


async def test_without_a_certificate_a_concentrator_works_and_goes_on_when_it_has_one(
    room: Room, tmp_path: Path
) -> None:
    path = tmp_path / "uplink.pem"

    def equip() -> SignedHttp:
        own = Own.open(path, Holder("3"))
        trust = Trust(own.authority, tmp_path / "no list", must_exist=False)
        return SignedHttp.over_tls(HOST, room.port, own, trust, lambda: room.time.buildings)

    line = Equipping(equip)
    try:
        for _ in range(2):
            with pytest.raises(PeerRefused, match="missing"):
                await line.ask("GET", f"commands?journal_id={'a' * 32}", 10)
        assert (line.refused, line.days_left) == (True, None)
        path.write_bytes(room.estate.issue("3").path.read_bytes())
        path.chmod(0o600)
        await line.ask("GET", f"commands?journal_id={'a' * 32}", 10)
        assert (line.refused, line.days_left) == (False, 729)
    finally:
        await line.close()


async def test_what_is_renewed_counts_without_a_restart(room: Room, tmp_path: Path) -> None:
    own = room.estate.issue("3", days=20)
    async with building(tmp_path / "3", room, own) as one:
        await one.line.ask("GET", f"commands?journal_id={one.rooms.journal.journal_id}", 10)
        assert one.line.days_left < 30
        room.estate.authority.renew(Holder("3"), own.path, 730, room.time.duty_room)
        room.estate.authority.renew(Holder(), room.own.path, 730, room.time.duty_room)
        tls.renew(room.context, room.own)
        room.time.duty_room += dt.timedelta(days=21)
        room.time.buildings += dt.timedelta(days=21)
        await one.line.ask("GET", f"commands?journal_id={one.rooms.journal.journal_id}", 10)
        assert one.line.days_left > 600
    assert room.troubles() == []


async def test_a_renewed_file_of_which_half_has_arrived_leaves_the_one_before(room: Room, tmp_path: Path) -> None:
    own = room.estate.issue("3")
    connecting = _Tls(own, Trust(own.authority, tmp_path / "no list", must_exist=False))
    first = await connecting.connect_tcp(HOST, room.port)
    own.path.write_bytes(own.path.read_bytes()[:200])
    again = await connecting.connect_tcp(HOST, room.port)
    for stream in (first, again):
        await stream.aclose()


async def test_a_renewed_file_that_cannot_be_read_ends_no_duty_room(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anju.dutyroom.warden.LOOK_S", 0.01)
    room.estate.authority.renew(Holder(), room.own.path, 730, room.time.duty_room)
    tried: list[OSError | None] = [OSError("half of it"), None]
    shown = asyncio.Event()

    def renew() -> None:
        if (error := tried.pop(0)) is not None:
            raise error
        shown.set()

    watching = asyncio.create_task(room.warden.watch(renew))
    await until(lambda: shown.is_set() or watching.done())
    assert not watching.done()
    watching.cancel()


async def test_a_duty_room_tells_in_time_that_its_own_ends(room: Room) -> None:
    for days, trouble in (
        (690, None),
        (705, "certificate_ends"),
        (724, "certificate_ends_soon"),
        (800, "certificate_ended"),
        (-10, "certificate_not_yet"),
    ):
        room.time.duty_room = room.estate.now + dt.timedelta(days=days)
        seen = room.warden.trouble()
        assert (seen and (seen.trouble, seen.concentrator)) == (trouble and (trouble, "duty-room"))
