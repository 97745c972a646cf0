"""MQTT: another program hears what happens, in order and by an id; no broker and no stranger on it changes anything here."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode
from pydantic import ValidationError
from structlog.testing import capture_logs

from anju.concentrator.core.ports import Undelivered
from anju.concentrator.destinations.mqtt import line, party
from anju.concentrator.destinations.mqtt.dial import Tls
from anju.service.errors import ServiceError
from anju.uplink.reports import PanelMode, Report, ReportKind, Zone, ZoneKind
from anju.wire.table import Code
from unit.concentrator.harness import HOUSEHOLD, Bench, kept, running, until
from unit.concentrator.mqtt_kit import (
    ACL,
    PASSWORD,
    Listener,
    Mosquitto,
    certify,
    listening,
    made,
    marked,
    mosquitto,
    painted,
    public,
    sealed,
)

pytestmark = pytest.mark.anyio
BASE = f"anju/3/{HOUSEHOLD}"


@pytest.fixture(params=["tcp", "tls"])
async def broker(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Mosquitto]:
    async with mosquitto(tmp_path / "broker", tls=request.param == "tls") as started:
        yield started


@pytest.fixture
async def plain(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    """A broker on this machine, for what has nothing to do with TLS."""
    async with mosquitto(tmp_path / "plain") as started:
        yield started


@pytest.fixture
async def listener(plain: Mosquitto) -> AsyncIterator[Listener]:
    async with listening(plain) as started:
        yield started


async def fenced(broker: Mosquitto, lines: str) -> None:
    """Let the broker start anew, with other rights for us."""
    await broker.stop()
    broker.acl = f"user anju\n{lines}\ntopic readwrite homeassistant/#\n"
    await broker.start()


async def some_reports(rooms: Bench) -> list[Report]:
    """A door, and a button."""
    node = await rooms.enrol()
    await rooms.receive(node, node.hello(), node.event(Code.OPENED, levels=1), node.press(levels=1))
    return rooms.reports()


async def test_events_come_in_order_with_ids_and_without_names(rooms: Bench, broker: Mosquitto) -> None:
    async with listening(broker) as heard:
        reports = await some_reports(rooms)
        destination = made(rooms, broker)
        delivered = await destination.deliver(reports)
        assert list(delivered.taken) == [one.seq for one in reports]
        await until(lambda: len(heard.events()) == 2)
        opened, pressed = heard.events()
        assert (opened["kind"], pressed["kind"], pressed["lane"]) == ("opened", "hold_up_alarm", "panic")
        assert opened["id"] == f"{rooms.journal.journal_id}-{reports[1].seq}"
        everything = b"".join(one.topic.encode() + one.payload for one in heard.heard)
        assert not any(name in everything for name in (b"bedside", b"front-door", b"Li Na"))
        await destination.close()


async def test_a_resend_is_byte_for_byte_the_same(rooms: Bench, plain: Mosquitto, listener: Listener) -> None:
    reports = await some_reports(rooms)
    destination = made(rooms, plain)
    await destination.deliver(reports)
    await destination.close()
    await destination.deliver(reports)
    await until(lambda: len(listener.events()) == 4)
    assert listener.events()[:2] == listener.events()[2:]
    await destination.close()


async def test_an_event_that_a_restored_journal_tells_again_is_known_by_its_nodes_words(
    rooms: Bench, plain: Mosquitto, listener: Listener
) -> None:
    reports = await some_reports(rooms)
    for journal in ("before", "restored"):
        if journal == "restored":
            await rooms.journal.rename()
        destination = made(rooms, plain)
        await destination.deliver(reports)
        await destination.close()
    await until(lambda: len(listener.events()) == 4)
    told = listener.events()
    assert len({one["id"] for one in told}) == 4
    said = [(one["node"], one["node_event"], one["kind"]) for one in told]
    assert said[:2] == said[2:]
    assert len(set(said)) == 2


async def test_others_see_at_once_that_a_concentrator_has_gone(
    rooms: Bench, plain: Mosquitto, listener: Listener
) -> None:
    destination = made(rooms, plain)
    async with running(kept(destination)):
        await until(lambda: listener.last("anju/3/status") == b"online")
    assert destination._session is not None
    destination._session.line._client._sock_close()  # as a killed process does
    await until(lambda: listener.last("anju/3/status") == b"offline")
    await destination.close()


async def test_it_says_goodbye(rooms: Bench, plain: Mosquitto, listener: Listener) -> None:
    destination = made(rooms, plain)
    await destination.test()
    await destination.close()
    await until(lambda: listener.last("anju/3/status") == b"offline")


async def test_arm_state_is_shown_and_not_kept(rooms: Bench, plain: Mosquitto, listener: Listener) -> None:
    await some_reports(rooms)
    destination = made(rooms, plain)
    await rooms.arm(PanelMode.AWAY)
    await destination.deliver(rooms.reports())
    await painted(destination)
    await until(lambda: listener.last(f"{BASE}/panel"))
    async with listening(plain) as late:
        await marked(plain, late)
        assert late.last(f"{BASE}/n1-1/z0/state")
        assert late.last(f"{BASE}/panel") is None
        await plain.say("homeassistant/status", "online")
        await until(lambda: late.last(f"{BASE}/panel"))  # Home Assistant has started, and may know what is now
    await destination.close()


async def test_an_estate_may_have_it_kept_and_may_take_that_back(rooms: Bench, plain: Mosquitto) -> None:
    await some_reports(rooms)
    keeping = made(rooms, plain, retain_arm_state=True)
    await keeping.deliver(rooms.reports())
    await painted(keeping)
    assert any("away" in one for one in keeping.warnings)
    async with listening(plain) as late:
        await until(lambda: late.last(f"{BASE}/panel"))
    await keeping.close()
    not_keeping = made(rooms, plain)
    await not_keeping.deliver(rooms.reports())
    await painted(not_keeping)
    async with listening(plain) as late:
        await marked(plain, late)
        assert late.last(f"{BASE}/n1-1/status")
        assert late.last(f"{BASE}/panel") is None
    await not_keeping.close()


async def test_a_broker_that_has_lost_everything_is_told_again(rooms: Bench, plain: Mosquitto) -> None:
    reports = await some_reports(rooms)
    destination = made(rooms, plain)
    await destination.deliver(reports)
    await painted(destination)
    await plain.stop()
    with pytest.raises(Undelivered):
        await destination.deliver(reports)
    await plain.start()
    await destination.deliver(reports)
    await painted(destination)
    async with listening(plain) as late:
        await until(lambda: late.last(f"{BASE}/n1-1/z0/state") == b"ON")
        await until(lambda: late.last(f"homeassistant/alarm_control_panel/anju_3/anju_3_{HOUSEHOLD}_panel/config"))
    await destination.close()


async def test_what_a_broker_refuses_is_not_taken(rooms: Bench, plain: Mosquitto) -> None:
    """Its acknowledgement says so, and not every library reads it."""
    reports = await some_reports(rooms)
    await fenced(plain, "topic readwrite anju/3/status")
    destination = made(rooms, plain)
    with pytest.raises(Undelivered, match=r"refuses .*: Not authorized"):
        await destination.deliver(reports[1:])
    await destination.close()


async def test_what_a_broker_refuses_of_one_household_keeps_none_of_another(rooms: Bench, plain: Mosquitto) -> None:
    await fenced(plain, f"topic deny anju/3/{HOUSEHOLD}/event\ntopic readwrite anju/3/#")
    for flat in (HOUSEHOLD, "3-2-0502"):
        node = await rooms.enrol(flat)
        await rooms.receive(node, node.hello(), node.press(), node.event(Code.OPENED, levels=1))
    reports = [one for one in rooms.reports() if one.household]
    destination = made(rooms, plain)
    taken = (await destination.deliver(reports)).taken
    first = next(one.seq for one in reports if one.household == HOUSEHOLD and one.kind is ReportKind.HOLD_UP_ALARM)
    others = [one.seq for one in reports if one.household != HOUSEHOLD or one.seq < first]
    assert list(taken) == others
    await destination.close()


async def test_a_broker_can_fence_a_household(rooms: Bench, plain: Mosquitto) -> None:
    """As the README has it for a resident's own Home Assistant."""
    await plain.stop()
    plain.acl = ACL.replace("topic read #", f"topic read {BASE}/#\ntopic read anju/3/status\ntopic read mark/#")
    await plain.start()
    for flat in (HOUSEHOLD, "3-2-0502"):
        node = await rooms.enrol(flat)
        await rooms.receive(node, node.hello(), node.press())
    destination = made(rooms, plain)
    async with listening(plain) as resident:
        await destination.deliver(rooms.reports())
        await painted(destination)
        await marked(plain, resident)
    assert resident.events()
    assert {one.topic.split("/")[2] for one in resident.heard if one.topic.count("/") > 2} == {HOUSEHOLD}
    assert "0502" not in f"{resident.heard}"
    await destination.close()


async def test_a_wrong_password_and_no_broker_are_named_and_no_secret_with_them(rooms: Bench, plain: Mosquitto) -> None:
    secret = rooms.folder / "mqtt-password"
    secret.touch(0o600)
    secret.write_text("not the password")
    destination = made(rooms, plain)
    with capture_logs() as logs, pytest.raises(Undelivered, match="refuses us") as refused:
        await destination.idle()
    assert "not the password" not in f"{refused.value!r} {logs}"
    await plain.stop()
    with pytest.raises(Undelivered):
        await destination.idle()
    secret.chmod(0o640)
    with pytest.raises(ServiceError, match="Others may read"):
        await destination.idle()


async def test_a_password_that_an_editor_has_written_in_another_encoding_is_refused_in_words(
    rooms: Bench, plain: Mosquitto
) -> None:
    destination = made(rooms, plain)
    (rooms.folder / "mqtt-password").write_bytes(PASSWORD.encode("utf-16"))
    with pytest.raises(ServiceError, match="it is not text in UTF-8"):
        await destination.test()
    (rooms.folder / "mqtt-password").write_bytes(PASSWORD.encode("utf-8-sig"))
    assert (await destination.test()).is_taken
    await destination.close()


async def test_a_certificate_of_somebody_else_is_not_spoken_to(rooms: Bench, tmp_path: Path) -> None:
    async with mosquitto(tmp_path / "broker", tls=True) as broker, mosquitto(tmp_path / "other", tls=True) as other:
        destination = made(rooms, broker, ca_file=str(other.ca))
        with pytest.raises(Undelivered, match=r"(?i)certificate"):
            await destination.idle()
        assert b"anju" not in (broker.folder / "log").read_bytes().replace(b"anju/", b"")


async def test_a_broker_that_never_answers_ends_by_itself(rooms: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "OPEN_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        destination = made(rooms, broker=f"127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(Undelivered):
            await destination.deliver(await some_reports(rooms))
        await destination.close()


async def test_a_key_of_ours_is_ours_alone(rooms: Bench, tmp_path: Path) -> None:
    certify(rooms.folder, "ours")
    own = {"certificate_file": "ours.pem", "certificate_key_file": "ours.key"}
    async with mosquitto(tmp_path / "broker", tls=True) as broker:
        destination = made(rooms, broker, **own)
        (rooms.folder / "ours.key").chmod(0o640)
        with pytest.raises(ServiceError, match="Others may read"):
            await destination.test()
        (rooms.folder / "ours.key").chmod(0o600)
        assert (await destination.test()).is_taken
        await destination.close()
        locked = BestAvailableEncryption(b"nobody types this")
        key = generate_private_key(SECP256R1())
        (rooms.folder / "ours.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))
        with pytest.raises(OSError, match=r"\S"):
            await destination.test()


async def test_a_broker_on_which_receipts_can_not_be_heard_is_told_nothing(
    rooms: Bench, plain: Mosquitto, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(_self: line.Line, *_of: object, **_more: object) -> list[ReasonCode]:
        return [ReasonCode(PacketTypes.SUBACK, "Not authorized")]

    monkeypatch.setattr(line.Line, "subscribe", refused)
    destination = made(rooms, plain, receipt_key=public(Ed25519PrivateKey.generate()))
    with pytest.raises(Undelivered, match="does not let us listen to anju/3/receipt: Not authorized"):
        await destination.deliver(await some_reports(rooms))
    assert not listener.events()


async def test_a_line_on_which_an_answer_was_missed_is_used_no_more(
    rooms: Bench, plain: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes late must not count for what is told again."""
    reports = await some_reports(rooms)
    destination = made(rooms, plain)
    await destination.test()
    await painted(destination)
    session = destination._session
    monkeypatch.setattr(line, "ANSWER_S", 0.0)
    with pytest.raises(Undelivered, match="did not acknowledge in time"):
        await destination.deliver(reports)
    assert session is not None
    assert not session.is_up
    await destination.close()


async def test_silent_alarms_are_not_shown_at_home(rooms: Bench, plain: Mosquitto, listener: Listener) -> None:
    node = await rooms.enrol(zones=(Zone(number=0, name="under the counter", kind=ZoneKind.SILENT_HOLD_UP),))
    await rooms.receive(node, node.hello(), node.event(Code.PANIC, 0))
    reports = rooms.reports()
    assert reports[-1].kind.value == "hold_up_alarm"
    discreet = made(rooms, plain)
    assert list((await discreet.deliver(reports)).taken) == [one.seq for one in reports]
    await painted(discreet)
    await until(lambda: listener.last(f"{BASE}/panel"))
    await discreet.close()
    assert listener.last(f"{BASE}/panel") == b"disarmed"
    assert not listener.events()
    assert not [one for one in listener.heard if "z0" in one.topic]
    telling = made(rooms, plain, silent_alarms=True)
    await telling.deliver(reports)
    await painted(telling)
    await until(listener.events)
    await until(lambda: listener.last(f"{BASE}/panel") == b"triggered")
    await telling.close()


async def test_with_receipts_only_the_receivers_word_counts(
    rooms: Bench, plain: Mosquitto, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(party, "RECEIPT_S", 0.3)
    receiver, stranger = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    reports = await some_reports(rooms)
    destination = made(rooms, plain, receipt_key=public(receiver))
    with pytest.raises(Undelivered, match="no receipt"):
        await destination.deliver(reports[1:])

    async def answer(key: Ed25519PrivateKey, *, of: bytes | None = None) -> None:
        seen = len(listener.events())
        await until(lambda: len(listener.events()) == seen + 2)
        events = [one for one in listener.heard if one.topic.endswith("/event")][-2:]
        hashes = {one.json["id"]: hashlib.sha256(of or one.payload).hexdigest() for one in events}
        text = json.dumps({"received": hashes}).encode()
        await plain.say("anju/3/receipt", sealed(key, "receipt", "anju/3/receipt", text))

    for false in (answer(stranger), answer(receiver, of=b"something else")):
        told = asyncio.ensure_future(false)
        with pytest.raises(Undelivered, match="no receipt"):
            await destination.deliver(reports[1:])
        await told
    monkeypatch.setattr(party, "RECEIPT_S", 10.0)
    told = asyncio.ensure_future(answer(receiver))
    assert list((await destination.deliver(reports[1:])).taken) == [one.seq for one in reports[1:]]
    await told
    await destination.close()


async def test_a_broker_that_refuses_one_gives_no_receipt_for_the_others(
    rooms: Bench, plain: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(party, "RECEIPT_S", 0.2)
    await fenced(plain, f"topic deny anju/3/{HOUSEHOLD}/event\ntopic readwrite anju/3/#")
    for flat in ("3-2-0502", HOUSEHOLD):
        node = await rooms.enrol(flat)
        await rooms.receive(node, node.hello(), node.press())
    destination = made(rooms, plain, receipt_key=public(Ed25519PrivateKey.generate()))
    told = [one for one in rooms.reports() if one.kind is ReportKind.HOLD_UP_ALARM]
    with pytest.raises(Undelivered):
        await destination.deliver(told)
    await destination.close()


async def test_a_test_is_marked_and_its_answer_shown(rooms: Bench, plain: Mosquitto, listener: Listener) -> None:
    destination = made(rooms, plain)
    tried = await destination.test()
    assert (tried.is_taken, tried.answer) == (True, "Success")
    await until(lambda: listener.last("anju/3/test"))
    assert json.loads(listener.last("anju/3/test") or b"")["test"] is True
    assert not listener.events()
    await destination.close()


async def test_a_test_that_nobody_hears_says_so(rooms: Bench, plain: Mosquitto) -> None:
    destination = made(rooms, plain)
    assert (await destination.test())[:2] == (True, "the broker has it, and nobody listens there")
    await destination.close()


async def test_tls_is_at_least_1_2() -> None:
    context = Tls().context()
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


async def test_without_tls_it_speaks_to_this_machine_or_where_somebody_says_so(rooms: Bench) -> None:
    with pytest.raises(ValidationError, match="unprotected = true"):
        made(rooms, broker="10.0.0.9:1883")
    for allowed in (made(rooms, broker="10.0.0.9:1883", unprotected=True), made(rooms, broker="localhost:1883")):
        assert any("not encrypted" in one for one in allowed.warnings)
    assert not any("not encrypted" in one for one in made(rooms, broker="10.0.0.9:8883", transport="tls").warnings)


async def test_a_stranger_on_the_broker_changes_nothing_here(
    rooms: Bench, plain: Mosquitto, listener: Listener
) -> None:
    """No ACL at all: he writes on our topics, kicks nobody, and is not obeyed."""
    reports = await some_reports(rooms)
    before = rooms.rows()
    destination = made(rooms, plain)
    async with running(kept(destination)):
        await until(lambda: listener.last("anju/3/status") == b"online")
        for topic in (f"{BASE}/command", f"{BASE}/panel", f"{BASE}/event", "anju/3/receipt"):
            for payload in (b"DISARM", b"ARM_AWAY", b"\xff" * 200_000, b"{" * 3000, b""):
                await plain.say(topic, payload)
        assert destination._session is not None
        assert destination._session.is_up
    delivered = await destination.deliver(reports)
    assert len(delivered.taken) == len(reports)
    assert rooms.rows() == before
    await destination.close()
