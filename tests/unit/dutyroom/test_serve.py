"""The sockets: each failure is one clear message, and a dead predecessor's socket is no obstacle."""

from __future__ import annotations

import socket
import stat
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from anju.dutyroom.serve import listen_on_path, listen_on_port, serving
from anju.service.errors import ServiceError


def test_a_port_in_use_is_said_with_its_number_and_what_to_do() -> None:
    with closing(listen_on_port(0)) as listener:
        port = listener.getsockname()[1]
        assert listener.getsockname()[0] == "127.0.0.1"
        with pytest.raises(ServiceError) as error:
            listen_on_port(port)
    assert str(port) in error.value.what
    assert "site.toml" in error.value.next_step


def test_only_this_user_may_open_the_socket(tmp_path: Path) -> None:
    path = tmp_path / "dutyroom.sock"
    with closing(listen_on_path(path)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_socket_that_is_answered_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "dutyroom.sock"
    with closing(listen_on_path(path)):
        with pytest.raises(ServiceError, match="another duty room"):
            listen_on_path(path)
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(str(path))


def test_a_socket_left_behind_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "dutyroom.sock"
    listen_on_path(path).close()
    assert path.exists()
    with closing(listen_on_path(path)), socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(path))


def test_what_is_no_socket_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "dutyroom.sock"
    path.write_text("somebody's notes")
    with pytest.raises(ServiceError):
        listen_on_path(path)
    assert path.read_text() == "somebody's notes"


def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(ServiceError) as error:
        listen_on_path(tmp_path / "run" / "dutyroom.sock")
    assert str(tmp_path / "run") in error.value.next_step


@pytest.mark.anyio
async def test_a_server_answers_while_it_is_entered(tmp_path: Path) -> None:
    async def hello(_request: object) -> PlainTextResponse:
        return PlainTextResponse("hello")

    path = tmp_path / "dutyroom.sock"
    listener = listen_on_path(path)
    application = Starlette(routes=[Route("/", hello)])
    client = httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(path)))
    async with serving(application, listener), client:
        answer = await client.get("http://duty-room/")
        assert answer.text == "hello"
        assert "server" not in answer.headers
    listener.close()
    with socket.socket(socket.AF_UNIX) as caller, pytest.raises(ConnectionRefusedError):
        caller.connect(str(path))
