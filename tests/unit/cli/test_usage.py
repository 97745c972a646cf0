"""What everybody sees first: help, versions, and what is said to a command line that cannot be carried out."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from unit.cli.conftest import Anju

ACTIONS = "'show', 'arm', 'disarm', 'reset', 'bypass', 'unbypass', 'test', 'test-end', 'duress', 'schedule', 'code'."
KINDS = (
    "hold_up, silent_hold_up, any_press, silent_any_press, entry, instant, follower, 24_hour, fire, gas, water, tamper,"
    " siren, keypad"
)
COMMANDS = [
    *("demo", "init", "run", "units", "enrol", "status", "panel", "flash", "devices", "monitor", "bench-station"),
    *("label", "pair", "unpair", "nodes", "walk-test", "survey", "export-identity", "import-identity"),
    *("backup", "restore", "doctor", "plan", "bundle", "keys", "certs", "destinations", "verify", "simulate", "bench"),
]
PAGES = [
    [],
    *([name] for name in COMMANDS),
    *(["bundle", name] for name in ("build", "show", "verify")),
    *(["keys", name] for name in ("new-release", "new-root")),
    *(["certs", name] for name in ("create", "issue", "renew", "revoke", "list", "show")),
    *(["plan", name] for name in ("import", "show", "diff")),
    *(["destinations", name] for name in ("list", "test", "on", "off")),
    *(["verify", name] for name in ("journal", "evidence")),
    ["simulate", "day"],
    *(["bench", name] for name in ("decode", "journal", "press", "panel", "destinations", "power-cut")),
]


def test_the_installed_command_and_the_module_are_the_same() -> None:
    script = Path(sys.executable).with_name("anju")
    said = [
        subprocess.run([*command, "--version"], check=True, capture_output=True, text=True).stdout
        for command in ([str(script)], [sys.executable, "-m", "anju.cli"])
    ]
    assert said[0] == said[1]
    assert said[0].startswith("anju ")


def test_without_a_command_the_help_is_shown_and_it_was_not_right(anju: Anju) -> None:
    said = anju()
    assert said.code == 2
    assert said.out == ""
    assert [line.split()[0] for line in said.err.split("Commands:\n")[1].splitlines()] == COMMANDS


@pytest.mark.parametrize("page", PAGES, ids=" ".join)
def test_every_page_of_help_is_in_the_readers_language_throughout(anju: Anju, page: list[str]) -> None:
    english = anju(*page, "--help")
    chinese = anju("--lang", "zh-CN", *page, "--help")
    assert english.code == chinese.code == 0
    assert english.out.startswith("Usage: anju")
    assert chinese.out.startswith("用法：anju")
    assert not any(character >= "\u4e00" for character in english.out)
    # What is left of English in the Chinese page are names to be typed: no two English words follow one another.
    for leftover in ("Options", "Arguments", "Commands", "Show", "default:", "required", "...", " the "):
        assert leftover not in chinese.out


def test_heavy_modules_wait_until_they_are_needed() -> None:
    look = (
        "import sys; from anju.cli.entry import run; run(['--help']); print([m for m in sys.modules], file=sys.stderr)"
    )
    loaded = subprocess.run([sys.executable, "-c", look], check=True, capture_output=True, text=True).stderr
    for heavy in ("anju.concentrator", "anju.dutyroom", "anju.simulator", "cryptography", "starlette", "sqlite3"):
        assert f"'{heavy}'" not in loaded


def test_services_carry_nothing_of_the_command_line() -> None:
    look = "import sys, anju.concentrator.app, anju.service.process; print([m for m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", look], check=True, capture_output=True, text=True).stdout
    for needless in ("typer", "anju.cli", "anju.simulator"):
        assert f"'{needless}'" not in loaded


MISUSES = [
    (["panle"], "There is no command panle. Did you mean panel, plan?"),
    (["xyz"], "There is no command xyz."),
    (["init"], "DIR is missing."),
    (["enrol", "3-2-0501", "--out", "x"], "--zone is missing."),
    (["enrol", "3-2-0501", "--zone", "bed:hold_up"], "--out is missing."),
    (
        ["enrol", "3-2-0501", "--zone", "bed", "--out", "x"],
        "--zone: bed is not a zone; type NAME:KIND, where KIND is one of " + KINDS,
    ),
    (
        ["enrol", "3-2-0501", "--zone", "bed:bell", "--out", "x"],
        "--zone: bed:bell is not a zone; type NAME:KIND, where KIND is one of " + KINDS,
    ),
    (
        ["panel", "3-2-0501", "open"],
        "ACTION: “open” is not one of " + ACTIONS,
    ),
    (["panel", "3-2-0501", "arm", "--mode", "x"], "--mode: “x” is not one of 'away', 'home'."),
    (["init", "x", "--port", "abc"], "--port: a whole number belongs here"),
    (["demo", "--seconds", "abc"], "--seconds: a number belongs here"),
    (["demo", "--loss", "120%"], "--loss: 120% is not a share; type 20% or 0.2"),
    (["demo", "--loss", "nan"], "--loss: nan is not a share; type 20% or 0.2"),
    (["demo", "--flats", "0"], "flats: from 1 to 400, not 0"),
    (["demo", "--los", "1"], "There is no option --los. Did you mean --flats, --loss?"),
    (["demo", "--flats"], "--flats needs a value."),
    (["demo", "--json=1"], "--json takes no value."),
    (["bundle", "build"], "--board is missing."),
    (["bundle", "build", "--board", "unix_sim", "--number", "0"], "--number: a number from 1 upwards belongs here"),
    (["bench", "power-cut", "--cuts", "9999999"], "--cuts: a number up to 100000 belongs here"),
    (["bundle", "verify", "x"], "--key is missing."),
    (["bundle", "show"], "DIR is missing."),
    (["status", "extra"], "This is too much: extra."),
    (["--lang", "fr", "status"], "--lang: choose en or zh-CN"),
]


@pytest.mark.parametrize(("arguments", "what"), MISUSES, ids=[what for _, what in MISUSES])
def test_each_misuse_in_its_own_words(anju: Anju, arguments: list[str], what: str) -> None:
    said = anju(*arguments)
    assert said.code == 2
    assert said.out == ""
    assert said.err.splitlines()[:2] == [f"✗ {what}", "  Nothing was done."]


@pytest.mark.parametrize(
    "arguments", [arguments for arguments, _ in MISUSES if "--lang" not in arguments], ids=" ".join
)
def test_a_misuse_is_told_in_chinese_too(anju: Anju, arguments: list[str]) -> None:
    said = anju("--lang=zh-CN", *arguments)
    assert said.code == 2
    assert said.err.splitlines()[1] == "  未执行任何操作。"
    assert any(character >= "\u4e00" for character in said.err.splitlines()[0])


def test_a_fault_of_ours_ends_as_a_message(anju: Anju, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("anju.service.settings.load", broken)
    said = anju("status")
    assert said.code == 1
    assert said.err.splitlines() == [
        "✗ Anju itself failed: ZeroDivisionError: division by zero.",
        "  What had been stored is kept.",
        "  Type the command again with ANJU_DEBUG=1 before it, and report what it prints.",
    ]
    monkeypatch.setenv("ANJU_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        anju("status")


def test_ctrl_c_is_no_error_message(anju: Anju, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("anju.service.settings.load", interrupted)
    assert anju("status") == (130, "", "")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]], ids=" ".join)
def test_a_reader_that_goes_away_is_no_error_message(arguments: list[str]) -> None:
    theirs, ours = os.pipe()
    os.close(theirs)
    command = [sys.executable, "-m", "anju.cli", *arguments]
    done = subprocess.run(command, stdout=ours, stderr=subprocess.PIPE, text=True, check=False)
    os.close(ours)
    assert (done.returncode, done.stderr) == (1, "")


def test_colours_only_in_a_terminal_and_never_with_no_color() -> None:
    def seen(**variables: str) -> str:
        ours, theirs = pty.openpty()
        environment = {**os.environ, "TERM": "xterm", **variables}
        command = [sys.executable, "-m", "anju.cli", "run", "/nowhere"]
        subprocess.run(command, env=environment, stdout=theirs, stderr=theirs, check=False)
        os.close(theirs)
        text = os.read(ours, 10_000).decode()
        os.close(ours)
        return text

    red = "\x1b[1;31m"
    assert f"{red}✗" in seen()
    assert red not in seen(NO_COLOR="1")
