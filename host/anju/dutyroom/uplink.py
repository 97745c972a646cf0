"""Where concentrators call: batches up, commands down. HTTP on a Unix socket that only this user may open, or behind the gate.

POST /uplink/v1/batches     200 receipt, after the commit · 403 not its own to say · 413 too large · 422 refused, nothing stored
                            503 not written
GET  /uplink/v1/commands    200 commands of one journal above a number; waits up to wait_s for the first
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from anju.dutyroom.core import panels
from anju.dutyroom.core.own_trouble import OwnTrouble, Seen
from anju.dutyroom.core.ports import CALLER, Estate
from anju.service.errors import ServiceError
from anju.uplink.canonical import canonical, digest
from anju.uplink.fields import JournalId
from anju.uplink.reports import MOST_BYTES, Batch

_MOST_FAULTS_TOLD = 5

_logger = structlog.get_logger()


class _Poll(BaseModel):
    """The query of GET /commands; numbers come as text."""

    model_config = ConfigDict(extra="forbid")

    journal_id: JournalId
    after: Annotated[int, Field(ge=0, le=0xFFFF_FFFF)] = 0
    wait_s: Annotated[float, Field(ge=0, le=25)] = 0


class _Refused(Exception):
    """Answered with `status`; nothing was stored."""

    def __init__(self, status: int, error: str, why: str | None = None) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.why = why


def application(estate: Estate, others: Sequence[Route] = ()) -> Starlette:
    """The endpoint as an ASGI application; `others` are answered on the same socket."""

    async def batches(request: Request) -> Response:
        batch = _checked(await _body(request))
        _check_not_ours(batch.journal_id)
        caller = request.scope.get(CALLER)
        if caller is not None:
            await _check_name(caller, batch)
        receipt = await estate.receive(batch)
        return Response(canonical(receipt), media_type="application/json")

    async def commands(request: Request) -> Response:
        poll = _poll(dict(request.query_params))
        _check_not_ours(poll.journal_id)
        caller = request.scope.get(CALLER)
        if caller is not None and estate.owner(poll.journal_id) not in (None, caller):
            raise await _not_its_own(caller)
        page = await estate.commands(poll.journal_id, poll.after, poll.wait_s, caller)
        return Response(canonical(page), media_type="application/json")

    async def _check_name(caller: str, batch: Batch) -> None:
        """A certificate speaks for one building: its concentrator, that one's journals and its households."""
        households = {row.report.household.partition("-")[0] for row in batch.rows if row.report.household}
        if {batch.concentrator, estate.owner(batch.journal_id) or caller, *households} != {caller}:
            raise await _not_its_own(caller)

    async def _not_its_own(caller: str) -> _Refused:
        await estate.see(Seen(OwnTrouble.REFUSED, caller, "other_name"))
        return _Refused(403, f"refused: concentrator {caller} speaks for another; nothing was stored", "other_name")

    return Starlette(
        routes=[
            Route("/uplink/v1/batches", batches, methods=["POST"]),
            Route("/uplink/v1/commands", commands, methods=["GET"]),
            *others,
        ],
        exception_handlers={_Refused: _say_refused, ServiceError: _say_not_written},
    )


async def _body(request: Request) -> bytes:
    """The body, unless it is larger than any batch can be."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise _Refused(413, f"a batch has at most {MOST_BYTES} bytes; nothing was stored")
    return bytes(body)


def _checked(body: bytes) -> Batch:
    """The batch, if it keeps the contract and each row is what its hash says."""
    try:
        batch = Batch.model_validate_json(body)
    except ValidationError as error:
        raise _Refused(422, f"not a batch: {_faults(error)}; nothing was stored") from None
    for row in batch.rows:
        if digest(canonical(row.report)) != row.sha256:
            raise _Refused(422, f"row {row.report.seq} is not what its sha256 says; nothing was stored")
    return batch


def _check_not_ours(journal_id: str) -> None:
    """Panels of other makers are heard by the duty room itself: nobody speaks for their journal or is told of it."""
    if journal_id == panels.JOURNAL:
        raise _Refused(422, "this journal is the duty room's own; nothing was stored")


def _poll(query: dict[str, str]) -> _Poll:
    try:
        return _Poll.model_validate(query)
    except ValidationError as error:
        raise _Refused(422, f"not a poll: {_faults(error)}") from None


def _faults(error: ValidationError) -> str:
    """Where it is wrong and how, without repeating what came."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    told = [f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}" for fault in faults[:_MOST_FAULTS_TOLD]]
    return "; ".join(told)


def _say_refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, _Refused):
        raise error
    _logger.warning("refused", path=request.url.path, status=error.status, error=error.error)
    why = {} if error.why is None else {"why": error.why}
    return JSONResponse({"error": error.error} | why, status_code=error.status)


def _say_not_written(_request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=503)
