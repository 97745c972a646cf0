"""MQTT as a destination: events are handed over in order, each with an id by which a resend is known."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import structlog

from anju.concentrator.core.ports import Clock, Delivered, Journal, Trial, Undelivered
from anju.concentrator.destinations.mqtt.arming import Arming
from anju.concentrator.destinations.mqtt.dial import Tls
from anju.concentrator.destinations.mqtt.events import Message, encoded, event_id, is_told, messages
from anju.concentrator.destinations.mqtt.flood import Bucket
from anju.concentrator.destinations.mqtt.line import REFUSED, Broker, Line, refused
from anju.concentrator.destinations.mqtt.picture import OFFLINE, ONLINE, Chosen, Painter, is_birth
from anju.concentrator.destinations.mqtt.receipts import Expected, Receipts
from anju.concentrator.destinations.mqtt.session import Ear, Session
from anju.concentrator.destinations.mqtt.topics import Topics
from anju.service import secret_file
from anju.service.i18n import _
from anju.service.third_parties import Mqtt as Settings
from anju.uplink.reports import Report

RECEIPT_S = 5.0
_UNHEARD = "No matching subscribers"
"""MQTT 5's reason code 16, in the library's words."""
_log = structlog.get_logger()


class Mqtt:
    """One broker; connects when there is a reason to, and again after whatever went wrong."""

    def __init__(self, settings: Settings, folder: Path, building: str, journal: Journal, clock: Clock) -> None:
        self._settings = settings
        self._folder = folder
        self._journal = journal
        self._clock = clock
        self._topics = Topics(settings.prefix, building, settings.discovery_prefix)
        chosen = Chosen(settings.discovery, settings.retain_arm_state, settings.zone_names, settings.silent_alarms)
        self._painter = Painter(journal, self._topics, chosen)
        self._receipts = Receipts(settings.receipt_key, self._topics.receipt) if settings.receipt_key else None
        self._arming = Arming(journal, clock, self._topics, settings.arming_keys)
        self._complaints = Bucket(5, 1 / 60)
        self._session: Session | None = None
        self._shown: Session | None = None
        """The session over which a broker has taken all states."""
        self._opening = asyncio.Lock()

    @property
    def warnings(self) -> Sequence[str]:
        """What a person should know of how it is set up."""
        found = []
        if self._settings.transport == "tcp":
            found.append(_("The line to the broker is not encrypted: whoever is on it reads and changes everything."))
        if self._settings.password_file is None and self._settings.certificate_file is None:
            found.append(_("The broker knows us by no password and no certificate."))
        if self._settings.retain_arm_state:
            found.append(_("The broker keeps whether a household is armed: whoever gets at it sees who is away."))
        return found

    async def deliver(self, reports: Sequence[Report]) -> Delivered:
        """Publish reports in their order; those are taken that the broker, or the receiver where it signs, has acknowledged."""
        session = await self._reach()
        told = [one for one in reports if is_told(one, silent_alarms=self._settings.silent_alarms)]
        missing, why = await self._tell(session, told)
        for report in reports:
            session.touch(report.household)
        taken: list[int] = []
        behind = set[str | None]()
        for report in reports:
            if report.seq in missing:
                behind.add(
                    report.household
                )  # what one household is not let hear keeps none of another's, but its own order
            elif report.household not in behind:
                taken.append(report.seq)
        if reports and not taken:
            raise Undelivered(why)
        return Delivered(taken)

    async def idle(self) -> None:
        """Connect and show what is, or hold the connection, by which others see that we are there."""
        session = await self._reach()
        if session is self._shown:
            raise await session.lost()
        await session.painted()  # a broker that lets us in, and then takes nothing, is not reached
        self._shown = session

    async def test(self) -> Trial:
        """Publish a marked test on a topic of its own."""
        begun_s = time.monotonic()
        session = await self._reach()
        name = f"test-{secrets.token_hex(8)}"
        payload = encoded({"at_ms": self._clock().wall_ms, "id": name, "test": True})
        with self._expecting({name: payload}) as expected:
            (answer,) = await self._publish(session, [Message(self._topics.test, payload)])
            is_taken = not answer.startswith(REFUSED)
            if answer == _UNHEARD:
                answer = _("the broker has it, and nobody listens there")
            if expected and is_taken:
                is_taken = bool(await expected.wait(RECEIPT_S, [name]))
                answer = _("a signed receipt") if is_taken else _("%(answer)s, but no receipt") % {"answer": answer}
        return Trial(is_taken, answer, time.monotonic() - begun_s)

    async def close(self) -> None:
        """Say that we are away, and disconnect."""
        session, self._session = self._session, None
        if session:
            await session.end(Message(self._topics.status, OFFLINE.encode(), retain=True))

    async def _tell(self, session: Session, told: Sequence[Report]) -> tuple[set[int], str]:
        """Numbers of reports that were not taken, and why."""
        journal_id = self._journal.journal_id
        published = {one.seq: messages(one, journal_id, self._topics) for one in told}
        payloads = {event_id(journal_id, seq): of_one[0].payload for seq, of_one in published.items()}
        missing, why = set[int](), ""
        if not published:
            return missing, why
        with self._expecting(payloads) as expected:
            answers = iter(await self._publish(session, [one for of_one in published.values() for one in of_one]))
            for seq, of_one in published.items():
                said = {one.topic: next(answers) for one in of_one}
                for topic, answer in said.items():
                    if answer.startswith(REFUSED):
                        missing.add(seq)
                        why = why or refused(topic, answer)
            if expected:  # also where the broker refuses one: that is its word, and not the receiver's
                hoped = {seq: event_id(journal_id, seq) for seq in published if seq not in missing}
                came = await expected.wait(RECEIPT_S, hoped.values())
                missing |= {seq for seq, name in hoped.items() if name not in came}
                why = why or _("the receiver has sent no receipt in time")
        return missing, why

    async def _publish(self, session: Session, of_all: Sequence[Message]) -> list[str]:
        try:
            return await session.line.publish_all(of_all)
        except Undelivered:
            session.line.abandon()  # the library would send it again by itself, and nobody would know of it
            raise

    def _expecting(self, payloads: dict[str, bytes]) -> AbstractContextManager[Expected | None]:
        return self._receipts.expecting(payloads) if self._receipts else nullcontext()

    async def _reach(self) -> Session:
        async with self._opening:
            if self._session and self._session.is_up:
                return self._session
            stale, self._session = self._session, None
            if stale:
                await stale.end(None)
            self._session = await self._open()
            return self._session

    async def _open(self) -> Session:
        broker = await asyncio.to_thread(self._broker)
        tls = await asyncio.to_thread(broker.tls.context) if broker.tls else None
        line = Line(broker, tls)
        await line.open()
        session = Session(line, self._painter, self._ears())
        try:
            await session.begin(Message(self._topics.status, ONLINE.encode(), retain=True))
        except BaseException:
            await session.end(None)
            raise
        return session

    def _broker(self) -> Broker:
        """With the password as it is in the file now: it may have been changed since."""
        settings = self._settings
        host, port = settings.address
        tls = None
        if settings.transport == "tls":
            files = (settings.ca_file, settings.certificate_file, settings.certificate_key_file)
            tls = Tls(*(self._folder / name if name else None for name in files))
        if settings.certificate_key_file:
            secret_file.read(self._folder / settings.certificate_key_file)  # OpenSSL reads what others may read, too
        password = secret_file.text(self._folder / settings.password_file) if settings.password_file else None
        return Broker(host, port, self._topics.scope, self._topics.status, tls, settings.username, password)

    def _ears(self) -> tuple[Ear, ...]:
        ears = []
        if self._receipts:
            ears.append(Ear(self._topics.receipt, self._hear_receipt, Bucket(1000, 200)))
        if self._settings.arming_keys:
            ears.append(Ear(self._topics.commands, self._hear_command, Bucket(20, 1)))
        if self._settings.discovery:
            ears.append(Ear(self._topics.birth, self._hear_birth, Bucket(3, 1 / 20)))
        return tuple(ears)

    async def _hear_receipt(self, _topic: str, payload: bytes, _retained: bool) -> None:
        if self._receipts and not self._receipts.take(payload):
            self._complain("a receipt by MQTT is none", "not signed by the receiver, or not understood")

    async def _hear_command(self, topic: str, payload: bytes, retained: bool) -> None:
        why = await self._arming.take(topic, payload, retained=retained)
        if why:
            self._complain("a command by MQTT is refused; nothing was changed", why)

    async def _hear_birth(self, _topic: str, payload: bytes, retained: bool) -> None:
        if self._session and is_birth(payload) and not retained:
            self._session.greet()

    def _complain(self, what: str, why: str) -> None:
        if self._complaints.takes(time.monotonic()):
            _log.warning(what, why=why)
