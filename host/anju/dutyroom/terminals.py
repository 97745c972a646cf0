"""What the page's process asks of the core, over HTTP on the Unix socket that only this user may open. It reads records itself.

GET  /desk/v1/state                  how things stand, as soon as there is a change above `after`, or when the wait is over
POST /desk/v1/arrivals               somebody sits down at a browser -> 200 who that is
POST /desk/v1/incidents/{id}/{act}   what a person does -> 200 the change's number · 404 no such incident · 409 why not
                                     422 not usable, or the key has served another request; with all but 200 nothing changed
"""

from __future__ import annotations

import secrets
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from anju.dutyroom.core.incident import Act, Action, Cause, Reason
from anju.dutyroom.core.link import Link
from anju.dutyroom.core.ports import Terminals
from anju.dutyroom.core.request import Arrival, Handling, KeyReused, NoSuchIncident

MOST_WAIT_S = 5
_ACTS = {act.value: act for act in Act if act not in (Act.ALARM, Act.CANCEL)}
_MOST_BYTES = 16 * 1024

M = TypeVar("M", bound=BaseModel)


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Asking(_Message):
    """The query of GET /state; numbers come as text."""

    after: Annotated[int, Field(ge=0, le=2**53)] = 0
    wait_s: Annotated[float, Field(ge=0, le=MOST_WAIT_S)] = 0


class Standing(_Message):
    """How things stand. `start` is new with each start of the core, which may then stand on another file."""

    start: str
    newest: int
    is_faulty: bool
    links: tuple[Link, ...]


class Arriving(_Message):
    """Somebody sits down; as an Arrival."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    token: Annotated[str, Field(min_length=32, max_length=64)]
    ended: Annotated[str, Field(max_length=64)] | None
    origin: Annotated[str, Field(max_length=64)]


class Arrived(_Message):
    """Who that is."""

    id: int
    name: str


class Doing(_Message):
    """What a person does to an incident; as a Handling and its Action."""

    person: int
    at_ms: int
    cause: Cause | None
    note: Annotated[str, Field(max_length=500)]
    key: Annotated[str, Field(min_length=16, max_length=64)]
    origin: Annotated[str, Field(max_length=64)]


class Done(_Message):
    """What came of it: a change, or the reason why there is none."""

    change: int | None = None
    reason: Reason | None = None
    is_reused: bool = False


class _Refused(Exception):
    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status


def routes(desk: Terminals) -> list[Route]:
    """The endpoint's routes."""
    start = secrets.token_hex(8)

    async def state(request: Request) -> Response:
        try:
            asking = Asking.model_validate(dict(request.query_params))
        except ValidationError:
            return _error(422, "not usable")
        await desk.news(asking.after, asking.wait_s)
        return _said(Standing(start=start, newest=desk.newest(), is_faulty=desk.is_faulty(), links=tuple(desk.links())))

    async def arrive(request: Request) -> Response:
        try:
            arriving = await _read(request, Arriving)
        except _Refused as refused:
            return _error(refused.status, str(refused))
        person = await desk.sit_down(Arrival(**arriving.model_dump()))
        return _said(Arrived(id=person.id, name=person.name))

    async def handle(request: Request) -> Response:
        name = request.path_params["act"]
        if name not in _ACTS:
            return _error(404, "there is no such act")
        try:
            doing = await _read(request, Doing)
        except _Refused as refused:
            return _error(refused.status, str(refused))
        action = Action(_ACTS[name], doing.person, doing.at_ms, doing.cause, doing.note)
        try:
            answer = await desk.handle(Handling(request.path_params["incident"], action, doing.key, doing.origin))
        except NoSuchIncident:
            return _error(404, "there is no such incident; nothing changed")
        except KeyReused:
            return _said(Done(is_reused=True), 422)
        return _said(Done(reason=answer), 409) if isinstance(answer, Reason) else _said(Done(change=answer.number))

    return [
        Route("/desk/v1/state", state, methods=["GET"]),
        Route("/desk/v1/arrivals", arrive, methods=["POST"]),
        Route("/desk/v1/incidents/{incident:int}/{act}", handle, methods=["POST"]),
    ]


async def _read(request: Request, model: type[M]) -> M:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise _Refused(413, f"a request has at most {_MOST_BYTES} bytes; nothing changed")
    try:
        return model.model_validate_json(bytes(body))
    except ValidationError:
        raise _Refused(422, "not usable; nothing changed") from None


def _said(message: BaseModel, status: int = 200) -> Response:
    return Response(message.model_dump_json(), status, media_type="application/json")


def _error(status: int, error: str) -> Response:
    return JSONResponse({"error": error}, status_code=status)
