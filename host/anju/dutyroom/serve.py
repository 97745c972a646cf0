"""Sockets and servers: the page's port on this machine, the uplink's Unix socket for this user and its port for other PCs."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from anju.dutyroom.core.ports import PEER
from anju.service.errors import PassingError, ServiceError, of_os
from anju.service.i18n import _

LOOPBACK = "127.0.0.1"
_BACKLOG = 128
_END_WITHIN_S = 3


def listen_on_port(port: int) -> socket.socket:
    """A TCP socket on the loopback address; ServiceError if the port can't be had."""
    try:
        return _listening(LOOPBACK, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            what = _("Port %(port)d on this machine is in use by another program.") % {"port": port}
        else:
            what = _("Port %(port)d on this machine cannot be used: %(reason)s.") % {
                "port": port,
                "reason": error.strerror,
            }
        next_step = _(
            "Stop the other program, or choose another number for port under [dutyroom] in site.toml, then start again."
        )
        # The core needs no page to take an alarm, and the other program may end.
        raise PassingError(what, _("The duty room was not started; nothing was changed."), next_step) from error


def listen_on_address(host: str, port: int) -> socket.socket:
    """A TCP socket on an address of this machine; ServiceError if it can't be had."""
    try:
        return _listening(host, port)
    except OSError as error:
        raise ServiceError(
            _("%(address)s cannot be listened on: %(reason)s.")
            % {"address": f"{host}:{port}", "reason": error.strerror},
            _("The duty room was not started; nothing was changed."),
            _("Write an address and a free port of this PC as uplink under [dutyroom] in site.toml, then start again."),
        ) from error


def _listening(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def listen_on_path(path: Path) -> socket.socket:
    """A Unix socket, mode 0600; one that a dead process left behind is replaced. ServiceError if it can't be made."""
    unchanged = _("The duty room was not started; nothing was changed.")
    if _is_answered(path):
        raise ServiceError(
            _("%(path)s is in use: another duty room runs in this folder.") % {"path": path},
            unchanged,
            _("Stop the other one first, then start again."),
        )
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        if path.exists() and stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()
        listener.bind(str(path))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise of_os(error)(
            _("%(path)s cannot be made: %(reason)s.") % {"path": path, "reason": error.strerror},
            unchanged,
            _("See that %(folder)s exists and that the user who runs Anju may write it, then start again.")
            % {"folder": path.parent},
        ) from error
    finally:
        os.umask(mask)
    return listener


@asynccontextmanager
async def serving(
    application: ASGIApp, listener: socket.socket, context: ssl.SSLContext | None = None
) -> AsyncIterator[None]:
    """Serve an application on a socket until left; requests in progress may end within a few seconds.

    With a `context` it is TLS, and the certificate of who calls stands in the scope.
    """
    server = _Server(
        _Config(
            context,
            application,
            loop="asyncio",
            http="h11" if context is None else _Known,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_END_WITHIN_S,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await _started(server, task)
        yield
    finally:
        server.should_exit = True
        await task


class _Config(uvicorn.Config):
    """Takes a TLS context that is made: uvicorn's own options can't say all of ours."""

    def __init__(self, context: ssl.SSLContext | None, *details: Any, **more: Any) -> None:
        super().__init__(*details, **more)
        self._context = context

    def load(self) -> None:
        super().load()
        self.ssl = self._context


class _Known(H11Protocol):
    """Hands the certificate of a connection on with each request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        certificate = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
        application = self.app

        async def known(scope: Scope, receive: Receive, send: Send) -> None:
            await application({**scope, PEER: certificate}, receive, send)

        self.app = known


class _Server(uvicorn.Server):
    """Says when it has started, and leaves signals to the process that it is a part of."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _started(server: _Server, task: asyncio.Task[None]) -> None:
    up = asyncio.create_task(server.is_up.wait())
    await asyncio.wait({up, task}, return_when=asyncio.FIRST_COMPLETED)
    up.cancel()
    if task.done():
        await task


def _is_answered(path: Path) -> bool:
    """Whether a living process listens on a Unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller, suppress(OSError):
        caller.connect(str(path))
        return True
    return False
