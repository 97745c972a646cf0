"""Alarm panels of other makers: whether they can be heard, whether they are believed, and whether anybody else could be."""

from __future__ import annotations

import errno
import json
import socket
import sqlite3
from collections.abc import Iterator
from typing import Any

from anju.doctor.finding import Finding
from anju.doctor.visit import Visit
from anju.dutyroom.core.own_trouble import OwnTrouble
from anju.service import secret_file
from anju.service.errors import ServiceError
from anju.service.i18n import _

_DAY_MS = 24 * 3600 * 1000
_MOST_NAMED = 5
_DOWN = "SELECT subject FROM standing WHERE concentrator = '' AND kind = ?"
_REFUSED = """
    SELECT detail, count(*), max(number) FROM log WHERE what = 'trouble' AND at_ms >= ?
    AND json_extract(detail, '$.trouble') = ? GROUP BY json_extract(detail, '$.why') ORDER BY 3
"""


def check(visit: Visit) -> Iterator[Finding]:
    """Everything about them that keeps an alarm away, or lets a false one in."""
    panels = visit.site.panels
    if not panels.listens and not panels.accounts:
        return
    if "dutyroom" not in visit.services:
        yield Finding(
            _(
                "Alarm panels of other makers are in these settings, and the duty room that hears them is on another PC."
            ),
            _("By [panels], beside url under [dutyroom], in site.toml."),
            _("Move [panels] into site.toml of that PC."),
        )
        return
    yield from _ports(visit)
    yield from _keys(visit)
    yield from _unprotected(visit)
    yield from _refused(visit)


def _ports(visit: Visit) -> Iterator[Finding]:
    stands = {row[0] for row in _asked(visit, _DOWN, OwnTrouble.PANELS_DOWN.value)}
    for transport, (host, port) in visit.site.panels.listens.items():
        is_told = f"panels {transport}" in stands and visit.pid("dutyroom") is not None
        if is_told or (visit.pid("dutyroom") is None and _is_taken(transport, host, port)):
            yield Finding(
                _("The address for alarm panels of other makers cannot be had: none of them is heard by %(transport)s.")
                % {"transport": transport},
                _("%(address)s is not this PC's, or another program has it.") % {"address": f"{host}:{port}"},
                _("Find out who it is and end it, or choose another address under [panels] in site.toml."),
                (("ss", "-lnp", f"--{transport}", f"sport = :{port}"),),
            )


def _keys(visit: Visit) -> Iterator[Finding]:
    for account, panel in visit.site.panels.accounts.items():
        if panel.key_file is None:
            continue
        path = visit.site.folder / panel.key_file
        try:
            secret_file.key(path)
        except ServiceError as error:
            yield Finding(
                _("The alarm panel of account %(account)s is not heard: its key cannot be used.")
                % {"account": account},
                error.what,
                _("Put the panel's key there, for the user who runs Anju alone, then start the duty room again."),
                (*((("chmod", "600", str(path)),) if path.exists() else ()), *visit.start("dutyroom")),
            )


def _unprotected(visit: Visit) -> Iterator[Finding]:
    named = [account for account, panel in visit.site.panels.accounts.items() if panel.unprotected]
    if named:
        yield Finding(
            _("Alarm panels without encryption: anybody on their line can raise and hide alarms in their name."),
            _("By unprotected = true in site.toml: %(accounts)s") % {"accounts": _named(named)},
            _(
                "Give each a key, in the panel and in a key_file. If a panel cannot encrypt, keep its line apart, by a VPN."
            ),
        )


def _refused(visit: Visit) -> Iterator[Finding]:
    for detail, times, _number in _asked(visit, _REFUSED, visit.now_ms - _DAY_MS, OwnTrouble.PANEL_REFUSED.value):
        seen = json.loads(detail)
        texts = {
            "unknown": _("An alarm panel calls whose account nobody has entered: its alarms do not arrive."),
            "in_clear": _("Somebody speaks in the name of an alarm panel and does not encrypt as was agreed."),
            "not_opened": _("An alarm panel has another key than this duty room: its alarms do not arrive."),
        }
        yield Finding(
            texts.get(seen.get("why", ""), _("What an alarm panel says is refused.")),
            _("The last from %(origin)s. Noted in 24 hours, once an hour at most: %(times)d.")
            % {"origin": seen.get("origin", "?"), "times": times},
            _(
                "Is it one of yours, enter it under [panels.accounts] in site.toml as it is set. Else find out who that is."
            ),
        )


def _asked(visit: Visit, query: str, *given: object) -> list[tuple[Any, ...]]:
    """Rows of the duty room's file; none where another check tells of it."""
    if not visit.site.dutyroom_db.exists():
        return []
    try:
        with visit.reading(visit.site.dutyroom_db) as read:
            return [tuple(row) for row in read.execute(query, given).fetchall()]
    except sqlite3.Error:
        return []


def _is_taken(transport: str, host: str, port: int) -> bool:
    """Whether the address is not to be had; asked while no duty room runs here."""
    kind = socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(transport == "tcp"))
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.errno in {errno.EADDRINUSE, errno.EADDRNOTAVAIL}
    return False


def _named(accounts: list[str]) -> str:
    shown = ", ".join(accounts[:_MOST_NAMED])
    return f"{shown}, …" if len(accounts) > _MOST_NAMED else shown
