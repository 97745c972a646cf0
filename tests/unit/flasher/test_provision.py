"""From a board that makes its keys to a label on the bench's disk. The board is made up; its two answers are the contract."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Never

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anju.flasher.node import LabelTold, Node, NonsenseError
from anju.flasher.ports import Port
from anju.flasher.provision import provision
from anju.flasher.register import Register, provisional_name
from anju.flasher.transport import Console, SilentError
from anju.wire import label

BOARD, PORT = "a1a2a3a4a5a6a7a8", Port("/dev/ttyUSB0", "A1")


class MadeUpBoard:
    """Does what `anju.pair.provision` on a node promises; `dies` names the call in which its cable is pulled."""

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
        self.code = secrets.token_bytes(10)
        self.is_noted = False
        self.dies = ""

    def label(self) -> LabelTold:
        self._answer("label")
        return LabelTold(key=self.key.hex(), code="" if self.is_noted else self.code.hex())

    def label_noted(self) -> None:
        self._answer("before noted")
        self.is_noted = True
        self._answer("after noted")

    def _answer(self, call: str) -> None:
        if self.dies == call:
            raise SilentError("cut")


@pytest.fixture
def register() -> Iterator[Register]:
    with Register() as opened:
        opened.met(PORT, BOARD, {"board": "esp32c3_door"})
        yield opened


def test_a_board_is_asked_for_its_setup_code_once(register: Register) -> None:
    board = MadeUpBoard()
    name = provision(board, BOARD, register)
    (made,) = register.labels()
    assert made.label == label.Label(label.device_id(board.key), label.SetupCode(board.code))
    assert (made.public_key, made.board, made.printed) == (board.key, "esp32c3_door", "")
    assert board.is_noted
    assert name == made.label.short_name
    assert provision(board, BOARD, register) == name
    assert register.labels() == [made]


def test_its_name_is_of_its_key_from_then_on(register: Register) -> None:
    assert register.name_of(BOARD) == provisional_name(BOARD)
    name = provision(MadeUpBoard(), BOARD, register)
    known = register.board(BOARD)
    assert known is not None
    assert known.device == name != provisional_name(BOARD)
    register.met(PORT, BOARD, {"version": "0.2.0"})
    known = register.board(BOARD)
    assert known is not None
    assert known.device == name


@pytest.mark.parametrize("moment", ["label", "before noted", "after noted"])
def test_a_cable_pulled_at_any_moment_loses_no_label(register: Register, moment: str) -> None:
    board = MadeUpBoard()
    board.dies = moment
    with pytest.raises(SilentError):
        provision(board, BOARD, register)
    board.dies = ""
    provision(board, BOARD, register)
    (made,) = register.labels()
    assert made.label is not None
    assert made.label.code.secret == board.code
    assert board.is_noted


def test_a_full_disk_leaves_the_code_readable(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_told: object) -> Never:
        raise sqlite3.OperationalError("database or disk is full")

    board = MadeUpBoard()
    monkeypatch.setattr(Register, "keep_label", full)
    with pytest.raises(sqlite3.OperationalError):
        provision(board, BOARD, register)
    assert not board.is_noted


def test_a_board_from_another_bench_has_a_name_and_no_setup_code(register: Register) -> None:
    board = MadeUpBoard()
    board.is_noted = True
    name = provision(board, BOARD, register)
    (made,) = register.labels()
    assert made.label is None
    assert name == label.short_name(made.device)


def test_a_board_that_lost_its_flash_gets_another_label_and_the_old_one_is_gone(register: Register) -> None:
    provision(MadeUpBoard(), BOARD, register)
    register.printed(register.labels())
    new = MadeUpBoard()
    provision(new, BOARD, register)
    (made,) = register.labels()
    assert made.label is not None
    assert (made.public_key, made.label.code.secret, made.printed) == (new.key, new.code, "")


def test_what_was_printed_is_known(register: Register) -> None:
    board = MadeUpBoard()
    provision(board, BOARD, register)
    register.printed(register.labels())
    (made,) = register.labels()
    assert made.printed
    provision(board, BOARD, register)
    assert register.labels() == [made]


def test_a_register_from_before_labels_keeps_its_boards(tmp_path: Path) -> None:
    path = tmp_path / "bench.sqlite"
    with sqlite3.connect(path) as old:
        old.executescript(
            (files("anju.flasher") / "schema" / "0001_first.sql").read_text() + "PRAGMA user_version = 1;"
        )
        old.execute(
            "INSERT INTO board (unique_id, device, port, first_seen, last_seen) VALUES (?, 'D-00000', 'p', 't', 't')",
            [BOARD],
        )
    with Register(path) as register:
        assert register.labels() == []
        known = register.board(BOARD)
        assert known is not None
        assert known.device == "D-00000"
        name = provision(MadeUpBoard(), BOARD, register)
        known = register.board(BOARD)
        assert known is not None
        assert known.device == name


@pytest.mark.parametrize(
    "told",
    ['{"key": "00", "code": "00112233445566778899"}', '{"code": "00112233445566778899"}', "00112233445566778899", ""],
)
def test_nonsense_about_a_label_shows_no_setup_code(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(Console.__new__(Console))
    monkeypatch.setattr(node, "_own", lambda _text: told)
    with pytest.raises(NonsenseError) as caught:
        node.label()
    assert "0011" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_setup_code_is_in_no_repr() -> None:
    board = MadeUpBoard()
    assert board.code.hex() not in repr(board.label())
