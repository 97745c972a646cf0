"""Alarm panels of other makers that can't be heard are found, and lines on which anybody may speak in their name."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from anju.dutyroom.core.own_trouble import OwnTrouble, Seen
from anju.dutyroom.store import Store
from unit.doctor.conftest import Found


@pytest.fixture
def taken() -> Iterator[int]:
    """A TCP port that another program listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


def named(site: Path, text: str) -> None:
    with (site / "site.toml").open("a") as file:
        file.write(f"\n[panels]\n{text}")


def panel(account: str, how: str) -> str:
    return f'[panels.accounts.{account}]\nhousehold = "3-2-0501"\n{how}\n'


def key(site: Path, mode: int) -> str:
    path = site / "panel.key"
    path.write_bytes(b"hex:" + b"0f" * 16)
    path.chmod(mode)
    return f'key_file = "{path.name}"'


def test_a_site_without_any(found: Found) -> None:
    assert found("panels") == []


def test_one_with_a_key_of_its_own_is_well(site: Path, found: Found) -> None:
    named(site, panel("1A01", key(site, 0o600)))
    assert found("panels") == []


def test_a_port_that_is_taken(site: Path, found: Found, taken: int) -> None:
    named(site, f'tcp = "127.0.0.1:{taken}"\n')
    (finding,) = found("panels")
    assert "none of them is heard by tcp" in finding.what
    assert finding.commands == (("ss", "-lnp", "--tcp", f"sport = :{taken}"),)


def test_an_address_of_another_machine(site: Path, found: Found) -> None:
    named(site, 'udp = "192.0.2.7:9100"\n')
    assert ["heard by udp" in finding.what for finding in found("panels")] == [True]


def test_a_key_that_others_may_read(site: Path, found: Found) -> None:
    named(site, panel("1A01", key(site, 0o640)))
    (finding,) = found("panels")
    assert "1A01 is not heard" in finding.what
    assert "Others may read" in finding.seen
    assert finding.commands[0] == ("chmod", "600", str(site / "panel.key"))


def test_panels_that_do_not_encrypt(site: Path, found: Found) -> None:
    named(site, "".join(panel(f"1A0{number}", "unprotected = true") for number in range(7)))
    (finding,) = found("panels")
    assert "anybody on their line" in finding.what
    assert "1A00, 1A01, 1A02, 1A03, 1A04, …" in finding.seen


async def _refuse(site: Path, at_ms: int) -> None:
    store = Store.open(site / "dutyroom.db")
    for hour in range(3):
        seen = Seen(OwnTrouble.PANEL_REFUSED, why="unknown", origin=f"#BAD{hour}, 10.0.0.7")
        await store.note_own(seen, at_ms - hour * 3_600_000)
    await store.close()


@pytest.mark.parametrize("after_s", [60, 90_000])
def test_an_account_that_nobody_has_entered(site: Path, lived: tuple[Path, int], found: Found, after_s: int) -> None:
    named(site, 'udp = "127.0.0.1:0"\n'.replace(":0", ":9"))
    anyio.run(_refuse, site, lived[1])
    findings = [finding for finding in found("panels", after_s) if "nobody has entered" in finding.what]
    assert [("#BAD" in one.seen, "at most: 3." in one.seen) for one in findings] == [(True, True)] * (after_s == 60)


def test_a_pc_whose_duty_room_is_elsewhere(site: Path, found: Found) -> None:
    settings = site / "site.toml"
    settings.write_text(settings.read_text().replace("port = 8380", 'url = "https://10.0.0.5:8443"'))
    named(site, panel("1A01", "unprotected = true"))
    (finding,) = found("panels")
    assert "on another PC" in finding.what
