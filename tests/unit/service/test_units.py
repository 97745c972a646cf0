"""systemd units: what systemd itself says of them, and that each is of the service that it names."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from anju.service import settings, units
from anju.service.errors import ServiceError
from anju.service.settings import Site
from unit.concentrator.site import new_site

EXPOSED_AT_MOST = "20"
"""By systemd-analyze security, of 100; a service without any of this has 96."""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return new_site(tmp_path / "site", 7010)


BROKER = 'kind = "mqtt"\nbroker = "10.0.0.9:8883"\npassword_file = "{}"\n'
CENTRE = 'kind = "dc09"\nreceivers = ["10.0.0.9:9000"]\naccount = "1A00"\nkey_file = "{}"\n'

PANEL = '[panels.accounts.1A01]\nhousehold = "3-2-0501"\nkey_file = "panel.key"\n'


def with_third_party(site: Site, name: str, section: str) -> Site:
    settings_file = site.folder / "site.toml"
    settings_file.write_text(f"{settings_file.read_text()}\n[destinations.{name}]\n{section}")
    return settings.load(site.folder)


def lines(file: Path) -> set[str]:
    return set(file.read_text().splitlines())


def test_systemd_finds_nothing_wrong_with_them(site: Site, tmp_path: Path) -> None:
    made = units.write(site, tmp_path)
    assert [path.name for path in made] == ["anju-dutyroom.service", "anju-page.service", "anju-concentrator.service"]
    said = subprocess.run(["systemd-analyze", "verify", *map(str, made)], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout + said.stderr) == (0, "")


def test_systemd_finds_little_that_they_may_do(site: Site, tmp_path: Path) -> None:
    for path in units.write(site, tmp_path):
        command = [
            "systemd-analyze",
            "security",
            "--offline=yes",
            f"--threshold={EXPOSED_AT_MOST}",
            "--no-pager",
            str(path),
        ]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        assert said.returncode == 0, said.stdout


def test_each_has_its_watchdog_and_sees_no_keys_that_are_not_its_own(site: Site, tmp_path: Path) -> None:
    site = with_third_party(site, "home", BROKER.format("mqtt-password"))
    site = with_third_party(site, "arc", CENTRE.format("arc.key"))
    settings_file = site.folder / "site.toml"
    settings_file.write_text(f"{settings_file.read_text()}\n{PANEL}")
    site = settings.load(site.folder)
    duty_room, page, concentrator = units.write(site, tmp_path)
    of_a_panel = f"InaccessiblePaths=-{site.folder}/panel.key"
    assert of_a_panel in lines(page) & lines(concentrator)
    assert of_a_panel not in lines(duty_room)
    for path in (duty_room, page, concentrator):
        assert {"Type=notify", f"WatchdogSec={units.WATCHDOG_S}", "NoNewPrivileges=yes", "Restart=always"} <= lines(
            path
        )
        assert f"InaccessiblePaths=-{site.folder}/root-key.pem" in lines(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
    for of_a_third_party in ("mqtt-password", "arc.key"):
        secret = f"InaccessiblePaths=-{site.folder}/{of_a_third_party}"
        assert secret in lines(page) & lines(duty_room)
        assert secret not in lines(concentrator)
    keyring = f"InaccessiblePaths=-{site.folder}/keyring.db"
    assert keyring in lines(page) & lines(duty_room)
    assert keyring not in lines(concentrator)
    assert "IPAddressDeny=any" in lines(page)


def test_a_serial_line_and_a_sounder_get_their_devices_and_nobody_else(site: Site, tmp_path: Path) -> None:
    file = site.folder / "site.toml"
    text = file.read_text().replace('# serial = ["/dev/ttyUSB0"]', 'serial = ["/dev/ttyUSB0"]')
    file.write_text(text + 'sounder = ["aplay", "alarm.wav"]\n')
    duty_room, page, concentrator = units.write(settings.load(site.folder), tmp_path)
    assert {"DeviceAllow=char-ttyUSB rw", "SupplementaryGroups=dialout"} <= lines(concentrator)
    assert {"DeviceAllow=char-alsa rw", "SupplementaryGroups=audio"} <= lines(duty_room)
    assert "PrivateDevices=yes" in lines(page)


def test_where_the_duty_room_is_on_another_pc_there_is_one(site: Site, tmp_path: Path) -> None:
    file = site.folder / "site.toml"
    file.write_text(file.read_text().replace('# url = "', 'url = "'))
    (made,) = units.write(settings.load(site.folder), tmp_path)
    assert made.name == "anju-concentrator.service"


def test_in_its_place_systemd_makes_the_folder(site: Site) -> None:
    site._folder = Path("/var/lib/anju/north")
    assert {"StateDirectory=anju/north", "StateDirectoryMode=0700"} <= set(
        units.text(site, "page", "anju").splitlines()
    )


@pytest.mark.parametrize("folder", ["/srv/my site", "/srv/a%b", "/srv/a\nUser=root", '/srv/"'])
def test_a_path_that_would_mean_something_else_is_refused(site: Site, folder: str) -> None:
    site._folder = Path(folder)
    with pytest.raises(ServiceError, match="can't name this path"):
        units.text(site, "page", "anju")


def test_a_folder_that_is_not_there(site: Site, tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="Choose a folder in which you may write"):
        units.write(site, tmp_path / "none")


@pytest.mark.parametrize("section", [BROKER, CENTRE])
def test_a_secret_whose_name_a_unit_cant_hold_is_refused(site: Site, tmp_path: Path, section: str) -> None:
    """It would be hidden from nobody."""
    with pytest.raises(ServiceError, match="can't name this path"):
        units.write(with_third_party(site, "other", section.format("my password")), tmp_path)
