"""What a browser may change: who sits at it, and what becomes of an incident."""

from __future__ import annotations

import json
import secrets
from typing import Annotated, Any
from urllib.parse import parse_qsl

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from anju.dutyroom.core.incident import Act, Action, Cause, Reason
from anju.dutyroom.core.ports import Console
from anju.dutyroom.core.request import Arrival, Handling, KeyReused, NoSuchIncident
from anju.dutyroom.web import render, words
from anju.dutyroom.web.guard import is_own
from anju.dutyroom.web.language import of_request, translate

ACTS = (Act.ACKNOWLEDGE, Act.DISPATCH, Act.CLOSE, Act.RESET, Act.TEST, Act.TEST_END)
_MOST_BYTES = 16 * 1024
_SESSION_S = 16 * 3600


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("control characters")
    return text


class _Duty(BaseModel):
    model_config = ConfigDict(extra="forbid")

    person: Annotated[
        str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True), AfterValidator(_printable)
    ]


class _Handle(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: Annotated[str, StringConstraints(min_length=16, max_length=64), AfterValidator(_printable)]


class _Close(_Handle):
    cause: Cause | None = None
    note: Annotated[str, Field(max_length=500)] = ""


class _Refused(Exception):
    """Answered with `status` and a text for the reader."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error


class Actions:
    """The POSTs of the page."""

    def __init__(self, console: Console, port: int) -> None:
        self._console = console
        self._port = port
        self._cookie = f"anju_desk_{port}"  # cookies don't tell ports apart

    def token(self, request: Request) -> str | None:
        """The secret of this browser's session, if it has one."""
        return request.cookies.get(self._cookie)

    async def duty(self, request: Request) -> Response:
        """POST /duty: somebody sits down at this browser."""
        try:
            wanted = _Duty.model_validate(await self._fields(request))
            arrival = Arrival(wanted.person, secrets.token_urlsafe(32), self.token(request), _origin(request))
        except ValidationError:
            _ = translate(of_request(request))
            return _error(422, _("Nobody was noted: a name has 1 to 64 characters."))
        except _Refused as refused:
            return _error(refused.status, refused.error)
        person = await self._console.sit_down(arrival)
        response = JSONResponse({"person": person.name})
        response.set_cookie(self._cookie, arrival.token, max_age=_SESSION_S, httponly=True, samesite="strict")
        return response

    async def handle(self, act: Act, request: Request) -> Response:
        """POST /incidents/{id}/{act}, for one of ACTS."""
        _ = translate(of_request(request))
        try:
            handling = await self._handling(act, request)
            answer = await self._console.handle(handling)
        except _Refused as refused:
            return _error(refused.status, refused.error)
        except NoSuchIncident:
            return _error(404, _("There is no such incident; nothing was changed."))
        except KeyReused:
            return _error(422, _("This key has served another request; nothing was changed."))
        if isinstance(answer, Reason):
            return _error(409, words.refusal(_, answer))
        if answer.incident is None:
            raise TypeError("handling an incident made a change without one")
        return JSONResponse({"incident": render.public(self._console, answer.incident, answer)})

    async def _handling(self, act: Act, request: Request) -> Handling:
        _ = translate(of_request(request))
        fields = await self._fields(request)
        person = self._console.at_desk(self.token(request) or "")
        if person is None:
            raise _Refused(403, _("Nothing was changed: first say who is at the desk."))
        try:
            wanted = (_Close if act is Act.CLOSE else _Handle).model_validate(fields)
        except ValidationError as error:
            names = ", ".join(sorted({str(fault["loc"][0]) for fault in error.errors() if fault["loc"]}))
            raise _Refused(422, _("Nothing was changed: not usable: %(names)s.") % {"names": names}) from None
        cause, note = (wanted.cause, wanted.note.strip()) if isinstance(wanted, _Close) else (None, "")
        action = Action(act, person.id, self._console.now_ms(), cause, note)
        return Handling(request.path_params["incident_id"], action, wanted.key, _origin(request))

    async def _fields(self, request: Request) -> dict[str, Any]:
        """The fields of a form or of a JSON object that this page sent."""
        _ = translate(of_request(request))
        if not is_own(request, self._port):
            raise _Refused(403, _("Nothing was changed: the request came from another page."))
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MOST_BYTES:
                raise _Refused(413, _("Nothing was changed: the request is too large."))
        fields = _parsed(bytes(body), request.headers.get("content-type", ""))
        if fields is None:
            raise _Refused(422, _("Nothing was changed: the request is neither a form nor a JSON object."))
        return fields


def _parsed(body: bytes, content_type: str) -> dict[str, Any] | None:
    try:
        if content_type.startswith("application/x-www-form-urlencoded"):
            return dict(parse_qsl(body.decode("ascii"), strict_parsing=True, max_num_fields=16))
        fields = json.loads(body) if content_type.startswith("application/json") else None
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def _origin(request: Request) -> str:
    return f"page {request.client.host if request.client else '?'}"


def _error(status: int, error: str) -> Response:
    return JSONResponse({"error": error}, status_code=status)
