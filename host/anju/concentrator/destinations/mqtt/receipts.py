"""Receipts of an application: it signs for what it has, by id and hash; no broker and no stranger can say so for it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress

from pydantic import Field, ValidationError

from anju.concentrator.destinations.mqtt.signed import opened
from anju.uplink.fields import Contract, Sha256

PURPOSE = "receipt"
_NAME = "receiver"


class Receipt(Contract):
    """What a receiver has: the SHA-256 of each payload, by its event's id."""

    received: dict[str, Sha256] = Field(min_length=1, max_length=16)


class Receipts:
    """Waits for the receipts of what was sent."""

    def __init__(self, key: str, topic: str) -> None:
        self._keys = {_NAME: key}
        self._topic = topic
        self._waiting: dict[str, tuple[str, asyncio.Event]] = {}

    def take(self, payload: bytes) -> bool:
        """Take what came by the topic of receipts; whether it was a receipt at all."""
        found = opened(PURPOSE, self._topic, payload, self._keys)
        if found is None:
            return False
        try:
            receipt = Receipt.model_validate_json(found[1])
        except ValidationError:
            return False
        for name, sha256 in receipt.received.items():
            expected, came = self._waiting.get(name, ("", None))
            if came and sha256 == expected:
                came.set()
        return True

    @contextmanager
    def expecting(self, payloads: Mapping[str, bytes]) -> Iterator[Expected]:
        """From before they are sent, so that no receipt is too early: the payloads, by the ids of their events."""
        hashed = {name: hashlib.sha256(payload).hexdigest() for name, payload in payloads.items()}
        expected = {name: (sha256, asyncio.Event()) for name, sha256 in hashed.items()}
        self._waiting |= expected
        try:
            yield Expected({name: came for name, (_sha256, came) in expected.items()})
        finally:
            for name in expected:
                self._waiting.pop(name, None)


class Expected:
    """Receipts that are waited for."""

    def __init__(self, came: Mapping[str, asyncio.Event]) -> None:
        self._came = came

    async def wait(self, within_s: float, hoped: Iterable[str]) -> set[str]:
        """The ids of those that have come in time; once those that are hoped for have come, nothing is waited for."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                for name in hoped:
                    await self._came[name].wait()
        return {name for name, came in self._came.items() if came.is_set()}
