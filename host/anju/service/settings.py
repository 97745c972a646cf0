"""The settings of one site: `site.toml` in its folder, and where everything else of the site lies.

SettingsError   site.toml cannot be used: which line, which key, what is wrong, what to do next
"""

from __future__ import annotations

import ipaddress
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    Field,
    PrivateAttr,
    StringConstraints,
    ValidationError,
    model_validator,
)

from anju.service.certs import places
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.service.mistakes import describe
from anju.service.panels import Panels
from anju.service.section import Port, Section, Text, address, printable, split_address
from anju.service.third_parties import RESERVED, AnyThirdParty, Name

FILE_NAME = "site.toml"
_MOST_BYTES = 64 * 1024
MOST_ENTRY_AND_ABORT_S = 60
"""CP-01."""
_MOST_SOCKET_PATH_BYTES = 100
"""A Unix socket's address has 108 bytes on Linux and 104 elsewhere."""


class SettingsError(ServiceError):
    """site.toml, or the place of its folder, cannot be used."""


def split_url(text: str) -> tuple[str, int]:
    """Host and port of `https://10.0.0.5:8443` or `https://duty-room.example:8443`; ValueError for anything else."""
    match = re.fullmatch(r"https://(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]{1,253})):([0-9]{1,5})/?", text)
    if match is None or not 1 <= int(match[3]) <= 65535:
        raise ValueError("not an address")
    return str(ipaddress.IPv6Address(match[1])) if match[1] else match[2], int(match[3])


def _url(text: str) -> str:
    split_url(text)
    return text


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("no time zone") from None
    return text


SerialUrl = Annotated[str, StringConstraints(min_length=1, max_length=256), AfterValidator(printable)]
Argument = Annotated[str, StringConstraints(min_length=1, max_length=1024), AfterValidator(printable)]
Building = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{1,4}$")]
"""The first part of a household's name: the 3 of 3-2-0501."""


class Estate(Section):
    """[estate]"""

    name: Text
    timezone: Annotated[str, AfterValidator(_zone)] | None = None
    """By which households are armed by the clock; None: this machine's."""

    @property
    def zone(self) -> ZoneInfo | None:
        """The time zone as it is calculated with."""
        return None if self.timezone is None else ZoneInfo(self.timezone)


class Concentrator(Section):
    """[concentrator]: the building it serves and the links on which it listens."""

    building: Building
    network: Annotated[int, Field(ge=0, le=0xFFFF)] = 1
    udp: Annotated[str, AfterValidator(address)] | None = None
    serial: Annotated[list[SerialUrl], Field(max_length=16)] = Field(default_factory=list)
    baud: Annotated[int, Field(ge=1200, le=4_000_000)] = 115200

    @property
    def udp_address(self) -> tuple[str, int] | None:
        """`udp` as host and port."""
        return None if self.udp is None else split_address(self.udp)


class DutyRoom(Section):
    """[dutyroom]: its page answers on 127.0.0.1 only. `uplink`: for concentrators on other PCs; `url`: it is on another PC."""

    port: Port = 8380
    uplink: Annotated[str, AfterValidator(address)] | None = None
    url: Annotated[str, AfterValidator(_url)] | None = None
    sounder: Annotated[list[Argument], Field(max_length=32)] = Field(default_factory=list)
    """A command that sounds; it is run again while an alarm is unseen."""

    @property
    def uplink_address(self) -> tuple[str, int] | None:
        """`uplink` as host and port."""
        return None if self.uplink is None else split_address(self.uplink)

    @property
    def url_address(self) -> tuple[str, int] | None:
        """`url` as host and port."""
        return None if self.url is None else split_url(self.url)

    @model_validator(mode="after")
    def _is_here_or_there(self) -> Self:
        if self.uplink is not None and self.url is not None:
            raise ValueError("uplink and url exclude each other: the duty room is on this PC, or on another")
        return self


class Panel(Section):
    """[panel]: times for all households, in seconds. Defaults and limits are CP-01's; entry is at most 45 s (EN 50131-1)."""

    exit_s: Annotated[int, Field(ge=30, le=255)] = 60
    entry_s: Annotated[int, Field(ge=10, le=45)] = 30
    abort_s: Annotated[int, Field(ge=15, le=45)] = 30
    siren_s: Annotated[int, Field(ge=30, le=180)] = 180
    silence_is_tamper: bool = False

    @model_validator(mode="after")
    def _a_guard_hears_within_a_minute(self) -> Self:
        if self.entry_s + self.abort_s > MOST_ENTRY_AND_ABORT_S:
            raise ValueError(
                "entry_s and abort_s are more than 60 s together: nobody would hear of a burglar for longer"
            )
        return self


class Retention(Section):
    """[retention]: how long the concentrator keeps what has happened; what is owed to the duty room stays in any case."""

    keep_days: Annotated[int, Field(ge=30, le=3650)] = 30
    keep_events: Annotated[int, Field(ge=10_000, le=10_000_000)] = 10_000

    @property
    def limits(self) -> tuple[int, int]:
        """Both."""
        return self.keep_days, self.keep_events


class Metrics(Section):
    """[metrics]: on which port of 127.0.0.1 each service answers Prometheus; None: on none."""

    concentrator_port: Port | None = None
    dutyroom_port: Port | None = None


def _free(name: str) -> str:
    if name in RESERVED:
        raise ValueError("a name of ours")
    return name


class Site(Section):
    """One site: its settings, and the paths of everything in its folder."""

    estate: Estate
    concentrator: Concentrator
    dutyroom: DutyRoom = Field(default_factory=DutyRoom)
    panel: Panel = Field(default_factory=Panel)
    panels: Panels = Field(default_factory=Panels)
    retention: Retention = Field(default_factory=Retention)
    metrics: Metrics = Field(default_factory=Metrics)
    destinations: dict[Annotated[Name, AfterValidator(_free)], AnyThirdParty] = Field(
        default_factory=dict, max_length=8
    )
    """Third parties, by name."""
    _folder: Path = PrivateAttr(default=Path())

    @property
    def folder(self) -> Path:
        """The site's folder, absolute."""
        return self._folder

    @property
    def keyring(self) -> Path:
        """The concentrator's keys and counter ceilings."""
        return self._folder / "keyring.db"

    @property
    def journal(self) -> Path:
        """The concentrator's journal."""
        return self._folder / "journal.db"

    @property
    def dutyroom_db(self) -> Path:
        """The duty room's store."""
        return self._folder / "dutyroom.db"

    @property
    def uplink_certificate(self) -> Path:
        """This machine's key and certificate for the uplink between PCs."""
        return self._folder / places.FILE

    @property
    def revoked(self) -> Path:
        """The list of certificates that count no more."""
        return self._folder / places.FOLDER / places.REVOKED

    @property
    def run(self) -> Path:
        """Sockets, pid files and locks of running services; 0700."""
        return self._folder / "run"

    @property
    def dutyroom_socket(self) -> Path:
        """Where the duty room takes reports; SettingsError if the path is too long for a socket."""
        return self._socket("dutyroom.sock")

    @property
    def control_socket(self) -> Path:
        """Where the concentrator takes orders from the command line; SettingsError if the path is too long for a socket."""
        return self._socket("control.sock")

    @property
    def notify_socket(self) -> Path:
        """Where the supervisor hears from its services; SettingsError if the path is too long for a socket."""
        return self._socket("notify.sock")

    def _socket(self, name: str) -> Path:
        path = self.run / name
        if len(bytes(path)) > _MOST_SOCKET_PATH_BYTES:
            raise SettingsError(
                _("The path %(path)s is too long for a socket: %(bytes)d bytes, at most %(most)d.")
                % {"path": path, "bytes": len(bytes(path)), "most": _MOST_SOCKET_PATH_BYTES},
                _("Nothing was started."),
                _("Move the site's folder to a shorter path, then start again."),
            )
        return path


def load(folder: Path) -> Site:
    """The site in a folder; SettingsError says what is wrong with it."""
    path = folder.absolute() / FILE_NAME
    site = parse(_raw(folder), path)
    site._folder = path.parent
    return site


def text(site: Site) -> str:
    """The settings of a site as somebody has written them; SettingsError if they can't be used any more."""
    raw = _raw(site.folder)
    parse(raw, site.folder / FILE_NAME)
    return raw.decode("utf-8-sig")


def _raw(folder: Path) -> bytes:
    path = folder.absolute() / FILE_NAME
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise SettingsError(
            _("There is no site in %(folder)s: %(file)s is missing.") % {"folder": folder, "file": FILE_NAME},
            _nothing_changed(),
            _("Make one: anju init %(folder)s") % {"folder": folder},
        ) from None
    except OSError as error:
        raise SettingsError(
            _("%(path)s cannot be read: %(reason)s.") % {"path": path, "reason": error.strerror},
            _nothing_changed(),
            _("Give the user who runs Anju the right to read it, then start again."),
        ) from error


def parse(raw: bytes, path: Path) -> Site:
    """The settings in a text; `path` is what error messages call it."""
    if len(raw) > _MOST_BYTES:
        raise _wrong(path, [_("the file is larger than %(most)d bytes") % {"most": _MOST_BYTES}])
    try:
        table: dict[str, Any] = tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _wrong(path, [_("line %(line)d is not UTF-8 text") % {"line": line}]) from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _wrong(path, [_("this is not TOML: %(reason)s") % {"reason": error}]) from error
    try:
        return Site.model_validate(table)
    except ValidationError as error:
        raise _wrong(path, describe(error, raw.decode("utf-8-sig"), Site)) from error


def check(table: dict[str, Any]) -> None:
    """Look at settings that are not in a file yet; SettingsError names the values that cannot be used."""
    try:
        Site.model_validate(table)
    except ValidationError as error:
        raise SettingsError(
            "\n  ".join([_("A site cannot be made of these values:"), *describe(error, "", Site)]),
            _("Nothing was written."),
            _("Type the command again with other values."),
        ) from error


def _wrong(path: Path, mistakes: list[str]) -> SettingsError:
    if len(mistakes) == 1:
        what = _("%(path)s: %(mistake)s") % {"path": path, "mistake": mistakes[0]}
    else:
        what = "\n  ".join([_("%(path)s has %(count)d mistakes:") % {"path": path, "count": len(mistakes)}, *mistakes])
    return SettingsError(what, _nothing_changed(), _("Correct the file, then type the command again."))


def _nothing_changed() -> str:
    return _("Nothing was started and nothing was changed.")
