"""`anju export-identity` and `anju import-identity` as they are typed."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from anju.concentrator.core.identity import MOST_COUNTER, Identity
from anju.concentrator.identity import seal
from anju.concentrator.keyring_rows import LEAP
from anju.uplink.canonical import canonical
from unit.cli.conftest import Anju
from unit.cli.terminal import typed
from unit.concentrator.identity_kit import rows

PASSPHRASE = "correct horse battery staple"
ZONE = ("--zone", "bed:hold_up")
SHRED = "shred -u %s; from an SSD or a stick it goes only with the whole medium."


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Gives a command these bytes as its standard input."""

    def put(raw: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))

    return put


@pytest.fixture
def made(anju: Anju, tmp_path: Path) -> Path:
    """A site with two nodes."""
    anju("init", tmp_path / "site", "--building", "3")
    for number in ("1", "2"):
        anju("enrol", f"3-2-050{number}", *ZONE, "--site", tmp_path / "site", "--out", tmp_path / number)
    return tmp_path / "site"


@pytest.fixture
def exported(anju: Anju, made: Path, pipe: Callable[[bytes], None], tmp_path: Path) -> Path:
    pipe(PASSPHRASE.encode() + b"\n")
    assert anju("export-identity", "--site", made, "--out", tmp_path / "id.anju").code == 0
    pipe(PASSPHRASE.encode() + b"\n")
    return tmp_path / "id.anju"


def test_out_and_in(anju: Anju, made: Path, pipe: Callable[[bytes], None], tmp_path: Path) -> None:
    out, new = tmp_path / "id.anju", tmp_path / "new"
    pipe(PASSPHRASE.encode() + b"\n")
    said = anju("export-identity", "--site", made, "--out", out)
    assert (said.code, said.out) == (0, f"Exported to {out}: the keys of all nodes (2), settings and plan.\n")
    assert said.err.splitlines() == [
        "Whoever has it and the passphrase can speak for this concentrator: keep the two apart.",
        "It is as of now: after nodes were paired, export again and destroy the older file.",
        "The estate's private root key is not in it, nor is what happened: journal and duty room stay here.",
        "On the new PC: anju import-identity id.anju --site NEW_DIR. Before that one starts, stop this one for good.",
        f"Not before nodes are heard there, destroy this keyring: {SHRED % f'{made}/keyring.db*'}",
    ]
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    pipe(PASSPHRASE.encode() + b"\r\n")
    said = anju("import-identity", out, "--site", new)
    assert said.code == 0
    assert said.out.startswith(f"Made {new}: the concentrator that ")
    assert said.out.endswith("; nodes: 2.\n")
    assert [line.split(":")[0] for line in said.err.splitlines()] == [
        "Households are armed as they were then",
        "What was paired or unpaired since is not known here",
        "The old PC must not go on",
        f"Nodes call at the old PC's address and lines: this one has to have them. Look at {new}/site.toml.".split(":")[
            0
        ],
        "Then",
        "Not before nodes are heard here, destroy the old keyring and the file",
    ]
    assert anju("status", "--site", new).err.splitlines()[-1].endswith(f"anju run {new}")


def test_for_other_programs(anju: Anju, made: Path, pipe: Callable[[bytes], None], tmp_path: Path) -> None:
    out = tmp_path / "id.anju"
    pipe(PASSPHRASE.encode())
    said = anju("export-identity", "--site", made, "--out", out, "--json")
    told = json.loads(said.out)
    assert (told["file"], told["nodes"], said.err) == (str(out), 2, "")
    pipe(PASSPHRASE.encode())
    said = anju("import-identity", out, "--site", tmp_path / "new", "--json")
    again = json.loads(said.out)
    assert again.keys() == {"site", "nodes", "pair_anew", "exported_at_ms", "exported_by"}
    assert (again["nodes"], again["pair_anew"], again["exported_at_ms"]) == (2, [], told["exported_at_ms"])


def test_while_it_runs(anju: Anju, site: Path, pipe: Callable[[bytes], None], tmp_path: Path) -> None:
    anju("enrol", "3-2-0501", *ZONE, "--site", site, "--out", tmp_path / "node")
    pipe(PASSPHRASE.encode())
    said = anju("export-identity", "--site", site, "--out", tmp_path / "id.anju")
    assert said.code == 0
    assert anju("status", "--site", site).code == 0
    pipe(PASSPHRASE.encode())
    assert anju("import-identity", tmp_path / "id.anju", "--site", tmp_path / "new").code == 0
    assert rows(tmp_path / "new" / "keyring.db", "link")[0]["household"] == "3-2-0501"


def test_a_passphrase_is_asked_for_twice_and_not_shown(made: Path, tmp_path: Path) -> None:
    out = tmp_path / "id.anju"
    arguments = ["export-identity", "--site", str(made), "--out", str(out)]
    code, shown = typed(PASSPHRASE, PASSPHRASE, arguments=arguments)
    assert code == 0, shown
    assert "at least 14 characters, 6 of them different" in shown
    assert PASSPHRASE not in shown
    code, shown = typed(PASSPHRASE, arguments=["import-identity", str(out), "--site", str(tmp_path / "new")])
    assert code == 0, shown
    assert PASSPHRASE not in shown


@pytest.mark.parametrize(
    ("lines", "why", "unchanged"),
    [
        ((PASSPHRASE, "correct horse"), "not the same twice", "Nothing was exported."),
        (("",), "is empty", "Nothing was exported."),
        (("1234", "1234"), "too weak", "No file was written."),
    ],
)
def test_what_is_typed_wrong_exports_nothing(
    lines: tuple[str, ...], why: str, unchanged: str, made: Path, tmp_path: Path
) -> None:
    before = sorted(made.iterdir())
    code, shown = typed(*lines, arguments=["export-identity", "--site", str(made), "--out", str(tmp_path / "id.anju")])
    assert code == 1
    assert why in shown
    assert unchanged in shown
    assert not (tmp_path / "id.anju").exists()
    assert sorted(made.iterdir()) == before


@pytest.mark.parametrize("raw", [b"", b"\n", b"\xff\xfe\n", b"x" * 10_000])
def test_a_first_line_that_is_no_passphrase(
    raw: bytes, anju: Anju, made: Path, exported: Path, pipe: Callable[[bytes], None], tmp_path: Path
) -> None:
    for command in (
        ["export-identity", "--site", made, "--out", tmp_path / "other.anju"],
        ["import-identity", exported, "--site", tmp_path / "new"],
    ):
        pipe(raw)
        said = anju(*command)
        assert (said.code, said.out) == (1, "")
        assert "passphrase" in said.err
    assert not (tmp_path / "other.anju").exists()
    assert not (tmp_path / "new").exists()


def test_a_passphrase_is_no_argument(anju: Anju, made: Path, exported: Path, tmp_path: Path) -> None:
    said = anju("export-identity", "--site", made, "--out", tmp_path / "o.anju", "--passphrase", PASSPHRASE)
    assert said.code == 2
    assert PASSPHRASE not in said.out + said.err
    said = anju("import-identity", exported, "--site", tmp_path / "new", "--passphrase", PASSPHRASE)
    assert said.code == 2
    assert PASSPHRASE not in said.out + said.err
    assert not (tmp_path / "new").exists()


def test_no_secret_is_in_the_process_list_nor_in_what_is_said(made: Path, tmp_path: Path) -> None:
    """Arguments and environment of the command and of whatever it starts, from its beginning to its end."""
    keys = [bytes.fromhex(json.loads((tmp_path / "1" / "enrolment.json").read_text())[way]) for way in ("up", "down")]
    command = [sys.executable, "-P", "-m", "anju.cli", "export-identity", "--site", made, "--out", tmp_path / "id.anju"]
    environment = {**os.environ, "ANJU_LANG": "en"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, env=environment, **pipes) as process:  # type: ignore[call-overload]
        process.stdin.write(PASSPHRASE.encode() + b"\n")
        process.stdin.close()
        seen = b""
        while process.poll() is None:
            for file in [*Path("/proc").glob("[0-9]*/cmdline"), Path(f"/proc/{process.pid}/environ")]:
                try:
                    seen += file.read_bytes()
                except OSError:
                    continue
        said = process.stdout.read()
    assert process.returncode == 0, said
    assert b"export-identity" in seen
    for secret in (PASSPHRASE.encode(), *keys, *(key.hex().encode() for key in keys)):
        assert secret not in seen
        assert secret not in said


def test_what_cannot_be_answered_any_more_is_named_and_the_exit_code_says_partly(
    anju: Anju, exported: Path, tmp_path: Path
) -> None:
    identity = Identity.model_validate_json(seal.unseal(exported.read_bytes(), PASSPHRASE))
    links = tuple(link.model_copy(update={"ceiling": MOST_COUNTER - LEAP}) for link in identity.keyring.links[:1])
    keyring = identity.keyring.model_copy(update={"links": links + identity.keyring.links[1:]})
    exported.write_bytes(seal.seal(canonical(identity.model_copy(update={"keyring": keyring})), PASSPHRASE))
    said = anju("import-identity", exported, "--site", tmp_path / "new")
    assert said.code == 3
    assert said.err.endswith(
        "These are heard but can't be answered any more, their counters are used up; pair them anew: 1/1\n"
    )


def test_a_wrong_passphrase_makes_nothing(
    anju: Anju, exported: Path, pipe: Callable[[bytes], None], tmp_path: Path
) -> None:
    pipe(b"somebody else's\n")
    said = anju("import-identity", exported, "--site", tmp_path / "new")
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        "✗ The file cannot be used: the passphrase is wrong, or the beginning of the file was altered.\n"
        "  Nothing was changed.\n"
        "  Type it again. If it is right, bring another copy of the file.\n"
    )
    assert not (tmp_path / "new").exists()


def test_a_site_is_needed(anju: Anju, exported: Path) -> None:
    said = anju("import-identity", exported)
    assert said.code == 2
    assert "--site" in said.err


@pytest.mark.parametrize(
    ("language", "words"), [("en", ("Seal into a file", "Make a site")), ("zh-CN", ("封存", "建立站点"))]
)
def test_help_in_both_languages(anju: Anju, language: str, words: tuple[str, str]) -> None:
    for command, word in zip(("export-identity", "import-identity"), words, strict=True):
        said = anju("--lang", language, command, "--help")
        assert said.code == 0
        assert word in said.out.replace("\n", "")
