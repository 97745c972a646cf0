"""What the estate's own programs ask of a household's panel, over HTTP on the Unix socket that only this user may open.

POST /desk/v1/households/{household}/{order}   who, why and a key -> 200 the command's number · 404 nothing was ever heard of it
                                               409 not now · 422 not usable; with all but 200 nothing was given
GET  /desk/v1/commands/{number}                what has become of it

Whoever may open this socket may also stop the services: that is what a disarming takes (invariant I10). The page on its port
has no log-in, and offers TEST, its end and the reset alone.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from anju.dutyroom.core.incident import Reason
from anju.dutyroom.core.ports import Orders
from anju.dutyroom.core.request import KeyReused, NoSuchHousehold, Order
from anju.uplink.commands import MOST_BYPASS_S, CommandKind, ZoneRef
from anju.uplink.fields import HOUSEHOLD_PATTERN, Name

MOST_BYTES = 16 * 1024
USUAL_TEST_S = 30 * 60
_OF_PANELS = frozenset(CommandKind) - {CommandKind.SEEN, CommandKind.COMING}
_NEEDS = {CommandKind.BYPASS: {"zone"}, CommandKind.UNBYPASS: {"zone"}}
_TAKES = {
    CommandKind.ARM_AWAY: {"anyway"},
    CommandKind.ARM_HOME: {"anyway"},
    CommandKind.BYPASS: {"zone", "lasts_s"},
    CommandKind.UNBYPASS: {"zone"},
    CommandKind.TEST: {"lasts_s"},
}
_MOST_NUMBER = 0xFFFF_FFFF


class _Asked(BaseModel):
    """A body. Without a reason nothing is given: somebody will ask for it."""

    model_config = ConfigDict(extra="forbid")

    key: Annotated[str, StringConstraints(pattern=r"^[!-~]{16,64}$")]
    person: Name
    reason: Name
    anyway: bool | None = None
    lasts_s: Annotated[int, Field(ge=1, le=MOST_BYPASS_S)] | None = None
    zone: ZoneRef | None = None


class _Refused(Exception):
    """Answered with `status`; nothing was given."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error


def routes(desk: Orders) -> list[Route]:
    """The endpoint's routes."""

    async def give(request: Request) -> Response:
        try:
            order = await _order(request, desk.now_ms())
            answer = await desk.order(order)
        except _Refused as refused:
            return _error(refused.status, refused.error)
        except NoSuchHousehold:
            return _error(404, "nothing was ever heard of this household; nothing was given")
        except KeyReused:
            return _error(422, "this key has served another request; nothing was given")
        if isinstance(answer, Reason):
            return _error(409, f"{answer.value}; nothing was given")
        return JSONResponse({"command": answer.number})

    async def told(request: Request) -> Response:
        number = request.path_params["number"]
        ordered = desk.ordered(number) if number <= _MOST_NUMBER else None
        if ordered is None:
            return _error(404, "there is no command with this number")
        outcome, refusal = ordered.outcome, ordered.refusal
        told = {"outcome": outcome and outcome.value, "refusal": refusal and refusal.value}
        return JSONResponse({"command": number} | told)

    return [
        Route("/desk/v1/households/{household}/{order}", give, methods=["POST"]),
        Route("/desk/v1/commands/{number:int}", told, methods=["GET"]),
    ]


async def _order(request: Request, now_ms: int) -> Order:
    household, name = request.path_params["household"], request.path_params["order"]
    if not re.fullmatch(HOUSEHOLD_PATTERN, household):
        raise _Refused(404, "this is no household; nothing was given")
    kinds = {kind.value: kind for kind in _OF_PANELS}
    if name not in kinds:
        raise _Refused(404, f"this is none of {', '.join(sorted(kinds))}; nothing was given")
    kind = kinds[name]
    try:
        asked = _Asked.model_validate_json(await _body(request), strict=True)
    except ValidationError as error:
        places = sorted({".".join(map(str, fault["loc"])) or "body" for fault in error.errors(include_input=False)})
        raise _Refused(422, f"not usable: {', '.join(places)}; nothing was given") from None
    given = asked.model_fields_set & {"anyway", "lasts_s", "zone"}
    if wrong := (given - _TAKES.get(kind, set())) | (_NEEDS.get(kind, set()) - given):
        raise _Refused(422, f"not usable: {', '.join(sorted(wrong))}; nothing was given")
    lasts_s = asked.lasts_s or (USUAL_TEST_S if kind is CommandKind.TEST else None)
    what = (household, kind, asked.person, asked.reason, now_ms, asked.key, "socket")
    return Order(*what, asked.anyway, lasts_s, asked.zone)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise _Refused(413, f"a request has at most {MOST_BYTES} bytes; nothing was given")
    return bytes(body)


def _error(status: int, error: str) -> Response:
    return JSONResponse({"error": error}, status_code=status)
