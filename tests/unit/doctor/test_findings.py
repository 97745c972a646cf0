"""Each fault that is usual is found, says how it was seen, and names the command that comes next."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from anju.doctor import building, disk, visit
from anju.doctor.examine import examine
from anju.doctor.finding import Finding
from anju.service.certs.authority import Authority
from anju.service.certs.holder import Holder
from unit.doctor.conftest import Found

NOW = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)
PAGE = 4096
At = Callable[..., list[Finding]]
"""`at(days)`: what is said of a certificate so many days after it was issued."""


def spoil(path: Path) -> bytes:
    """Noise in the place of a page that holds reports."""
    raw = bytearray(path.read_bytes())
    page = raw.index(b'"hold_up_alarm"') // PAGE
    raw[page * PAGE : (page + 1) * PAGE] = os.urandom(PAGE)
    path.write_bytes(raw)
    return bytes(raw)


def one(findings: list[Finding]) -> Finding:
    (found,) = findings
    assert found.what
    assert found.seen
    assert found.next_step
    return found


class TestSettings:
    def test_settings_that_are_wrong_end_the_visit(self, site: Path) -> None:
        (site / "site.toml").write_text('[estate]\nname = "x"\n[concentrator]\nbuilding = "3"\nudpp = "x"\n')
        found = one(list(examine(site, 1).findings))
        assert found.check == "settings"
        assert "did you mean udp" in found.what

    def test_no_site(self, tmp_path: Path) -> None:
        assert "anju init" in one(list(examine(tmp_path, 1).findings)).next_step


class TestRights:
    def test_private_files(self, found: Found) -> None:
        assert found("rights") == []

    def test_a_keyring_that_others_may_read(self, site: Path, found: Found) -> None:
        (site / "keyring.db").chmod(0o644)
        there = one(found("rights"))
        assert "keyring.db 644" in there.seen
        assert there.commands == (("chmod", "go=", str(site / "keyring.db")),)

    def test_a_file_of_another_user(self, site: Path, found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
        def owner(path: Path) -> int:
            return 4_000_001 if path.name == "journal.db" else 4_000_000

        monkeypatch.setattr("anju.doctor.rights.owner", owner)
        assert one(found("rights")).commands == (("chown", "4000000", str(site / "journal.db")),)


def today() -> int:
    """Days since `NOW` by this machine's clock, by which a command issues what it issues."""
    return (dt.datetime.now(dt.UTC) - NOW).days


def typed(finding: Finding) -> None:
    """What it says, by whoever reads it."""
    assert finding.commands
    for command in finding.commands:
        name, *arguments = command
        told = [sys.executable, "-P", "-m", "anju.cli", *arguments] if name == "anju" else command
        subprocess.run(told, check=True, capture_output=True)


class TestDisk:
    class _Usage(NamedTuple):
        free: int

    def test_room_enough(self, found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("shutil.disk_usage", lambda _folder: self._Usage(1 << 30))
        assert found("disk") == []

    def test_nearly_full_names_what_is_large(
        self, site: Path, tmp_path: Path, found: Found, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "films").write_bytes(bytes(3 << 20))
        (site / "journal.db-wal").write_bytes(bytes(4 << 20))
        other = tmp_path / "another building"
        other.mkdir()
        (other / "site.toml").touch()
        for path in (tmp_path / "north.anju", other / "journal.db", other / "dutyroom.db.damaged-1"):
            path.write_bytes(bytes(4 << 20))
        monkeypatch.setattr(disk, "_mount", lambda _folder: tmp_path)
        monkeypatch.setattr("shutil.disk_usage", lambda _folder: self._Usage(100 << 20))
        there = one(found("disk"))
        assert "nearly full" in there.what
        assert there.files == (str(tmp_path / "films"),)

    def test_full(self, tmp_path: Path, found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(disk, "_mount", lambda _folder: tmp_path)
        monkeypatch.setattr("shutil.disk_usage", lambda _folder: self._Usage(0))
        assert "is full" in one(found("disk")).what


class TestFiles:
    def test_whole_ones(self, found: Found) -> None:
        assert found("files") == []

    def test_a_damaged_journal(self, site: Path, found: Found) -> None:
        raw = spoil(site / "journal.db")
        there = one(found("files"))
        assert "journal.db is damaged" in there.what
        assert there.commands == (("anju", "run", str(site)),)
        assert (site / "journal.db").read_bytes() == raw

    def test_a_row_that_somebody_has_changed(self, site: Path, found: Found) -> None:
        with sqlite3.connect(site / "journal.db") as journal:
            journal.execute("UPDATE event SET report = replace(report, 'hold_up', 'hold-up') WHERE seq = 7")
        journal.close()
        assert "row 7 is not what was written" in one(found("files")).seen

    @pytest.mark.parametrize("name", ["keyring.db", "dutyroom.db"])
    def test_what_is_no_database(self, site: Path, found: Found, name: str) -> None:
        (site / name).write_bytes(b"no database at all" * 1000)
        assert f"{name} is damaged" in one(found("files")).what

    def test_a_journal_that_is_read_only(self, site: Path, found: Found) -> None:
        (site / "journal.db").chmod(0o400)
        there = one(found("files"))
        assert "acknowledges nothing" in there.what
        assert there.commands[0] == ("chmod", "600", str(site / "journal.db"))

    def test_nothing_is_made_beside_a_file(self, site: Path, found: Found) -> None:
        before = sorted(path.name for path in site.iterdir())
        found("files")
        assert sorted(path.name for path in site.iterdir()) == before

    def test_what_was_set_aside(self, site: Path, found: Found) -> None:
        assert found("set_aside") == []
        shutil.copy(site / "journal.db", site / "journal.db.damaged-20261128-120000")
        verify, make, move = one(found("set_aside")).commands
        assert verify[:4] == ("anju", "verify", "journal", "--duty-room")
        assert make[-1] == str(site / "set-aside")
        assert move[-1] == str(site / "journal.db.damaged-20261128-120000")


class TestServices:
    def test_none_runs(self, site: Path, found: Found) -> None:
        there = one(found("services"))
        assert "do not run" in there.what
        assert there.commands == (("anju", "run", str(site)),)

    def test_where_systemd_has_them_it_starts_them(self, site: Path, tmp_path: Path, found: Found) -> None:
        (tmp_path / "units").mkdir()
        for name in ("concentrator", "dutyroom", "page"):
            (tmp_path / "units" / f"anju-{name}.service").write_text(f"ExecStart=python -m anju.{name} {site}\n")
        (command,) = one(found("services")).commands
        assert command[:2] == ("systemctl", "restart")
        assert set(command[2:]) == {"anju-concentrator.service", "anju-dutyroom.service", "anju-page.service"}

    def test_the_number_of_a_process_that_is_another_program_now(self, site: Path, found: Found) -> None:
        (site / "run" / "concentrator.lock").write_text(f"{os.getpid()}\n")
        assert "do not run" in one(found("services")).what


class TestCertificate:
    def settle(self, site: Path, days: int = 730) -> Authority:
        settings = site / "site.toml"
        settings.write_text(settings.read_text().replace('# uplink = "0', 'uplink = "0'))
        authority = Authority.create(site, "Test", NOW)
        authority.issue(Holder(), site / "uplink.pem", days, NOW)
        return authority

    @pytest.fixture
    def at(self, lived: tuple[Path, int], found: Found) -> At:
        def look(days: int = 0) -> list[Finding]:
            moment = NOW + dt.timedelta(days=days)
            return found("certificate", int(moment.timestamp()) - lived[1] // 1000)

        return look

    def test_none_is_needed(self, at: At) -> None:
        assert at() == []

    def test_a_good_one(self, site: Path, at: At) -> None:
        self.settle(site)
        assert at() == []

    def test_missing(self, site: Path, at: At) -> None:
        self.settle(site)
        (site / "uplink.pem").unlink()
        there = one(at())
        assert "is missing" in there.what
        assert there.commands[0][:4] == ("anju", "certs", "renew", "duty-room")
        typed(there)
        assert at(today()) == []

    def test_damaged(self, site: Path, at: At) -> None:
        self.settle(site)
        (site / "uplink.pem").write_text("half of it")
        typed(one(at()))
        assert at(today()) == []

    def test_as_one_object_and_nothing_else(self, site: Path) -> None:
        self.settle(site)
        command = [sys.executable, "-P", "-m", "anju.cli", "doctor", str(site), "--json"]
        told = subprocess.run(command, capture_output=True, text=True, check=False)
        assert json.loads(told.stdout)["checks"]

    def test_no_list_of_revoked_ones(self, site: Path, at: At) -> None:
        self.settle(site)
        (site / "certs/revoked.pem").unlink()
        there = one(at())
        assert "list of revoked certificates is missing" in there.what
        assert there.commands == ()

    @pytest.mark.parametrize(
        ("days", "words"), [(710, "ends in 20 days"), (800, "has ended"), (-30, "begins later than this clock says")]
    )
    def test_its_dates(self, site: Path, at: At, days: int, words: str) -> None:
        self.settle(site)
        there = one(at(days))
        assert words in there.what
        assert there.commands[0][:4] == ("anju", "certs", "renew", "duty-room")

    def test_revoked(self, site: Path, at: At) -> None:
        self.settle(site).revoke("duty-room", NOW)
        there = one(at())
        assert "was revoked" in there.what
        typed(there)
        assert at(today()) == []

    def test_somebody_elses(self, site: Path, at: At) -> None:
        authority = self.settle(site)
        (site / "uplink.pem").unlink()
        authority.issue(Holder("3"), site / "uplink.pem", 730, NOW)
        assert "concentrator 3" in one(at()).what

    def test_open_to_others(self, site: Path, at: At) -> None:
        self.settle(site)
        (site / "uplink.pem").chmod(0o640)
        there = one(at())
        assert "others may read it" in there.what
        typed(there)
        assert at() == []


class TestBuilding:
    def test_reports_that_wait(self, found: Found) -> None:
        assert found("backlog") == []
        there = one(found("backlog", after_s=600))
        assert "the oldest for 10 min" in there.seen

    def test_reports_that_wait_for_another_pc(self, site: Path, found: Found) -> None:
        """What is tried must be no handshake that the duty room would take for a stranger's."""
        settings = site / "site.toml"
        settings.write_text(settings.read_text().replace("[dutyroom]", '[dutyroom]\nurl = "https://10.0.0.5:8443"'))
        assert one(found("backlog", after_s=600)).commands == (("nc", "-zv", "10.0.0.5", "8443"),)

    def test_silent_nodes_and_low_batteries_by_their_households(self, found: Found) -> None:
        silent, low = found("nodes")
        assert "3-2-0501 (1/1)" in silent.seen
        assert "3-2-0502 (1/2)" in low.seen

    def test_a_low_ups(self, found: Found) -> None:
        assert "battery is nearly empty" in one(found("supply")).what

    def test_a_link_that_is_down(self, found: Found) -> None:
        assert "serial:/dev/pts/none" in one(found("links")).what

    def test_a_serial_port_that_is_not_there(self, site: Path, found: Found) -> None:
        settings = site / "site.toml"
        settings.write_text(settings.read_text().replace('# serial = ["/dev/ttyUSB0"]', 'serial = ["/dev/pts/none"]'))
        assert "/dev/pts/none" in one(found("links")).what

    def test_two_with_one_identity_for_a_day(self, found: Found) -> None:
        assert "speaks with this one's keys" in one(found("identity")).what
        assert found("identity", after_s=25 * 3600) == []

    def test_a_clock_that_is_behind(self, found: Found, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(building, "_TIMESYNC", tmp_path / "none" / "synchronized")
        assert found("clock") == []
        assert "By 60 min" in one(found("clock", after_s=-3600)).seen

    def test_a_clock_that_nobody_keeps(self, found: Found, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(building, "_TIMESYNC", tmp_path / "synchronized")
        assert "has not reached a time server" in one(found("clock")).seen
        (tmp_path / "synchronized").touch()
        assert found("clock") == []

    def test_a_journal_that_cannot_be_read_keeps_no_check_from_its_end(
        self, site: Path, lived: tuple[Path, int]
    ) -> None:
        for name in ("journal.db", "keyring.db"):
            (site / name).write_bytes(b"no database at all" * 1000)
        report = examine(site, lived[1])
        assert len(report.checks) > 10
        assert [found.check for found in report.findings if found.check == "files"] == ["files", "files"]


class TestBackup:
    def test_none(self, site: Path, found: Found) -> None:
        there = one(found("backup"))
        assert "There is no backup" in there.what
        assert there.commands[0][:2] == ("anju", "backup")
        assert not Path(there.commands[0][2]).is_relative_to(site)

    def test_a_new_one_and_an_old_one(self, site: Path, found: Found) -> None:
        with sqlite3.connect(site / "journal.db") as journal:
            journal.execute("UPDATE event SET report = json_set(report, '$.kind', 'backup_made') WHERE seq = 7")
        journal.close()
        assert found("backup") == []
        assert "8 days ago" in one(found("backup", after_s=8 * 24 * 3600 + 60)).seen

    def test_a_site_without_nodes_has_nothing_to_lose(self, site: Path, found: Found) -> None:
        with sqlite3.connect(site / "keyring.db") as keyring:
            keyring.execute("DELETE FROM link")
        keyring.close()
        assert found("backup") == []


def test_an_owner_of_nothing(tmp_path: Path) -> None:
    assert visit.owner(tmp_path / "none") is None
