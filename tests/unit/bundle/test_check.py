"""A bundle is looked at whole before anybody is told what it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anju.bundle import Bundle, BundleError, ManifestError, build

KEY, OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32)), Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    build("unix_sim", tmp_path / "bundle", KEY, 5)
    return tmp_path / "bundle"


def test_a_good_one(bundle: Path) -> None:
    opened = Bundle.open(bundle)
    opened.check_signature(KEY.public_key().public_bytes_raw())
    assert opened.bytecode_bytes == sum(path.stat().st_size for path in bundle.rglob("*.mpy"))


def test_another_release_key_did_not_sign_it(bundle: Path) -> None:
    with pytest.raises(ManifestError, match="was not signed with the release key"):
        Bundle.open(bundle).check_signature(OTHER.public_key().public_bytes_raw())


def test_an_unsigned_one_is_for_development(tmp_path: Path) -> None:
    build("unix_sim", tmp_path / "bundle")
    with pytest.raises(ManifestError, match="not signed: it is for development"):
        Bundle.open(tmp_path / "bundle").check_signature(KEY.public_key().public_bytes_raw())


def change(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda slot: change(slot / "board.mpy"), "board.mpy: it is not what the manifest says"),
        (lambda slot: (slot / "board.mpy").unlink(), "board.mpy: No such file"),
        (lambda slot: (slot / "board.py").write_text("pass"), "board.py: the manifest does not know it"),
        (lambda slot: (slot / "anju/x.mpy").symlink_to("/dev/null"), "x.mpy: the manifest does not know it"),
        (lambda slot: (slot / "MANIFEST").unlink(), "MANIFEST: No such file"),
        (lambda slot: (slot / "MANIFEST").write_bytes(b""), "MANIFEST cannot be used: it is not whole"),
    ],
)
def test_a_spoiled_one_is_not_whole(bundle: Path, spoil: Callable[[Path], object], why: str) -> None:
    spoil(bundle / "slot")
    with pytest.raises(BundleError, match=why):
        Bundle.open(bundle)


@pytest.mark.parametrize("what", ["missing", "file", "."])
def test_where_there_is_none_it_says_so(what: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BundleError, match="There is no bundle in"):
        Bundle.open(tmp_path / what)
