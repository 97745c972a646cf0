"""A real Mosquitto on a free port, and programs that listen and speak there as anybody might."""

from __future__ import annotations

import asyncio
import datetime as dt
import getpass
import hashlib
import ipaddress
import json
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiomqtt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from anju.concentrator.destinations.mqtt.party import Mqtt
from anju.concentrator.destinations.mqtt.signed import signed_text
from anju.service.third_parties import Mqtt as Settings
from anju.simulator.premises import free_port
from unit.concentrator.harness import Bench, until

PASSWORD = "correct horse battery staple"
ACL = """
user anju
topic readwrite anju/3/#
topic write homeassistant/+/anju_3/+/config
topic read homeassistant/status
user reader
topic read #
topic write homeassistant/status
user stranger
topic readwrite #
"""
"""As the README has it, but for a stranger who may do anything."""


class Mosquitto:
    """One broker; what it knows is gone once it has stopped."""

    def __init__(self, folder: Path, *, tls: bool = False, acl: str = ACL, more: str = "") -> None:
        """`more` is a line of its settings."""
        self.folder = folder
        self.port = free_port(socket.SOCK_STREAM)
        self.tls = tls
        self.acl = acl
        self._more = more
        self._process: asyncio.subprocess.Process | None = None
        folder.mkdir()
        passwords = folder / "passwords"
        for number, user in enumerate(("anju", "reader", "stranger")):
            made = ["mosquitto_passwd", *(() if number else ("-c",)), "-b", str(passwords), user, PASSWORD]
            subprocess.run(made, check=True)
        if tls:
            certify(folder)

    @property
    def ca(self) -> Path:
        """Its certificate, which is an authority of its own."""
        return self.folder / "broker.pem"

    async def start(self) -> None:
        """Start with nothing in memory."""
        (self.folder / "acl").write_text(self.acl)
        lines = [f"listener {self.port} 127.0.0.1", "persistence false", f"user {getpass.getuser()}"]
        lines += [
            f"password_file {self.folder / 'passwords'}",
            f"acl_file {self.folder / 'acl'}",
            "allow_anonymous false",
            self._more,
        ]
        if self.tls:
            lines += [f"certfile {self.ca}", f"keyfile {self.folder / 'broker.key'}"]
        config = self.folder / "mosquitto.conf"
        config.write_text("\n".join(lines) + "\n")
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        log = (self.folder / "log").open("ab")
        self._process = await asyncio.create_subprocess_exec(program, "-c", str(config), stdout=log, stderr=log)
        log.close()
        while True:
            try:
                _reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                assert self._process.returncode is None, (self.folder / "log").read_text()
                await asyncio.sleep(0.01)
                continue
            writer.close()
            await writer.wait_closed()
            return

    async def stop(self) -> None:
        """Kill it: nothing is said, and nothing kept."""
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def client(self, user: str = "reader", identifier: str | None = None) -> aiomqtt.Client:
        """Another program."""
        return aiomqtt.Client(
            "127.0.0.1",
            self.port,
            identifier=identifier,
            username=user,
            password=PASSWORD,
            protocol=aiomqtt.ProtocolVersion.V5,
            tls_params=aiomqtt.TLSParameters(ca_certs=str(self.ca)) if self.tls else None,
        )

    async def say(self, topic: str, payload: bytes | str, *, retain: bool = False, user: str = "stranger") -> None:
        """Have a program say something."""
        async with self.client(user) as client:
            await client.publish(topic, payload, qos=1, retain=retain)


@asynccontextmanager
async def mosquitto(folder: Path, **how: Any) -> AsyncIterator[Mosquitto]:
    """A running broker."""
    broker = Mosquitto(folder, **how)
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()


class Heard(NamedTuple):
    """A message as another program gets it."""

    topic: str
    payload: bytes
    retain: bool

    @property
    def json(self) -> Any:
        """The payload."""
        return json.loads(self.payload)


class Listener:
    """Another program that hears everything."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []

    def events(self) -> list[dict[str, Any]]:
        """What happened, in the order in which it came."""
        return [one.json for one in self.heard if one.topic.endswith("/event")]

    def last(self, topic: str) -> bytes | None:
        """The newest on a topic."""
        return next((one.payload for one in reversed(self.heard) if one.topic == topic), None)


@asynccontextmanager
async def listening(broker: Mosquitto) -> AsyncIterator[Listener]:
    """Hear everything within the block."""
    listener = Listener()

    async def hear(client: aiomqtt.Client) -> None:
        async for message in client.messages:
            listener.heard.append(Heard(str(message.topic), message.payload, message.retain))

    async with broker.client() as client:
        await client.subscribe("#", qos=1)
        task = asyncio.ensure_future(hear(client))
        try:
            yield listener
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def marked(broker: Mosquitto, listener: Listener) -> None:
    """All that was published before has been heard."""
    mark = f"mark/{len(listener.heard)}"
    await broker.say(mark, "x")
    await until(lambda: listener.last(mark))


def made(rooms: Bench, at: Mosquitto | None = None, **settings: Any) -> Mqtt:
    """The destination, with the settings of a site."""
    secret = rooms.folder / "mqtt-password"
    if not secret.exists():
        secret.touch(0o600)
        secret.write_text(PASSWORD + "\n")
    fixed: dict[str, Any] = {
        "kind": "mqtt",
        "transport": "tls" if at and at.tls else "tcp",
        "username": "anju",
        "password_file": "mqtt-password",
    }
    if at:
        fixed["broker"] = f"127.0.0.1:{at.port}"
    if at and at.tls:
        fixed["ca_file"] = str(at.ca)
    return Mqtt(Settings(**fixed | settings), rooms.folder, "3", rooms.journal, rooms.clock)


async def painted(party: Mqtt) -> None:
    """All that there is to show is shown."""
    await until(lambda: party._session is not None)
    assert party._session is not None
    await party._session.painted()


def public(key: Ed25519PrivateKey) -> str:
    """As the site's settings name it."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def sealed(key: Ed25519PrivateKey, purpose: str, topic: str, text: bytes) -> bytes:
    """A signed message."""
    return key.sign(signed_text(purpose, topic, text)).hex().encode() + b":" + text


def certify(
    folder: Path, who: str = "broker", begins: dt.datetime | None = None, ends: dt.datetime | None = None
) -> None:
    """A certificate for 127.0.0.1, which is its own authority: WHO.pem and WHO.key. It counts today, unless it is told when."""
    key, now = generate_private_key(SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, who)])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins or now - dt.timedelta(days=1))
        .not_valid_after(ends or now + dt.timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    (folder / f"{who}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / f"{who}.key").write_bytes(private)


class Receiver:
    """A program that signs for every event it hears, and connects again and again."""

    def __init__(self, broker: Mosquitto) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.heard: list[dict[str, Any]] = []
        self._broker = broker

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                async with self._broker.client("stranger") as client:
                    await client.subscribe("anju/3/+/event", qos=1)
                    async for message in client.messages:
                        await self._take(client, message.payload)
            except aiomqtt.MqttError:
                await asyncio.sleep(0.01)

    async def _take(self, client: aiomqtt.Client, payload: bytes) -> None:
        event = json.loads(payload)
        self.heard.append(event)
        text = json.dumps({"received": {event["id"]: hashlib.sha256(payload).hexdigest()}}).encode()
        await client.publish("anju/3/receipt", sealed(self.key, "receipt", "anju/3/receipt", text), qos=1)
