"""Who answers on the sockets of a site, and which processes live."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from anju.concentrator import control
from anju.dutyroom.terminals import Standing
from anju.page.terminal import Core
from anju.service.errors import ServiceError
from anju.service.local_http import NoAnswer
from anju.service.settings import Site

PATIENCE_S = 8.0
"""A service that was killed is up again within it: its supervisor waits 5 s at most before it starts it."""
_AGAIN_S = 0.2
_CONNECT_S = 3.0

T = TypeVar("T")


def patiently(ask: Callable[[], T | None], until_s: float) -> T | None:
    """What is answered; asked again until then, by the monotonic clock, where somebody may be about to answer."""
    while (answer := ask()) is None and time.monotonic() < until_s:
        time.sleep(_AGAIN_S)
    return answer


def concentrator(site: Site) -> dict[str, Any] | None:
    """What it says of itself."""
    with suppress(ServiceError):
        return control.ask(site.control_socket, do="status")
    return None


def duty_room(site: Site) -> Standing | None:
    """What its core says of itself."""

    async def ask() -> Standing | None:
        core = Core(site.dutyroom_socket)
        try:
            with suppress(NoAnswer, TimeoutError):
                return await core.standing(0, 0)
            return None
        finally:
            await core.close()

    return asyncio.run(ask())


def page(site: Site) -> bool:
    """Whether it takes calls on its port."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", site.dutyroom.port), _CONNECT_S):
        return pid(site, "page") is not None
    return False


def is_port_taken(site: Site) -> bool:
    """Whether anybody takes calls on the page's port."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", site.dutyroom.port), _CONNECT_S):
        return True
    return False


def pid(site: Site, name: str) -> int | None:
    """The living process that a lock in the run folder names."""
    for file in (site.run / f"{name}.lock", site.run / f"{name}.pid"):
        with suppress(OSError, ValueError):
            number = int(file.read_text("ascii"))
            words = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
            if f"anju.{name}".encode() in words or (name == "supervisor" and b"run" in words):
                return number
    return None
