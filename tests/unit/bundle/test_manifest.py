"""The host's manifest and the node's are two definitions of one thing: what the one writes or refuses, so does the other."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anju.bundle import Manifest, ManifestError
from anju.bundle import manifest as on_host
from anju.update import manifest as on_node
from firmware.portable import manifests
from vectors import specification

HERE = Path("MANIFEST")
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()


def host_reads(content: bytes) -> bool:
    try:
        Manifest.parse(content, HERE)
    except ManifestError:
        return False
    return True


def node_reads(content: bytes) -> bool:
    try:
        on_node.parse(content)
    except on_node.ManifestError:
        return False
    return True


@pytest.mark.parametrize("name", manifests.GOOD)
def test_a_good_one_says_the_same_to_both(name: str) -> None:
    content = manifests.GOOD[name]
    told, signature = Manifest.parse(content, HERE)
    heard = on_node.parse(content)
    assert told.model_dump() == vars(heard)
    assert told.line() == heard.line()
    assert on_node.split(content) == (told.line(), signature)


@pytest.mark.parametrize("name", manifests.SPOILED)
def test_a_spoiled_one_is_refused_by_both(name: str) -> None:
    assert not host_reads(manifests.SPOILED[name])
    assert not node_reads(manifests.SPOILED[name])


def test_any_change_is_read_by_both_or_by_neither() -> None:
    dice = Random(5)
    pieces = [
        b'"',
        b"{",
        b"}",
        b",",
        b":",
        b"0",
        b"00",
        b"\n",
        b"\\",
        b" ",
        b"-",
        b".",
        b"e",
        b"board",
        b"[",
        b"\xc3\xa9",
    ]
    read = 0
    for _ in range(5000):
        spoiled = bytearray(dice.choice([manifests.UNSIGNED, manifests.SIGNED]))
        for _ in range(dice.randrange(1, 3)):
            place = dice.randrange(len(spoiled))
            spoiled[place : place + dice.randrange(3)] = dice.choice([*pieces, dice.randbytes(1)])
        content = bytes(spoiled)
        assert host_reads(content) == node_reads(content), content
        read += host_reads(content)
    assert read  # a changed digit of a hash, say


def test_both_have_the_same_bounds() -> None:
    for name in ("NAME", "SIGNED_PREFIX", "MOST_BYTES", "MOST_FILES"):
        assert getattr(on_host, name) == getattr(on_node, name)


def test_the_nodes_check_takes_the_hosts_signature_and_no_other() -> None:
    told, _ = Manifest.parse(manifests.UNSIGNED, HERE)
    content = told.content(KEY)
    assert list(on_node.check_signature(content, PUBLIC))
    _, signature = Manifest.parse(content, HERE)
    assert signature is not None
    assert told.is_signed_by(PUBLIC, signature)
    other = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
    later = told.model_copy(update={"number": 8})
    assert not told.is_signed_by(other, signature)
    assert not later.is_signed_by(PUBLIC, signature)
    for spoiled, key in ((content, other), (later.line() + b"\n" + content.split(b"\n")[1] + b"\n", PUBLIC)):
        with pytest.raises(on_node.ManifestError, match="not by this release key"):
            list(on_node.check_signature(spoiled, key))


def test_a_signature_of_the_line_alone_is_none() -> None:
    """The prefix keeps apart what the same key signed for another purpose."""
    told, _ = Manifest.parse(manifests.UNSIGNED, HERE)
    assert not told.is_signed_by(PUBLIC, KEY.sign(told.line()))


def test_the_example_of_the_specification() -> None:
    (example,) = specification.examples("manifest")
    told, signature = Manifest.parse(example.encode(), HERE)
    assert (
        list(Manifest.model_fields) == specification.manifest_fields() == sorted(vars(on_node.parse(example.encode())))
    )
    assert told.content(KEY) == example.encode()
    assert PUBLIC.hex() in specification.TEXT
    assert signature is not None
    assert told.is_signed_by(PUBLIC, signature)
    assert list(on_node.check_signature(example.encode(), PUBLIC))


def test_files_are_written_in_order_whatever_came() -> None:
    told = Manifest(board="b", files={"b.mpy": "0" * 64, "a.mpy": "1" * 64}, mpy=6, number=1, version="0.1.0")
    assert host_reads(told.content(None))
    assert node_reads(told.content(None))


def test_one_too_long_for_a_node_is_not_made() -> None:
    files = {f"{number:02}{'f' * 58}.mpy": "0" * 64 for number in range(64)}
    told = Manifest(board="b", files=files, mpy=6, number=1, version="0.1.0")
    with pytest.raises(ManifestError, match="at most 8192 bytes"):
        told.content(None)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("cut", "is not whole"),
        ("no JSON", "is not JSON"),
        ("number zero", "its number is not"),
        ("white space", "one form"),
        ("too long", "longer than 8192"),
        ("a short signature", "128 hexadecimal digits"),
    ],
)
def test_it_says_what_is_wrong(name: str, why: str) -> None:
    with pytest.raises(ManifestError, match=why):
        Manifest.parse(manifests.SPOILED[name], HERE)
