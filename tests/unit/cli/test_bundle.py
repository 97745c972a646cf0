"""`anju bundle` and `anju keys`, as a technician types them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from anju.bundle import build, keys
from unit.cli.conftest import Anju
from unit.cli.terminal import typed


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_from_a_new_key_to_a_verified_bundle(anju: Anju) -> None:
    made = anju("keys", "new-release")
    assert made.code == 0
    mark = made.out.removeprefix("Release key ").strip()
    assert mark == keys.fingerprint(keys.load_public(Path("release-key.pub")))

    built = anju("bundle", "build", "--board", "unix_sim", "--key", "release-key.pem", "--number", "7")
    assert built.code == 0
    assert built.out.splitlines()[0].endswith("for unix_sim, number 7: bundle-unix_sim")
    assert "signed; by whom" in built.out
    assert built.err == ""

    shown = anju("bundle", "show", "bundle-unix_sim")
    assert (shown.code, shown.out) == (0, built.out)

    verified = anju("bundle", "verify", "bundle-unix_sim", "--key", "release-key.pub")
    assert verified.code == 0
    assert f"signed with the release key {mark}" in verified.out


def test_everything_for_machines(anju: Anju) -> None:
    made = json.loads(anju("keys", "new-release", "--out", "keys", "--json").out)
    assert set(made) == {"private", "public", "fingerprint"}
    built = json.loads(
        anju("bundle", "build", "--board", "unix_sim", "--key", made["private"], "--out", "b", "--json").out
    )
    assert set(built) == {"board", "files", "mpy", "number", "version", "bytes", "signed"}
    assert built["signed"] is True
    assert json.loads(anju("bundle", "show", "b", "--json").out) == built
    verified = json.loads(anju("bundle", "verify", "b", "--key", made["public"], "--json").out)
    assert verified == built | {"signed_by": made["fingerprint"]}


def test_an_unsigned_bundle_says_what_it_is_for(anju: Anju) -> None:
    built = anju("bundle", "build", "--board", "unix_sim")
    assert built.code == 0
    assert "not signed" in built.out
    assert "for development" in built.err
    anju("keys", "new-release")
    refused = anju("bundle", "verify", "bundle-unix_sim", "--key", "release-key.pub")
    assert (refused.code, refused.out) == (1, "")
    assert "not signed: it is for development" in refused.err


def test_a_changed_bundle_is_not_shown_as_good(anju: Anju, tmp_path: Path) -> None:
    build("unix_sim", tmp_path / "b")
    (tmp_path / "b/slot/board.mpy").write_bytes(b"")
    refused = anju("bundle", "show", "b")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("✗ This bundle is not whole: b/slot/board.mpy: it is not what the manifest says.")


@pytest.mark.parametrize("board", ["no_such_board", "../unix_sim", ""])
def test_a_board_that_is_not_there_is_refused_with_those_there_are(board: str, anju: Anju, tmp_path: Path) -> None:
    refused = anju("bundle", "build", "--board", board, "--out", "b")
    assert refused.code == 1
    assert "unix_sim" in refused.err
    assert list(tmp_path.iterdir()) == []


def test_a_second_key_does_not_replace_the_first(anju: Anju) -> None:
    anju("keys", "new-release")
    before = Path("release-key.pem").read_bytes()
    refused = anju("keys", "new-release")
    assert refused.code == 1
    assert "exists already" in refused.err
    assert Path("release-key.pem").read_bytes() == before


def test_the_private_half_is_never_shown(anju: Anju) -> None:
    made = anju("keys", "new-release")
    told = anju("keys", "new-release", "--out", "other", "--json")
    built = anju("bundle", "build", "--board", "unix_sim", "--key", "release-key.pem")
    secret = Path("release-key.pem").read_text().splitlines()[1]
    raw = keys.load_private(Path("release-key.pem"), str).private_bytes_raw()
    for said in (made, told, built):
        for shown in (said.out, said.err):
            assert secret not in shown
            assert raw.hex() not in shown
    assert raw not in Path("release-key.pub").read_bytes()
    assert raw.hex().encode() not in Path("release-key.pub").read_bytes()


def test_a_passphrase_is_asked_for_and_not_shown() -> None:
    code, shown = typed("tell nobody", "tell nobody", arguments=["keys", "new-release", "--passphrase"])
    assert code == 0, shown
    assert "tell nobody" not in shown
    sign = ["bundle", "build", "--board", "unix_sim", "--key", "release-key.pem"]
    code, shown = typed("tell nobody", arguments=sign)
    assert code == 0, shown
    assert "tell nobody" not in shown
    code, shown = typed("somebody", arguments=sign)
    assert code == 1
    assert "passphrase is wrong" in shown


@pytest.mark.parametrize("lines", [("one", "two"), ("",)])
def test_two_different_passphrases_make_no_key(lines: tuple[str, ...], tmp_path: Path) -> None:
    code, shown = typed(*lines, arguments=["keys", "new-release", "--passphrase"])
    assert code == 1
    assert "not the same twice" in shown
    assert list(tmp_path.iterdir()) == []


def test_without_a_terminal_no_passphrase_is_asked_for(anju: Anju, monkeypatch: pytest.MonkeyPatch) -> None:
    keys.create(Path(), "secret")
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        for command in (
            ["keys", "new-release", "--passphrase", "--out", "new"],
            ["bundle", "build", "--board", "unix_sim", "--key", "release-key.pem"],
        ):
            refused = anju(*command)
            assert refused.code == 1
            assert "no terminal" in refused.err
    assert not Path("new").exists()
    assert not Path("bundle-unix_sim").exists()
