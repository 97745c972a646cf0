"""What a technician reads of `anju flash`, `devices` and `bench-station`; boards are flashed in tests/emulated."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from anju.flasher import many
from anju.flasher.errors import BenchError, Trouble
from anju.flasher.node import Facts
from anju.flasher.ports import Port
from anju.flasher.register import Register, provisional_name
from anju.flasher.wish import Outcome, Tell, Wish
from unit.cli.conftest import Anju

FACTS = Facts(
    id="a1a2a3a4a5a6a7a8",
    mpy=774,
    micropython="1.25.0",
    machine="Pico",
    deflate=True,
    free=1 << 20,
    block=4096,
    pointer="",
    running="",
    release_key="",
    slots={},
)
GOOD, BAD = "socket://127.0.0.1:7001", "socket://127.0.0.1:7002"


@pytest.fixture(autouse=True)
def _own_bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("ANJU_PORTS", f"{GOOD} {BAD}")


@pytest.fixture
def flashed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Wish]]:
    """What was flashed: one port does as it is told, the other is silent."""
    asked: list[tuple[str, Wish]] = []

    def flash(port: Port, wish: Wish, _tell: Tell) -> Outcome:
        asked.append((port.url, wish))
        outcome = Outcome(port, seconds=4.4, is_dry=wish.dry_run)
        if port.url == BAD:
            outcome.error = BenchError(
                Trouble.SILENT, "The board does not answer.", "Nothing was changed.", "Press RESET."
            )
        else:
            outcome.facts, outcome.device, outcome.board = FACTS, "D-7K3MQ", "rp2040_wired"
            outcome.did, outcome.sent, outcome.is_confirmed = "installed", 32, True
        return outcome

    monkeypatch.setattr(many, "flash", flash)
    return asked


def test_a_line_for_each_board_and_a_sum(anju: Anju, flashed: list[tuple[str, Wish]]) -> None:
    said = anju("flash", "all")
    assert said.code == 3
    lines = sorted(said.out.splitlines())
    assert "127.0.0.1:7001 D-7K3MQ  rp2040_wired   copied 32                 4.4 s  verified" in lines
    assert "127.0.0.1:7002 -------  FAILED: The board does not answer. (E12)" in lines
    assert "               Press RESET." in lines
    assert said.out.splitlines()[-1] == "1 done, 1 failed."
    assert said.err.splitlines()[-1] == "Retry only failures: anju flash --failed"


def test_only_failures_are_retried_with_the_same_options(
    anju: Anju, flashed: list[tuple[str, Wish]], tmp_path: Path
) -> None:
    key = tmp_path / "release.pub"
    key.write_text("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c\n")
    anju("flash", GOOD, BAD, "--key", key, "--erase-identity")
    flashed.clear()
    said = anju("flash", "--failed")
    ((url, wish),) = flashed
    assert (url, wish.erase_identity, wish.release_key) == (BAD, True, bytes.fromhex(key.read_text()))
    assert said.code == 5


def test_for_programs_each_board_is_an_object(anju: Anju, flashed: list[tuple[str, Wish]]) -> None:
    said = anju("flash", GOOD, BAD, "--json")
    told = {line["port"]: line for line in map(json.loads, said.out.splitlines())}
    assert told[GOOD]["did"] == "installed"
    assert told[GOOD]["error"] is None
    assert told[BAD]["error"] == {
        "code": "E12",
        "what": "The board does not answer. (E12)",
        "unchanged": "Nothing was changed.",
        "next": "Press RESET.",
    }


def test_a_dry_run_is_not_remembered(anju: Anju, flashed: list[tuple[str, Wish]]) -> None:
    said = anju("flash", GOOD, "--dry-run")
    assert "not written: dry run" in said.out
    with Register() as register:
        assert register.last_run() == ({}, [])
        assert register.board(FACTS.id) is None


@pytest.mark.parametrize("words", [[], ["all", "--failed"], ["all", "--board", "x", "--bundle", "y"]])
def test_what_contradicts_itself_is_refused(anju: Anju, words: list[str]) -> None:
    assert anju("flash", *words).code == 2


def test_nothing_failed(anju: Anju) -> None:
    said = anju("flash", "--failed")
    assert (said.code, said.out) == (0, "No board failed in the last run.\n")


def test_devices_are_listed_as_they_are_remembered(anju: Anju, flashed: list[tuple[str, Wish]]) -> None:
    anju("flash", GOOD)
    said = anju("devices")
    assert said.code == 0
    row = next(line for line in said.out.splitlines() if line.startswith("127.0.0.1:7001"))
    assert row.split()[2:4] == [provisional_name(FACTS.id), "rp2040_wired"]
    told = [json.loads(line) for line in anju("devices", "--json").out.splitlines()]
    assert [line["port"] for line in told] == [GOOD, BAD]


def test_no_device_is_an_exit_code_of_its_own(anju: Anju, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANJU_PORTS")
    monkeypatch.setattr("serial.tools.list_ports.comports", list)
    assert anju("devices").code == 4
    assert anju("flash", "all").code == 4
