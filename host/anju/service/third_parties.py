"""[destinations.NAME] of `site.toml`: third parties that reports go to. A secret stands in a file of its own, never there.

A new kind is a model here, in `AnyThirdParty`, and how it is opened in `anju.concentrator.destinations.offered`.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from anju.service.i18n import _
from anju.service.section import Section, printable
from anju.uplink.fields import PublicKey

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
FileName = Annotated[str, StringConstraints(min_length=1, max_length=256), AfterValidator(printable)]
"""Of a file in the site's folder, or an absolute path."""
RESERVED = frozenset({"duty_room"})
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


def _address(text: str) -> str:
    match = re.fullmatch(r"(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]{1,253}):([0-9]{1,5})", text)
    if match is None or not 1 <= int(match[1]) <= 65535:
        raise ValueError("not an address")
    return text


HostAndPort = Annotated[str, AfterValidator(_address)]


class ThirdParty(Section):
    """What all kinds have."""

    kind: str

    @property
    def secrets(self) -> tuple[str, ...]:
        """Files that hold what nobody but the concentrator may read."""
        return ()

    @property
    def certificates(self) -> tuple[str, ...]:
        """Files that hold certificates: of the authorities that count, and ours."""
        return ()


class Dc09(ThirdParty):
    """An alarm receiving centre that speaks SIA DC-09."""

    kind: Literal["dc09"]
    receivers: Annotated[list[HostAndPort], Field(min_length=1, max_length=4)]
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

    @property
    def secrets(self) -> tuple[str, ...]:
        """Files that hold what nobody but the concentrator may read."""
        return (self.key_file,) if self.key_file else ()

    @property
    def certificates(self) -> tuple[str, ...]:
        """Of the authorities that count."""
        return (self.ca_file,) if self.ca_file and self.transport == "tls" else ()


TopicPart = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,32}(/[A-Za-z0-9_-]{1,32}){0,3}$")]


class Mqtt(ThirdParty):
    """A broker of MQTT 5: Home Assistant, or a platform of the estate."""

    kind: Literal["mqtt"]
    broker: HostAndPort
    transport: Literal["tls", "tcp"] = "tls"
    unprotected: bool = False
    """Whether tcp may be used elsewhere than to this machine."""
    ca_file: FileName | None = None
    """With `tls`: which authorities count (PEM); None: those of this machine."""
    certificate_file: FileName | None = None
    """With `tls`: ours (PEM), if the broker asks for one."""
    certificate_key_file: FileName | None = None
    username: Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(printable)] | None = None
    password_file: FileName | None = None
    """Holds the password and nothing else; 0600."""
    prefix: TopicPart = "anju"
    """Of all topics. Estates on one broker need one each."""
    discovery: bool = True
    """Whether Home Assistant is told what there is."""
    discovery_prefix: TopicPart = "homeassistant"
    zone_names: bool = False
    """Whether it is told what the household calls its zones."""
    retain_arm_state: bool = False
    """Whether the broker keeps it: a state that is kept says at any time that nobody is at home."""
    silent_alarms: bool = False
    """Whether silent buttons and duress are told: a screen at home would show them to whoever must not notice."""
    receipt_key: PublicKey | None = None
    """With which a receiver signs for what it has; None: the broker's acknowledgement counts."""
    arming_keys: Annotated[dict[Name, PublicKey], Field(max_length=8)] = Field(default_factory=dict)
    """Whose signed commands arm a household; none: nobody's."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Files that hold what nobody but the concentrator may read."""
        return tuple(filter(None, (self.password_file, self.certificate_key_file)))

    @property
    def certificates(self) -> tuple[str, ...]:
        """Of the authorities that count, and ours."""
        return tuple(filter(None, (self.ca_file, self.certificate_file))) if self.transport == "tls" else ()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, _colon, port = self.broker.rpartition(":")
        return host.strip("[]"), int(port)

    @model_validator(mode="after")
    def _is_protected(self) -> Self:
        if self.transport == "tcp" and not self.unprotected and self.address[0] not in _THIS_MACHINE:
            raise ValueError(
                _("by tcp whoever is on the line reads and changes everything; if that may be, add: unprotected = true")
            )
        if self.certificate_key_file and not self.certificate_file:
            raise ValueError(_("certificate_key_file is of no use without certificate_file"))
        return self


AnyThirdParty = Annotated[Dc09 | Mqtt, Field(discriminator="kind")]
KINDS: dict[str, type[ThirdParty]] = {"dc09": Dc09, "mqtt": Mqtt}
