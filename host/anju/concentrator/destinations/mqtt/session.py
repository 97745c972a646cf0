"""One session with a broker: hears what comes, and keeps the states that others see up to date."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import aiomqtt
import structlog

from anju.concentrator.core.ports import Undelivered
from anju.concentrator.destinations.mqtt.events import Message
from anju.concentrator.destinations.mqtt.flood import Bucket
from anju.concentrator.destinations.mqtt.line import REFUSED, Line, broke, refused
from anju.concentrator.destinations.mqtt.picture import Painter, Picture, changes, households, momentary
from anju.service.i18n import _

LOOK_AGAIN_S = 15 * 60.0
"""How often states are compared without an event: voltages, and what changed unreported."""
DEAF_S = 60.0
"""For how long nothing is taken from a topic after a flood on it."""
_log = structlog.get_logger()


class Ear(NamedTuple):
    """A filter that is subscribed to, what is done with what comes, and how much of it may."""

    filter: str
    hear: Callable[[str, bytes, bool], Awaitable[None]]
    bucket: Bucket


class Session:
    """Runs over an open line until that breaks."""

    def __init__(self, line: Line, painter: Painter, ears: tuple[Ear, ...]) -> None:
        self.line = line
        self._painter = painter
        self._ears = ears
        self._shown: dict[str | None, Picture] = {}
        self._dirty: dict[str | None, None] = {}  # in the order in which they were touched
        self._unseen: set[str | None] = set()
        """Of which somebody may know only what the broker keeps."""
        self._wake = asyncio.Event()
        self._painted = asyncio.Event()
        self._deaf: dict[str, asyncio.Task[None]] = {}
        """What waits until a filter is listened to again."""
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self._why = ""
        """What the broker does not let us show; empty where the connection ended otherwise."""

    async def begin(self, online: Message) -> None:
        """Subscribe, say that we are there, and start; Undelivered: the broker does not let us."""
        try:
            for ear in self._ears:
                codes = await self.line.subscribe(ear.filter, qos=1)
                if any(getattr(code, "is_failure", False) for code in codes):
                    told = {"topic": ear.filter, "reason": codes[0]}
                    raise Undelivered(_("the broker does not let us listen to %(topic)s: %(reason)s") % told)
        except aiomqtt.MqttError as error:
            raise Undelivered(str(error)) from error
        said = await self.line.publish_all([online])
        if said[0].startswith(REFUSED):
            raise Undelivered(refused(online.topic, said[0]))
        self.touch_all()
        self._tasks = (asyncio.ensure_future(self._hear()), asyncio.ensure_future(self._paint()))

    async def lost(self) -> Undelivered:
        """Why the connection is no more, once that is so."""
        await asyncio.wait(set(self._tasks), return_when=asyncio.FIRST_COMPLETED)
        return Undelivered(self._why or broke())

    @property
    def is_up(self) -> bool:
        """Whether it goes on."""
        return self.line.is_up and not any(task.done() for task in self._tasks)

    def touch(self, household: str | None) -> None:
        """Something may have changed there; None: of the building."""
        self._painted.clear()
        self._dirty[household] = None
        self._wake.set()

    def touch_all(self) -> None:
        """Something may have changed anywhere."""
        for household in (None, *households(self._painter.journal.building), *self._shown):
            self.touch(household)

    def greet(self) -> None:
        """Show once more what the broker does not keep: somebody has come who can't know it."""
        self._unseen |= set(self._shown)
        for household in self._shown:
            self.touch(household)

    async def painted(self) -> None:
        """Return once all that was touched is shown; Undelivered: the connection ended before."""
        shown = asyncio.ensure_future(self._painted.wait())
        try:
            await asyncio.wait({shown, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            shown.cancel()
        if not self.is_up:
            raise await self.lost()

    async def end(self, offline: Message | None) -> None:
        """Stop, and disconnect."""
        tasks = (*self._tasks, *self._deaf.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.line.say_farewell(offline)

    async def _hear(self) -> None:
        try:
            async for message in self.line.messages:
                for ear in self._ears:
                    if message.topic.matches(ear.filter):
                        await self._take(ear, str(message.topic), message.payload, retained=message.retain)
        except aiomqtt.MqttError:
            return  # the line broke; whoever delivers or idles hears of it

    async def _take(self, ear: Ear, topic: str, payload: bytes, *, retained: bool) -> None:
        if ear.bucket.takes(time.monotonic()):
            try:
                await ear.hear(topic, payload, retained)
            except Exception as error:  # noqa: BLE001  # whatever one message does, the next one is heard
                _log.error("a message by MQTT could not be dealt with", topic=ear.filter, exc_info=error)
        elif ear.filter not in self._deaf:
            _log.warning("flooded by MQTT; not listening there for a while", topic=ear.filter, for_s=DEAF_S)
            self._deaf[ear.filter] = asyncio.ensure_future(self._be_deaf(ear))
            self._deaf[ear.filter].add_done_callback(lambda _done: self._deaf.pop(ear.filter, None))

    async def _be_deaf(self, ear: Ear) -> None:
        try:
            await self.line.unsubscribe(ear.filter)
            await asyncio.sleep(DEAF_S)
            await self.line.subscribe(ear.filter, qos=1)
        except Exception:  # noqa: BLE001  # else it would never listen there again; a new connection does
            self.line.abandon()

    async def _paint(self) -> None:
        try:
            while True:
                while self._dirty:
                    household = next(iter(self._dirty))
                    del self._dirty[household]
                    await self._show(household)
                self._painted.set()
                self._wake.clear()
                try:
                    async with asyncio.timeout(LOOK_AGAIN_S):
                        await self._wake.wait()
                except TimeoutError:
                    self.touch_all()
        except Undelivered as error:
            self._why = str(error)
            self.line.abandon()
        except Exception as error:  # noqa: BLE001  # a household that can't be painted must not stop events
            _log.error("states can't be painted; connecting again", exc_info=error)
            self.line.abandon()

    async def _show(self, household: str | None) -> None:
        """Publish what has changed; events that are being delivered wait for no more than one household's."""
        picture = self._painter.of_household(household) if household else self._painter.of_building()
        before = self._shown.get(household)
        known = {topic: one for topic, one in (before or {}).items() if one.retain or household not in self._unseen}
        self._unseen.discard(household)
        messages = changes(known, picture)
        if before is None:  # what a broker may still keep from a time when it was told to
            messages = [Message(topic, b"", retain=True) for topic in momentary(picture)] + messages
        if messages:
            answers = await self.line.publish_all(messages)
            for message, answer in zip(messages, answers, strict=True):
                if answer.startswith(REFUSED):
                    raise Undelivered(refused(message.topic, answer))
        if picture:
            self._shown[household] = picture
        else:
            self._shown.pop(household, None)
