"""A socket to a broker, over TLS unless the site says otherwise. All in the loop: no thread hangs with a broker that does."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from anju.concentrator.destinations.names import reached


class Tls(NamedTuple):
    """Which authorities count (None: those of this machine), and a certificate of our own."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Reads the files; OSError if one can't be used."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # which checks certificate and name
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.ca:
            context.load_verify_locations(self.ca)
        else:
            context.load_default_certs()
        if self.certificate:
            # A key under a password would be asked for at a terminal, where nobody sits.
            context.load_cert_chain(self.certificate, self.key, password="")
        return context


async def dial(host: str, port: int, tls: ssl.SSLContext | None) -> socket.socket:
    """Connected, and not blocking. OSError: nobody is there, or its certificate is not to be trusted."""
    made = await reached(host, partial(_connected, port))
    if tls is None:
        return made
    try:
        secured = tls.wrap_socket(made, server_hostname=host, do_handshake_on_connect=False)
    except BaseException:
        made.close()
        raise
    try:
        await _shake_hands(secured)
    except BaseException:
        secured.close()
        raise
    return secured


async def _connected(port: int, address: str) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        # An alarm must not wait until the kernel has more to send: with delayed acknowledgements that is 40 ms.
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(made, (address, port))
    except BaseException:
        made.close()
        raise
    return made


async def _shake_hands(secured: ssl.SSLSocket) -> None:
    loop = asyncio.get_running_loop()
    while True:
        try:
            secured.do_handshake()
        except ssl.SSLWantReadError:
            await _ready(secured.fileno(), loop.add_reader, loop.remove_reader)
        except ssl.SSLWantWriteError:
            await _ready(secured.fileno(), loop.add_writer, loop.remove_writer)
        else:
            return


async def _ready(fileno: int, add: Callable[..., None], remove: Callable[[int], object]) -> None:
    is_ready = asyncio.Event()
    add(fileno, is_ready.set)
    try:
        await is_ready.wait()
    finally:
        remove(fileno)
