"""A resolver that hangs holds up whoever asks for that name, and nobody else."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Iterator

import pytest

from anju.concentrator.destinations import names

pytestmark = pytest.mark.anyio
FEW = min(32, (os.cpu_count() or 1) + 4)
"""Threads of a loop's executor."""


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """No name is told until it is set, nor after the test is over."""
    told = threading.Event()

    def look(host: str, *_of: object, **_more: object) -> list[tuple[object, ...]]:
        told.wait()
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", look)
    yield told
    told.set()


async def test_while_names_hang_what_needs_a_thread_gets_one(hanging: threading.Event) -> None:
    asking = [asyncio.ensure_future(names.addresses(f"host{number}.example")) for number in range(2 * FEW)]
    await asyncio.sleep(0)
    assert await asyncio.to_thread(lambda: "a code is checked") == "a code is checked"
    hanging.set()
    assert await asyncio.gather(*asking) == [["192.0.2.1"]] * len(asking)


async def test_a_name_that_hangs_is_asked_for_once_at_a_time(hanging: threading.Event) -> None:
    before = threading.active_count()
    for _try in range(10):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await names.addresses("host.example")
    assert threading.active_count() == before + 1
    last = asyncio.ensure_future(names.addresses("host.example"))
    await asyncio.sleep(0)
    hanging.set()
    assert await last == ["192.0.2.1"]


async def test_an_address_is_not_looked_up(hanging: threading.Event) -> None:
    assert await names.addresses("::1") == ["::1"]


async def test_a_name_that_is_none_is_an_os_error() -> None:
    for name in ("a" * 70 + ".example", "no..name"):
        with pytest.raises(OSError, match=r"\S"):
            await names.addresses(name)


async def test_the_first_address_at_which_somebody_is_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    async def three(_host: str) -> list[str]:
        return ["192.0.2.1", "192.0.2.2", "192.0.2.3"]

    async def connect(address: str) -> str:
        if address == "192.0.2.1":
            raise ConnectionRefusedError
        return address

    monkeypatch.setattr(names, "addresses", three)
    assert await names.reached("host.example", connect) == "192.0.2.2"

    async def nobody(_address: str) -> str:
        raise ConnectionRefusedError

    with pytest.raises(ConnectionRefusedError):
        await names.reached("host.example", nobody)
