"""What stands between the brackets of a message: an event of Contact ID, or one or more of SIA."""

from __future__ import annotations

import re

from anju.dutyroom.core.panels import Said
from anju.dutyroom.panels import codes
from anju.dutyroom.panels.codes import Event, ZoneOf

CONTACT_ID, SIA, NULL = "ADM-CID", "SIA-DCS", "NULL"
FORMATS = frozenset({CONTACT_ID, SIA})
MOST_EVENTS = 16
"""In one message; further ones would not fit into any that a panel sends."""
_ACCOUNT = re.compile(r"(?:#([0-9A-F]{3,16}))?\|", re.ASCII)
_CONTACT_ID = re.compile(r"([136])(\d{3}) [0-9A-F]{2} ([0-9A-F]{3})", re.ASCII)
_SIA_BEGINS = re.compile(r"[NO]", re.ASCII)
_SIA_MODIFIER = re.compile(r"[a-z]{2}[^/\[\]|]{0,40}/?", re.ASCII)
_SIA_EVENT = re.compile(r"([A-Z]{2})([0-9]{0,4})(?![0-9A-Za-z])(?:\^[^^]*\^|[^/^])*/?", re.ASCII)


def read(name: str, content: str, account: str, zone_of: ZoneOf) -> tuple[Said, ...]:
    """The events of a message; none where it is not in the form that its name promises, or speaks for another account."""
    begun = _ACCOUNT.match(content)
    if begun is None or begun[1] not in {None, account}:
        return ()
    told = content[begun.end() :]
    if name == CONTACT_ID:
        return _contact_id(told, account, zone_of)
    return _sia(told, account, zone_of) if name == SIA else ()


def _contact_id(told: str, account: str, zone_of: ZoneOf) -> tuple[Said, ...]:
    found = _CONTACT_ID.fullmatch(told)
    if found is None:
        return ()
    number = int(found[3]) if found[3].isdigit() else 0
    return (codes.of_contact_id(Event(account, found[2], number, found[1]), zone_of),)


def _sia(told: str, account: str, zone_of: ZoneOf) -> tuple[Said, ...]:
    """Modifiers (area, time, …) go before events; what follows behind an event, as a text, is its own affair."""
    begins = _SIA_BEGINS.match(told)
    if begins is None:
        return ()
    place, events = begins.end(), list[Said]()
    while place < len(told) and len(events) < MOST_EVENTS:
        if modifier := _SIA_MODIFIER.match(told, place):
            place = modifier.end()
        elif found := _SIA_EVENT.match(told, place):
            place = found.end()
            events.append(codes.of_sia(Event(account, found[1], int(found[2] or 0)), zone_of))
        else:
            break
    if events and place < len(told):
        events.append(codes.not_understood(Event(account, "rest", 0), SIA))
    return tuple(events)
