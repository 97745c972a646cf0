"""The control socket: what the estate's own staff asks of a running concentrator, one JSON object a line each way.

Only the user that runs the concentrator (and root) may connect: the socket is 0600 and the peer's user is checked. The
peer's user name is the person that the journal records.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pwd
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import structlog

from anju.service.errors import ServiceError, of_os
from anju.service.i18n import _

MOST_LINE = 64 * 1024
ASK_TIMEOUT_S = 10.0
_LONGEST_ANSWER = 16 * 1024 * 1024
_log = structlog.get_logger()

Request = dict[str, Any]
Handler = Callable[[Request, str], Awaitable[dict[str, Any]]]
"""Answers a request of a person; ServiceError becomes the answer's error."""


class NotRunningError(ServiceError):
    """No concentrator listens on the site's control socket."""


class CutOffError(ServiceError):
    """The concentrator was asked and did not answer: what was asked may or may not have been done."""


class Control:
    """Serves the socket; `handlers` by the request's `do`."""

    def __init__(self, handlers: dict[str, Handler]) -> None:
        self._handlers = handlers
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()
        self._path: Path | None = None

    async def open(self, path: Path) -> None:
        """Listen; the socket of a dead process is replaced (the journal's lock says that it is dead). ServiceError where
        there can be none."""
        mask = os.umask(0o177)
        try:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)  # noqa: PTH108  # one quick call before there is anybody to keep waiting
            self._server = await asyncio.start_unix_server(self._serve, path, limit=MOST_LINE)
        except OSError as error:
            raise of_os(error)(
                _("The concentrator cannot listen on %(path)s: %(reason)s.")
                % {"path": path, "reason": error.strerror or error},
                _("Nothing was started or changed."),
                _("See that the user who runs Anju may write %(folder)s, then start again.") % {"folder": path.parent},
            ) from error
        finally:
            os.umask(mask)
        self._path = path

    async def close(self) -> None:
        """Stop listening, end the connections there are, and remove the socket."""
        if self._server and self._path:
            self._server.close()
            self._path.unlink(missing_ok=True)
            for connection in self._connections:
                connection.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            person = _peer(writer)
            while person and (line := await reader.readline()):
                writer.write(json.dumps(await self._answer(line, person)).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError) as error:
            _log.info("control connection ended", error=str(error))
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _answer(self, line: bytes, person: str) -> dict[str, Any]:
        try:
            request = json.loads(line)
            handler = self._handlers[request["do"]]
        except (ValueError, KeyError, TypeError, RecursionError):
            return {"ok": False, "error": _("The concentrator does not know this request. Nothing was changed.")}
        try:
            return {"ok": True} | await handler(request, person)
        except ServiceError as error:
            return {"ok": False, "error": str(error)}
        except Exception:  # noqa: BLE001  # whatever a request trips over, the next one is answered
            _log.exception("request failed", do=request["do"])
            return {"ok": False, "error": _("The concentrator failed at this request; its log says why.")}


def ask(path: Path, **request: Any) -> dict[str, Any]:
    """Ask a running concentrator and wait: NotRunningError if there is none, CutOffError if it ends first, ServiceError if it
    refuses.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ASK_TIMEOUT_S)
        try:
            connection.connect(str(path))
        except OSError as error:
            raise _not_running(path, error) from error
        try:
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as lines:
                line = lines.readline()
        except OSError as error:
            raise _cut_off(path) from error
    return _answer(line, path)


async def inquire(path: Path, **request: Any) -> dict[str, Any]:
    """`ask`, for whoever has other things to do until the answer comes."""
    try:
        async with asyncio.timeout(ASK_TIMEOUT_S):
            try:
                reader, writer = await asyncio.open_unix_connection(path, limit=_LONGEST_ANSWER)
            except OSError as error:
                raise _not_running(path, error) from error
            try:
                writer.write(json.dumps(request).encode() + b"\n")
                line = await reader.readline()
            finally:
                writer.close()
    except (OSError, ValueError) as error:
        raise _cut_off(path) from error
    return _answer(line, path)


def _answer(line: bytes, path: Path) -> dict[str, Any]:
    try:
        answer = json.loads(line)
    except ValueError as error:
        raise _cut_off(path) from error
    if not isinstance(answer, dict):
        raise _cut_off(path)
    if not answer.get("ok"):
        raise ServiceError(str(answer.get("error")), "", "")
    return answer


def _not_running(path: Path, error: OSError) -> NotRunningError:
    return NotRunningError(
        _("No concentrator answers on %(path)s: %(reason)s.") % {"path": path, "reason": error.strerror or error},
        _("Nothing was changed."),
        _("Start it with: anju run %(site)s") % {"site": path.parent.parent},
    )


def person_of(uid: int) -> str:
    """What the journal calls a user of this machine."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _cut_off(path: Path) -> CutOffError:
    return CutOffError(
        _("The concentrator did not answer; it may have ended just now."),
        _("It is not known whether it did what was asked."),
        _("See how things are: anju status --site %(site)s") % {"site": path.parent.parent},
    )


def _peer(writer: asyncio.StreamWriter) -> str | None:
    """User name of the peer, or None for a user who may not ask."""
    connection = writer.get_extra_info("socket")
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _pid, uid, _gid = struct.unpack("3i", credentials)
    if uid not in (0, os.getuid()):
        _log.warning("a user without rights asked on the control socket", uid=uid)
        return None
    return person_of(uid)
