"""One connection to a broker: MQTT 5 by aiomqtt.

What a broker may send is limited (packet size, messages in flight), whether it keeps to that or not, and no answer is waited for
without an end. Nothing that the library raises gets further than here: it ends the connection.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import aiomqtt
import paho.mqtt.client as paho
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from anju.concentrator.core.ports import Undelivered
from anju.concentrator.destinations import waiting
from anju.concentrator.destinations.mqtt.dial import Tls, dial
from anju.concentrator.destinations.mqtt.events import Message
from anju.concentrator.destinations.mqtt.picture import OFFLINE
from anju.service.i18n import _

OPEN_S = 10.0
"""For a name, a connection, TLS and the broker's word that we are let in, together."""
ANSWER_S = 5.0
KEEPALIVE_S = 15
"""After half as long again without a word from us the broker publishes our last will."""
FAREWELL_S = 2.0
MOST_PACKET_BYTES = 4096
MOST_WAITING = 64
REFUSED = "refused: "
"""Before the broker's word for a message that it has not taken."""
_SILENT = logging.getLogger("anju.mqtt.library")
_SILENT.disabled = True  # it would log a line for each message of a flood; what matters is told by ours


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
    """A connection that is opened once. aiomqtt takes any PUBACK for success; ours reads why a broker refuses.

    aiomqtt connects in a thread, and has the loop watch a socket some time after it was told to: by then that may be closed, or
    its number another connection's. Ours does all at once, in the loop.
    """

    def __init__(self, broker: Broker, tls: ssl.SSLContext | None) -> None:
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
            timeout=ANSWER_S,
            keepalive=KEEPALIVE_S,
            max_queued_incoming_messages=MOST_WAITING,
            logger=_SILENT,
        )
        self._broker = broker
        self._tls = tls
        self._answers: dict[int, asyncio.Future[ReasonCode]] = {}

    @property
    def is_up(self) -> bool:
        """Whether it is not known to be broken."""
        return not self._disconnected.done()

    async def open(self) -> None:
        """Connect; Undelivered says why not. Then, or if it is cancelled, nothing of it is left open."""
        try:
            async with asyncio.timeout(OPEN_S):
                made = await dial(self._broker.host, self._broker.port, self._tls)
                self._client._create_socket = lambda: made  # type: ignore[method-assign]
                self._client_connect()
                await self._connected
            if not self.is_up:
                raise Undelivered(_("the broker closed the connection"))
        except (aiomqtt.MqttError, OSError, TimeoutError, ValueError) as error:
            self.abandon()
            raise Undelivered(_why(error)) from error
        except BaseException:
            self.abandon()
            raise

    async def publish_all(self, messages: Sequence[Message]) -> list[str]:
        """Publish in this order, each at least once; the broker's answer to each, `refused: …` where it was not taken.

        Undelivered: the connection broke, or not every answer came in time; nobody knows which were taken.
        """
        try:
            answers = [self._hand_over(message) for message in messages]
        except (aiomqtt.MqttError, ValueError) as error:
            raise Undelivered(_why(error)) from error
        every: asyncio.Future[Any] = asyncio.gather(*answers)
        try:
            async with asyncio.timeout(ANSWER_S):
                await asyncio.wait({every, self._disconnected}, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            raise Undelivered(_("the broker did not acknowledge in time")) from None
        finally:
            every.cancel()
            await asyncio.gather(every, return_exceptions=True)
        if not all(answer.done() and not answer.cancelled() for answer in answers):
            raise Undelivered(broke())
        codes = [answer.result() for answer in answers]
        return [f"{REFUSED}{code}" if code.is_failure else str(code) for code in codes]

    async def say_farewell(self, status: Message | None) -> None:
        """Disconnect, with a last word that the will has no occasion for; whatever comes, it is over soon."""
        try:
            with suppress(Exception):  # then it goes without a word
                async with asyncio.timeout(FAREWELL_S):
                    if status and self.is_up:
                        await self.publish_all([status])
                    if self.is_up and self._client.disconnect() == paho.MQTT_ERR_SUCCESS:
                        await asyncio.wait({self._disconnected})
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Drop the connection, in whatever state it is."""
        self._end()
        with suppress(Exception):
            self._client._sock_close()

    def _end(self) -> None:
        """Let nobody wait any longer."""
        for future in (self._connected, self._disconnected):
            if not future.done():
                future.set_result(None)
            elif not future.cancelled():
                future.exception()  # asked for, or it is logged as lost

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

    def _on_disconnect(self, *_of: Any) -> None:
        self._end()

    def _on_socket_open(self, _client: paho.Client, _userdata: Any, sock: Any) -> None:
        self._loop.add_reader(sock.fileno(), self._read)
        self._misc_task = self._loop.create_task(self._misc_loop())

    def _on_socket_close(self, _client: paho.Client, _userdata: Any, sock: Any) -> None:
        if sock.fileno() >= 0:
            self._loop.remove_reader(sock.fileno())
            self._loop.remove_writer(sock.fileno())
        if self._misc_task:
            self._misc_task.cancel()
        self._end()

    def _on_socket_register_write(self, _client: paho.Client, _userdata: Any, sock: Any) -> None:
        self._loop.add_writer(sock.fileno(), lambda: self._attempt(self._client.loop_write))

    def _on_socket_unregister_write(self, _client: paho.Client, _userdata: Any, sock: Any) -> None:
        if sock.fileno() >= 0:
            self._loop.remove_writer(sock.fileno())

    async def _misc_loop(self) -> None:
        while self.is_up:
            self._attempt(self._client.loop_misc)
            await asyncio.sleep(1)

    def _read(self) -> None:
        self._attempt(self._client.loop_read)
        if (
            self._client._in_packet["remaining_length"] > MOST_PACKET_BYTES
            or len(self._client._in_messages) > MOST_WAITING
        ):
            self.abandon()
        sock = self._client.socket()
        if isinstance(sock, ssl.SSLSocket) and sock.pending():
            self._loop.call_soon(
                self._read
            )  # what TLS has in store the loop does not see; others have their turn between

    def _attempt(self, step: Callable[[], Any]) -> None:
        try:
            step()
        except Exception:  # noqa: BLE001  # whatever came in, this connection alone ends
            self.abandon()


def broke() -> str:
    """What is said of a connection that has ended."""
    return _("the connection to the broker broke")


def refused(topic: str, answer: str) -> str:
    """What is said of a topic on which the broker lets us say nothing, by its answer."""
    return _("the broker refuses %(topic)s: %(reason)s") % {"topic": topic, "reason": answer.removeprefix(REFUSED)}


def _why(error: Exception) -> str:
    if isinstance(error, MqttConnectError):
        return _("the broker refuses us: %(reason)s") % {"reason": error}
    return waiting.reason(error)
