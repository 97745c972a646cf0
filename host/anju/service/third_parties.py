"""[destinations.NAME] of `site.toml`: third parties that reports go to. A secret stands in a file of its own, never there.

A new kind is a model here, in `AnyThirdParty`, and how it is opened in `anju.concentrator.destinations.offered`.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from anju.service.section import Section, printable

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
FileName = Annotated[str, StringConstraints(min_length=1, max_length=256), AfterValidator(printable)]
"""Of a file in the site's folder, or an absolute path."""
RESERVED = frozenset({"duty_room"})


def _receiver(text: str) -> str:
    match = re.fullmatch(r"(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]{1,253}):([0-9]{1,5})", text)
    if match is None or not 1 <= int(match[1]) <= 65535:
        raise ValueError("not an address")
    return text


Receiver = Annotated[str, AfterValidator(_receiver)]


class ThirdParty(Section):
    """What all kinds have."""

    kind: str


class Dc09(ThirdParty):
    """An alarm receiving centre that speaks SIA DC-09."""

    kind: Literal["dc09"]
    receivers: Annotated[list[Receiver], Field(min_length=1, max_length=4)]
    """Host and port; the first that answers is spoken to."""
    account: Annotated[str, StringConstraints(pattern=r"^[0-9A-F]{3,16}$")]
    """Of the building itself, and of households that `accounts_file` does not name."""
    accounts_file: FileName | None = None
    """Lines such as `3-2-0501,1A01`."""
    transport: Literal["tls", "tcp", "udp"] = "tls"
    unprotected: bool = False
    """Whether tcp or udp may be used: DC-09 has no MAC, so that whoever is on the line can change what is said."""
    ca_file: FileName | None = None
    """With `tls`: which authorities count (PEM); None: those of this machine."""
    format: Literal["adm-cid", "sia-dcs"] = "adm-cid"
    key_file: FileName | None = None
    """Holds `hex:` and 32, 48 or 64 hex digits, or `text:` and 16, 24 or 32 characters; 0600."""
    line: Annotated[str, StringConstraints(pattern=r"^[0-9A-F]{1,6}$")] = "0"
    answer_s: Annotated[int, Field(ge=1, le=20)] = 5
    supervision_s: Annotated[int, Field(ge=5, le=86_400)] = 60
    """How often it is shown that the line stands, while nothing happens."""


AnyThirdParty = Dc09
KINDS: dict[str, type[ThirdParty]] = {"dc09": Dc09}
