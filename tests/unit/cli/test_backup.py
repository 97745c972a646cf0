"""`anju backup` and `restore` as somebody types them."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from unit.cli.conftest import Anju
from unit.concentrator.identity_kit import PASSPHRASE, rows


def types(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """On standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(line.encode())))


def test_a_site_that_runs_is_backed_up_and_restored(
    anju: Anju, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, new = tmp_path / "north.anju", tmp_path / "new"
    types(monkeypatch, PASSPHRASE + "\n")
    run = anju("backup", file, "--site", site)
    assert run.code == 0, run.err
    assert f"Backed up to {file}" in run.out
    assert "keyring.db, journal.db" in run.out
    assert "keep the two apart" in run.err
    assert PASSPHRASE not in run.out + run.err
    assert anju("status", "--site", site).code == 0  # it goes on
    types(monkeypatch, PASSPHRASE + "\n")
    run = anju("restore", file, "--site", new)
    assert run.code == 0, run.err
    assert f"Made {new} as it was on" in run.out
    assert "The old PC must not go on" in run.err
    kinds = [json.loads(str(row["report"]))["kind"] for row in rows(new / "journal.db", "event")]
    assert kinds[-2:] == ["backup_made", "backup_restored"]
    run = anju("verify", "journal", "--site", new, "--json")
    assert (run.code, json.loads(run.out)["faults"]) == (0, [])


def test_as_one_object(anju: Anju, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "north.anju"
    types(monkeypatch, PASSPHRASE + "\n")
    told = json.loads(anju("backup", file, "--site", site, "--json").out)
    assert (told["file"], told["bytes"]) == (str(file), file.stat().st_size)
    assert {"site.toml", "keyring.db", "journal.db"} <= set(told["files"])
    types(monkeypatch, PASSPHRASE + "\n")
    told = json.loads(anju("restore", file, "--site", tmp_path / "new", "--json").out)
    assert (told["site"], told["faults"], told["pair_anew"]) == (str(tmp_path / "new"), 0, [])


def test_certificates_are_in_it_without_their_keys_and_both_commands_say_so(
    anju: Anju, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, new = tmp_path / "north.anju", tmp_path / "new"
    toml = site / "site.toml"
    toml.write_text(toml.read_text().replace("[dutyroom]", '[dutyroom]\nuplink = "127.0.0.1:18450"'))
    for command in (("create",), ("issue", "duty-room"), ("revoke", "duty-room"), ("issue", "duty-room")):
        run = anju("certs", *command, "--site", site)
        assert run.code == 0, run.err
    (site / "dutyroom.db").write_bytes((site / "keyring.db").read_bytes())
    types(monkeypatch, PASSPHRASE + "\n")
    run = anju("backup", file, "--site", site)
    assert run.code == 0, run.err
    assert "certs/revoked.pem, certs/authority.pem" in run.out
    assert "uplink.pem, certs/authority-key.pem" in run.err
    types(monkeypatch, PASSPHRASE + "\n")
    run = anju("restore", file, "--site", new)
    assert run.code == 0, run.err
    for name in ("certs/revoked.pem", "certs/authority.pem"):
        assert (new / name).read_bytes() == (site / name).read_bytes()
    assert not (new / "uplink.pem").exists()
    assert not (new / "certs/authority-key.pem").exists()
    assert "anju certs renew duty-room --out FILE" in run.err
    assert "The authority's key was not in the backup" in run.err
    assert "they do not send it again" in run.err


def test_what_goes_wrong_makes_nothing_and_says_so(
    anju: Anju, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "north.anju"
    types(monkeypatch, "too short\n")
    run = anju("backup", file, "--site", site)
    assert (run.code, "too weak" in run.err, file.exists()) == (1, True, False)
    assert "No file was written." in run.err
    types(monkeypatch, PASSPHRASE + "\n")
    assert anju("backup", file, "--site", site).code == 0
    run = anju("backup", file, "--site", site)
    assert (run.code, "exists already" in run.err) == (1, True)
    types(monkeypatch, "another one of many words\n")
    run = anju("restore", file, "--site", tmp_path / "new")
    assert (run.code, "the passphrase is wrong" in run.err, (tmp_path / "new").exists()) == (1, True, False)
    assert anju("restore", tmp_path / "nowhere", "--site", tmp_path / "new").code == 1
    assert anju("restore", file).code == 2
