"""A receiving centre as the settings name it: its key, its accounts, and the ways to its receivers."""

from __future__ import annotations

import asyncio
import ssl
from functools import partial
from pathlib import Path

from anju.concentrator.core.ports import Clock
from anju.concentrator.destinations.dc09.line import Line, Open, TcpLine, UdpLine
from anju.concentrator.destinations.dc09.places import Places
from anju.concentrator.destinations.dc09.sender import Dc09, Speech
from anju.service import secret_file
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.service.third_parties import Dc09 as Settings

_NAMES = {"adm-cid": "ADM-CID", "sia-dcs": "SIA-DCS"}


def at(name: str, settings: Settings, folder: Path, clock: Clock) -> Dc09:
    """Ready to deliver; nothing is connected yet. ServiceError: the key, the accounts or the certificates can't be used."""
    if settings.transport != "tls" and not settings.unprotected:
        raise ServiceError(
            _("%(name)s would go over %(transport)s: whoever is on that line can read, change and answer what is said.")
            % {"name": name, "transport": settings.transport},
            _("Nothing was sent."),
            _('Use transport = "tls". If the line is protected otherwise, by a VPN, say so: unprotected = true'),
        )
    places = Places(folder, folder / settings.accounts_file if settings.accounts_file else None, settings.account)
    places.refresh()
    speech = Speech(_NAMES[settings.format], settings.account, settings.line, settings.answer_s, settings.supervision_s)
    if settings.transport == "tls":
        _tls(folder, settings)
    ways = [_way(*_split(receiver), folder, settings) for receiver in settings.receivers]
    return Dc09(speech, partial(_key, folder, settings), ways, places, clock, partial(_warnings, settings, places))


def _warnings(settings: Settings, places: Places) -> list[str]:
    found = []
    if settings.transport != "tls":
        found.append(_("Its line is not protected by TLS: whoever is on it can answer in the receiver's place."))
        if settings.key_file is None:
            found.append(_("What it is told is not encrypted."))
    if without := places.without:
        found.append(
            _("Households without an account of their own, told under the building's: %(count)d (%(first)s)")
            % {"count": len(without), "first": without[0]}
        )
    return found


def _key(folder: Path, settings: Settings) -> bytes | None:
    return secret_file.key(folder / settings.key_file) if settings.key_file else None


def _tls(folder: Path, settings: Settings) -> ssl.SSLContext:
    path = folder / settings.ca_file if settings.ca_file else None
    try:
        context = ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise ServiceError(
            _("The authorities in %(path)s cannot be used: %(reason)s.")
            % {"path": path, "reason": error.strerror or error},
            _("Nothing was sent."),
            _("Put certificates in PEM form there, as the receiving centre has given them to you."),
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _split(receiver: str) -> tuple[str, int]:
    host, _colon, port = receiver.rpartition(":")
    return host.strip("[]"), int(port)


def _way(host: str, port: int, folder: Path, settings: Settings) -> Open:
    async def open_it() -> Line:
        if settings.transport == "udp":
            return await UdpLine.open(host, port)
        # Read each time: what was wrong may have been replaced, and what was right renewed.
        tls = await asyncio.to_thread(_tls, folder, settings) if settings.transport == "tls" else None
        return await TcpLine.open(host, port, tls)

    return open_it
