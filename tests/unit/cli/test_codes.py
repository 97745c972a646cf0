"""`anju panel HOUSEHOLD code`, with a real concentrator: who has a code at the keypads, and never which."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from anju.cli import passphrases
from unit.cli.conftest import Anju, Said

HOME = "3-2-0504"


class Desk:
    """Somebody who types `anju panel HOUSEHOLD code …`, with digits on standard input."""

    def __init__(self, anju: Anju, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._anju = anju
        self._site = site
        self._monkeypatch = monkeypatch

    def __call__(self, *words: object, digits: str = "") -> Said:
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(digits.encode())))
        return self._anju("panel", HOME, "code", *words, "--site", self._site)


@pytest.fixture
def desk(anju: Anju, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk(anju, site, monkeypatch)
    if made("list").code:
        anju("enrol", HOME, "--zone", "hall:keypad", "--site", site, "--out", tmp_path / "n")
    for one in json.loads(made("list", "--json").out)["people"]:
        made("remove", one["person"])
    return made


def test_a_code_is_set_shown_without_its_digits_and_removed(desk: Desk) -> None:
    assert desk().out == desk("list").out == f"Nobody has a code in {HOME}.\n"
    said = desk("add", "daughter", digits="190227\n")
    assert said.code == 0
    assert "daughter" in said.out
    assert "190227" not in said.out + said.err
    desk("add", "daughter", "--duress", digits="190228\n")
    (row,) = (line.split() for line in desk("list").out.splitlines() if "daughter" in line)
    assert row == ["daughter", "yes", "yes"]
    assert desk("remove", "daughter").out == f"Nobody has a code in {HOME}.\n"


def test_it_is_typed_twice_where_somebody_can_type(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(("190227", "190722", "190227", "190227"))
    asked: list[str] = []
    monkeypatch.setattr(passphrases, "is_terminal", lambda: True)

    def getpass(prompt: str) -> str:
        asked.append(prompt)
        return next(typed)

    monkeypatch.setattr(passphrases, "getpass", getpass)
    assert desk("add", "daughter").err.startswith("✗ The code is empty, or not the same twice.")
    assert desk("add", "daughter").code == 0
    assert asked[0] == "Code of daughter: "


@pytest.mark.parametrize(
    ("digits", "why"),
    [
        ("12345", "✗ A code has from 6 to 16 digits."),
        ("123456", "✗ This code is among the first that a stranger would try."),
        ("", "✗ There is no passphrase in the first line of standard input."),
    ],
)
def test_what_is_no_code_is_refused(desk: Desk, digits: str, why: str) -> None:
    said = desk("add", "daughter", digits=digits)
    assert said.code == 1
    assert said.err.startswith(why)
    assert "No code was changed." in said.err or "Nothing was changed." in said.err
    assert desk("list").out == f"Nobody has a code in {HOME}.\n"


@pytest.mark.parametrize("words", [("add",), ("open",), ("list", "daughter"), ("remove", "a", "b")])
def test_what_cannot_be_meant_is_a_misuse(desk: Desk, words: tuple[str, ...]) -> None:
    said = desk(*words)
    assert said.code == 2
    assert "type: code add PERSON, code remove PERSON or code list" in said.err


def test_nobodys_code_cannot_be_removed(desk: Desk) -> None:
    said = desk("remove", "son")
    assert said.code == 1
    assert said.err.startswith(f"✗ son has no code in {HOME}.")


def test_an_option_of_something_else_is_a_misuse(anju: Anju, site: Path) -> None:
    assert "--duress does not belong to arm" in anju("panel", HOME, "arm", "--duress", "--site", site).err
