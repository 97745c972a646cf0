"""Puts what pydantic says about site.toml into words for the person who wrote the file: line, key, what is wrong."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from anju.service.i18n import _
from anju.service.panels import Panel
from anju.service.third_parties import KINDS

_Place = tuple[int | str, ...]
_NAMED = ("destinations.", "panels.accounts.")


def describe(error: ValidationError, text: str, model: type[BaseModel]) -> list[str]:
    """One phrase for each mistake, in the order of the file."""
    found = []
    for mistake in error.errors(include_url=False, include_context=True):
        place = tuple(part for part in mistake["loc"] if isinstance(part, int) or not part.startswith("function-"))
        if mistake["type"] == "union_tag_invalid":
            place = (*place, "kind")
        place, section = _named_section(place, model)
        line = _line(text, place)
        phrase = _phrase(mistake["type"], mistake["input"], mistake.get("ctx", {}), place, section)
        if line is not None:
            phrase = _("line %(line)d: %(mistake)s") % {"line": line, "mistake": phrase}
        found.append((line or 0, phrase))
    return [phrase for _line_number, phrase in sorted(found)]


def _named_section(place: _Place, model: type[BaseModel]) -> tuple[_Place, type[BaseModel]]:
    """[destinations.NAME] is one section, of the model of its kind; the kind stands in the place where there are several.
    So is [panels.accounts.ACCOUNT]."""
    if place[:2] == ("panels", "accounts") and len(place) > 2:
        rest = tuple(part for part in place[3:] if part != "[key]") or (() if place[3:] == () else ("account",))
        return (f"panels.accounts.{place[2]}", *rest), Panel
    if place[:1] != ("destinations",) or len(place) < 2:
        return place, model
    kind = next((str(part) for part in place[2:3] if part in KINDS), None)
    rest = place[2:] if kind is None else place[3:]
    return (f"destinations.{place[1]}", *rest), KINDS[kind or next(iter(KINDS))]


def _phrase(kind: str, value: object, limits: dict[str, Any], place: _Place, model: type[BaseModel]) -> str:
    key = _spelt(place)
    if kind == "extra_forbidden":
        return _unknown(place, key, model)
    if kind == "missing":
        return _("%(key)s is missing") % {"key": key}
    if kind in ("greater_than_equal", "less_than_equal"):
        least, most = _range(place, model)
        return _("%(key)s = %(value)s is out of range: %(least)d to %(most)d") % {
            "key": key,
            "value": _shown(value),
            "least": least,
            "most": most,
        }
    if kind in ("int_type", "string_type", "list_type", "bool_type", "model_type", "dict_type"):
        return _("%(key)s = %(value)s is the wrong kind of value: %(expected)s belongs here") % {
            "key": key,
            "value": _shown(value),
            "expected": _expected(kind),
        }
    if kind == "union_tag_not_found":
        return _("%(key)s needs its kind, one of: %(kinds)s") % {"key": key, "kinds": ", ".join(sorted(KINDS))}
    if kind == "value_error" and len(place) == 1 and str(place[0]).startswith(_NAMED):
        return f"{key}: {limits['error']}"
    return _("%(key)s = %(value)s cannot be used: %(expected)s belongs here") % {
        "key": key,
        "value": _shown(limits.get("tag", value)),
        "expected": _meant(kind, place, limits),
    }


def _unknown(place: _Place, key: str, model: type[BaseModel]) -> str:
    if place == ("dutyroom", "host"):
        return _(
            "%(key)s is not a setting: the duty room's page answers on 127.0.0.1 only, until people and rights exist"
        ) % {"key": key}
    section = _section(place[:-1], model)
    known = list(section.model_fields) if section else []
    nearest = difflib.get_close_matches(str(place[-1]), known, n=1)
    if nearest:
        return _("%(key)s is unknown; did you mean %(nearest)s?") % {"key": key, "nearest": nearest[0]}
    return _("%(key)s is unknown; known here: %(known)s") % {"key": key, "known": ", ".join(known)}


def _expected(kind: str) -> str:
    return {
        "int_type": _("a whole number"),
        "string_type": _("a text in quotation marks"),
        "bool_type": _("true or false"),
        "list_type": _('a list such as ["/dev/ttyUSB0"]'),
    }.get(kind, _("a section such as [estate]"))


def _meant(kind: str, place: _Place, limits: dict[str, Any]) -> str:
    if kind in ("union_tag_invalid", "literal_error"):
        these = re.findall("'([^']+)'", limits.get("expected_tags") or limits["expected"])
        return _("one of %(these)s") % {"these": ", ".join(these)}
    if kind == "too_long":
        return _("a list of at most %(most)d") % {"most": limits["max_length"]}
    if kind == "string_too_long":
        return _("a text of at most %(most)d characters") % {"most": limits["max_length"]}
    if place == ("dutyroom",):
        return _("uplink or url, not both: the duty room is on this PC, or on another;")
    if place == ("panel",):
        return _("entry_s and abort_s of at most 60 s together;")
    return next((known for part in place[1:] if (known := _named(str(part)))), _("a printable text that is not empty"))


def _named(name: str) -> str:
    """What belongs under a key of this name, whatever its section; empty: nothing is said of it here."""
    public_key = _("a public key of 64 hex digits in small letters")
    topic = _('a topic of letters and digits, such as "anju",')
    return {
        "url": _('an address such as "https://10.0.0.5:8443"'),
        "udp": _('an IP address and a port, such as "127.0.0.1:7010",'),
        "uplink": _('an IP address and a port, such as "127.0.0.1:7010",'),
        "tcp": _('an IP address and a port, such as "127.0.0.1:7010",'),
        "household": _('a household such as "3-2-0501"'),
        "zones": _('numbers and names such as { 1 = "front door" }'),
        "receivers": _('addresses such as "10.0.0.9:9000"'),
        "account": _("3 to 16 hex digits, in capital letters,"),
        "broker": _('a host and a port, such as "10.0.0.9:8883",'),
        "receipt_key": public_key,
        "arming_keys": public_key,
        "prefix": topic,
        "discovery_prefix": topic,
        "timezone": _('the name of a time zone, such as "Asia/Shanghai",'),
        "building": _('one to four digits or capital letters, such as "3",'),
    }.get(name, "")


def _shown(value: object) -> str:
    """A value as TOML would write it, or nearly; printable, and not long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    text = text if text.isprintable() else ascii(text)[1:-1]
    return text if len(text) <= 60 else text[:59] + "…"


def _spelt(place: _Place) -> str:
    """[section] key, as it stands in the file."""
    if len(place) == 1:
        return f"[{place[0]}]"
    return " ".join([f"[{place[0]}]", *map(str, place[1:2])]) + "".join(f"[{part}]" for part in place[2:])


def _section(place: _Place, model: type[BaseModel]) -> type[BaseModel] | None:
    if place and str(place[0]).startswith(_NAMED):
        place = place[1:]
    for part in place:
        field = model.model_fields.get(str(part))
        if field is None or not isinstance(field.annotation, type) or not issubclass(field.annotation, BaseModel):
            return None
        model = field.annotation
    return model


def _range(place: _Place, model: type[BaseModel]) -> tuple[int, int]:
    section = _section(place[:-1], model)
    limits: Sequence[Any] = section.model_fields[str(place[-1])].metadata if section else ()
    least = next((limit.ge for limit in limits if hasattr(limit, "ge")), 0)
    most = next((limit.le for limit in limits if hasattr(limit, "le")), 0)
    return int(least), int(most)


def _line(text: str, place: _Place) -> int | None:
    """The line of a key, looked for by eye: tomllib does not keep it."""
    section, line_of_section = "", None
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\s*([\w.-]+)\s*\]", line)
        key = re.match(r"\s*[\"']?([\w-]+)[\"']?\s*[=.]", line)
        if header:
            section = header[1]
            if section == place[0]:
                line_of_section = number
        elif key and (section, key[1]) in (place[:2], ("", place[0])):
            return number
    return line_of_section
