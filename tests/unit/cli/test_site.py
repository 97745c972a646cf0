"""The commands about a site, with real folders and a real concentrator."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from anju.cli import values
from anju.service.settings import load
from unit.cli.conftest import Anju
from unit.concentrator.site import free_udp_port


def test_init_makes_a_site_and_says_what_comes_next(anju: Anju, tmp_path: Path) -> None:
    folder = tmp_path / "north"
    said = anju("init", folder, "--building", "3")
    assert said.code == 0
    assert said.out == f"Made {folder}/site.toml.\n"
    assert said.err.splitlines() == [
        f"The estate's root key: {folder}/root-key.pem. Take it away and keep it, with a copy: no service needs it.",
        f"Next: anju enrol 3-1-0101 --zone bed:hold_up --site {folder} --out node-1",
        f"Then: anju run {folder}",
    ]
    text = (folder / "site.toml").read_text()
    assert 'name = "north"' in text
    assert 'udp = "127.0.0.1:7010"' in text


def test_init_without_udp(anju: Anju, tmp_path: Path) -> None:
    anju("init", tmp_path / "a", "--udp", "none")
    assert '# udp = "127.0.0.1:7010"' in (tmp_path / "a" / "site.toml").read_text()


def test_init_with_serial_lines(anju: Anju, tmp_path: Path) -> None:
    assert anju("init", tmp_path / "a", "--serial", "/dev/ttyUSB0", "--serial", "socket://127.0.0.1:7002").code == 0
    assert load(tmp_path / "a").concentrator.serial == ["/dev/ttyUSB0", "socket://127.0.0.1:7002"]


def test_init_explains_in_the_users_language(anju: Anju, tmp_path: Path) -> None:
    said = anju("--lang", "zh-CN", "init", tmp_path / "a", "--estate", "桂花苑")
    assert said.out.startswith("已创建 ")
    text = (tmp_path / "a" / "site.toml").read_text()
    assert "# 值班室页面的端口" in text
    assert 'name = "桂花苑"' in text


def test_init_never_overwrites(anju: Anju, tmp_path: Path) -> None:
    anju("init", tmp_path / "a")
    before = (tmp_path / "a" / "site.toml").read_text()
    said = anju("init", tmp_path / "a", "--port", "9000")
    assert said.code == 1
    assert said.err.startswith(f"✗ There is a site in {tmp_path}/a already.\n  Its settings were left as they are.\n")
    assert (tmp_path / "a" / "site.toml").read_text() == before


def test_init_with_values_that_cannot_be_used_writes_nothing(anju: Anju, tmp_path: Path) -> None:
    said = anju("init", tmp_path / "a", "--port", "70000", "--building", "north", "--udp", "here")
    assert said.code == 1
    assert [line.split()[0] for line in said.err.splitlines()[1:4]] == ["[concentrator]"] * 2 + ["[dutyroom]"]
    assert not (tmp_path / "a").exists()


def test_run_says_what_is_wrong_with_a_site(anju: Anju, tmp_path: Path) -> None:
    said = anju("run", tmp_path)
    assert said.code == 1
    assert said.err == (
        f"✗ There is no site in {tmp_path}: site.toml is missing.\n"
        "  Nothing was started and nothing was changed.\n"
        f"  Make one: anju init {tmp_path}\n"
    )


def test_run_with_settings_that_cannot_be_read(anju: Anju, tmp_path: Path) -> None:
    anju("init", tmp_path)
    with (tmp_path / "site.toml").open("a") as file:
        file.write("prot = 1\n")
    said = anju("run", tmp_path)
    assert said.code == 1
    assert "[dutyroom] prot is unknown; did you mean port?" in said.err


def test_enrol_writes_a_private_file_and_shows_no_key(anju: Anju, site: Path, tmp_path: Path) -> None:
    out = tmp_path / "node"
    said = anju("enrol", "3-2-0501", "--zone", "bed:hold_up", "--zone", "case:tamper", "--site", site, "--out", out)
    assert said.code == 0
    file = out / "enrolment.json"
    written = json.loads(file.read_text())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert written["inputs"] == ["hold_up", "tamper"]
    assert said.out == f"Enrolled in 3-2-0501 as node {written['node']} of network 1.\n"
    assert str(file) in said.err
    for key in (written["up"], written["down"]):
        assert key not in said.out + said.err


def test_enrol_for_another_program(anju: Anju, site: Path, tmp_path: Path) -> None:
    said = anju("enrol", "3-2-0502", "--zone", "front-door:entry", "--site", site, "--out", tmp_path / "n", "--json")
    answer = json.loads(said.out)
    assert answer.keys() == {"network", "node", "file"}
    assert answer["file"] == str(tmp_path / "n" / "enrolment.json")
    assert said.err == ""


def test_enrol_of_what_is_no_household(anju: Anju, site: Path, tmp_path: Path) -> None:
    said = anju("enrol", "upstairs", "--zone", "bed:hold_up", "--site", site, "--out", tmp_path / "n")
    assert said.code == 1
    assert said.err.startswith("✗ upstairs is not a household")
    assert not (tmp_path / "n" / "enrolment.json").exists()


def test_status_in_words_and_for_programs(anju: Anju, site: Path) -> None:
    said = anju("status", "--site", site)
    assert said.code == 0
    assert "0 accepted, 0 repeated, refused: none" in said.out
    assert said.err == "No node has been heard yet.\n"
    answer = json.loads(anju("status", "--site", site, "--json").out)
    assert answer["ok"] is True
    assert answer["nodes"] == []


def test_status_of_nodes_is_a_table_without_control_characters(anju: Anju, monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = [
        {"network": 1, "node": 7, "household": "3-2-0501", "last_seen_s": 3.2, "firmware": "0.1.0 \x1b[2J\x1b[31mevil"},
        {"network": 1, "node": 12, "household": None, "last_seen_s": 7300.0, "firmware": None},
    ]
    frames = {"accepted": 9, "duplicates": 1, "refused": {"tag": 2, "replay": 1}}
    answer = {"journal_id": "ab" * 16, "events": 5, "rows": 6, "outbox": 3, "sent": 1, "frames": frames, "nodes": nodes}
    monkeypatch.setattr("anju.cli.site.ask", lambda _site, **_request: answer)
    said = anju("status")
    assert said.out.splitlines()[:2] == [
        "Journal abababab: 5 events of nodes, 6 rows, 3 not yet received by the duty room (1 of them sent)",
        "Frames: 9 accepted, 1 repeated, refused: replay 1, tag 2",
    ]
    assert [line.split() for line in said.out.splitlines()[2:]] == [
        ["Node", "Household", "Last", "heard", "Firmware"],
        ["1/7", "3-2-0501", "3", "s", "ago", "0.1.0", "[2J", "[31mevil"],
        ["1/12", "–", "2", "h", "ago", "–"],
    ]
    assert "\x1b" not in said.out


def test_status_where_nothing_runs(anju: Anju, tmp_path: Path) -> None:
    anju("init", tmp_path)
    said = anju("status", "--site", tmp_path)
    assert said.code == 1
    assert said.err.splitlines()[1:] == ["  Nothing was changed.", f"  Start it with: anju run {tmp_path}"]


def test_the_site_comes_from_the_environment_or_is_this_folder(
    anju: Anju, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert anju("status").code == 1
    monkeypatch.setenv("ANJU_SITE", str(site))
    assert anju("status").code == 0
    monkeypatch.delenv("ANJU_SITE")
    monkeypatch.chdir(site)
    assert anju("status").code == 0


@pytest.mark.parametrize(
    ("typed", "value"),
    [("20%", 0.2), ("0.2", 0.2), ("0", 0.0), ("100%", 1.0), (" 5 % ", 0.05), ("1e-3", 0.001), (0.5, 0.5)],
)
def test_a_share_is_typed_in_either_way(typed: str | float, value: float) -> None:
    assert values.share(typed) == pytest.approx(value)


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("bed:hold_up", ("bed", "hold_up")),
        ("bed:hold-up", ("bed", "hold_up")),
        ("a:b:entry", ("a:b", "entry")),
        ("床头 :tamper", ("床头", "tamper")),
    ],
)
def test_a_zone_is_a_name_and_a_kind(typed: str, zone: tuple[str, str]) -> None:
    assert values.zone(typed) == zone


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0 s ago"),
        (0.4, "0 s ago"),
        (119, "119 s ago"),
        (125, "2 min ago"),
        (7199, "120 min ago"),
        (7300, "2 h ago"),
    ],
)
def test_a_time_span_in_the_unit_that_says_enough(seconds: float, words: str) -> None:
    assert values.ago(seconds) == words


def test_run_is_up_until_ctrl_c(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="anju-") as folder:
        site = Path(folder) / "site"
        anju = [sys.executable, "-P", "-m", "anju.cli"]
        udp = f"127.0.0.1:{free_udp_port()}"
        subprocess.run([*anju, "init", str(site), "--udp", udp, "--port", str(port)], check=True, capture_output=True)
        with subprocess.Popen([*anju, "run", str(site)], stderr=subprocess.PIPE, text=True) as running:
            assert running.stderr is not None
            lines = iter(running.stderr.readline, "")
            assert any("service=supervisor event=ready" in line for line in lines)
            os.kill(running.pid, signal.SIGINT)
            rest = running.stderr.read()
        assert running.returncode == 0
        assert rest.count("event=ended") == 3
