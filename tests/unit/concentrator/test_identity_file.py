"""The file of an exported identity: whoever lacks the passphrase, or a single right byte, gets nothing of it."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.concentrator.identity import seal
from anju.concentrator.identity.seal import SealError
from anju.service.errors import ServiceError

PASSPHRASE = "correct horse battery staple"
CONTENT = b"all that a concentrator is " * 40


@pytest.fixture(autouse=True)
def _derived_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each passphrase with each salt: a file is opened here thousands of times."""
    monkeypatch.setattr(seal, "derive", cache(seal.derive))


@pytest.fixture(scope="module")
def file() -> bytes:
    return seal.seal(CONTENT, PASSPHRASE)


def test_it_opens_to_what_was_sealed_and_shows_nothing_of_it(file: bytes) -> None:
    assert seal.unseal(file, PASSPHRASE) == CONTENT
    assert CONTENT[:16] not in file
    assert PASSPHRASE.encode() not in file


def test_no_two_are_alike(file: bytes) -> None:
    other = seal.seal(CONTENT, PASSPHRASE)
    for field in (slice(12, 28), slice(28, 40), slice(48, 80), slice(80, None)):
        assert other[field] != file[field]


def test_every_flipped_byte_is_refused(file: bytes) -> None:
    for place in range(len(file)):
        altered = bytearray(file)
        altered[place] ^= 1 << place % 8
        with pytest.raises(SealError):
            seal.unseal(bytes(altered), PASSPHRASE)


def test_every_truncation_and_whatever_is_added_is_refused(file: bytes) -> None:
    for end in range(len(file)):
        with pytest.raises(SealError):
            seal.look(file[:end])
    with pytest.raises(SealError, match="not whole"):
        seal.look(file + b"\0")


@given(noise=st.binary(max_size=400), has_magic=st.booleans())
def test_noise_is_refused_before_a_passphrase_is_asked_for(noise: bytes, has_magic: bool) -> None:
    with pytest.raises(SealError):
        seal.look((seal.MAGIC if has_magic else b"") + noise)


def test_each_refusal_says_what_it_is(file: bytes) -> None:
    def said(altered: bytes, passphrase: str = PASSPHRASE) -> str:
        with pytest.raises(SealError) as refused:
            seal.unseal(altered, passphrase)
        assert refused.value.unchanged == "Nothing was changed."
        assert refused.value.next_step
        return refused.value.what

    assert "no exported identity" in said(b"PK" + file[2:])
    assert "another release of Anju (format 2; this release reads 1)" in said(file[:11] + b"\2" + file[12:])
    assert "not whole" in said(file[:-1])
    assert "the passphrase is wrong" in said(file, "correct horse battery stapler")
    assert "altered since it was written" in said(file[:-1] + bytes((file[-1] ^ 1,)))


def test_a_file_is_bound_to_one_passphrase(file: bytes) -> None:
    """Not only its content: nobody can make a file that opens under two."""
    other = seal.derive("another passphrase of many", file[12:28])
    header = file[:48]
    assert seal._proof(other, header) != seal._proof(seal.derive(PASSPHRASE, file[12:28]), header) == file[48:80]


@pytest.mark.parametrize(
    ("typed", "again"),
    [("ﬁfteen words, é", "fifteen words, e\u0301"), ("１２３４ 安居苑 的 一个 密码", "1234 安居苑 的 一个 密码")],
)
def test_two_ways_to_write_a_passphrase_are_one(typed: str, again: str) -> None:
    assert seal.unseal(seal.seal(CONTENT, typed), again) == CONTENT


@pytest.mark.parametrize(
    "weak", ["", "short", "thirteen char", "aaaaaaaaaaaaaaaaaaaaaaa", "abcabcabcabcabcabc", "x" * 2000]
)
def test_a_weak_passphrase_is_refused_and_the_rule_told(weak: str) -> None:
    with pytest.raises(ServiceError, match="at least 14 characters, 6 of them different") as refused:
        seal.check_passphrase(weak)
    assert not weak or weak not in str(refused.value)
    assert refused.value.unchanged == "No file was written."  # true of an identity and of a backup


@pytest.mark.parametrize("good", [PASSPHRASE, "六个随便想到的词合在一起就够长了", "k7-QZ m4-Tr p9-Wx"])
def test_a_good_passphrase_is_taken(good: str) -> None:
    seal.check_passphrase(good)


def test_keys_do_not_come_cheaply() -> None:
    """OWASP's least for scrypt: 128 MiB and one lane."""
    assert (seal.SCRYPT_N, seal.SCRYPT_R, seal.SCRYPT_P) == (131072, 8, 1)
