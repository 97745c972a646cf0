"""Exported identities as the page describes them, sealed by somebody else's scrypt, HMAC and AES-GCM."""

from __future__ import annotations

import json
import struct

import pytest

from anju.concentrator.core.identity import Identity
from anju.concentrator.identity import seal
from anju.uplink.canonical import canonical
from anju.wire import table
from vectors import specification
from vectors.golden import Case, cases, each


def test_the_header_is_that_of_the_code() -> None:
    rows = specification.byte_table("IDENTITY")
    assert [(row.name, row.letter) for row in rows] == table.rows_of(seal.HEADER)
    offset = 0
    for row in rows:
        assert (row.offset, row.size) == (offset, struct.calcsize(f">{row.letter}")), row.name
        offset += row.size


def test_the_fields_are_those_of_the_code() -> None:
    told = specification.identity_fields()
    assert sorted(told) == list(Identity.model_fields)


@each("identity")
def test_it_opens_to_its_content(case: Case) -> None:
    assert seal.unseal(bytes.fromhex(case["file"]), case["passphrase"]).decode() == case["content"]


@each("identity")
def test_its_content_seals_to_the_file(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the salt and the nonce that chance would give."""
    file = bytes.fromhex(case["file"])
    chance = iter((file[12:28], file[28:40]))
    monkeypatch.setattr("secrets.token_bytes", lambda _count: next(chance))
    assert seal.seal(case["content"].encode(), case["passphrase"]) == file


def test_a_content_is_the_canonical_json_of_an_identity() -> None:
    (text,) = (case["content"] for case in cases("identity") if len(case["content"]) > 2)
    identity = Identity.model_validate_json(text)
    assert json.loads(canonical(identity)) == json.loads(text)
    assert canonical(identity).decode() == text
