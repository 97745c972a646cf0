"""[panels] of `site.toml`: alarm panels of other makers that report to the duty room by SIA DC-09, by their accounts."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from anju.service.i18n import _
from anju.service.section import Section, Text, address, split_address
from anju.service.third_parties import FileName
from anju.uplink.fields import Household

MOST_PANELS = 500
Transport = Literal["tcp", "udp"]
Format = Literal["adm-cid", "sia-dcs"]
Account = Annotated[str, StringConstraints(pattern=r"^[0-9A-F]{3,16}$")]
ZoneNumber = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,3}$")]


class Panel(Section):
    """[panels.accounts.ACCOUNT]: one panel."""

    household: Household
    key_file: FileName | None = None
    """Holds `hex:` and 32, 48 or 64 hex digits, or `text:` and 16, 24 or 32 characters; 0600."""
    unprotected: bool = False
    """Whether it may speak without a key: then anybody on the line can, in its name."""
    transports: Annotated[list[Transport], Field(min_length=1, max_length=2)] = Field(default=["tcp", "udp"])
    formats: Annotated[list[Format], Field(min_length=1, max_length=2)] = Field(default=["adm-cid", "sia-dcs"])
    supervision_s: Annotated[int, Field(ge=10, le=90_000)] = 1800
    """It is silent when nothing was heard of it for so long; 90,000 s are a daily test and an hour."""
    zones: Annotated[dict[ZoneNumber, Text], Field(max_length=256)] = Field(default_factory=dict)
    """Names of its zones by their numbers."""

    @model_validator(mode="after")
    def _is_protected(self) -> Self:
        if self.key_file is None and not self.unprotected:
            raise ValueError(
                _(
                    "without key_file anybody on the line can speak as this panel; if that may be, add: unprotected = true"
                )
            )
        if self.key_file is not None and self.unprotected:
            raise ValueError(_("key_file and unprotected = true exclude each other"))
        return self


class Panels(Section):
    """[panels]: where they call, and who they are; nothing listens unless an address is named."""

    tcp: Annotated[str, AfterValidator(address)] | None = None
    udp: Annotated[str, AfterValidator(address)] | None = None
    accounts: Annotated[dict[Account, Panel], Field(max_length=MOST_PANELS)] = Field(default_factory=dict)

    @property
    def listens(self) -> dict[str, tuple[str, int]]:
        """Host and port by transport."""
        named = {"tcp": self.tcp, "udp": self.udp}
        return {name: split_address(text) for name, text in named.items() if text is not None}

    @property
    def secrets(self) -> tuple[str, ...]:
        """Files that hold what nobody but the duty room may read."""
        return tuple(panel.key_file for panel in self.accounts.values() if panel.key_file)
