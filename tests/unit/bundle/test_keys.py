"""Release keys: made by the user, kept by the user, never shown, never written over, and looked at before use."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anju.bundle import keys
from anju.bundle.keys import PRIVATE, PUBLIC, ReleaseKeyError
from anju.update.manifest import release_key
from firmware.curve import bad_keys


def nobody() -> str:
    raise AssertionError("nobody was to be asked")


def test_a_new_pair_signs_and_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        private, public = keys.create(tmp_path / "new", None)
    finally:
        os.umask(before)
    assert private == tmp_path / "new" / PRIVATE
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    signer = keys.load_private(private, nobody)
    assert keys.load_public(tmp_path / "new" / PUBLIC) == public == signer.public_key().public_bytes_raw()
    assert release_key((tmp_path / "new" / PUBLIC).read_text()) == public


def test_no_two_are_alike(tmp_path: Path) -> None:
    assert keys.create(tmp_path / "a", None)[1] != keys.create(tmp_path / "b", None)[1]


@pytest.mark.parametrize("there", [PRIVATE, PUBLIC])
def test_neither_half_is_ever_written_over(there: str, tmp_path: Path) -> None:
    (tmp_path / there).write_text("mine")
    with pytest.raises(ReleaseKeyError, match="exists already"):
        keys.create(tmp_path, None)
    assert [entry.name for entry in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "mine"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / PRIVATE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ReleaseKeyError, match="exists already"):
        keys.create(tmp_path, None)
    assert not (tmp_path / "elsewhere").exists()


def test_a_pair_that_cannot_be_written_leaves_no_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fsync
    calls = []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ReleaseKeyError, match="No space left"):
        keys.create(tmp_path / "new", None)
    assert list((tmp_path / "new").iterdir()) == []


def test_a_folder_that_is_none_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReleaseKeyError, match="cannot be written"):
        keys.create(tmp_path / "file", None)


def test_a_passphrase_protects_it(tmp_path: Path) -> None:
    private, public = keys.create(tmp_path, "安居 乐业")
    assert b"ENCRYPTED" in private.read_bytes()
    assert keys.load_private(private, lambda: "安居 乐业").public_key().public_bytes_raw() == public
    for wrong in ("安居", ""):
        with pytest.raises(ReleaseKeyError, match="passphrase is wrong") as refused:
            keys.load_private(private, lambda said=wrong: said)  # type: ignore[misc]
        assert "安居" not in str(refused.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_a_key_that_others_may_touch_is_not_used(mode: int, tmp_path: Path) -> None:
    private, _ = keys.create(tmp_path, None)
    private.chmod(mode)
    with pytest.raises(ReleaseKeyError, match="other users") as refused:
        keys.load_private(private, nobody)
    assert f"chmod 600 {private}" in refused.value.next_step


def test_the_public_half_does_not_sign_and_the_private_is_not_shown_around(tmp_path: Path) -> None:
    private, _ = keys.create(tmp_path, None)
    with pytest.raises(ReleaseKeyError, match="no private key"):
        keys.load_private(tmp_path / PUBLIC, nobody)
    with pytest.raises(ReleaseKeyError, match="private half"):
        keys.load_public(private)


def pem(key: serialization.PrivateFormat, private: Ed25519PrivateKey) -> bytes:
    return private.private_bytes(serialization.Encoding.PEM, key, serialization.NoEncryption())


def damaged(kind: str) -> bytes:
    whole = pem(serialization.PrivateFormat.PKCS8, Ed25519PrivateKey.generate())
    other = generate_private_key(SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "empty": b"",
        "cut": whole[:60],
        "a letter": b"dear reader",
        "another kind": other,
        "OpenSSH's form": pem(serialization.PrivateFormat.OpenSSH, Ed25519PrivateKey.generate()),
        "too long": whole + b"\n" * 20_000,
        "binary": bytes(range(256)),
    }[kind]


@pytest.mark.parametrize("kind", ["empty", "cut", "a letter", "another kind", "OpenSSH's form", "too long", "binary"])
def test_what_is_no_private_key_is_refused_with_a_reason(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(damaged(kind))
    file.chmod(0o600)
    with pytest.raises(ReleaseKeyError, match="cannot be used") as refused:
        keys.load_private(file, nobody)
    assert refused.value.next_step


@pytest.mark.parametrize(
    "text",
    ["", "0" * 63, "0" * 65, "G" * 64, "AB" * 32, " " + "ab" * 32, "ab" * 32 + "\n\n", "ab" * 32 + "\r\n", "é" * 64],
)
def test_what_is_no_public_key_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(text.encode())
    with pytest.raises(ReleaseKeyError, match="64 hexadecimal digits"):
        keys.load_public(file)


@pytest.mark.parametrize("key", bad_keys(), ids=lambda key: key.hex())
def test_a_key_that_a_node_would_refuse_is_refused(key: bytes, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(key.hex())
    with pytest.raises(ReleaseKeyError, match="anybody's signature"):
        keys.load_public(file)


@pytest.mark.parametrize("load", [keys.load_public, lambda path: keys.load_private(path, nobody)])
def test_a_missing_file_or_a_folder_is_told(load: object, tmp_path: Path) -> None:
    assert callable(load)
    with pytest.raises(ReleaseKeyError, match="No such file"):
        load(tmp_path / "missing")
    with pytest.raises(ReleaseKeyError, match="not a file"):
        load(tmp_path)


def test_a_fingerprint_is_short_and_tells_keys_apart() -> None:
    assert keys.fingerprint(bytes(32)) == "6668-7aad-f862-bd77"
    assert keys.fingerprint(bytes(31) + b"\1") != keys.fingerprint(bytes(32))
