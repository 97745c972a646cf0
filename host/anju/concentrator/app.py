"""The wiring of the concentrator: the only module that knows every room."""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anju.concentrator.control import Control
from anju.concentrator.core.moment import Moment
from anju.concentrator.core.panel.signals import Times
from anju.concentrator.core.places import Route
from anju.concentrator.core.ports import Gauge, Send, Watch
from anju.concentrator.core.premises import Chosen
from anju.concentrator.core.supervision import Supervision
from anju.concentrator.desk import Desk
from anju.concentrator.destinations import duty_room, offered
from anju.concentrator.destinations.third_parties import ThirdParties
from anju.concentrator.downlink import Downlink
from anju.concentrator.enrolment import checked, enrol_here
from anju.concentrator.gauges import CertificateGauge, DestinationGauge, DiskGauge, LinkGauge, PowerGauge
from anju.concentrator.identity import backup, export
from anju.concentrator.journal import Journal
from anju.concentrator.keypads.codes import Codes
from anju.concentrator.keypads.requests import CodeRequests
from anju.concentrator.keypads.room import Keypads
from anju.concentrator.keyring import Keyring
from anju.concentrator.link.serial import SerialLink
from anju.concentrator.link.udp import UdpLink
from anju.concentrator.pairing.requests import PairingRequests
from anju.concentrator.pairing.room import Pairing
from anju.concentrator.panel_requests import PanelRequests
from anju.concentrator.premises import Furnished
from anju.concentrator.probing import Prober
from anju.concentrator.reception import Reception
from anju.concentrator.repair.journal import open_mended
from anju.concentrator.repair.keyring import open_mended as open_keyring
from anju.concentrator.retention import Retention
from anju.concentrator.schedule.requests import ScheduleRequests
from anju.concentrator.schedule.room import Schedules
from anju.concentrator.sounder import Sounder
from anju.concentrator.survey.requests import SurveyRequests
from anju.concentrator.survey.room import Surveys
from anju.concentrator.teller import Teller
from anju.concentrator.timekeeper import Timekeeper
from anju.concentrator.walk_test.requests import WalkTestRequests
from anju.concentrator.walk_test.room import WalkTests
from anju.concentrator.watchman import Watchman
from anju.ledger import journal_key
from anju.ledger.head import JournalKey
from anju.plan.model import PlannedZone
from anju.service import root_key, site_plan
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.service.local_http import LocalHttp
from anju.service.settings import FILE_NAME, Site
from anju.service.watchdog import Alive
from anju.uplink.reports import TroubleKind
from anju.wire.messages import Message
from anju.wire.pairing import is_pairing

if TYPE_CHECKING:
    from anju.concentrator.destinations.signed_http import Equipping

Arrive = Callable[[bytes, Route], None]
_VERDICTS = {"accepted": "fresh", "duplicates": "duplicate"}
_NOT_REFUSED = frozenset(_VERDICTS.values())


def clock() -> Moment:
    """Both clocks of this machine, now."""
    return Moment(time.time_ns() // 1_000_000, time.monotonic(), _boot())


@cache
def _boot() -> str:
    """What Linux calls this start of the machine. Elsewhere each start of the service is one: its monotonic clock then tells
    nothing that was before."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return secrets.token_hex(16)


@asynccontextmanager
async def build(site: Site) -> AsyncIterator[Alive]:
    """A running concentrator, alive while journal and reception go round; ServiceError if it cannot start, and then nothing of it
    is left running."""
    async with AsyncExitStack() as closing:
        keyring, damaged = await open_keyring(site.keyring, site.journal, clock)
        closing.push_async_callback(keyring.close)
        journal = await _journal(site, keyring, damaged)
        closing.push_async_callback(journal.close)
        supervision = Supervision()
        journal.building.premises = Furnished(keyring, supervision, _chosen(site))
        timekeeper = Timekeeper(journal, journal.subscribe(), clock)
        links: dict[str, UdpLink | SerialLink] = {}
        send = _sender(links)
        teller = Teller(keyring.codec, keyring, journal, send, clock)
        prober = Prober(teller, clock)
        walks = WalkTests(journal, keyring, prober.probe, clock)
        surveys = Surveys(journal, lambda: keyring.links, prober.probe, clock)
        closing.push_async_callback(surveys.close)
        downlink = Downlink(keyring.codec, keyring, journal, send, clock)
        pairing = Pairing(site.concentrator.network, keyring, journal, downlink, send, clock)
        elsewhere = _elsewhere(site)
        gauges: list[Gauge] = [
            PowerGauge(),
            DiskGauge(site.journal.parent),
            CertificateGauge(duty_room.NAME, elsewhere),
        ]
        watchman = Watchman(journal, lambda: keyring.links, supervision, gauges, clock)
        sounder, codes, keypads = _at_hand(keyring, journal, teller, walks)
        watch = _together(
            *(room.watch for room in (pairing, prober, walks, surveys, sounder, keypads)),
            downlink.heard,
            watchman.heard,
        )
        reception = Reception(keyring.codec, keyring, journal, send, clock, watch, keypads.requested)
        upwards = duty_room.DutyRoom(
            site.concentrator.building,
            elsewhere or LocalHttp(site.dutyroom_socket, duty_room.BASE),
            journal,
            downlink.accept,
            lambda: downlink.last_command,
        )
        closing.push_async_callback(upwards.close)
        others = ThirdParties(journal, journal, clock, offered.offers(offered.Around(site, journal, journal, clock)))
        await others.furnish()
        gauges += [
            LinkGauge(links.values(), reception.refused),
            DestinationGauge({duty_room.NAME: lambda: upwards.down_s(clock().monotonic_s)} | others.down_s),
        ]
        requests = PairingRequests(
            pairing,
            keyring,
            journal,
            clock,
            lambda household, zones: checked(site, household, zones),
            lambda: root_key.load_public(site.folder),
        )
        identity = {
            "export_identity": export.handler(site, keyring, journal, pairing, clock),
            "backup": backup.handler(journal),
        }
        desk = _desk(site, keyring, journal, reception, pairing, links)
        schedules = Schedules(journal, clock, site.estate.zone)
        household = desk.household
        control = Control(
            desk.handlers
            | requests.handlers
            | identity
            | PanelRequests(journal, household, clock).handlers
            | WalkTestRequests(walks, journal, household, lambda: keyring.links, _planned(site), clock).handlers
            | SurveyRequests(surveys, journal, household, lambda: keyring.links).handlers
            | ScheduleRequests(schedules, journal, household, clock).handlers
            | CodeRequests(codes, journal, household).handlers
            | others.handlers
        )
        await control.open(site.control_socket)
        closing.push_async_callback(control.close)
        serial_lines = await _open_links(site, links, _gate(reception, pairing), closing)
        await closing.enter_async_context(_metrics(site, keyring, journal, reception))
        async with asyncio.TaskGroup() as group:
            loops = [reception.run(), pairing.run(), downlink.run(), upwards.forward(), upwards.listen()]
            loops += [walks.run(), walks.ask(), timekeeper.run(), watchman.run(), schedules.run(), sounder.run()]
            loops += [
                keypads.run(),
                others.run(),
                Retention(journal, clock, *site.retention.limits).run(),
                *(line.run() for line in serial_lines),
            ]
            tasks = [group.create_task(loop) for loop in loops]
            try:
                yield _alive(reception, journal)
            finally:
                for task in tasks:
                    task.cancel()


@asynccontextmanager
async def _metrics(site: Site, keyring: Keyring, journal: Journal, reception: Reception) -> AsyncIterator[None]:
    """Figures for Prometheus, where somebody wants them; elsewhere nothing of that is loaded."""
    port = site.metrics.concentrator_port
    if port is None:
        yield
        return
    from anju.concentrator.figures import Figures
    from anju.service import metrics

    figures = Figures(journal, lambda: keyring.links, reception.counts, lambda: reception.not_committed, clock)
    async with metrics.serving(port, figures, journal.measure):
        yield


def _alive(reception: Reception, journal: Journal) -> Alive:
    async def alive() -> None:
        await reception.breathe()
        await journal.breathe()

    return alive


def _elsewhere(site: Site) -> Equipping | None:
    """The way to a duty room on another PC; None where it is on this one."""
    address = site.dutyroom.url_address
    if address is None:
        return None
    # A site of one PC does without all of this.
    from anju.concentrator.destinations.signed_http import Equipping, SignedHttp
    from anju.service.certs.holder import Holder
    from anju.service.certs.own import Own
    from anju.service.certs.trust import Trust

    def equip() -> SignedHttp:
        own = Own.open(site.uplink_certificate, Holder(site.concentrator.building))
        trust = Trust(own.authority, site.revoked, must_exist=False)
        return SignedHttp.over_tls(*address, own, trust, lambda: dt.datetime.now(dt.UTC))

    return Equipping(equip)


async def _journal_key(site: Site, keyring: Keyring) -> JournalKey:
    """With what the journal is signed; its public half lies in the site's folder, for whoever verifies."""
    key = await keyring.journal_key()
    await asyncio.to_thread(journal_key.save_public, site.folder, key.public)
    return key


async def _journal(site: Site, keyring: Keyring, damaged: str | None) -> Journal:
    """The journal; that a keyring was set aside is trouble."""
    key = await _journal_key(site, keyring)
    journal = await open_mended(site.journal, clock, (duty_room.NAME,), key)
    if damaged is not None:
        async with journal.change() as draft:
            draft.trouble(TroubleKind.FILE_DAMAGED, subject=damaged)
    return journal


def _at_hand(keyring: Keyring, journal: Journal, teller: Teller, walks: WalkTests) -> tuple[Sounder, Codes, Keypads]:
    """What people at home hear, and what they have keys for."""
    codes = Codes(keyring.ledger)
    keypads = Keypads(keyring, journal, codes, teller, clock, secrets.token_bytes)
    return Sounder(teller, lambda: keyring.links, journal, clock, walks.sounded), codes, keypads


async def _open_links(
    site: Site, links: dict[str, UdpLink | SerialLink], arrive: Arrive, closing: AsyncExitStack
) -> list[SerialLink]:
    settings = site.concentrator
    if settings.udp_address:
        udp = UdpLink(arrive)
        await udp.open(*settings.udp_address)
        closing.callback(udp.close)
        links[udp.name] = udp
    lines = [SerialLink(url, settings.baud, arrive) for url in settings.serial]
    links.update({line.name: line for line in lines})
    if not links:
        raise ServiceError(
            _("The concentrator has no link: site.toml names neither `udp` nor `serial` under [concentrator]."),
            _("Nothing was started."),
            _("Name one of them in %(file)s, then start again.") % {"file": site.folder / FILE_NAME},
        )
    return lines


def _chosen(site: Site) -> Chosen:
    panel = site.panel
    times = Times(exit_s=panel.exit_s, entry_s=panel.entry_s, abort_s=panel.abort_s, siren_s=panel.siren_s)
    return Chosen(times, panel.silence_is_tamper)


def _gate(reception: Reception, pairing: Pairing) -> Arrive:
    def arrive(frame: bytes, route: Route) -> None:
        (pairing if is_pairing(frame) else reception).arrive(frame, route)

    return arrive


def _together(*watching: Watch) -> Watch:
    async def watch(messages: Sequence[Message]) -> None:
        for one in watching:
            await one(messages)

    return watch


def _planned(site: Site) -> Callable[[str], Awaitable[tuple[PlannedZone, ...]]]:
    async def planned(household: str) -> tuple[PlannedZone, ...]:
        plan = await asyncio.to_thread(site_plan.load, site.folder)
        flat = plan.household(household) if plan else None
        return flat.zones if flat else ()

    return planned


def _sender(links: dict[str, UdpLink | SerialLink]) -> Send:
    def send(route: Route, frame: bytes) -> None:
        link = links.get(route.link)
        if link:
            link.send(route.peer, frame)

    return send


def _desk(
    site: Site,
    keyring: Keyring,
    journal: Journal,
    reception: Reception,
    pairing: Pairing,
    links: dict[str, UdpLink | SerialLink],
) -> Desk:
    def totals() -> dict[str, Any]:
        counts = reception.counts
        frames: dict[str, Any] = {name: counts[verdict] for name, verdict in _VERDICTS.items()}
        frames["refused"] = {reason: count for reason, count in counts.items() if reason not in _NOT_REFUSED}
        frames["pairing"] = {reason: count for reason, count in pairing.counts.items() if count}
        lines = {link.name: dict(link.counts) for link in links.values() if isinstance(link, SerialLink)}
        known = {"journal_id": journal.journal_id, **journal.totals(), "not_committed": reception.not_committed}
        return known | {"frames": frames, "lines": lines}

    return Desk(
        journal,
        keyring,
        clock,
        totals,
        lambda household, zones: enrol_here(keyring, site, household, zones),
    )
