"""Writes a new site's folder: `site.toml`, explained in the language of the person who makes it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from anju.service import root_key
from anju.service.i18n import _
from anju.service.settings import FILE_NAME, SettingsError, Site, check, load


def create(
    folder: Path,
    *,
    estate: str,
    building: str,
    network: int,
    udp: str | None,
    port: int,
    serial: Sequence[str] = (),
) -> Site:
    """Make a site's folder (0700), settings and root key (0600).

    SettingsError if there are settings already or a value cannot be used. A root key that is there already is kept.
    """
    path = folder.absolute() / FILE_NAME
    links = {"building": building, "network": network, "serial": list(serial)} | ({"udp": udp} if udp else {})
    check({"estate": {"name": estate}, "concentrator": links, "dutyroom": {"port": port}})
    text = render(estate=estate, building=building, network=network, udp=udp, port=port, serial=serial)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise SettingsError(
            _("There is a site in %(folder)s already.") % {"folder": folder},
            _("Its settings were left as they are."),
            _("Choose another folder, or edit %(path)s.") % {"path": path},
        ) from None
    except OSError as error:
        raise SettingsError(
            _("%(path)s cannot be written: %(reason)s.") % {"path": path, "reason": error.strerror},
            _("Nothing was changed."),
            _("Choose a folder in which you may write."),
        ) from error
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(text)
    if not (folder / root_key.PUBLIC).exists():
        root_key.create(folder)
    return load(folder)


def render(*, estate: str, building: str, network: int, udp: str | None, port: int, serial: Sequence[str] = ()) -> str:
    """The text of a new site.toml."""
    address = "127.0.0.1:7010"
    lines = (
        "# " + _("Settings of one site. Start its services: anju run FOLDER"),
        "",
        "[estate]",
        f"name = {_quoted(estate)}",
        "# " + _("By which households are armed by the clock; if it is not given, this machine's time zone."),
        '# timezone = "Asia/Shanghai"',
        "",
        "[concentrator]",
        "# " + _("The building it serves: the first part of its households' names, the 3 of 3-2-0501."),
        f"building = {_quoted(building)}",
        "# " + _("Number of its network of nodes, 0 to 65535; another building, another number."),
        f"network = {network}",
        "# " + _("Where it listens for nodes on the local network."),
        f"udp = {_quoted(udp)}" if udp else f"# udp = {_quoted(address)}",
        "# " + _("Serial lines to nodes, as device paths or pyserial URLs, and their speed."),
        f"serial = [{', '.join(map(_quoted, serial))}]" if serial else '# serial = ["/dev/ttyUSB0"]',
        "# baud = 115200",
        "",
        "[retention]",
        "# "
        + _("How many days the concentrator keeps what has happened, and how many events however old; at least these."),
        "# " + _("What the duty room has not received yet stays in any case."),
        "# keep_days = 30",
        "# keep_events = 10000",
        "",
        "[panel]",
        "# " + _("Seconds to leave, to come in and say who one is, to call an alarm off; how long a siren sounds."),
        "# exit_s = 60",
        "# entry_s = 30",
        "# abort_s = 30",
        "# siren_s = 180",
        "# " + _("Whether a detector that falls silent while its household is armed counts as tampered with."),
        "# silence_is_tamper = false",
        "",
        "[metrics]",
        "# " + _("Ports of 127.0.0.1 on which Prometheus may ask for figures; none answers unless it is named."),
        "# concentrator_port = 9464",
        "# dutyroom_port = 9465",
        "",
        "[dutyroom]",
        "# " + _("Port of the duty room's page, on 127.0.0.1 only."),
        f"port = {port}",
        "# " + _("Where concentrators on other PCs call this duty room; it needs certificates: anju certs --help"),
        '# uplink = "0.0.0.0:8443"',
        "# " + _("Or, if the duty room is on another PC: where. Then none runs here."),
        '# url = "https://10.0.0.5:8443"',
        "# "
        + _("A command that sounds, run again and again while nobody has seen an alarm, whatever becomes of the page."),
        '# sounder = ["aplay", "/usr/share/sounds/alarm.wav"]',
        "",
        "# [panels]",
        "# "
        + _(
            "Where alarm panels of other makers report to this duty room (SIA DC-09); nothing listens unless it is named."
        ),
        '# tcp = "0.0.0.0:9100"',
        '# udp = "0.0.0.0:9100"',
        "# [panels.accounts.1A01]",
        "# " + _("The household in which the panel with this account is, and the names of its zones."),
        '# household = "3-2-0501"',
        '# zones = { 1 = "front door", 2 = "bedside" }',
        "# " + _("A file that only the user who runs Anju may read: hex: and 32, 48 or 64 hex digits."),
        '# key_file = "panel-1A01.key"',
        "# " + _("Or, for a panel that cannot encrypt: anybody on the line can speak in its name."),
        "# unprotected = true",
        '# transports = ["tcp", "udp"]',
        '# formats = ["adm-cid", "sia-dcs"]',
        "# " + _("Seconds after which a panel of which nothing was heard is trouble."),
        "# supervision_s = 1800",
        "",
        "# "
        + _(
            "An alarm receiving centre that is told as well (SIA DC-09), under a name of your own; several may stand here."
        ),
        "# [destinations.arc]",
        '# kind = "dc09"',
        '# receivers = ["arc.example:9000", "10.0.0.10:9000"]',
        "# " + _("The building's account there; those of households are in a file with lines such as 3-2-0501,1A01."),
        '# account = "1A00"',
        '# accounts_file = "accounts.csv"',
        "# " + _("tls, or tcp or udp where the line is protected otherwise (VPN): then also unprotected = true."),
        '# transport = "tls"',
        "# unprotected = false",
        '# ca_file = "arc.pem"',
        '# format = "adm-cid"',
        "# " + _("A file that only the user who runs Anju may read: hex: and 32, 48 or 64 hex digits."),
        '# key_file = "arc.key"',
        '# line = "0"',
        "# " + _("Seconds to wait for an answer, and between two signs that the line stands."),
        "# answer_s = 5",
        "# supervision_s = 60",
        "",
        "# "
        + _(
            "Another program that hears what happens, by MQTT: Home Assistant, or a platform. What each means: host/README.md"
        ),
        "# [destinations.home]",
        '# kind = "mqtt"',
        '# broker = "10.0.0.9:8883"',
        '# transport = "tls"',
        "# unprotected = false",
        '# ca_file = "broker-ca.pem"',
        '# certificate_file = "mqtt.pem"',
        '# certificate_key_file = "mqtt.key"',
        '# username = "anju"',
        "# " + _("A file that holds the password and that only you may read (chmod 600)."),
        '# password_file = "mqtt-password"',
        '# prefix = "anju"',
        "# discovery = true",
        '# discovery_prefix = "homeassistant"',
        "# zone_names = false",
        "# retain_arm_state = false",
        "# silent_alarms = false",
        "# " + _("Public keys (Ed25519, 64 hex digits): of a receiver that signs for what it has, and of who may arm."),
        '# receipt_key = "…"',
        '# arming_keys = { platform = "…" }',
        "",
    )
    return "\n".join(lines)


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes are TOML's, once U+007F is escaped too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
