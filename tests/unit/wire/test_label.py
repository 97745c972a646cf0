"""Labels: device ids, setup codes, and what an installer's fingers make of them."""

from __future__ import annotations

import hashlib
import random

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from anju.wire import label
from anju.wire.label import SYMBOLS, TYPED_SYMBOLS, Label, Mistake, SetupCode, read

CODES = st.binary(min_size=10, max_size=10).map(SetupCode)
RFC_KEY = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
"""The first public key of RFC 8032, 7.1."""
EXAMPLE = Label(label.device_id(RFC_KEY), SetupCode(bytes(range(10))))


def test_a_device_id_is_the_first_65_bits_of_the_hash_of_the_key() -> None:
    bits = "".join(f"{byte:08b}" for byte in hashlib.sha256(RFC_KEY).digest())[:65]
    spelt = "".join(SYMBOLS[int(bits[place : place + 5], 2)] for place in range(0, 65, 5))
    assert label.device_id(RFC_KEY) == spelt
    assert label.short_name(spelt) == "D-" + spelt[:5]


def test_the_alphabet_has_no_letters_that_are_misread() -> None:
    assert len(set(SYMBOLS)) == 32
    assert not set(SYMBOLS) & set("ILOU")


@given(CODES)
def test_what_is_on_the_label_is_read_back(code: SetupCode) -> None:
    assert read(code.typed) == label.Reading(None, code=code)
    assert [len(group) for group in code.typed.split("-")] == [4, 4, 4, 4, 1]
    whole = Label(EXAMPLE.device, code)
    assert read(whole.qr_text) == label.Reading(None, device=EXAMPLE.device, code=code)


@pytest.mark.parametrize("seed", range(8))
def test_every_single_wrong_symbol_is_caught(seed: int) -> None:
    right = SetupCode(random.Random(seed).randbytes(10)).symbols
    for place in range(TYPED_SYMBOLS):
        for symbol in set(SYMBOLS) - {right[place]}:
            wrong = right[:place] + symbol + right[place + 1 :]
            assert read(wrong).mistake is Mistake.CHECK, wrong


@pytest.mark.parametrize("seed", range(200))
def test_every_swap_of_two_symbols_is_caught_and_neighbours_are_named(seed: int) -> None:
    right = SetupCode(random.Random(seed).randbytes(10)).symbols
    for first in range(TYPED_SYMBOLS):
        for second in range(first + 1, TYPED_SYMBOLS):
            if right[first] == right[second]:
                continue
            wrong = list(right)
            wrong[first], wrong[second] = wrong[second], wrong[first]
            told = read("".join(wrong))
            assert told.mistake is Mistake.CHECK
            assert second != first + 1 or first in told.swaps


@given(CODES)
def test_typing_is_forgiven_what_cannot_be_meant_otherwise(code: SetupCode) -> None:
    typed = code.typed
    for variant in (
        typed.lower(),
        typed.replace("-", ""),
        typed.replace("-", " "),
        " " + typed.replace("-", "–") + "\n",
        typed.replace("0", "O").replace("1", "I"),
        typed.replace("0", "o").replace("1", "l"),
        "".join(chr(ord(letter) + 0xFEE0) for letter in typed),  # a Chinese keyboard in full-width mode
    ):
        assert read(variant).code == code


@given(CODES)
def test_as_it_is_typed_it_is_told_how_much_is_missing(code: SetupCode) -> None:
    for text, whole in ((code.symbols, 17), (Label(EXAMPLE.device, code).qr_text, 36)):
        for length in range(whole):
            told = read(text[:length])
            assert told.mistake is Mistake.TOO_SHORT
            # Until its U, a QR text looks like a setup code.
            assert told.missing == (17 if whole == 36 and length < 4 else whole) - length
            assert told.code is None
        assert read(text + "7") == label.Reading(Mistake.TOO_LONG, at=whole)


@pytest.mark.parametrize(
    ("text", "at"), [("K7U", 2), ("k7 -u", 4), ("K7QM-3XTD-9R2P-W4Z*", 18), ("K中", 1), ("ß", 0), ("ı", 0), ("½", 0)]
)
def test_a_wrong_symbol_is_told_at_once_and_where(text: str, at: int) -> None:
    assert read(text) == label.Reading(Mistake.WRONG_SYMBOL, at=at)


@pytest.mark.parametrize(("text", "at"), [("ANJU2:", 4), ("anju1-7", 6), ("ANJUA", 4)])
def test_a_label_of_another_kind_is_told_at_once(text: str, at: int) -> None:
    assert read(text) == label.Reading(Mistake.WRONG_PREFIX, at=at)


@given(st.text())
def test_whatever_is_typed_is_answered(text: str) -> None:
    told = read(text)
    assert 0 <= told.at <= len(text)
    assert (told.code is None) == (told.mistake is not None)


def test_the_qr_text_fits_version_2_with_error_correction_m() -> None:
    code = segno.make(EXAMPLE.qr_text, version=2, error="m", boost_error=False, micro=False)
    assert (code.version, code.error, code.mode) == (2, "M", "alphanumeric")
    assert len(EXAMPLE.qr_text) == 36


def test_the_example_of_the_specification() -> None:
    assert EXAMPLE.short_name == "D-47Z33"
    assert EXAMPLE.device == "47Z33QX1AJH62"
    assert EXAMPLE.code.typed == "000G-40R4-0M30-E209-J"
    assert EXAMPLE.qr_text == "ANJU1:47Z33QX1AJH62000G40R40M30E209J"


def test_a_setup_code_is_random_and_does_not_show_itself() -> None:
    codes = {SetupCode.random() for _number in range(100)}
    assert len(codes) == 100
    assert "secret" not in repr(codes)
    for code in codes:
        assert code.secret.hex() not in repr(Label(EXAMPLE.device, code))
        assert code.symbols not in repr(read(code.symbols))


@pytest.mark.parametrize("size", [0, 9, 11])
def test_a_setup_code_has_80_bits(size: int) -> None:
    with pytest.raises(ValueError, match="10 bytes"):
        SetupCode(bytes(size))


@pytest.mark.parametrize("device", ["", "47Z33QX1AJH6", "47Z33QX1AJH6U", "47z33qx1ajh62"])
def test_what_is_no_device_id_makes_no_label(device: str) -> None:
    with pytest.raises(ValueError, match="not a device id"):
        Label(device, EXAMPLE.code)
