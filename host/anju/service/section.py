"""What all sections of `site.toml` have in common."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints


def printable(text: str) -> str:
    """The text; ValueError where it holds control characters."""
    if not text.isprintable():
        raise ValueError("control characters")
    return text


def split_address(text: str) -> tuple[str, int]:
    """Host and port of `127.0.0.1:7010` or `[::1]:7010`; ValueError for anything else."""
    match = re.fullmatch(r"(?:\[([^\[\]]+)\]|([^\[\]:]+)):([0-9]{1,5})", text)
    if match is None or not 1 <= int(match[3]) <= 65535:
        raise ValueError("not an address")
    host = str(ipaddress.IPv6Address(match[1]) if match[1] else ipaddress.IPv4Address(match[2]))
    return host, int(match[3])


def address(text: str) -> str:
    """The text; ValueError where it is no address."""
    split_address(text)
    return text


Port = Annotated[int, Field(ge=1, le=65535)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True), AfterValidator(printable)]


class Section(BaseModel):
    """One section: nothing unknown in it, and no value of another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
