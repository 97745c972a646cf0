"""The duty room's page: Chinese first, English second, on this machine only.

GET  /                      the page            POST /duty                      who sits at this browser
GET  /events                changes, as SSE     POST /incidents/{id}/{act}      acknowledge, dispatch, close, reset, TEST, its end
GET  /api/incidents         the queue as JSON   GET  /parts/…, /incidents/{id}  parts of the page, redrawn
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from anju.dutyroom.core.ports import Console
from anju.dutyroom.core.request import Unreached
from anju.dutyroom.web import language, render
from anju.dutyroom.web.actions import ACTS, Actions
from anju.dutyroom.web.guard import Guard
from anju.dutyroom.web.language import of_request
from anju.dutyroom.web.render import Reader
from anju.dutyroom.web.stream import Streams
from anju.service.errors import ServiceError

_STATIC = Path(__file__).parent / "static"
_LANGUAGE_S = 365 * 24 * 3600


def application(console: Console, estate: str, port: int) -> ASGIApp:
    """The page as an ASGI application, for the port that browsers call it by."""
    actions = Actions(console, port)
    streams = Streams(console)

    def reader_of(request: Request, selected: int | None) -> Reader:
        return Reader(of_request(request), console.at_desk(actions.token(request) or ""), selected)

    async def page(request: Request) -> Response:
        tag = of_request(request)
        reader = Reader(
            tag, console.at_desk(actions.token(request) or ""), _number(request.query_params.get("incident"))
        )
        response = HTMLResponse(render.page(console, reader, estate))
        if request.query_params.get("lang") == tag:
            response.set_cookie(language.COOKIE, tag, max_age=_LANGUAGE_S, samesite="lax")
        return response

    async def events(request: Request) -> Response:
        return streams.open(request, of_request(request))

    async def incidents(_request: Request) -> Response:
        return JSONResponse({"incidents": [render.public(console, one) for one in console.queue()]})

    async def incident(request: Request) -> Response:
        return HTMLResponse(render.centre(console, reader_of(request, request.path_params["incident_id"])))

    async def quiet(request: Request) -> Response:
        return HTMLResponse(render.centre(console, reader_of(request, None)))

    async def queue(request: Request) -> Response:
        return HTMLResponse(render.queue_items(console, of_request(request)))

    async def side(request: Request) -> Response:
        return HTMLResponse(render.side(console, of_request(request)))

    routes = [
        Route("/", page),
        Route("/events", events),
        Route("/api/incidents", incidents),
        Route("/incidents/{incident_id:int}", incident),
        *(
            Route(f"/incidents/{{incident_id:int}}/{act}", partial(actions.handle, act), methods=["POST"])
            for act in ACTS
        ),
        Route("/duty", actions.duty, methods=["POST"]),
        Route("/parts/quiet", quiet),
        Route("/parts/queue", queue),
        Route("/parts/side", side),
        Mount("/static", StaticFiles(directory=_STATIC)),
    ]
    return Guard(
        Starlette(routes=routes, exception_handlers={ServiceError: _say_not_written, Unreached: _say_unreached}), port
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else None


def _say_unreached(request: Request, _error: Exception) -> Response:
    _ = language.translate(of_request(request))
    error = _(
        "The duty room does not answer, and is being started again. Try again; what was done already is not done twice."
    )
    return JSONResponse({"error": error}, status_code=503)


def _say_not_written(request: Request, _error: Exception) -> Response:
    _ = language.translate(of_request(request))
    error = _(
        "Nothing was changed: the duty room cannot write to its disk. See that the disk is not full, then try again."
    )
    return JSONResponse({"error": error}, status_code=503)
