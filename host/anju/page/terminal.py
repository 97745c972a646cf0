"""A board on the core's file, in another process: it reads what is committed, and has the core do what people do."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

import structlog
from pydantic import BaseModel, ValidationError

from anju.dutyroom.board import Board
from anju.dutyroom.core.change import Change
from anju.dutyroom.core.incident import Reason
from anju.dutyroom.core.link import Link, judged
from anju.dutyroom.core.request import Arrival, Handling, KeyReused, NoSuchIncident, Person, Unreached
from anju.dutyroom.store import Records
from anju.dutyroom.terminals import Arrived, Arriving, Doing, Done, Standing
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.service.local_http import Answer, LocalHttp, NoAnswer

_BASE = "http://duty-room/desk/v1"
_POLL_S = 1.0
_ANSWER_S = 10.0
_AGAIN_S = 0.1
GONE_AFTER_S = 3.0
"""A core that has not answered for so long is told of as one that cannot take alarms: it may be so."""
_log = structlog.get_logger()

M = TypeVar("M", bound=BaseModel)


class Core:
    """What is asked of the core."""

    def __init__(self, socket: Path) -> None:
        self._http = LocalHttp(socket, _BASE)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def answering(self) -> Standing:
        """Wait until it answers: how things stand."""
        while True:
            try:
                return await self.standing(0, 0)
            except (NoAnswer, TimeoutError):
                await asyncio.sleep(_AGAIN_S)

    async def standing(self, after: int, wait_s: float) -> Standing:
        """How things stand, as soon as there is news; NoAnswer, TimeoutError."""
        query = urlencode({"after": after, "wait_s": wait_s})
        answer = await self._http.send("GET", f"state?{query}", wait_s + _ANSWER_S)
        if answer.status != 200:
            raise NoAnswer(f"status {answer.status}")
        try:
            return Standing.model_validate_json(answer.body)
        except ValidationError as error:
            raise NoAnswer("not understood") from error

    async def ask(self, path: str, message: BaseModel) -> Answer:
        """Have something done; Unreached."""
        try:
            answer = await self._http.send("POST", path, _ANSWER_S, message.model_dump_json().encode())
        except (NoAnswer, TimeoutError) as error:
            raise Unreached from error
        if answer.status == 503:
            raise ServiceError(_("The duty room cannot write to its disk."), _("Nothing was changed."), "")
        return answer


class Terminal(Board):
    """The console of one page's process."""

    def __init__(
        self,
        path: Path,
        core: Core,
        standing: Standing,
        wall_ms: Callable[[], int],
        monotonic_s: Callable[[], float],
    ) -> None:
        self._path = path
        self._core = core
        self._monotonic_s = monotonic_s
        self._standing = standing
        self._heard_s = monotonic_s()
        super().__init__(Records.beside(path), wall_ms)

    def close(self) -> None:
        """Let go of the file."""
        self._records.let_go()

    def links(self) -> list[Link]:
        """How each concentrator's link is, as far as is known here."""
        since_s = self._monotonic_s() - self._heard_s
        return [
            link._replace(age_s=link.age_s + since_s, state=judged(link.age_s + since_s))
            for link in self._standing.links
        ]

    def is_faulty(self) -> bool:
        """Whether new alarms can't be taken, or the core does not say."""
        return self._standing.is_faulty or self._monotonic_s() - self._heard_s > GONE_AFTER_S

    async def handle(self, request: Handling) -> Change | Reason:
        """Have the core commit what a person does. NoSuchIncident, KeyReused, Unreached."""
        action = request.action
        doing = Doing(
            person=action.person,
            at_ms=action.at_ms,
            cause=action.cause,
            note=action.note,
            key=request.key,
            origin=request.origin,
        )
        answer = await self._core.ask(f"incidents/{request.incident_id}/{action.act.value}", doing)
        if answer.status == 404:
            raise NoSuchIncident
        done = _understood(Done, answer)
        if done.is_reused:
            raise KeyReused
        if done.reason is not None:
            return done.reason
        if done.change is None:
            raise Unreached
        self._show()
        return self._records.change(done.change)

    async def sit_down(self, arrival: Arrival) -> Person:
        """Have the core commit who sits at a browser now. Unreached."""
        arrived = _understood(Arrived, await self._core.ask("arrivals", Arriving(**arrival._asdict())))
        self._names[arrived.id] = arrived.name
        return Person(arrived.id, arrived.name)

    async def follow(self) -> None:
        """Until cancelled: show what the core has committed, and stand on another file where it does."""
        is_gone = False
        while True:
            try:
                self._take(await self._core.standing(self._shown, _POLL_S))
            except (NoAnswer, TimeoutError, sqlite3.Error) as error:
                if not is_gone:
                    _log.warning("core not reached; trying again", error=repr(error))
                is_gone = True
                await asyncio.sleep(_AGAIN_S)
            else:
                is_gone = False

    def _take(self, standing: Standing) -> None:
        if standing.start != self._standing.start:
            records = Records.beside(self._path)
            self._records.let_go()
            self._read(records)
            for subscription in self._subscriptions:
                subscription.end()  # a browser comes back for what it has missed, or reads everything anew
        self._standing = standing
        self._heard_s = self._monotonic_s()
        self._show()


def _understood(model: type[M], answer: Answer) -> M:
    try:
        return model.model_validate_json(answer.body)
    except ValidationError:
        raise Unreached from None
