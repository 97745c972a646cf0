"""systemd units for the services of a site: each with a watchdog, and with no more rights than it needs.

All services of one site are one user's, because its files are 0600. What a service does not need of the folder is out of
its sight. Who wants a concentrator and a duty room apart for good gives each a folder and a user of its own, and certificates:
then they speak over the uplink, as from one PC to another.
"""

from __future__ import annotations

import os
import pwd
import sys
from pathlib import Path

from anju.service import private_file, root_key
from anju.service.certs import places
from anju.service.errors import EX_CONFIG, ServiceError
from anju.service.i18n import _, process_language
from anju.service.settings import Site
from anju.service.supervisor import services_of

WATCHDOG_S = 30
"""Far longer than a commit on a slow disk; a service that hangs is up again within a minute."""
_SIGHT = {
    "concentrator": ("dutyroom.db", "dutyroom.db-wal", "dutyroom.db-shm"),
    "dutyroom": ("keyring.db", "keyring.db-wal", "keyring.db-shm", "journal.db", "journal.db-wal", "journal.db-shm"),
}
_KEYS = (root_key.PRIVATE, f"{places.FOLDER}/{places.KEY}")
_DESCRIPTION = {"concentrator": "Anju concentrator", "dutyroom": "Anju duty room", "page": "Anju duty room's page"}
_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+@")


def write(site: Site, out: Path) -> list[Path]:
    """A unit for each service that belongs to a site, as new files in a folder; ServiceError if one could not be written."""
    user = _owner(site.folder)
    made = []
    for name in services_of(site):
        path = out / f"anju-{name}.service"
        try:
            path.unlink(missing_ok=True)
            private_file.create(path, text(site, name, user).encode(), 0o644)
        except OSError as error:
            raise ServiceError(
                _("%(file)s cannot be written: %(reason)s.") % {"file": path, "reason": error.strerror or error},
                _("Units that were written before it stay."),
                _("Choose a folder in which you may write, or type the command as root."),
            ) from error
        made.append(path)
    return made


def text(site: Site, name: str, user: str) -> str:
    """The unit of one service."""
    for path in (str(site.folder), sys.executable, *_secrets(site), *site.panels.secrets):
        if not set(path) <= _SAFE:
            raise ServiceError(
                _("A unit can't name this path: %(path)s") % {"path": path},
                _("Nothing was written."),
                _("Move it to a path of letters, digits and / . _ - + @ alone, without spaces."),
            )
    lines = [
        "# " + _("Made by anju units; make it anew after a change of site.toml."),
        "[Unit]",
        f"Description={_DESCRIPTION[name]} ({site.estate.name})".replace("%", "%%"),
        "After=network.target time-sync.target" + (" anju-dutyroom.service" if name != "dutyroom" else ""),
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        "Type=notify",
        "NotifyAccess=main",
        f"ExecStart={sys.executable} -P -m anju.{name} {site.folder}",
        f"User={user}",
        "UMask=0077",
        f"Environment=ANJU_LOG=json ANJU_LANG={process_language()}",
        f"WatchdogSec={WATCHDOG_S}",
        "Restart=always",
        "RestartSec=1",
        *([] if name == "page" else [f"RestartPreventExitStatus={EX_CONFIG}"]),
        "TimeoutStopSec=15",
        "",
        *_sandbox(site, name),
        "",
        "[Install]",
        "WantedBy=multi-user.target",
        "",
    ]
    return "\n".join(lines)


def _sandbox(site: Site, name: str) -> list[str]:
    """What the service can do and see; everything else is taken away."""
    return [
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "AmbientCapabilities=",
        "ProtectSystem=strict",
        *_folders(site, name),
        *_devices(site, name),
        *_network(name),
        "PrivateTmp=yes",
        "ProtectClock=yes",
        "ProtectControlGroups=yes",
        "ProtectHostname=yes",
        "ProtectKernelLogs=yes",
        "ProtectKernelModules=yes",
        "ProtectKernelTunables=yes",
        "ProtectProc=invisible",
        "LockPersonality=yes",
        "RemoveIPC=yes",
        "RestrictNamespaces=yes",
        "RestrictRealtime=yes",
        "RestrictSUIDSGID=yes",
        "SystemCallArchitectures=native",
        "SystemCallFilter=@system-service",
        "SystemCallFilter=~@privileged @resources",
        "SystemCallErrorNumber=EPERM",
    ]


def _folders(site: Site, name: str) -> list[str]:
    state = Path("/var/lib")
    lines = []
    if site.folder.is_relative_to(state):
        lines += [f"StateDirectory={site.folder.relative_to(state)}", "StateDirectoryMode=0700"]
    else:
        lines.append(f"ReadWritePaths={site.folder}")
    is_at_home = any(Path(path).is_relative_to("/home") for path in (site.folder, sys.executable, sys.prefix))
    lines.append("ProtectHome=read-only" if is_at_home or site.folder.is_relative_to("/root") else "ProtectHome=yes")
    unseen = [*_KEYS]
    if name == "page":
        unseen += [*_SIGHT["dutyroom"], places.FILE]
    else:
        unseen += _SIGHT[name]
    if name != "concentrator":
        unseen += _secrets(site)
    if name != "dutyroom":
        unseen += site.panels.secrets
    return [*lines, *(f"InaccessiblePaths=-{site.folder / path}" for path in unseen)]


def _secrets(site: Site) -> list[str]:
    """Files with which the concentrator proves itself to third parties."""
    return [path for one in site.destinations.values() for path in one.secrets]


def _devices(site: Site, name: str) -> list[str]:
    if name == "concentrator" and site.concentrator.serial:
        allowed = [f"DeviceAllow=char-{kind} rw" for kind in ("ttyUSB", "ttyACM", "ttyAMA", "ttyS")]
        return ["DevicePolicy=closed", *allowed, "SupplementaryGroups=dialout"]
    if name == "dutyroom" and site.dutyroom.sounder:
        return ["DevicePolicy=closed", "DeviceAllow=char-alsa rw", "SupplementaryGroups=audio"]
    return ["PrivateDevices=yes"]


def _network(name: str) -> list[str]:
    if name == "page":
        return ["RestrictAddressFamilies=AF_UNIX AF_INET", "IPAddressDeny=any", "IPAddressAllow=localhost"]
    return ["RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6"]


def _owner(folder: Path) -> str:
    uid = os.stat(folder).st_uid  # noqa: PTH116  # one look
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
