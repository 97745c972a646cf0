"""Another program at a broker: it hears what happens in a building, and signs for what it has if it was given a key."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiomqtt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anju.bench.broker import HOST
from anju.concentrator.destinations.mqtt.receipts import PURPOSE
from anju.concentrator.destinations.mqtt.signed import signed_text
from anju.concentrator.destinations.mqtt.topics import Topics

_AGAIN_S = 0.05


class FakeListener:
    """Connects again and again; `heard` has every event in the order in which it came, with its bytes."""

    def __init__(self, port: int, topics: Topics, key: Ed25519PrivateKey | None = None) -> None:
        self.heard: list[tuple[str, bytes]] = []
        """Ids and payloads."""
        self.listens = asyncio.Event()
        """Whether it is connected just now."""
        self._port, self._topics, self._key = port, topics, key

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """It has begun to listen, and does so within the block."""
        task = asyncio.ensure_future(self._run())
        try:
            await self.listens.wait()
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                await self._session()
            except aiomqtt.MqttError:
                await asyncio.sleep(_AGAIN_S)
            finally:
                self.listens.clear()

    async def _session(self) -> None:
        client = aiomqtt.Client(HOST, self._port, protocol=aiomqtt.ProtocolVersion.V5)
        try:
            await self._hear(client)
        finally:
            lost = client._disconnected
            if lost.done() and not lost.cancelled():
                lost.exception()  # asked for, or it is logged as never asked for

    async def _hear(self, client: aiomqtt.Client) -> None:
        async with client:
            for topic in (self._topics.of(None, "event"), self._topics.of("+", "event")):
                await client.subscribe(topic, qos=1)
            self.listens.set()
            async for message in client.messages:
                name = str(json.loads(message.payload)["id"])
                self.heard.append((name, message.payload))
                if self._key is not None:
                    await client.publish(self._topics.receipt, self._signed(name, message.payload), qos=1)

    def _signed(self, name: str, payload: bytes) -> bytes:
        """That it has an event."""
        assert self._key is not None  # noqa: S101  # asked before
        said: dict[str, Any] = {"received": {name: hashlib.sha256(payload).hexdigest()}}
        text = json.dumps(said).encode()
        return self._key.sign(signed_text(PURPOSE, self._topics.receipt, text)).hex().encode() + b":" + text
