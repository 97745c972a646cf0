"""One connection to a broker: MQTT 5 by aiomqtt, over TLS unless the site says otherwise.

What a broker may send is limited (packet size, messages in flight), and no answer is waited for without an end.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import aiomqtt
import paho.mqtt.client as paho
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from anju.concentrator.core.ports import Undelivered
from anju.concentrator.destinations.mqtt.events import Message
from anju.concentrator.destinations.mqtt.picture import OFFLINE

ANSWER_S = 5.0
KEEPALIVE_S = 15
"""After half as long again without a word from us the broker publishes our last will."""
FAREWELL_S = 2.0
MOST_PACKET_BYTES = 4096
MOST_WAITING = 64
_SILENT = logging.getLogger("anju.mqtt.library")
_SILENT.disabled = True  # it would log a line for each message of a flood; what matters is told by ours


class Context(ssl.SSLContext):
    """Remembers its socket: after a handshake that fails, paho leaves that to the garbage collector."""

    made: ssl.SSLSocket | None = None

    def wrap_socket(self, *arguments: Any, **named: Any) -> ssl.SSLSocket:
        """As always."""
        self.made = super().wrap_socket(*arguments, **named)
        return self.made


class Tls(NamedTuple):
    """Which authorities count (None: those of this machine), and a certificate of our own."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> Context:
        """Reads the files; OSError if one can't be used."""
        context = Context(ssl.PROTOCOL_TLS_CLIENT)  # which checks certificate and name
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.ca:
            context.load_verify_locations(self.ca)
        else:
            context.load_default_certs()
        if self.certificate:
            context.load_cert_chain(self.certificate, self.key)
        return context


class Broker(NamedTuple):
    """Where it is and how it knows us; `status`: the topic of our last will."""

    host: str
    port: int
    identifier: str
    status: str
    tls: Tls | None
    username: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        """Without the password."""
        return f"Broker({self.host}:{self.port})"


class Line(aiomqtt.Client):
    """A connection that is opened once. aiomqtt takes any PUBACK for success; ours reads why a broker refuses."""

    def __init__(self, broker: Broker, tls: Context | None) -> None:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.MaximumPacketSize = MOST_PACKET_BYTES
        properties.ReceiveMaximum = MOST_WAITING
        super().__init__(
            broker.host,
            broker.port,
            username=broker.username,
            password=broker.password,
            identifier=broker.identifier,
            protocol=aiomqtt.ProtocolVersion.V5,
            will=aiomqtt.Will(broker.status, OFFLINE, qos=1, retain=True),
            clean_start=True,
            properties=properties,
            tls_context=tls,
            timeout=ANSWER_S,
            keepalive=KEEPALIVE_S,
            max_queued_incoming_messages=MOST_WAITING,
            # An alarm must not wait until the kernel has more to send: with delayed acknowledgements that is 40 ms.
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
            logger=_SILENT,
        )
        self._tls = tls
        self._answers: dict[int, asyncio.Future[ReasonCode]] = {}

    @property
    def is_up(self) -> bool:
        """Whether it is not known to be broken."""
        return not self._disconnected.done()

    async def open(self) -> None:
        """Connect; Undelivered says why not. Then, or if it is cancelled, nothing of it is left open."""
        opening = asyncio.ensure_future(self.__aenter__())
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(self._abandon_opened)
            raise
        except (aiomqtt.MqttError, ValueError) as error:
            self.abandon()
            raise Undelivered(_why(error)) from error

    async def publish_all(self, messages: Sequence[Message]) -> list[str]:
        """Publish in this order, each at least once; the broker's answer to each, `refused: …` where it was not taken.

        Undelivered: the connection broke, or not every answer came in time; nobody knows which were taken.
        """
        try:
            answers = [self._hand_over(message) for message in messages]
        except (aiomqtt.MqttError, ValueError) as error:
            raise Undelivered(_why(error)) from error
        lost: asyncio.Future[Any] = asyncio.ensure_future(asyncio.shield(self._disconnected))
        every: asyncio.Future[Any] = asyncio.gather(*answers)
        try:
            async with asyncio.timeout(ANSWER_S):
                await asyncio.wait({every, lost}, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            raise Undelivered("the broker did not acknowledge in time") from None
        finally:
            for task in (every, lost):
                task.cancel()
            await asyncio.gather(every, lost, return_exceptions=True)
        if every.cancelled() or not all(answer.done() and not answer.cancelled() for answer in answers):
            raise Undelivered("the connection to the broker broke")
        codes = [answer.result() for answer in answers]
        return [f"refused: {code}" if code.is_failure else str(code) for code in codes]

    async def say_farewell(self, status: Message | None) -> None:
        """Disconnect, with a last word that the will has no occasion for; whatever comes, it is over soon."""
        with suppress(Undelivered, aiomqtt.MqttError, TimeoutError):
            async with asyncio.timeout(FAREWELL_S):
                if status and self.is_up:
                    await self.publish_all([status])
                await self.__aexit__(None, None, None)
        self.abandon()

    def abandon(self) -> None:
        """Drop the connection, in whatever state it is."""
        if not self._disconnected.done():
            self._disconnected.set_result(None)
        elif not self._disconnected.cancelled():
            self._disconnected.exception()  # asked for, or it is logged as lost
        self._client._sock_close()
        if self._tls and self._tls.made:
            self._tls.made.close()

    def _abandon_opened(self, opening: asyncio.Future[Any]) -> None:
        if not opening.cancelled():
            opening.exception()
        self.abandon()

    def _hand_over(self, message: Message) -> asyncio.Future[ReasonCode]:
        info = self._client.publish(message.topic, message.payload, 1, message.retain)
        if info.rc != paho.MQTT_ERR_SUCCESS:
            raise aiomqtt.MqttCodeError(info.rc, "not published")
        answer: asyncio.Future[ReasonCode] = asyncio.get_running_loop().create_future()
        self._answers[info.mid] = answer
        answer.add_done_callback(lambda _done: self._answers.pop(info.mid, None))
        return answer

    def _on_publish(
        self, _client: paho.Client, _userdata: Any, mid: int, reason_code: ReasonCode, _properties: Properties
    ) -> None:
        answer = self._answers.get(mid)
        if answer and not answer.done():
            answer.set_result(reason_code)


def _why(error: Exception) -> str:
    if isinstance(error, MqttConnectError):
        return f"the broker refuses us: {error}"
    return str(error) or repr(error)
