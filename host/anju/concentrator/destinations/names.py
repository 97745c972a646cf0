"""Where a third party is. A name is looked up in a thread of its own, and once at a time: while a resolver hangs, as it does when
the line to the world is cut, nothing else of the concentrator waits for it, as it would in the loop's few threads."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")
_looked_up: dict[str, Future[list[str]]] = {}
"""What is being looked up, by name."""


async def addresses(host: str) -> list[str]:
    """Its addresses, in the order in which they are to be tried. OSError: nobody knows the name."""
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        return await asyncio.wrap_future(_look_up(host))


async def reached(host: str, connect: Callable[[str], Awaitable[T]]) -> T:
    """What `connect` makes of the first address at which somebody is. OSError: nobody is at any, or the name is not known."""
    failed = OSError(f"{host} has no address")
    for address in await addresses(host):
        try:
            return await connect(address)
        except OSError as error:
            failed = error
    raise failed


def _look_up(host: str) -> Future[list[str]]:
    going_on = _looked_up.get(host)
    if going_on:
        return going_on
    found: Future[list[str]] = Future()
    found.set_running_or_notify_cancel()  # who gives up waiting does not end it for others
    _looked_up[host] = found
    # A daemon: the end of the process does not wait for a resolver either.
    threading.Thread(target=_ask, args=(host, found), name=f"name of {host}", daemon=True).start()
    return found


def _ask(host: str, found: Future[list[str]]) -> None:
    try:
        told = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except Exception as error:  # noqa: BLE001  # whatever it is, somebody waits for it
        _looked_up.pop(host, None)
        found.set_exception(error if isinstance(error, OSError) else OSError(f"{host} is no name: {error}"))
    else:
        _looked_up.pop(host, None)
        found.set_result(list(dict.fromkeys(str(one[4][0]) for one in told)))
